import type { EventDefinition } from '../core/contract.ts';
import type { ApiError } from '../core/errors.ts';
import { structuredCloudEvent, type CloudEventWriter } from '../events/cloud/cloud-event.ts';
import { encodeOnce } from '../events/encode-once.ts';
import { EventStream, eventStreamHead } from '../http/events/event-stream.ts';
import { Heartbeat } from '../http/events/heartbeat.ts';
import { peerOf, type HttpRequest, type HttpResponse } from '../http/message/message.ts';
import { readLastEventId } from '../http/events/last-event-id.ts';
import { encodeSse } from '../http/events/sse.ts';
import { acceptHeaders } from '../guard/serve-call.ts';
import type { EventMessage, EventSink, Transport } from '../core/transport.ts';
import { checkAccept } from './accept.ts';
import { EVENT_STREAM_TYPE } from './wire.ts';

/** Options of event streams, as `RestHandlerOptions` explains them. */
export interface EventRouteOptions {
  readonly maxBufferedBytes: number;
  readonly heartbeatMs: number;
  /** Writes payloads as CloudEvents. */
  readonly cloud: CloudEventWriter | undefined;
}

type EventRoute = (request: HttpRequest, params: Readonly<Record<string, string>>) => Promise<HttpResponse>;

/** Serves an event as server-sent events. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function createEventRoute(transport: Transport, event: EventDefinition, options: EventRouteOptions): EventRoute {
  const { maxBufferedBytes, heartbeatMs, cloud } = options;
  const encode = encodeOnce((message) => encodeEvent(event, message, cloud));
  const streamOptions = { maxBufferedBytes, heartbeat: new Heartbeat(heartbeatMs), encodeEnd };

  return async (request, params) => {
    const { accept } = request.headers;
    if (accept !== undefined && accept !== EVENT_STREAM_TYPE) checkAccept(String(accept), EVENT_STREAM_TYPE);
    const headers = acceptHeaders(request.headers);
    const requestId = headers['x-request-id'];
    // Nobody would read such a subscription, and nothing would end it. A body that is never begun has no length to tell.
    if (request.method === 'HEAD') return { status: 200, headers: eventStreamHead(requestId), body: (writer) => writer.end() };
    const stream = new EventStream(streamOptions);
    const given = request.headers['last-event-id'];
    const lastEventId = given === undefined ? undefined : readLastEventId(String(given));
    // The event that was sent last, or from which it resumes: so its reader notices that one is missing.
    let after = lastEventId ?? '';
    const sink: EventSink = {
      next(message) {
        stream.write(UNFIT.test(after) ? encode(message) : `after: ${after}\n${encode(message)}`);
        after = message.id;
      },
      gap() {
        after = '';
        stream.write(GAP);
      },
      end: (error) => stream.end(error),
    };
    // '+' stands for any value of a channel parameter, as in MQTT.
    const fixed = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== '+'));
    const peer = peerOf(request, 'rest');
    await stream.open(request, (signal) => transport.subscribe({ event, params: fixed, signal, headers, lastEventId, peer }, sink));
    return stream.response(requestId);
  };
}

const GAP = encodeSse({ event: 'gap', data: '{}' });

function encodeEnd(error: ApiError | undefined): string {
  return encodeSse({ event: 'end', data: JSON.stringify(error ?? {}) });
}

/** A text with a line end is not an id or a time of ours, and cannot stand in a stream. */
const UNFIT = /[\r\n\0]/;

/** Writes one event. */
function encodeEvent(event: EventDefinition, message: EventMessage, cloud: CloudEventWriter | undefined): string {
  const { id, time, traceparent } = message;
  const data = JSON.stringify(message.data);
  return encodeSse({
    id: UNFIT.test(id) ? undefined : id,
    event: event.type,
    data: cloud ? structuredCloudEvent(cloud.attributes(event, message), data) : data,
    fields: { ...(!UNFIT.test(time) && { time }), ...(traceparent !== undefined && !UNFIT.test(traceparent) && { traceparent }) },
  });
}
