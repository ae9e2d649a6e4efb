import { ApiError } from '../../core/errors.ts';
import type { EventMessage, EventSink, Headers } from '../../core/transport.ts';
import { Latch } from '../../life/latch.ts';
import { every, type StopTimer } from '../../life/timers.ts';
import { makeRequestId } from '../../peer/headers.ts';
import { STREAM_CREDITS, type Grant, type Piece } from './pieces.ts';

/** Bytes of items that the broker has not acknowledged, over which the handler waits. */
const MAX_UNACKNOWLEDGED_BYTES = 65_536;

/** Questions that a reader may leave unanswered. */
const MAX_UNANSWERED = 2;

/** The functions that a stream needs of its server. */
export interface ServedStreamInit {
  /** Publishes a piece; settles when the broker has it. */
  readonly send: (piece: Piece) => { readonly bytes: number; readonly done: Promise<void> };
  readonly heartbeatMs: number;
  /** The stream has ended, for its reader too. */
  readonly onEnd: () => void;
  readonly present: (error: ApiError) => Piece['error'];
}

/** The server's end of one stream: sends as many items as its reader has granted, and lets the handler wait for more. */
export class ServedStream implements EventSink {
  readonly #run = makeRequestId();
  #seq = 0;
  #upTo = STREAM_CREDITS;
  #unanswered = 0;
  #bytes = 0;
  #isOver = false;
  /** For more items. */
  readonly #room = new Latch();
  #stopBeats: StopTimer = () => {};
  /** Leaves the handler. */
  #leave: (reason?: ApiError) => void = () => {};

  private readonly init: ServedStreamInit;

  constructor(init: ServedStreamInit) {
    this.init = init;
  }

  /** Calls `listener` if the reader leaves before the end. */
  onLeave(listener: (reason?: ApiError) => void): void {
    this.#leave = listener;
  }

  /** Tells the reader that the stream has begun. */
  begin(headers?: Headers): void {
    const { heartbeatMs } = this.init;
    if (this.#isOver) return;
    this.#send({ kind: 'begin', run: this.#run, seq: 0, heartbeatMs, headers });
    this.#stopBeats = every(heartbeatMs, () => this.#beat());
  }

  next({ data }: EventMessage): void | Promise<void> {
    if (this.#isOver) return;
    this.#send({ kind: 'item', run: this.#run, seq: ++this.#seq, item: data });
    if (this.#mayGoOn) return;
    return this.#room.wait();
  }

  gap(): void {}

  end(error?: ApiError): void {
    if (this.#isOver) return;
    this.#send({ kind: 'end', run: this.#run, seq: this.#seq + 1, error: error && this.init.present(error) });
    this.#finish();
  }

  /** The reader takes more, or only says that it is there. */
  more({ run, upTo }: Grant): void {
    if (run !== this.#run) return;
    this.#unanswered = 0;
    this.#upTo = Math.max(this.#upTo, upTo);
    if (this.#mayGoOn) this.#room.release();
  }

  /** The reader wants no more, or is gone. */
  leave(reason?: ApiError): void {
    if (this.#isOver) return;
    this.#finish();
    this.#leave(reason);
  }

  /** Ends it for both sides. */
  stop(error: ApiError): void {
    this.end(error);
    this.#leave(error);
  }

  get #mayGoOn(): boolean {
    return this.#seq < this.#upTo && this.#bytes < MAX_UNACKNOWLEDGED_BYTES;
  }

  #beat(): void {
    if (this.#unanswered++ >= MAX_UNANSWERED) this.leave(new ApiError('CANCELLED', 'the caller gives no sign of life'));
    else this.#send({ kind: 'beat', run: this.#run, seq: this.#seq });
  }

  #send(piece: Piece): void {
    const { bytes, done } = this.init.send(piece);
    this.#bytes += bytes;
    const settle = () => {
      this.#bytes -= bytes;
      if (this.#mayGoOn) this.#room.release();
    };
    done.then(settle, (error: unknown) => {
      const failure = ApiError.from(error, 'UNKNOWN', 'an item was not sent');
      // Larger than the broker takes: the reader is told.
      if (failure.code === 'INVALID_ARGUMENT') this.stop(new ApiError('RESOURCE_EXHAUSTED', 'an item is too large for the broker'));
      else this.leave(failure);
    });
  }

  #finish(): void {
    this.#isOver = true;
    this.#stopBeats();
    this.#room.release();
    this.init.onEnd();
  }
}
