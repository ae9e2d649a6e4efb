import { ApiError } from '../core/errors.ts';
import type { SseEvent } from '../http/events/sse.ts';
import { localId } from '../events/event-id.ts';
import { parseJson } from '../peer/json.ts';
import type { EventSink } from '../core/transport.ts';
import type { ClientDocument } from './document/document.ts';
import { decodeErrors, isObject } from './wire.ts';

/**
 * Hands one response of a subscription on. False where it was the last; `subscribed` where it only says that the subscription stands.
 */
export function deliver(
  payload: unknown,
  document: ClientDocument,
  sink: EventSink,
  onEventError: (error: ApiError) => void,
): boolean | 'subscribed' {
  const { data, errors, extensions } = isObject(payload) ? payload : {};
  const notes = isObject(extensions) ? extensions : {};
  if (Array.isArray(errors) && errors.length > 0) {
    const error = decodeErrors(errors, data);
    if (notes['end'] === true) {
      sink.end(error);
      return false;
    }
    // One response of the stream, not its end. Source: https://spec.graphql.org/October2021/#sec-Response-Stream
    onEventError(error);
    if (!isObject(data) || Object.values(data).every((value) => value === null)) return true;
  }
  if (notes['subscribed'] === true) return 'subscribed';
  if (notes['gap'] === true) {
    sink.gap();
    return true;
  }
  if (!isObject(data)) {
    sink.end(new ApiError('DATA_LOSS', 'the server sent an event without data', { remote: true }));
    return false;
  }
  const { id, time } = notes;
  void sink.next({
    id: typeof id === 'string' ? id : localId(),
    time: typeof time === 'string' ? time : new Date().toISOString(),
    data: document.read(data, notes['absent']),
  });
  return true;
}

/** Hands one server-sent event on; false where it was the last. Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md */
export function deliverSent(
  { event, data }: SseEvent,
  document: ClientDocument,
  sink: EventSink,
  onEventError: (error: ApiError) => void,
): boolean {
  if (event === 'complete') {
    sink.end();
    return false;
  }
  return event !== 'next' || deliver(parse(data), document, sink, onEventError) !== false;
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
