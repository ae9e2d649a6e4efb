import type { ApiError } from '../../core/errors.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';
import { Latch } from '../../life/latch.ts';
import type { PeerSocket } from '../../socket/peer-socket.ts';
import { encodeNotification, STREAM_CREDITS } from '../wire.ts';

/** The server's end of one stream: sends as many items as its reader has granted, and lets the handler wait for more. */
export class RpcStream implements EventSink {
  #credits = STREAM_CREDITS;
  /** For more items. */
  readonly #room = new Latch();
  #tell: () => void = () => {};
  /** Settles when the answer that names the stream has been sent; none after that. */
  #answered: Promise<void> | undefined = new Promise((resolve) => (this.#tell = resolve));

  readonly id: number;
  private readonly socket: PeerSocket;
  private readonly onEnd: () => void;

  constructor(id: number, socket: PeerSocket, onEnd: () => void) {
    this.id = id;
    this.socket = socket;
    this.onEnd = onEnd;
  }

  acknowledged(): void {
    this.#answered = undefined;
    this.#tell();
  }

  next(message: EventMessage): void | Promise<void> {
    if (this.#answered) return this.#answered.then(() => this.next(message));
    const { id, time, data } = message;
    this.socket.send(encodeNotification('event', { subscription: this.id, id, time, data }));
    if (--this.#credits > 0) return;
    return this.#room.wait();
  }

  /** The reader takes more. */
  more(count: number): void {
    this.#credits += count;
    if (this.#credits > 0) this.#room.release();
  }

  gap(): void {}

  end(error?: ApiError): void {
    if (this.#answered) return void this.#answered.then(() => this.end(error));
    this.socket.send(encodeNotification('end', { subscription: this.id, ...(error && { error }) }));
    this.#room.release();
    this.onEnd();
  }
}
