import { ApiError, type JsonObject } from '../core/errors.ts';
import { takerOfMapped, type TakeMapped } from '../guard/mapped-sink.ts';
import type { SseEvent } from '../http/events/sse.ts';
import { Chain } from '../events/chain.ts';
import { localId } from '../events/event-id.ts';
import { parseJson } from '../peer/json.ts';
import type { EventSink } from '../core/transport.ts';
import type { Maybe } from '../life/maybe.ts';
import { isoNow } from '../life/now.ts';
import type { ClientDocument } from './document/document.ts';
import type { Subscribing } from './socket/settings.ts';
import { decodeErrors, isObject } from './wire.ts';

/** The receiver of a subscription's events, and the sign that some are missing, unless a foreign server sends them. */
interface ChainedSink {
  readonly sink: EventSink;
  readonly chain: Chain | undefined;
  /** Of a foreign server. */
  readonly mapped: TakeMapped | undefined;
}

/** Hands one response of an event's subscription on; false if it was the last. */
function deliver(
  payload: unknown,
  document: ClientDocument,
  { sink, chain, mapped }: ChainedSink,
  onEventError: (error: ApiError) => void,
): boolean {
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
  const { after, id } = notes;
  const isEvent = typeof id === 'string';
  if (notes['gap'] === true || chain?.isBroken(after, isEvent ? id : undefined)) {
    if (!isEvent) chain?.gap();
    sink.gap();
  }
  if (notes['subscribed'] === true || notes['gap'] === true) return true;
  if (!isObject(data)) {
    sink.end(new ApiError('DATA_LOSS', 'the server sent an event without data', { remote: true }));
    return false;
  }
  if (mapped) {
    mapped((context) => document.read(data, undefined, context), { id: isEvent ? id : undefined });
    return true;
  }
  const read = document.read(data, notes['absent']);
  if (read !== undefined) void hand(read, notes, sink);
  // A hook may say so of what is not an event. Our servers send none without the field.
  else if (chain) sink.gap();
  return true;
}

/** Hands on what a response has: an event or an item. */
function hand(data: unknown, notes: JsonObject, sink: EventSink): void | Promise<void> {
  const { id, time, traceparent } = notes as { readonly id?: unknown; readonly time?: unknown; readonly traceparent?: string };
  return sink.next({
    id: typeof id === 'string' ? id : localId(),
    time: typeof time === 'string' ? time : isoNow(),
    data,
    traceparent,
  });
}

/** Hands one response of a subscription on; false if it was the last. The promise of a stream settles when its reader has taken the item. */
export type Take = (payload: unknown, sink: EventSink) => Maybe<boolean>;

/** How the responses of a subscription are taken: as events, or as the items of a stream. */
export function takerOf({ document, isStream, mapped, payload: asked }: Subscribing, onEventError: (error: ApiError) => void): Take {
  let events: TakeMapped | undefined;
  const chain = mapped ? undefined : new Chain(asked.extensions?.['lastEventId'] as string | undefined);
  return (payload, sink) => {
    try {
      if (isStream) return deliverItem(payload, document, sink);
      if (mapped) events ??= takerOfMapped(mapped.name, sink, onEventError as (error: unknown) => void, true);
      return deliver(payload, document, { sink, chain, mapped: events }, onEventError);
    } catch (cause) {
      // Of the hook of a stream's mapping, whose loop cannot go on; those of events have been reported.
      sink.end(ApiError.from(cause, 'DATA_LOSS', String(cause)));
      return false;
    }
  };
}

/**
 * Hands one response of a stream on; false if it was the last. One with errors and nothing else ends the stream, because a loop cannot go on without
 * the item.
 */
function deliverItem(payload: unknown, document: ClientDocument, sink: EventSink): Maybe<boolean> {
  const { data, errors, extensions } = isObject(payload) ? payload : {};
  const notes = isObject(extensions) ? extensions : {};
  const hasData = isObject(data) && Object.values(data).some((value) => value !== null);
  if (Array.isArray(errors) && errors.length > 0 && !hasData) {
    sink.end(decodeErrors(errors, data));
    return false;
  }
  if (notes['subscribed'] === true) return true;
  if (!isObject(data)) {
    sink.end(new ApiError('DATA_LOSS', 'the server sent an item without data', { remote: true }));
    return false;
  }
  const read = document.read(data, notes['absent']);
  // The mapping's hook says with `undefined` that it is not an item.
  const taken = read === undefined ? undefined : hand(read, notes, sink);
  return taken ? taken.then(() => true) : true;
}

/** Hands one part on; some servers wrap the response, to tell errors of the stream from those of a response. */
function deliverPart(part: unknown, sink: EventSink, take: Take): Maybe<boolean> {
  const { payload, errors } = isObject(part) ? part : {};
  if (payload !== null && payload !== undefined) return take(payload, sink);
  if (payload === undefined) return take(part, sink);
  sink.end(decodeErrors(Array.isArray(errors) ? errors : [], undefined));
  return false;
}

/**
 * Hands one event of a stream on by `take`; false if it was the last.
 * Source: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export function deliverSent({ event, data }: SseEvent, sink: EventSink, take: Take): Maybe<boolean> {
  if (event === 'complete') {
    sink.end();
    return false;
  }
  if (event === 'part') return deliverPart(parse(data), sink, take);
  return event !== 'next' || take(parse(data), sink);
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
