import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { phraseOf } from '../http/message/phrases.ts';
import { answerAsPlain } from './plain.ts';

/** Takes an upgrade request, or says with `false` that it is not its own, so that the next is asked. */
export interface UpgradeHandler {
  (request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/** The endpoints that are attached to one server. */
interface Attached {
  readonly handlers: Set<UpgradeHandler>;
  /** Whether one of them has stopped: nobody knows any more which paths were its own. */
  isStopping: boolean;
}

/** There is one listener a server, so that no handler refuses what is another's. */
const attached = new WeakMap<Server, Attached>();

/**
 * Lets a handler take upgrade requests of a Node server; several may share one. If nobody takes a WebSocket, it is answered 404; a request
 * that offers another protocol is answered as plain HTTP. Both are left to upgrade listeners that were not attached here, if there are any.
 * Returns how to detach; with `true`, WebSockets that nobody takes are answered 503 from then on, after which clients come back.
 */
export function attachUpgrade(server: Server, handler: UpgradeHandler): (isStopping?: boolean) => void {
  let all = attached.get(server);
  if (!all) {
    const made: Attached = { handlers: new Set(), isStopping: false };
    all = made;
    attached.set(server, made);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const isSocket = asksForWebSocket(request);
      if (isSocket) for (const each of made.handlers) if (each(request, socket, head)) return;
      if (server.listenerCount('upgrade') > 1) return;
      if (!isSocket) answerAsPlain(server, request, socket, head);
      else if (made.isStopping) refuseUpgrade(socket, 503, 'the server is stopping', { 'retry-after': '1' });
      else refuseUpgrade(socket, 404, 'nothing takes an upgrade at this path');
    });
  }
  const state = all;
  state.handlers.add(handler);
  return (isStopping = false) => {
    state.handlers.delete(handler);
    state.isStopping ||= isStopping;
  };
}

function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.split(',').some((name) => name.trim().toLowerCase() === 'websocket') ?? false;
}

/** Answers an upgrade request with a plain HTTP response and closes the socket. */
export function refuseUpgrade(socket: Duplex, status: number, message: string, headers: Readonly<Record<string, string>> = {}): void {
  const lines = Object.entries({
    ...headers,
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(message)),
    connection: 'close',
  });
  socket.on('error', () => {});
  // HTTP's sockets stay half open, and nothing times out here any more: a peer that does not close would keep it for ever.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${phraseOf(status)}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${message}`);
}
