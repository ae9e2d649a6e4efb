import { ApiError } from '../../core/errors.ts';
import { EventStream, type EventStreamOptions } from '../../http/events/event-stream.ts';
import { Heartbeat } from '../../http/events/heartbeat.ts';
import { streamResponse, type StreamFormat } from '../../http/events/stream-response.ts';
import type { HttpRequest, HttpResponse } from '../../http/message/message.ts';
import { onAbort } from '../../life/lifetime.ts';
import { encodingSink, type PayloadSink } from '../engine/encoding-sink.ts';
import type { Caller, Engine, PreparedEvents, PreparedStream } from '../engine/engine.ts';
import { GAP, type GraphqlRequest } from '../wire.ts';
import type { Framing } from './framing.ts';

/** Serves subscriptions, to events and to the items of streamed operations, as streamed responses, one per request. */
export class EventStreams {
  readonly #options: EventStreamOptions;

  #lastPayload: string | undefined;
  #lastText = '';

  private readonly engine: Engine;
  private readonly framing: Framing;

  constructor(engine: Engine, framing: Framing, maxBufferedBytes: number, heartbeatMs: number) {
    this.engine = engine;
    this.framing = framing;
    const { head, opening, beat, end } = framing;
    this.#options = { maxBufferedBytes, heartbeat: new Heartbeat(heartbeatMs), head, opening, beat, encodeEnd: end };
  }

  /** Resolves when the subscription stands: the head of the response is its acknowledgement. */
  open(request: HttpRequest, body: GraphqlRequest, subscription: PreparedEvents | PreparedStream, caller: Caller): Promise<HttpResponse> {
    return 'event' in subscription ? this.#events(request, body, subscription, caller) : this.#items(request, subscription, caller);
  }

  #items(request: HttpRequest, { operation, input, encode }: PreparedStream, caller: Caller): Promise<HttpResponse> {
    const { headers, deadline, peer } = caller;
    const { framing } = this;
    const format: StreamFormat = {
      ...framing,
      item(message) {
        const payload = encode(message);
        return typeof payload === 'string' ? framing.next(payload) : payload.then(framing.next);
      },
      end(writer, error) {
        writer.write(framing.end(error));
        writer.end();
      },
    };
    return streamResponse(this.engine.transport, { operation, input, headers, deadline, peer }, request, format, this.#options.heartbeat);
  }

  async #events(request: HttpRequest, body: GraphqlRequest, subscription: PreparedEvents, caller: Caller): Promise<HttpResponse> {
    const { event, params, encode, release } = subscription;
    const stream = new EventStream(this.#options);
    const out: PayloadSink = {
      next: (payload) => stream.write(this.#encodeNext(payload)),
      gap: () => stream.write(this.framing.next(GAP)),
      end: (error) => stream.end(error),
    };
    await stream.open(request, async (signal) => {
      onAbort(signal, release);
      const lastEventId = lastEventIdOf(body, request.headers['last-event-id']);
      const sink = encodingSink(encode, (error) => this.engine.present(error), out, lastEventId);
      await this.engine.transport.subscribe({ event, params, signal, headers: caller.headers, lastEventId, peer: caller.peer }, sink);
    });
    return stream.response(caller.headers['x-request-id']);
  }

  /** A query or a mutation whose caller takes nothing but a stream. */
  single(payload: string, caller: Caller): HttpResponse {
    return {
      status: 200,
      headers: this.framing.head(caller.headers['x-request-id']),
      body: this.framing.next(payload) + this.framing.end(undefined),
    };
  }

  /** A hub hands the same event to all subscribers in a row, so that its text is made once. */
  #encodeNext(payload: string): string {
    if (payload !== this.#lastPayload) {
      this.#lastPayload = payload;
      this.#lastText = this.framing.next(payload);
    }
    return this.#lastText;
  }
}

/** The place that a subscription resumes after. Throws INVALID_ARGUMENT if it is not text. */
export function lastEventIdOf(body: GraphqlRequest, header?: unknown): string | undefined {
  const value = body.extensions?.['lastEventId'] ?? header;
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new ApiError('INVALID_ARGUMENT', 'lastEventId must be text');
}
