import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { ApiError } from '../../core/errors.ts';
import { Lifetime, onAbort } from '../../life/lifetime.ts';
import { every } from '../../life/timers.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';

/** What of a streaming call of grpc-js is written to. */
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
  /** The notice of a gap; `undefined` where the stream has no word for it. */
  readonly gap: Buffer | undefined;
  readonly fail: (error: ApiError) => StatusObject;
}

const NOTHING = Buffer.alloc(0);
const LEFT = new ApiError('CANCELLED', 'the caller has left');

/** The sink of one caller: holds events until the head is sent, then writes them. */
export class EventStream implements EventSink {
  readonly #lifetime = new Lifetime();
  #waiting: Buffer[] | undefined = [];
  /** Bytes of the messages that wait for the head or are not gone yet. */
  #buffered = 0;
  /** Sizes of the messages that are written and not gone, in order. */
  readonly #sizes: number[] = [];
  #ended = false;
  #error: ApiError | undefined;

  private readonly call: WritableCall;
  private readonly options: EventStreamOptions;

  constructor(call: WritableCall, options: EventStreamOptions) {
    this.call = call;
    this.options = options;
    call.on('cancelled', () => this.#leave());
  }

  /** True once nothing more is taken. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Aborts when the stream is over, whoever ended it. */
  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  /** Sends the head, which tells the caller that it is subscribed, and what came until now. */
  open(head: Metadata): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.call.sendMetadata(head);
    for (const bytes of waiting) this.#write(bytes);
    if (this.#ended) this.#finish();
  }

  next(message: EventMessage): void {
    if (this.#ended) return;
    let bytes: Buffer;
    try {
      bytes = this.options.encode(message);
    } catch (cause) {
      // Not thrown on: whoever publishes would hear it, and other subscribers would miss the event.
      return this.end(new ApiError('DATA_LOSS', 'an event breaks the contract', { cause }));
    }
    this.#push(bytes);
  }

  gap(): void {
    if (!this.#ended && this.options.gap) this.#push(this.options.gap);
  }

  /** Gives a sign of life at each interval in which nothing waits to be sent. */
  beat(intervalMs: number): void {
    const beat = () => void (this.#sizes.length === 0 && this.#write(NOTHING));
    onAbort(this.signal, every(intervalMs, beat, { holds: false }));
  }

  end(error?: ApiError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    if (!this.#waiting) this.#finish();
    this.#lifetime.abort(LEFT);
  }

  #push(bytes: Buffer): void {
    if (this.#buffered > this.options.maxBufferedBytes) {
      return this.end(new ApiError('RESOURCE_EXHAUSTED', 'the reader fell behind: resume from the last event'));
    }
    this.#buffered += bytes.length;
    if (this.#waiting) this.#waiting.push(bytes);
    else this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    this.#sizes.push(bytes.length);
    this.call.write(bytes, this.#onWritten);
  }

  /** One function for all messages, so that the stream can tell of many at once. */
  readonly #onWritten = (): void => {
    this.#buffered -= this.#sizes.shift() ?? 0;
  };

  /** What was written goes out before the status does. */
  #finish(): void {
    if (this.#error) this.call.emit('error', this.options.fail(this.#error));
    else this.call.end();
  }

  #leave(): void {
    this.#ended = true;
    this.#lifetime.abort(LEFT);
  }
}
