import type { EventDefinition, Operation } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { SseEvent } from '../../http/events/sse.ts';
import { localId } from '../../events/event-id.ts';
import { readCloudEvent } from '../../events/cloud/read-cloud-event.ts';
import { isoNow } from '../../life/now.ts';
import { reporter } from '../../life/report.ts';
import { tryParseJson } from '../../peer/json.ts';
import type { EventSink } from '../../core/transport.ts';
import { decodeErrorBody } from '../wire.ts';

/** Takes the payload of an event out of its data; `undefined` for what cannot be read and was reported. */
type OpenData = (data: unknown, event: EventDefinition) => { readonly data: unknown; readonly time?: string | undefined } | undefined;

const plain: OpenData = (data) => ({ data });

/** A client's options for the events that it reads, as `RestOptions` explains them. */
export interface DeliveryOptions {
  readonly cloudEvents?: 'structured' | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The function that hands events on by a client's options: `deliver`, or one that takes them out of CloudEvents first. */
export function delivery({ cloudEvents, onError }: DeliveryOptions): typeof deliver {
  if (!cloudEvents) return deliver;
  const failed = reporter(onError);
  const open: OpenData = (data, { channel }) => {
    try {
      return readCloudEvent(data);
    } catch (error) {
      failed(new ApiError('DATA_LOSS', `${channel}: an event was dropped: ${(error as ApiError).text}`, { remote: true, cause: error }));
      return undefined;
    }
  };
  return (message, event, sink) => deliver(message, event, sink, open);
}

/** Whether an event of a stream is of the event that was asked for. */
export function isOf(message: SseEvent, { type }: EventDefinition): boolean {
  return message.event === type || message.event === 'message';
}

/** Hands one event of a stream on; false if it was the last. Types that are not this event's are another event's. */
export function deliver(message: SseEvent, event: EventDefinition, sink: EventSink, open: OpenData = plain): boolean {
  // An event may have one of these types too; ours have ids then, and the stream's own words have none.
  const isEvent = message.event === event.type && message.id !== '';
  if (message.event === 'gap' && !isEvent) sink.gap();
  else if (message.event === 'end' && !isEvent) {
    sink.end(decodeErrorBody(tryParseJson(message.data)));
    return false;
  } else if (isOf(message, event)) {
    const data = tryParseJson(message.data);
    if (data === undefined) {
      sink.end(new ApiError('DATA_LOSS', `${event.name}: an event's data is not JSON`, { remote: true }));
      return false;
    }
    const opened = open(data, event);
    if (!opened) {
      sink.gap();
      return true;
    }
    const time = message.fields.get('time') ?? opened.time ?? new Date().toISOString();
    void sink.next({ id: message.id || localId(), time, data: opened.data, traceparent: message.fields.get('traceparent') });
  }
  return true;
}

/** Hands one item of a streamed operation on; false if it was the last. */
export function deliverItem(message: SseEvent, { name }: Operation, sink: EventSink): boolean | Promise<boolean> {
  if (message.event === 'end') {
    sink.end(decodeErrorBody(tryParseJson(message.data)));
    return false;
  }
  if (message.event !== 'message') return true;
  const data = tryParseJson(message.data);
  if (data === undefined) {
    sink.end(new ApiError('DATA_LOSS', `${name}: an item is not JSON`, { remote: true }));
    return false;
  }
  const taken = sink.next({ id: message.id || localId(), time: message.fields.get('time') ?? isoNow(), data });
  return taken ? taken.then(() => true) : true;
}
