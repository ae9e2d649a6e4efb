import type { Duplex } from 'node:stream';
import type WebSocket from 'ws';
import { FrameJoiner } from './frame-joiner.ts';
import type { SharedFrame } from './shared-frame.ts';

/** The common state of the sockets of one handler. */
export interface PeerSocketOptions {
  readonly maxBufferedBytes: number;
  /** With deflate, `ws` must see every frame; without, frames that were built once go straight to the socket. */
  readonly deflate: boolean;
}

/** Questions without a sign of life after which a peer is dropped. */
const MAX_MISSED = 2;

/** The server's end of one connection: bounded, alive or dropped, its writes joined. */
export class PeerSocket {
  readonly #joiner: FrameJoiner;
  #isFull = false;
  #holds = 0;
  #isAlive = true;
  #missed = 0;
  #draining: Promise<void> | undefined;
  /** Bytes of events since the peer had last taken all. */
  #eventBytes = 0;

  readonly ws: WebSocket;
  private readonly socket: Duplex;
  private readonly options: PeerSocketOptions;

  constructor(ws: WebSocket, socket: Duplex, options: PeerSocketOptions) {
    this.ws = ws;
    this.socket = socket;
    this.options = options;
    this.#joiner = new FrameJoiner(socket);
    ws.on('pong', () => (this.#isAlive = true));
    // `ws` also closes for the errors that it reports: a broken frame, a frame over the limit, a cut connection.
    ws.on('error', () => {});
  }

  get isOpen(): boolean {
    return this.ws.readyState === 1;
  }

  /** Takes note of a frame: any is a sign of life. */
  touch(): void {
    this.#isAlive = true;
  }

  /** Sends an answer. A peer that does not take its answers is not read from until it has: its own requests fill the buffer. */
  send(text: string): void {
    if (!this.isOpen) return;
    this.#joiner.hold();
    this.ws.send(text);
    // A message that the socket takes at once will not drain.
    if (this.#isFull || !this.socket.writableNeedDrain || this.socket.writableLength <= this.options.maxBufferedBytes) return;
    this.#isFull = true;
    this.hold();
    this.socket.once('drain', () => {
      this.#isFull = false;
      this.release();
    });
  }

  /** Reads no more, until it was released as often as it was held. */
  hold(): void {
    if (this.#holds++ === 0) this.ws.pause();
  }

  release(): void {
    if (--this.#holds === 0) this.ws.resume();
  }

  /** Sends an event. Returns false, and sends nothing, if the reader is too far behind its events. */
  sendEvent(frame: SharedFrame): boolean {
    if (!this.isOpen) return true;
    const waiting = this.socket.writableLength;
    if (waiting === 0) this.#eventBytes = 0;
    else if (waiting > this.options.maxBufferedBytes && this.#eventBytes > this.options.maxBufferedBytes) return false;
    if (this.options.deflate) {
      this.ws.send(frame.text);
      this.#eventBytes += frame.text.length;
    } else {
      this.socket.write(frame.bytes);
      this.#eventBytes += frame.bytes.length;
    }
    return true;
  }

  /** Sends an item of a stream. Settles when the peer has taken enough for more to be sent, or is gone; `undefined` if more can be sent now. */
  sendItem(text: string): Promise<void> | undefined {
    if (!this.isOpen) return undefined;
    this.#joiner.hold();
    this.ws.send(text);
    if (!this.socket.writableNeedDrain) return undefined;
    return (this.#draining ??= new Promise((resolve) => {
      const done = () => {
        this.socket.off('drain', done).off('close', done);
        this.#draining = undefined;
        resolve();
      };
      this.socket.once('drain', done).once('close', done);
    }));
  }

  /** Closes with a code and a reason, which is left out if a close frame cannot hold it: https://www.rfc-editor.org/rfc/rfc6455#section-5.5 */
  close(code: number, reason: string): void {
    if (this.isOpen) this.ws.close(code, Buffer.byteLength(reason) > 123 ? '' : reason);
    // Or its answer to the closing would not be read.
    if (this.#holds > 0) this.ws.resume();
  }

  /** Called at every interval: asks for a sign of life, and drops a peer that gave none to two questions. */
  tick(): void {
    // A peer that is held because the service is slow cannot be heard.
    const isHeard = this.#isAlive || this.#holds > (this.#isFull ? 1 : 0);
    this.#missed = isHeard ? 0 : this.#missed + 1;
    this.#isAlive = false;
    if (this.#missed >= MAX_MISSED) this.ws.terminate();
    else if (this.isOpen) this.ws.ping();
  }
}
