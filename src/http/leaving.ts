import type { Socket } from 'node:net';

/** A request that is being answered. */
export interface Answering {
  /** The caller has left. */
  leave(): void;
}

/** The requests of each connection that are being answered; several where they are pipelined. */
const answering = new WeakMap<Socket, Set<Answering>>();

/** Tells a request when its connection closes, until it is deleted from what is returned: one listener a connection, because one a request is a good part of its cost. */
export function watchLeaving(socket: Socket, request: Answering): Set<Answering> {
  let requests = answering.get(socket);
  if (!requests) {
    const all = new Set<Answering>();
    requests = all;
    answering.set(socket, all);
    socket.once('close', () => {
      for (const each of all) each.leave();
    });
  }
  return requests.add(request);
}
