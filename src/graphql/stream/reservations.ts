import { ApiError } from '../../core/errors.ts';
import { Heartbeat } from '../../http/events/heartbeat.ts';
import { HttpError } from '../../http/message/error.ts';
import type { HttpRequest, HttpResponse } from '../../http/message/message.ts';
import { now } from '../../life/now.ts';
import type { PreparedOperation } from '../document/documents.ts';
import type { Caller, Engine } from '../engine/engine.ts';
import { EVENT_STREAM_TYPE, type GraphqlRequest } from '../wire.ts';
import { sseFraming } from './framing.ts';
import { SharedStream } from './shared-stream.ts';

const TOKEN_HEADER = 'x-graphql-event-stream-token';
/** How long a reservation waits for its stream, in milliseconds. */
const WAITING_MS = 30_000;
/** How many reservations wait at once, in all and of one address. */
const MAX_WAITING = 1000;
const MAX_WAITING_OF_ADDRESS = 100;

interface Reservation {
  readonly stream: SharedStream;
  readonly address: string | undefined;
  readonly endsAt: number;
}

/** The functions that reservations need of the handler. */
export interface ReservationOptions {
  readonly maxBufferedBytes: number;
  readonly heartbeatMs: number;
  /** Operations at once on one stream. */
  readonly maxSubscriptions: number;
}

/**
 * Streams that a caller reserves, opens once, and then runs all its operations on, for browsers that open few connections to a server.
 * Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#single-connection-mode
 */
export class Reservations {
  /** Oldest first. */
  readonly #waiting = new Map<string, Reservation>();
  readonly #open = new Map<string, SharedStream>();
  readonly #heartbeat: Heartbeat;

  private readonly engine: Engine;
  private readonly options: ReservationOptions;

  constructor(engine: Engine, options: ReservationOptions) {
    this.engine = engine;
    this.options = options;
    this.#heartbeat = new Heartbeat(options.heartbeatMs);
  }

  /** The answer to a request for a token. */
  reserve({ address }: HttpRequest): HttpResponse {
    for (const [token, { endsAt }] of this.#waiting) {
      if (endsAt > now()) break;
      this.#waiting.delete(token);
    }
    let ofAddress = 0;
    for (const each of this.#waiting.values()) if (each.address === address) ofAddress++;
    if (this.#waiting.size >= MAX_WAITING || ofAddress >= MAX_WAITING_OF_ADDRESS)
      throw new HttpError(429, 'too many reserved streams have not been opened', { 'retry-after': String(WAITING_MS / 1000) });
    const token = crypto.randomUUID();
    const { maxBufferedBytes, maxSubscriptions } = this.options;
    const { head, beat, opening } = sseFraming;
    // An operation says itself that it is over; the stream has no word for it.
    const streaming = { maxBufferedBytes, heartbeat: this.#heartbeat, head, beat, opening, encodeEnd: () => '' };
    const stream = new SharedStream(this.engine, streaming, maxSubscriptions);
    this.#waiting.set(token, { stream, address, endsAt: now() + WAITING_MS });
    return { status: 201, headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }, body: token };
  }

  /** The stream of a token. */
  open(request: HttpRequest, token: string, requestId: string | undefined): Promise<HttpResponse> {
    if (this.#open.has(token)) throw new HttpError(409, 'this stream is open already');
    const reservation = this.#waiting.get(token);
    this.#waiting.delete(token);
    if (!reservation || reservation.endsAt <= now()) throw unknownToken();
    const { stream } = reservation;
    this.#open.set(token, stream);
    return stream.open(request, requestId, () => this.#open.delete(token));
  }

  /** Begins an operation on the stream of a token. */
  run(token: string, body: GraphqlRequest, prepared: PreparedOperation, caller: Caller): HttpResponse {
    const id = body.extensions?.['operationId'];
    if (typeof id !== 'string' || id === '')
      throw new ApiError('INVALID_ARGUMENT', "extensions.operationId must be the operation's id on its stream");
    this.#streamOf(token).run(id, body, prepared, caller);
    return { status: 202, headers: {} };
  }

  /** Ends an operation on the stream of a token. */
  stop(token: string | undefined, { query }: HttpRequest): HttpResponse {
    const id = new URLSearchParams(query).get('operationId');
    if (id === null || id === '') throw new HttpError(400, "name the operation to end: '?operationId=…'");
    this.#streamOf(token).stop(id);
    return { status: 200, headers: {} };
  }

  #streamOf(token: string | undefined): SharedStream {
    const stream = token === undefined ? undefined : this.#open.get(token);
    if (!stream) throw unknownToken();
    return stream;
  }
}

/** The token that a request gives. */
export function tokenOf({ headers, query }: HttpRequest): string | undefined {
  const token = headers[TOKEN_HEADER] ?? (query.includes('token=') ? new URLSearchParams(query).get('token') : undefined);
  return typeof token === 'string' && token !== '' ? token : undefined;
}

function unknownToken(): HttpError {
  return new HttpError(404, `there is no such stream: reserve one with PUT, open it with GET and 'Accept: ${EVENT_STREAM_TYPE}'`);
}
