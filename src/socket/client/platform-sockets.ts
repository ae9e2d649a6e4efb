import PlatformWebSocket from 'isomorphic-ws';
import type { SocketClass, SocketClassOptions } from './socket-class.ts';

/**
 * The class of a client's sockets in browsers, Bun, Deno and edge runtimes: the given one, or the platform's.
 * Throws a `TypeError` for options that only Node's sockets have.
 */
export function socketClass({ WebSocket = PlatformWebSocket, tls, dispatcher }: SocketClassOptions): SocketClass {
  if (tls || dispatcher) throw new TypeError("'tls' and 'dispatcher' need Node: elsewhere give a 'WebSocket' of your own");
  return () => WebSocket;
}
