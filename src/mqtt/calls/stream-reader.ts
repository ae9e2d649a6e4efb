import { ApiError } from '../../core/errors.ts';
import type { EventSink, StreamRequest } from '../../core/transport.ts';
import { isoNow } from '../../life/now.ts';
import { after, type StopTimer } from '../../life/timers.ts';
import { envelopePieceOf, pieceOf, STREAM_CREDITS, type Grant, type ReceivedPiece, type Reply } from './pieces.ts';

/** A server that asked in vain for so many of its intervals is gone. */
const SILENT_INTERVALS = 3;

/** The part of the client's calls that a stream needs. */
export interface StreamCarrier {
  /** Sends the request, and returns how to forget it. */
  send(taking: { readonly take: (reply: Reply) => void; readonly fail: (error: ApiError) => void }): () => void;
  /** Leaves the server. */
  cancel(): void;
  grant(grant: Grant): void;
  /** Tells the caller the headers of a reply. */
  tell(reply: Reply): void;
  errorOf(reply: Reply): ApiError | undefined;
}

/** Runs a streamed operation; resolves once it has begun. */
export function openStream({ operation: { name }, signal }: StreamRequest, sink: EventSink, carrier: StreamCarrier): Promise<void> {
  return new Promise((resolve, reject) => {
    let hasBegun = false;
    const end = (error?: ApiError) => {
      reader.close();
      release();
      if (!hasBegun) reject(error ?? new ApiError('DATA_LOSS', `${name}: the service did not answer with a stream`));
      else if (!signal.aborted) sink.end(error);
    };
    const reader = new StreamReader({
      name,
      sink,
      onBegin: (reply) => {
        hasBegun = true;
        carrier.tell(withoutPiece(reply));
        resolve();
      },
      onEnd: (error, isKnown) => {
        if (!isKnown) carrier.cancel();
        end(error);
      },
      grant: (grant) => carrier.grant(grant),
    });
    const release = carrier.send({ take: (reply) => void (reader.take(reply) || end(carrier.errorOf(reply))), fail: end });
  });
}

/** The messages that the reader tells of. */
interface StreamReaderInit {
  readonly name: string;
  readonly sink: EventSink;
  /** The stream has begun, with this reply. Called once. */
  readonly onBegin: (reply: Reply) => void;
  /** It is over; with an error that the server does not know of, it must be left. */
  readonly onEnd: (error: ApiError | undefined, isKnown: boolean) => void;
  readonly grant: (grant: Grant) => void;
}

/** A reply without what tells that it is a stream's. */
function withoutPiece(reply: Reply): Reply {
  if ('envelope' in reply) return reply;
  const { stream: _, run: _run, seq: _seq, 'heartbeat-ms': _ms, ...told } = reply.told;
  return { ...reply, told };
}

/** The client's end of one stream: keeps the order of its items, and grants more as its sink takes them. */
class StreamReader {
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
    if (piece) this.#take(piece, reply);
    return piece !== undefined;
  }

  #take(piece: ReceivedPiece, reply: Reply): void {
    if (this.#run === undefined) {
      this.#run = piece.run;
      this.init.onBegin(reply);
    }
    if (piece.run !== this.#run) return;
    this.#heartbeatMs ??= piece.heartbeatMs;
    this.#waitForMore();
    const { kind, seq, item, error } = piece;
    if (kind === 'begin') return;
    if (kind === 'beat') {
      // Earlier losses are missed now, and not only when more comes.
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
    return new ApiError('DATA_LOSS', `${this.init.name}: the broker lost an item after number ${this.#seq}`, { remote: true });
  }

  #fail(error: ApiError): void {
    this.init.onEnd(error, false);
  }
}
