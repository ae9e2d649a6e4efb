import { checkOf } from '#check';
import { cloudEvents } from '#mqtt-parts';
import type { IPublishPacket } from 'mqtt';
import type { EventDefinition } from '../../core/contract.ts';
import { ApiError, type Issue } from '../../core/errors.ts';
import type { ReadContext } from '../../guard/mapped-sink.ts';
import { isObject } from '../../peer/error-body.ts';
import { parseJson } from '../../peer/json.ts';
import { withPart } from '../../life/lazy.ts';
import { printable } from '../../peer/text/printable.ts';
import { issuesError, type Checked } from '../../schema/check/issues.ts';
import type { EventMessage } from '../../core/transport.ts';
import { BrokerEvent } from './origin.ts';
import type { Topics } from '../topics.ts';
import { eventInfo, lineageOf, type Properties } from '../wire.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** Reads a message as an event: throws INVALID_ARGUMENT for what does not fit; gives nothing for an empty one, which clears a retained one. */
export type DecodeEvent = (
  topic: string,
  payload: Uint8Array,
  packet: IPublishPacket,
  context: ReadContext,
) => Decoded | undefined | Promise<Decoded>;

/** An event, or those that a mapping finds in one message. */
export type Decoded = EventMessage | readonly EventMessage[];

export interface EventDecoderInit {
  readonly topics: Topics;
  /** Larger messages are refused, in bytes. */
  readonly maxMessageBytes: number;
  /** Hears of messages that are not an event. */
  readonly onError: (error: unknown) => void;
  /** Makes ids for messages without one. */
  readonly makeId: () => string;
  /** The broker's url, as in origin.ts. */
  readonly origin: string;
}

/** Compiles the decoder of an event. */
export function compileDecoder(event: EventDefinition, { topics, maxMessageBytes, makeId, origin }: EventDecoderInit): DecodeEvent {
  const check = checkOf(event.payload);
  const finish = (topic: string, properties: Properties | undefined, checked: Checked): EventMessage => {
    if (checked.issues) throw notAnEvent(event, topic, checked.issues);
    if (event.params.length > 0 && topics.event(event, checked.value as Record<string, unknown>) !== topic) {
      throw new ApiError('INVALID_ARGUMENT', `a message on ${printable(topic)} was dropped: by its payload it belongs to another topic`);
    }
    const { id, time, traceparent } = eventInfo(properties);
    const message = { id: id ?? makeId(), time: time ?? new Date().toISOString(), data: checked.value, traceparent };
    return new BrokerEvent({ ...message, after: lineageOf(properties)?.after }, origin);
  };
  const judge = (topic: string, properties: Properties | undefined, value: unknown): EventMessage | Promise<EventMessage> => {
    const checked = check(value);
    return isPromiseLike(checked) ? checked.then((result) => finish(topic, properties, result)) : finish(topic, properties, checked);
  };
  return (topic, payload, packet) => {
    if (payload.length === 0) return undefined;
    if (payload.length > maxMessageBytes) throw new TooLarge(topic, maxMessageBytes);
    const value = parseJson(textOf(payload));
    const { properties } = packet;
    if (!mayBeCloudEvent(value, properties)) return judge(topic, properties, value);
    return withPart(cloudEvents, ({ openCloudEvent }) => {
      const opened = openCloudEvent(value, event, properties);
      return opened ? judge(topic, opened.properties, opened.data) : judge(topic, properties, value);
    });
  };
}

/** Whether it is worth a look. Without properties, MQTT 3.1.1, a look at the value must do. */
function mayBeCloudEvent(value: unknown, properties: Properties | undefined): boolean {
  const type = properties?.contentType;
  return type === undefined ? isObject(value) && typeof value['specversion'] === 'string' : /^application\/cloudevents/i.test(type);
}

/** The report about a message that is not the event of its topic. */
export function notAnEvent({ name }: EventDefinition, topic: string, issues: readonly Issue[]): ApiError {
  return issuesError('INVALID_ARGUMENT', `a message on ${printable(topic)} does not fit ${name} and was dropped`, issues);
}

/** Thrown for a message of the event that is larger than its reader takes: it would come again unchanged. */
export class TooLarge extends Error {
  constructor(topic: string, maxBytes: number) {
    super(`a message on ${printable(topic)} is too large: ${maxBytes} bytes at most`);
  }
}

const decoder = new TextDecoder();

/** Node's own conversion of short texts is several times as fast. */
export function textOf(payload: Uint8Array): string {
  return typeof Buffer !== 'undefined' && payload instanceof Buffer ? payload.toString('utf8') : decoder.decode(payload);
}
