import type { Socket } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { Latch } from '../../life/latch.ts';
import { now } from '../../life/now.ts';
import { after } from '../../life/timers.ts';

/** How long a new connection may take to say its first word, in milliseconds: as in other gRPC libraries. */
const FIRST_WORD_MS = 20_000;
/** How long the peer has to close after goodbye, in milliseconds. */
const GOODBYE_MS = 100;

/** How much a connection had read, and when it was first seen to have read so much. */
interface Reading {
  readonly bytes: number;
  readonly at: number;
}

/** The sockets below a channel, which grpc-js itself leaves to the peer: it waits for one that is silent, and for its end, for as long as it takes. */
export class Sockets {
  readonly #open = new Set<Socket>();
  readonly #readings = new WeakMap<Socket, Reading>();
  readonly #empty = new Latch();
  #isClosed = false;

  /** The same credentials, whose connections are seen here. */
  watch(credentials: ChannelCredentials): ChannelCredentials {
    const watched = Object.create(credentials) as ChannelCredentials;
    watched._createSecureConnector = (...args) => {
      const connector = credentials._createSecureConnector(...args);
      return {
        connect: (socket) => {
          this.#add(socket);
          return connector.connect(socket);
        },
        waitForReady: () => connector.waitForReady(),
        getCallCredentials: () => connector.getCallCredentials(),
        destroy: () => connector.destroy(),
      };
    };
    return watched;
  }

  /** Ends connections that have read nothing since they were last suspected, if that is at least so long ago. Calls on them end with UNAVAILABLE. */
  suspect(silentMs: number): void {
    for (const socket of this.#open) {
      const before = this.#readings.get(socket);
      if (before?.bytes !== socket.bytesRead) this.#readings.set(socket, { bytes: socket.bytesRead, at: now() });
      else if (now() - before.at >= silentMs) socket.destroy();
    }
  }

  /** Resolves when all are closed: those whose peer does not close are left soon. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#open.size === 0) return;
    const stop = after(GOODBYE_MS, () => this.#open.forEach((socket) => socket.destroy()));
    await this.#empty.wait();
    stop();
  }

  #add(socket: Socket): void {
    this.#open.add(socket);
    const stop = after(FIRST_WORD_MS, () => socket.bytesRead === 0 && socket.destroy(), { holds: false });
    socket.once('close', () => {
      stop();
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#empty.release();
    });
    if (this.#isClosed) socket.destroy();
  }
}
