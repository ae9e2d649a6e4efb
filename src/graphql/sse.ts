import { ApiError } from '../core/errors.js';
import { EventStream, eventStreamHead, type EventStreamOptions } from '../http/events/event-stream.js';
import { Heartbeat } from '../http/events/heartbeat.js';
import type { HttpRequest, HttpResponse } from '../http/message/message.js';
import { onAbort } from '../life/lifetime.js';
import { encodingSink } from './engine/encoding-sink.js';
import type { Caller, Engine, PreparedSubscription } from './engine/engine.js';
import { encodeError, GAP, type GraphqlRequest } from './wire.js';

const COMPLETE = 'event: complete\ndata: \n\n';

/**
 * Serves subscriptions as server-sent events, one per request.
 * Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
export class EventStreams {
  readonly #options: EventStreamOptions;

  constructor(
    private readonly engine: Engine,
    maxBufferedBytes: number,
    heartbeatMs: number,
  ) {
    this.#options = { maxBufferedBytes, heartbeat: new Heartbeat(heartbeatMs), encodeEnd };
  }

  /** Resolves once the subscription stands: the head of the response is its acknowledgement. */
  async open(request: HttpRequest, body: GraphqlRequest, subscription: PreparedSubscription, caller: Caller): Promise<HttpResponse> {
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
