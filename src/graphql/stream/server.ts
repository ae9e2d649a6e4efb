import { ApiError } from '../../core/errors.ts';
import { EventStream, eventStreamHead, type EventStreamOptions } from '../../http/events/event-stream.ts';
import { Heartbeat } from '../../http/events/heartbeat.ts';
import { encodeSseComment } from '../../http/events/sse.ts';
import { streamResponse, type StreamFormat } from '../../http/events/stream-response.ts';
import type { HttpRequest, HttpResponse } from '../../http/message/message.ts';
import { onAbort } from '../../life/lifetime.ts';
import { encodingSink } from '../engine/encoding-sink.ts';
import type { Caller, Engine, PreparedEvents, PreparedStream } from '../engine/engine.ts';
import { encodeError, GAP, type GraphqlRequest } from '../wire.ts';

const COMPLETE = 'event: complete\ndata: \n\n';

/**
 * Serves subscriptions, to events and to the items of streamed operations, as server-sent events, one per request.
 * Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
export class EventStreams {
  readonly #options: EventStreamOptions;

  private readonly engine: Engine;

  constructor(engine: Engine, maxBufferedBytes: number, heartbeatMs: number) {
    this.engine = engine;
    this.#options = { maxBufferedBytes, heartbeat: new Heartbeat(heartbeatMs), encodeEnd };
  }

  /** Resolves once the subscription stands: the head of the response is its acknowledgement. */
  open(request: HttpRequest, body: GraphqlRequest, subscription: PreparedEvents | PreparedStream, caller: Caller): Promise<HttpResponse> {
    return 'event' in subscription ? this.#events(request, body, subscription, caller) : this.#items(request, subscription, caller);
  }

  #items(request: HttpRequest, { operation, input, encode }: PreparedStream, caller: Caller): Promise<HttpResponse> {
    const { headers, deadline, peer } = caller;
    const format: StreamFormat = {
      head: eventStreamHead,
      item(message) {
        const payload = encode(message);
        return typeof payload === 'string' ? encodeNext(payload) : payload.then(encodeNext);
      },
      end(writer, error) {
        writer.write(encodeEnd(error));
        writer.end();
      },
      beat: encodeSseComment(),
    };
    return streamResponse(this.engine.transport, { operation, input, headers, deadline, peer }, request, format, this.#options.heartbeat);
  }

  async #events(request: HttpRequest, body: GraphqlRequest, subscription: PreparedEvents, caller: Caller): Promise<HttpResponse> {
    const { event, params, encode, release } = subscription;
    const stream = new EventStream(this.#options);
    const sink = encodingSink(encode, (error) => this.engine.present(error), {
      next: (payload) => stream.write(encodeNext(payload)),
      gap: () => stream.write(encodeNext(GAP)),
      end: (error) => stream.end(error),
    });
    await stream.open(request, async (signal) => {
      onAbort(signal, release);
      const lastEventId = textOf(body.extensions?.['lastEventId'] ?? request.headers['last-event-id']);
      await this.engine.transport.subscribe({ event, params, signal, headers: caller.headers, lastEventId, peer: caller.peer }, sink);
    });
    return stream.response(caller.headers['x-request-id']);
  }

  /** A query or a mutation whose caller takes nothing but a stream. */
  single(payload: string, caller: Caller): HttpResponse {
    return { status: 200, headers: eventStreamHead(caller.headers['x-request-id']), body: encodeNext(payload) + COMPLETE };
  }
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new ApiError('INVALID_ARGUMENT', 'lastEventId must be text');
}

function encodeEnd(error: ApiError | undefined): string {
  if (!error) return COMPLETE;
  return encodeNext(JSON.stringify({ errors: [encodeError(error.toJSON())], extensions: { end: true } })) + COMPLETE;
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
