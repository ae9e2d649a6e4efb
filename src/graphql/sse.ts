import { ApiError } from '../errors.js';
import { Heartbeat } from '../http/heartbeat.js';
import type { HttpRequest, HttpResponse, HttpWriter } from '../http/message.js';
import { encodeSseComment } from '../http/sse.js';
import { Lifetime, onAbort } from '../internal/deadline.js';
import { encodingSink, type Caller, type Engine, type PayloadSink, type PreparedSubscription } from './engine.js';
import { encodeError, EVENT_STREAM_TYPE, GAP, type GraphqlRequest } from './wire.js';

const BEAT = encodeSseComment();
const COMPLETE = 'event: complete\ndata: \n\n';
const LEFT = new ApiError('CANCELLED', 'the caller has left');

/**
 * Serves subscriptions as server-sent events, one per request.
 * Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
export class EventStreams {
  readonly #heartbeat: Heartbeat;

  constructor(
    private readonly engine: Engine,
    private readonly maxBufferedBytes: number,
    heartbeatMs: number,
  ) {
    this.#heartbeat = new Heartbeat(heartbeatMs);
  }

  /** Resolves once the subscription stands: the head of the response is its acknowledgement. */
  async open(request: HttpRequest, body: GraphqlRequest, subscription: PreparedSubscription, caller: Caller): Promise<HttpResponse> {
    const { event, params, encode, release } = subscription;
    const lifetime = new Lifetime();
    onAbort(lifetime.signal, release);
    request.onAbort(() => lifetime.abort(LEFT));
    const stream = new Stream(this.maxBufferedBytes, lifetime);
    const sink = encodingSink(encode, (error) => this.engine.present(error), stream);
    try {
      const lastEventId = body.extensions?.['lastEventId'] ?? request.headers['last-event-id'];
      const resume = lastEventId === undefined || lastEventId === null ? undefined : textOf(lastEventId);
      await this.engine.transport.subscribe(
        { event, params, signal: lifetime.signal, headers: caller.headers, lastEventId: resume, peer: caller.peer },
        sink,
      );
    } catch (error) {
      lifetime.abort(LEFT);
      throw error;
    }
    return this.#respond(stream, lifetime, caller);
  }

  /** A query or a mutation whose caller takes nothing but a stream. */
  single(payload: string, caller: Caller): HttpResponse {
    return { status: 200, headers: headersOf(caller), body: encodeNext(payload) + COMPLETE };
  }

  #respond(stream: Stream, lifetime: Lifetime, caller: Caller): HttpResponse {
    return {
      status: 200,
      headers: headersOf(caller),
      body: (writer) => {
        const beat = () => writer.write(BEAT);
        this.#heartbeat.add(beat);
        writer.onClose(() => {
          this.#heartbeat.delete(beat);
          lifetime.abort(LEFT);
        });
        writer.onStop(() => stream.end(new ApiError('UNAVAILABLE', 'the server is stopping')));
        stream.attach(writer);
      },
    };
  }
}

function headersOf(caller: Caller): Record<string, string> {
  return {
    'content-type': EVENT_STREAM_TYPE,
    'cache-control': 'no-store',
    // Tells nginx and its kind to pass events on at once.
    'x-accel-buffering': 'no',
    'x-request-id': caller.headers['x-request-id'] ?? '',
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new ApiError('INVALID_ARGUMENT', 'lastEventId must be text');
}

let lastPayload: string | undefined;
let lastText = '';

/** A hub hands the same event to all subscribers in a row, so that its text is made once. */
function encodeNext(payload: string): string {
  if (payload !== lastPayload) {
    lastPayload = payload;
    lastText = `event: next\ndata: ${payload}\n\n`;
  }
  return lastText;
}

/** Holds what comes until the response has begun, then writes it. */
class Stream implements PayloadSink {
  #writer: HttpWriter | undefined;
  #waiting: string[] = [];
  #ended = false;

  constructor(
    private readonly maxBufferedBytes: number,
    private readonly lifetime: Lifetime,
  ) {}

  attach(writer: HttpWriter): void {
    this.#writer = writer;
    writer.write(BEAT + this.#waiting.join(''));
    this.#waiting = [];
    if (this.#ended) writer.end();
  }

  next(payload: string): void {
    if (this.#ended) return;
    if (!this.#writer) this.#waiting.push(encodeNext(payload));
    else if (this.#writer.bufferedBytes <= this.maxBufferedBytes) this.#writer.write(encodeNext(payload));
    else this.end(new ApiError('RESOURCE_EXHAUSTED', 'the reader fell behind: resume from the last event'));
  }

  gap(): void {
    this.next(GAP);
  }

  end(error?: ApiError): void {
    if (this.#ended) return;
    this.#ended = true;
    const last = (error ? encodeNext(JSON.stringify({ errors: [encodeError(error.toJSON())], extensions: { end: true } })) : '') + COMPLETE;
    if (this.#writer) this.#writer.write(last);
    else this.#waiting.push(last);
    this.#writer?.end();
    this.lifetime.abort(LEFT);
  }
}
