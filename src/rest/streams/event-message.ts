import type { EventDefinition, Operation } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import type { SseEvent } from '../../http/events/sse.ts';
import { localId } from '../../events/event-id.ts';
import { isoNow } from '../../life/now.ts';
import { tryParseJson } from '../../peer/json.ts';
import type { EventSink } from '../../core/transport.ts';
import { decodeErrorBody } from '../wire.ts';

/** Hands one event of a stream on; false where it was the last. Types that are not this event's are another event's. */
export function deliver(message: SseEvent, event: EventDefinition, sink: EventSink): boolean {
  // An event may have one of these types too; ours have ids then, and the stream's own words have none.
  const isEvent = message.event === event.type && message.id !== '';
  if (message.event === 'gap' && !isEvent) sink.gap();
  else if (message.event === 'end' && !isEvent) {
    sink.end(decodeErrorBody(tryParseJson(message.data)));
    return false;
  } else if (message.event === event.type || message.event === 'message') {
    const data = tryParseJson(message.data);
    if (data === undefined) {
      sink.end(new ApiError('DATA_LOSS', `${event.name}: an event's data is not JSON`, { remote: true }));
      return false;
    }
    const time = message.fields.get('time') ?? new Date().toISOString();
    void sink.next({ id: message.id || localId(), time, data });
  }
  return true;
}

/** Hands one item of a streamed operation on; false where it was the last. */
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
