import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { ApiError, callerLeft } from '../../core/errors.ts';
import { fellBehind, HeldPieces } from '../../events/held-pieces.ts';
import { Lifetime, onAbort } from '../../life/lifetime.ts';
import { every } from '../../life/timers.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';
import { BEAT } from './pulse.ts';

/** The part of a streaming call of grpc-js that is written to. */
export interface WritableCall {
  write(bytes: Buffer, done: () => void): boolean;
  end(): void;
  emit(event: 'error', status: StatusObject): boolean;
  on(event: 'cancelled', listener: () => void): unknown;
  sendMetadata(metadata: Metadata): void;
}

export interface EventStreamOptions {
  readonly maxBufferedBytes: number;
  readonly encode: (message: EventMessage) => Buffer;
  /** The notice of a gap; `undefined` if the stream has no word for it. */
  readonly gap: Buffer | undefined;
  readonly fail: (error: ApiError) => StatusObject;
}

const SIGN_OF_LIFE = Buffer.from(BEAT);
const LEFT = callerLeft();

/** The sink of one caller: holds events until the head is sent, then writes them. */
export class EventStream implements EventSink {
  readonly #lifetime = new Lifetime();
  readonly #pieces: HeldPieces<Buffer>;
  /** Bytes of the messages that are not gone yet. */
  #buffered = 0;
  #isLeft = false;
  /** Sizes of the messages that are written and not gone, in order. */
  readonly #sizes: number[] = [];

  private readonly call: WritableCall;
  private readonly options: EventStreamOptions;

  constructor(call: WritableCall, options: EventStreamOptions) {
    this.call = call;
    this.options = options;
    this.#pieces = new HeldPieces(options.maxBufferedBytes, (bytes) => bytes.length, {
      write: (bytes) => (this.#buffered > options.maxBufferedBytes ? this.end(fellBehind()) : this.#write(bytes)),
      end: (error) => this.#finish(error),
      cut: () => this.#lifetime.abort(LEFT),
    });
    call.on('cancelled', () => {
      this.#isLeft = true;
      this.#lifetime.abort(LEFT);
    });
  }

  /** True when nothing more is taken. */
  get hasEnded(): boolean {
    return this.#isLeft || this.#pieces.hasEnded;
  }

  /** Resolves when it stands. Rejects with why it was refused. */
  subscribe(subscribe: () => Promise<void>): Promise<void> {
    return this.#pieces.subscribe(this.#lifetime, subscribe);
  }

  /** Aborts when the stream is over, for whatever reason. */
  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  /** Sends the head, which tells the caller that it is subscribed, and what came until now. */
  open(head: Metadata): void {
    this.call.sendMetadata(head);
    this.#pieces.begin();
  }

  next(message: EventMessage): void {
    if (this.hasEnded) return;
    let bytes: Buffer;
    try {
      bytes = this.options.encode(message);
    } catch (cause) {
      // Not thrown on, because the publisher would hear it, and other subscribers would miss the event.
      return this.end(new ApiError('DATA_LOSS', 'an event breaks the contract', { cause }));
    }
    this.#pieces.write(bytes);
  }

  gap(): void {
    if (!this.hasEnded && this.options.gap) this.#pieces.write(this.options.gap);
  }

  /** Gives a sign of life at each interval in which nothing waits to be sent. */
  beat(intervalMs: number): void {
    const beat = () => void (this.#sizes.length === 0 && this.#write(SIGN_OF_LIFE));
    onAbort(this.signal, every(intervalMs, beat, { holds: false }));
  }

  end(error?: ApiError): void {
    if (!this.#isLeft) this.#pieces.end(error);
  }

  #write(bytes: Buffer): void {
    this.#buffered += bytes.length;
    this.#sizes.push(bytes.length);
    this.call.write(bytes, this.#onWritten);
  }

  /** One function for all messages, so that the stream can tell of many at once. */
  readonly #onWritten = (): void => {
    this.#buffered -= this.#sizes.shift() ?? 0;
  };

  /** Messages that were written go out before the status does. */
  #finish(error: ApiError | undefined): void {
    if (error) this.call.emit('error', this.options.fail(error));
    else this.call.end();
    this.#lifetime.abort(LEFT);
  }
}
