import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { Heartbeat } from '../http/heartbeat.js';
import type { SocketOptions } from './attach.js';
import type { Engine } from './engine.js';
import { SocketSession } from './socket-session.js';

/** How long sockets may take to close once the server stops, in milliseconds. */
const CLOSE_MS = 1000;

/** Speaks `graphql-transport-ws`. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export class SocketServer {
  readonly #sockets: WebSocketServer;
  readonly #heartbeat: Heartbeat;

  constructor(
    private readonly engine: Engine,
    private readonly options: SocketOptions,
  ) {
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxMessageBytes ?? 1_048_576,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false),
    });
    this.#heartbeat = new Heartbeat(options.pingIntervalMs ?? 30_000);
  }

  /** Makes a socket of an upgrade. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, (made) => this.#serve(made, socket, request));
  }

  /** Closes all with 1001, and takes no more. */
  async close(): Promise<void> {
    const open = [...this.#sockets.clients];
    const closed = Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))));
    for (const socket of open) socket.close(1001, 'the server is stopping');
    const timer = setTimeout(() => open.forEach((socket) => socket.terminate()), CLOSE_MS);
    await closed;
    clearTimeout(timer);
    this.#sockets.close();
  }

  #serve(socket: WebSocket, stream: Duplex, request: IncomingMessage): void {
    socket.on('error', () => {});
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      return socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
    const session = new SocketSession(socket, stream, this.engine, request, this.options);
    let missed = 0;
    const beat = () => {
      if (missed++ >= 2) return socket.terminate();
      socket.ping();
    };
    this.#heartbeat.add(beat);
    const isAlive = () => void (missed = 0);
    socket.on('pong', isAlive);
    socket.on('message', (data, isBinary) => {
      isAlive();
      session.receive(isBinary ? undefined : (data as Buffer).toString('utf8'));
    });
    socket.on('close', () => {
      this.#heartbeat.delete(beat);
      session.end();
    });
  }
}
