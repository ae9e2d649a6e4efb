import type { Socket } from 'node:net';

/** A request that is being answered. */
export interface Answering {
  /** The caller has left. */
  leave(): void;
}

/**
 * The requests of one connection that are being answered: one, but for those that are pipelined. They share a listener on the
 * connection's end, because one for each is a good part of what it costs.
 */
export class Connection {
  private only: Answering | undefined = undefined;
  private others: Set<Answering> | undefined = undefined;

  add(request: Answering): void {
    if (this.only) (this.others ??= new Set()).add(request);
    else this.only = request;
  }

  /** The request is answered: what becomes of the connection is no longer its concern. */
  delete(request: Answering): void {
    if (this.only === request) this.only = undefined;
    else this.others?.delete(request);
  }

  leave(): void {
    this.only?.leave();
    for (const request of this.others ?? []) request.leave();
  }
}

const connections = new WeakMap<Socket, Connection>();

/** Tells a request when its connection closes, until it is deleted from what is returned. */
export function watchLeaving(socket: Socket, request: Answering): Connection {
  let connection = connections.get(socket);
  if (!connection) {
    const made = new Connection();
    connection = made;
    connections.set(socket, made);
    socket.once('close', () => made.leave());
  }
  connection.add(request);
  return connection;
}
