import type { Metadata, StatusObject } from '@grpc/grpc-js';
import type { ApiError } from '../../core/errors.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';
import { Latch } from '../../life/latch.ts';
import { every, type StopTimer } from '../../life/timers.ts';
import { BEAT } from './pulse.ts';

/** The part of a server stream of grpc-js that is written to. */
export interface WritableStream {
  write(bytes: Buffer): boolean;
  end(): void;
  emit(event: 'error', status: StatusObject): boolean;
  on(event: 'cancelled' | 'drain', listener: () => void): unknown;
  sendMetadata(metadata: Metadata): void;
}

export interface ItemStreamOptions {
  readonly head: () => Metadata;
  readonly encode: (item: unknown) => Buffer;
  readonly fail: (error: unknown) => StatusObject;
  /** How often the reader gets a sign of life while the handler is silent, in milliseconds. @default never */
  readonly beatMs?: number | undefined;
}

const SIGN_OF_LIFE = Buffer.from(BEAT);

/** The server's end of one streamed operation: writes items as bare messages, and lets the handler wait while the connection is full. */
export class ItemStream implements EventSink {
  #isOpen = false;
  #isOver = false;
  /** For more items. */
  readonly #room = new Latch();
  #leave: (() => void) | undefined;
  #stopBeats: StopTimer | undefined;

  private readonly call: WritableStream;
  private readonly options: ItemStreamOptions;

  constructor(call: WritableStream, options: ItemStreamOptions) {
    this.call = call;
    this.options = options;
    call.on('drain', () => this.#room.release());
    call.on('cancelled', () => {
      this.#room.release();
      if (!this.#isOver) this.#leave?.();
      this.#finish();
    });
  }

  /** Calls `listener` if the caller leaves before the end. */
  onLeave(listener: () => void): void {
    this.#leave = listener;
  }

  /** Sends the head, which tells the caller that the stream has begun. */
  open(): void {
    if (this.#isOpen || this.#isOver) return;
    this.#isOpen = true;
    this.call.sendMetadata(this.options.head());
    const { beatMs = Infinity } = this.options;
    const beat = () => void (!this.#room.isAwaited && this.call.write(SIGN_OF_LIFE));
    this.#stopBeats = every(beatMs, beat, { holds: false });
  }

  next({ data }: EventMessage): void | Promise<void> {
    this.open();
    if (this.#isOver || this.call.write(this.options.encode(data))) return;
    return this.#room.wait();
  }

  gap(): void {}

  end(error?: ApiError): void {
    if (error) return this.refuse(error);
    this.open();
    if (this.#isOver) return;
    this.#finish();
    this.call.end();
  }

  /** Ends it with an error, also before it has begun. */
  refuse(error: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.call.emit('error', this.options.fail(error));
  }

  #finish(): void {
    this.#isOver = true;
    this.#stopBeats?.();
  }
}
