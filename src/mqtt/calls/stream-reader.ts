import { ApiError } from '../../core/errors.ts';
import type { EventSink } from '../../core/transport.ts';
import { isoNow } from '../../life/now.ts';
import { after, type StopTimer } from '../../life/timers.ts';
import { envelopePieceOf, pieceOf, STREAM_CREDITS, type Grant, type ReceivedPiece, type Reply } from './pieces.ts';

/** A server that asked in vain for so many of its intervals is gone. */
const SILENT_INTERVALS = 3;

/** What the reader tells. */
export interface StreamReaderInit {
  readonly name: string;
  readonly sink: EventSink;
  /** The stream has begun. Called once. */
  readonly onBegin: () => void;
  /** It is over; with an error that the server does not know of, it must be left. */
  readonly onEnd: (error: ApiError | undefined, isKnown: boolean) => void;
  readonly grant: (grant: Grant) => void;
}

/** The client's end of one stream: keeps the order of its items, and grants more as its sink takes them. */
export class StreamReader {
  /** The first process that answered: a broker that does not share requests has each of them run one. */
  #run: string | undefined;
  #seq = 0;
  #taken = 0;
  #upTo = STREAM_CREDITS;
  #heartbeatMs: number | undefined;
  #stopWaiting: StopTimer = () => {};

  private readonly init: StreamReaderInit;

  constructor(init: StreamReaderInit) {
    this.init = init;
  }

  /** Takes a reply; false if it is none of a stream's. */
  take(reply: Reply): boolean {
    const piece = 'envelope' in reply ? envelopePieceOf(reply.envelope) : pieceOf(reply.told, reply.body);
    if (piece) this.#take(piece);
    return piece !== undefined;
  }

  #take(piece: ReceivedPiece): void {
    if (this.#run === undefined) {
      this.#run = piece.run;
      this.init.onBegin();
    }
    if (piece.run !== this.#run) return;
    this.#heartbeatMs ??= piece.heartbeatMs;
    this.#waitForMore();
    const { kind, seq, item, error } = piece;
    if (kind === 'begin') return;
    if (kind === 'beat') {
      // What was lost before it is missed now, not once more comes.
      return seq > this.#seq ? this.#fail(this.#lost()) : this.#grant();
    }
    // A message of QoS 1 may come twice.
    if (seq <= this.#seq) return;
    if (kind === 'end' && error) return this.init.onEnd(error, true);
    if (seq > this.#seq + 1) return this.#fail(this.#lost());
    this.#seq = seq;
    if (kind === 'end') return this.init.onEnd(undefined, true);
    if (seq > this.#upTo) return this.#fail(new ApiError('DATA_LOSS', `${this.init.name}: the service sends more than it was asked for`));
    const taking = this.init.sink.next({ id: String(seq), time: isoNow(), data: item });
    if (taking) void taking.then(() => this.#onTaken());
    else this.#onTaken();
  }

  /** Nothing more is waited for. */
  close(): void {
    this.#stopWaiting();
    this.#heartbeatMs = undefined;
  }

  /** Grants as many items as were taken, half of what may be on its way at a time. */
  #onTaken(): void {
    if (++this.#taken + STREAM_CREDITS - this.#upTo < STREAM_CREDITS / 2) return;
    this.#upTo = this.#taken + STREAM_CREDITS;
    this.#grant();
  }

  #grant(): void {
    if (this.#run !== undefined) this.init.grant({ run: this.#run, upTo: this.#upTo });
  }

  #waitForMore(): void {
    this.#stopWaiting();
    if (this.#heartbeatMs === undefined) return;
    this.#stopWaiting = after(this.#heartbeatMs * SILENT_INTERVALS, () =>
      this.#fail(new ApiError('UNAVAILABLE', `${this.init.name}: the service has fallen silent`, { remote: true })),
    );
  }

  #lost(): ApiError {
    return new ApiError('DATA_LOSS', `${this.init.name}: the broker lost an item behind number ${this.#seq}`, { remote: true });
  }

  #fail(error: ApiError): void {
    this.init.onEnd(error, false);
  }
}
