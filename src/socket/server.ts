import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Heartbeat } from '../http/events/heartbeat.ts';
import { Latch } from '../life/latch.ts';
import { after } from '../life/timers.ts';
import { hardLimit } from './limits.ts';
import { PeerSocket, type PeerSocketOptions } from './peer-socket.ts';

/** The object that a protocol makes of one connection. */
export interface SocketSession {
  /** Takes one message: its text, or `undefined` if it is binary. Absent if the protocol reads the socket itself. */
  receive?(text: string | undefined): void;
  /** Takes a message over the soft limit: it fails for itself, and the connection goes on. */
  refuse?(text: string | undefined): void;
  /** The connection is gone. */
  leave(): void;
  /** Lets what runs finish, then closes. */
  stop(): void;
}

/** How a protocol's sockets are served. */
export interface SocketServerOptions extends PeerSocketOptions {
  /** Answers the subprotocols that a client offers. */
  readonly protocol: (offered: ReadonlySet<string>) => string | false;
  /** The soft limit of a message; a message of eight times as much ends its connection with 1009. */
  readonly maxMessageBytes: number;
  readonly pingIntervalMs: number;
}

/** How long a peer may take to answer a close frame before it is cut, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000;

/** The server side of WebSockets, for every protocol: makes sockets of upgrades, keeps them alive or drops them, and ends them all. */
export class SocketServer {
  readonly #server: WebSocketServer;
  readonly #heartbeat: Heartbeat;
  readonly #sessions = new Map<PeerSocket, SocketSession>();
  #closing: Promise<void> | undefined;
  readonly #empty = new Latch();

  private readonly options: SocketServerOptions;

  constructor(options: SocketServerOptions) {
    this.options = options;
    const serverOptions = {
      noServer: true,
      clientTracking: false,
      maxPayload: hardLimit(options.maxMessageBytes),
      perMessageDeflate: options.deflate && { threshold: 1024, concurrencyLimit: 10 },
      handleProtocols: options.protocol,
      // Newer than the types of `ws`.
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#server = new WebSocketServer(serverOptions);
    this.#heartbeat = new Heartbeat(options.pingIntervalMs);
  }

  get connections(): number {
    return this.#sessions.size;
  }

  /** Makes a socket of an upgrade. A session that `open` does not make leaves the socket to it. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, open: (peer: PeerSocket) => SocketSession | undefined): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      const peer = new PeerSocket(ws, socket, this.options);
      const session = open(peer);
      if (!session) return;
      this.#sessions.set(peer, session);
      const tick = () => peer.tick();
      this.#heartbeat.add(tick);
      if (session.receive)
        ws.on('message', (data: Buffer, isBinary: boolean) => {
          // Messages after a close of ours are not run, because nobody would hear of it.
          if (!peer.isOpen) return;
          peer.touch();
          const text = isBinary ? undefined : data.toString();
          if (data.length > this.options.maxMessageBytes) session.refuse?.(text);
          else session.receive?.(text);
        });
      ws.on('close', () => {
        this.#heartbeat.delete(tick);
        session.leave();
        this.#sessions.delete(peer);
        if (this.#sessions.size === 0) this.#empty.release();
      });
    });
  }

  /** Lets calls finish, closes each socket with 1001, and cuts those that are left after `graceMs`. Idempotent. */
  close(graceMs: number): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    if (this.#sessions.size > 0) {
      const empty = this.#empty.wait();
      const stop = after(graceMs, () => {
        for (const { ws } of this.#sessions.keys()) ws.terminate();
      });
      for (const session of [...this.#sessions.values()]) session.stop();
      await empty;
      stop();
    }
    this.#server.close();
  }
}
