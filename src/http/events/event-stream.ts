import { type ApiError, callerLeft, serverStopping } from '../../core/errors.ts';
import { Lifetime } from '../../life/lifetime.ts';
import { HeldPieces, fellBehind } from '../../events/held-pieces.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { HttpRequest, HttpResponse, HttpWriter } from '../message/message.ts';
import { encodeSseComment } from './sse.ts';

/** A piece of a stream's body. */
type Piece = string | Uint8Array;

/** The common state of the event streams of one route. */
export interface EventStreamOptions {
  /** How far a reader may be behind, and how much may come before the response has begun. */
  readonly maxBufferedBytes: number;
  /** Keeps an idle stream open with beats. @default none, for streams that have no word for it */
  readonly heartbeat?: Heartbeat | undefined;
  /** @default a comment of server-sent events */
  readonly beat?: Piece | undefined;
  /** The first of a stream. @default a beat, if there are any */
  readonly opening?: Piece | undefined;
  /** The last event of a stream: why it is over, if there is a reason. */
  readonly encodeEnd: (error: ApiError | undefined) => Piece;
  /** @default that of server-sent events */
  readonly head?: ((requestId: string | undefined) => Record<string, string>) | undefined;
}

const COMMENT = encodeSseComment();
const LEFT = callerLeft();
const encoder = new TextEncoder();

/** One subscription as a streamed response, of server-sent events unless its options say otherwise: holds what comes before the response has begun, and ends a reader that falls behind. */
export class EventStream {
  readonly #lifetime = new Lifetime();
  #writer: HttpWriter | undefined;
  readonly #pieces: HeldPieces<Piece>;

  private readonly options: EventStreamOptions;

  constructor(options: EventStreamOptions) {
    this.options = options;
    this.#pieces = new HeldPieces(options.maxBufferedBytes, sizeOf, {
      write: (piece) => this.#writer?.write(piece),
      end: (error) => {
        this.#writer?.write(options.encodeEnd(error));
        this.#writer?.end();
      },
      cut: () => this.#lifetime.abort(LEFT),
    });
  }

  /** Resolves when the subscription stands, or is over already. Its end is in the response then. Rejects with why it was refused. */
  async open(request: HttpRequest, subscribe: (signal: AbortSignal) => Promise<void>): Promise<void> {
    request.onAbort(() => this.#lifetime.abort(LEFT));
    try {
      await this.#pieces.subscribe(this.#lifetime, () => subscribe(this.#lifetime.signal));
    } catch (error) {
      this.#lifetime.abort(LEFT);
      throw error;
    }
  }

  /** The response; its head says that the subscription stands. */
  response(requestId: string | undefined): HttpResponse {
    const { head = eventStreamHead } = this.options;
    return { status: 200, headers: head(requestId), body: (writer) => this.#attach(writer) };
  }

  write(piece: Piece): void {
    if (this.#writer && this.#writer.bufferedBytes > this.options.maxBufferedBytes) this.end(fellBehind());
    else this.#pieces.write(piece);
  }

  /** Settles when the reader has taken enough; `undefined` if it can be given more now. */
  drained(): Promise<void> | undefined {
    return this.#writer?.drained();
  }

  end(error?: ApiError): void {
    // A source may still refuse what it has ended, and then that is the answer.
    this.#pieces.end(error);
  }

  #attach(writer: HttpWriter): void {
    const { heartbeat, beat: piece = COMMENT, opening = heartbeat && piece } = this.options;
    const beat = () => writer.write(piece);
    heartbeat?.add(beat);
    writer.onClose(() => {
      heartbeat?.delete(beat);
      this.#lifetime.abort(LEFT);
    });
    writer.onStop(() => this.end(serverStopping()));
    this.#writer = writer;
    // Something must be written for the head to be sent at once through every proxy.
    if (opening !== undefined) writer.write(opening);
    this.#pieces.begin();
  }
}

function sizeOf(piece: Piece): number {
  return typeof piece === 'string' ? encoder.encode(piece).length : piece.length;
}

/** The head of a response of server-sent events. */
export function eventStreamHead(requestId: string | undefined): Record<string, string> {
  return {
    'content-type': 'text/event-stream',
    // Compressing middleware and CDNs would hold events back: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.6
    'cache-control': 'no-store, no-transform',
    // Tells nginx and its kind to pass events on at once.
    'x-accel-buffering': 'no',
    'x-request-id': requestId ?? '',
  };
}
