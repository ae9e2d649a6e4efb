import type { EventDefinition } from '../contract.js';
import { ApiError } from '../errors.js';
import { peerOf, type HttpRequest, type HttpResponse, type HttpWriter } from '../http/message.js';
import { Heartbeat } from '../http/heartbeat.js';
import { encodeSse, encodeSseComment } from '../http/sse.js';
import { Lifetime } from '../internal/deadline.js';
import { acceptHeaders } from '../internal/serve-call.js';
import type { EventMessage, EventSink, Transport } from '../transport.js';
import { checkAccept } from './accept.js';
import { EVENT_STREAM_TYPE } from './wire.js';

/** Options of event streams, as `RestHandlerOptions` explains them. */
export interface EventRouteOptions {
  readonly maxBufferedBytes?: number;
  readonly heartbeatMs?: number;
}

type EventRoute = (request: HttpRequest, params: Readonly<Record<string, string>>) => Promise<HttpResponse>;

const HEARTBEAT = encodeSseComment();

/** Serves an event as server-sent events. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function createEventRoute(transport: Transport, event: EventDefinition, options: EventRouteOptions): EventRoute {
  const { maxBufferedBytes = 1_048_576, heartbeatMs = 15_000 } = options;
  const encode = encodeOnce(event);
  const heartbeat = new Heartbeat(heartbeatMs);

  return async (request, params) => {
    const { accept } = request.headers;
    if (accept !== undefined && accept !== EVENT_STREAM_TYPE) checkAccept(String(accept), EVENT_STREAM_TYPE);
    const headers = acceptHeaders(request.headers);
    const head = {
      'content-type': EVENT_STREAM_TYPE,
      'cache-control': 'no-store',
      // Tells nginx and its kind to pass events on at once.
      'x-accel-buffering': 'no',
      'x-request-id': headers['x-request-id'] ?? '',
    };
    // Nobody would read such a subscription, and nothing would end it.
    if (request.method === 'HEAD') return { status: 200, headers: head };
    const lifetime = new Lifetime();
    request.onAbort(() => lifetime.abort(LEFT));
    const stream = new Stream(maxBufferedBytes, encode, lifetime);
    const lastEventId = request.headers['last-event-id'];
    // '+' stands for any value of a channel parameter, as in MQTT.
    const fixed = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== '+'));
    const peer = peerOf(request, 'rest');
    await transport.subscribe(
      {
        event,
        params: fixed,
        signal: lifetime.signal,
        headers,
        lastEventId: lastEventId === undefined ? undefined : String(lastEventId),
        peer,
      },
      stream,
    );
    return {
      status: 200,
      headers: head,
      body: (writer) => {
        const beat = () => writer.write(HEARTBEAT);
        heartbeat.add(beat);
        writer.onClose(() => {
          heartbeat.delete(beat);
          lifetime.abort(LEFT);
        });
        writer.onStop(() => stream.end(new ApiError('UNAVAILABLE', 'the server is stopping')));
        stream.attach(writer);
      },
    };
  };
}

const LEFT = new ApiError('CANCELLED', 'the caller has left');

/** The sink of one caller: holds events until the response has begun, then writes them. */
class Stream implements EventSink {
  #writer: HttpWriter | undefined;
  #waiting: string[] = [];
  #ended = false;

  constructor(
    private readonly maxBufferedBytes: number,
    private readonly encode: (message: EventMessage) => string,
    private readonly lifetime: Lifetime,
  ) {}

  attach(writer: HttpWriter): void {
    this.#writer = writer;
    // Something must be written for the head to be sent at once through every proxy.
    writer.write(HEARTBEAT + this.#waiting.join(''));
    this.#waiting = [];
    if (this.#ended) writer.end();
  }

  next(message: EventMessage): void {
    this.#write(this.encode(message));
  }

  gap(): void {
    this.#write(encodeSse({ event: 'gap', data: '{}' }));
  }

  end(error?: ApiError): void {
    if (this.#ended) return;
    this.#write(encodeSse({ event: 'end', data: JSON.stringify(error ?? {}) }));
    this.#ended = true;
    this.#writer?.end();
    this.lifetime.abort(LEFT);
  }

  #write(text: string): void {
    if (this.#ended) return;
    if (!this.#writer) this.#waiting.push(text);
    else if (this.#writer.bufferedBytes <= this.maxBufferedBytes) this.#writer.write(text);
    else this.#fallBehind(this.#writer);
  }

  #fallBehind(writer: HttpWriter): void {
    this.#ended = true;
    writer.write(
      encodeSse({
        event: 'end',
        data: JSON.stringify(new ApiError('RESOURCE_EXHAUSTED', 'the reader fell behind: resume from the last event')),
      }),
    );
    writer.end();
    this.lifetime.abort(LEFT);
  }
}

/** An id with a line end is no id of ours, and cannot stand in a stream. */
const UNFIT = /[\r\n\0]/;

/** Encodes each event once, not once per subscriber: a hub hands the same message to all of them in a row. */
function encodeOnce(event: EventDefinition): (message: EventMessage) => string {
  let last: EventMessage | undefined;
  let text = '';
  return (message) => {
    if (message !== last) {
      last = message;
      text = encodeSse({
        id: UNFIT.test(message.id) ? '' : message.id,
        event: event.type,
        data: JSON.stringify(message.data),
        fields: { time: message.time },
      });
    }
    return text;
  };
}
