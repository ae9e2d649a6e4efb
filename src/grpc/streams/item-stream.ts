import type { Metadata, StatusObject } from '@grpc/grpc-js';
import type { ApiError } from '../../core/errors.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';

/** What of a server stream of grpc-js is written to. */
export interface WritableStream {
  write(bytes: Buffer): boolean;
  end(): void;
  emit(event: 'error', status: StatusObject): boolean;
  on(event: 'cancelled' | 'drain', listener: () => void): unknown;
  sendMetadata(metadata: Metadata): void;
}

export interface ItemStreamOptions {
  readonly head: Metadata;
  readonly encode: (item: unknown) => Buffer;
  readonly fail: (error: unknown) => StatusObject;
}

/** The server's end of one streamed operation: writes items as bare messages, and lets the handler wait while the connection is full. */
export class ItemStream implements EventSink {
  #isOpen = false;
  #isOver = false;
  #proceed: (() => void) | undefined;
  #leave: (() => void) | undefined;

  private readonly call: WritableStream;
  private readonly options: ItemStreamOptions;

  constructor(call: WritableStream, options: ItemStreamOptions) {
    this.call = call;
    this.options = options;
    call.on('drain', () => this.#go());
    call.on('cancelled', () => {
      this.#go();
      if (!this.#isOver) this.#leave?.();
      this.#isOver = true;
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
    this.call.sendMetadata(this.options.head);
  }

  next({ data }: EventMessage): void | Promise<void> {
    this.open();
    if (this.#isOver || this.call.write(this.options.encode(data))) return;
    return new Promise((resolve) => (this.#proceed = resolve));
  }

  gap(): void {}

  end(error?: ApiError): void {
    if (error) return this.refuse(error);
    this.open();
    if (this.#isOver) return;
    this.#isOver = true;
    this.call.end();
  }

  /** Ends it with an error, also before it has begun. */
  refuse(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.call.emit('error', this.options.fail(error));
  }

  #go(): void {
    const proceed = this.#proceed;
    this.#proceed = undefined;
    proceed?.();
  }
}
