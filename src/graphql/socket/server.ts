import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { Heartbeat } from '../../http/events/heartbeat.ts';
import { timerMs } from '../../life/lifetime.ts';
import type { SocketOptions } from './options.ts';
import type { Engine } from '../engine/engine.ts';
import { SocketSession } from './session.ts';

/** Speaks `graphql-transport-ws`. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export class SocketServer {
  readonly #sockets: WebSocketServer;
  readonly #heartbeat: Heartbeat;
  readonly #sessions = new Set<SocketSession>();
  #onEmpty: (() => void) | undefined;

  private readonly engine: Engine;
  private readonly options: SocketOptions;

  constructor(engine: Engine, options: SocketOptions) {
    this.engine = engine;
    this.options = options;
    const serverOptions = {
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxMessageBytes ?? 1_048_576,
      perMessageDeflate: false,
      handleProtocols: (offered: Set<string>): string | false =>
        offered.has(GRAPHQL_TRANSPORT_WS_PROTOCOL) ? GRAPHQL_TRANSPORT_WS_PROTOCOL : false,
      // How long a peer may take to answer a close frame before it is cut: newer than the types of `ws`.
      closeTimeout: 5_000,
    };
    this.#sockets = new WebSocketServer(serverOptions);
    this.#heartbeat = new Heartbeat(options.pingIntervalMs ?? 30_000);
  }

  /** Makes a socket of an upgrade. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, (made) => this.#serve(made, socket, request));
  }

  /** Lets calls finish, closes each socket with 1001, and cuts what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.#sessions.size > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
        timer = setTimeout(() => {
          for (const session of this.#sessions) session.cut();
        }, timerMs(graceMs));
        for (const session of [...this.#sessions]) session.stop();
      });
      clearTimeout(timer);
    }
    this.#sockets.close();
  }

  #serve(socket: WebSocket, stream: Duplex, request: IncomingMessage): void {
    socket.on('error', () => {});
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      return socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
    const session = new SocketSession(socket, stream, this.engine, request, this.options);
    this.#sessions.add(session);
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
      this.#sessions.delete(session);
      if (this.#sessions.size === 0) this.#onEmpty?.();
    });
  }
}
