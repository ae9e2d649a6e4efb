import type { IncomingMessage, Server } from 'node:http';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { Heartbeat } from '../http/heartbeat.js';
import { attachUpgrade, refuseUpgrade } from '../http/upgrade.js';
import type { Engine } from './engine.js';
import { SocketSession } from './socket-session.js';

/** Options of sockets. */
export interface SocketOptions {
  /** Pages of which origins may connect, beside those of the same host: `https://app.example.com`, or `'*'` for all. @default none */
  readonly origins?: '*' | readonly string[];
  /** Larger messages close the socket with 1009. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** A reader that is this far behind is ended with RESOURCE_EXHAUSTED. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number;
  /** How many operations may run on one socket. @default 1_000 */
  readonly maxSubscriptions?: number;
  /** How long `connection_init` may take, in milliseconds; then 4408. @default 10_000 */
  readonly initTimeoutMs?: number;
  /** How often sockets are pinged, in milliseconds; one that misses two is cut. @default 30_000 */
  readonly pingMs?: number;
}

/** How long sockets may take to close once the server stops, in milliseconds. */
const CLOSE_MS = 1000;

/** Serves `graphql-transport-ws` on a path. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export function attachSockets(server: Server, path: string, engine: Engine, options: SocketOptions): () => Promise<void> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes ?? 1_048_576,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
  });
  const heartbeat = new Heartbeat(options.pingMs ?? 30_000);

  const accept = (socket: WebSocket, request: IncomingMessage): void => {
    socket.on('error', () => {});
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      return socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
    const session = new SocketSession(socket, engine, request, options);
    let missed = 0;
    const beat = () => {
      if (missed++ >= 2) return socket.terminate();
      socket.ping();
    };
    heartbeat.add(beat);
    const isAlive = () => void (missed = 0);
    socket.on('pong', isAlive);
    socket.on('message', (data, isBinary) => {
      isAlive();
      session.receive(isBinary ? undefined : (data as Buffer).toString('utf8'));
    });
    socket.on('close', () => {
      heartbeat.delete(beat);
      session.end();
    });
  };

  const detach = attachUpgrade(server, (request, socket, head) => {
    if ((request.url ?? '').split('?', 1)[0] !== path) return false;
    if (isAllowed(request, options.origins)) sockets.handleUpgrade(request, socket, head, accept);
    else refuseUpgrade(socket, 403, "this origin may not connect: list it in the option 'origins'");
    return true;
  });

  return async () => {
    detach();
    const open = [...sockets.clients];
    const closed = Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));
    for (const socket of open) socket.close(1001, 'the server is stopping');
    const timer = setTimeout(() => open.forEach((socket) => socket.terminate()), CLOSE_MS);
    await closed;
    clearTimeout(timer);
    sockets.close();
  };
}

/** Browsers name the page's origin, which must be this host's own or listed; what is no browser has none. */
function isAllowed({ headers }: IncomingMessage, origins: SocketOptions['origins']): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins === '*') return true;
  if (origins?.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
