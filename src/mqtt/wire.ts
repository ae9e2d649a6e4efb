import type { IPublishPacket } from 'mqtt';
import type { EventDefinition } from '../core/contract.ts';
import { ApiError, isErrorCode, type ErrorBody } from '../core/errors.ts';
import { isObject, readErrorOptions } from '../peer/error-body.ts';
import type { RawHeaders } from '../guard/serve-call.ts';
import { CLOUD_EVENT_TYPE, structuredCloudEvent, type CloudEventWriter } from '../events/cloud/cloud-event.ts';
import type { EventMessage, Headers } from '../core/transport.ts';

export { isObject } from '../peer/error-body.ts';

export const JSON_TYPE = 'application/json';

/** 0: at most once, 1: at least once, 2: exactly once. */
export type Qos = 0 | 1 | 2;

/** The properties of a PUBLISH of MQTT 5. */
export type Properties = NonNullable<IPublishPacket['properties']>;

/** A message to be published. `properties` go only over MQTT 5, and what `plain` makes instead of the payload over MQTT 3.1.1. */
export interface Message {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly plain?: () => string;
  readonly qos: Qos;
  readonly retain?: boolean;
  readonly properties?: Properties;
}

/** Options of MQTT in an event's `.meta`: `event({ …, meta: { mqtt: { qos: 0, retain: true } } })`. */
export interface EventMeta {
  /** @default the option `qos` */
  readonly qos?: Qos;
  /** The broker keeps the last one for those who subscribe later. @default false */
  readonly retain?: boolean;
}

export function eventMeta(event: EventDefinition): EventMeta {
  return event.meta['mqtt'] ?? {};
}

/** An event as a message. */
export function encodeEvent(
  event: EventDefinition,
  topic: string,
  message: EventMessage,
  qos: Qos,
  lineage?: Lineage,
  cloud?: CloudEventWriter,
): Message {
  const { qos: own, retain } = eventMeta(event);
  const line = {
    ...(lineage && { publisher: lineage.publisher }),
    ...(lineage?.after !== undefined && { after: lineage.after }),
    ...(message.traceparent !== undefined && { traceparent: message.traceparent }),
  };
  const common = { topic, qos: own ?? qos, ...(retain === true && { retain }) };
  // The attributes of a CloudEvent have the names that ours had before them.
  const attributes = cloud?.attributes(event, message, line);
  if (attributes && cloud?.mode === 'structured') {
    const contentType = `${CLOUD_EVENT_TYPE}; charset=utf-8`;
    return {
      ...common,
      payload: structuredCloudEvent(attributes, JSON.stringify(message.data)),
      properties: { payloadFormatIndicator: true, contentType, userProperties: line },
    };
  }
  return {
    ...common,
    payload: JSON.stringify(message.data),
    ...(attributes && { plain: () => structuredCloudEvent(attributes, JSON.stringify(message.data)) }),
    properties: {
      payloadFormatIndicator: true,
      contentType: JSON_TYPE,
      userProperties: attributes ? { ...attributes } : { id: message.id, time: message.time, type: event.type, ...line },
    },
  };
}

/** The facts that a publisher adds to an event's id: its own id, and the event that it published before on the same topic. */
export interface Lineage {
  readonly publisher: string;
  readonly after?: string | undefined;
}

/** Ids of ours have no dots; a foreign one must be fit for every protocol. */
const EVENT_ID = /^[\x21-\x2d\x2f-\x7e]{1,256}$/;
const INSTANT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(?:Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** The facts about an event beside its payload: nothing over MQTT 3.1.1. */
export function eventInfo(properties: Properties | undefined): Record<'id' | 'time' | 'traceparent', string | undefined> {
  const { id, time, traceparent } = userProperties(properties);
  return { id: fitting(id), time: inUtc(fitting(time, INSTANT)), traceparent: fitting(traceparent) };
}

/** The publisher of an event and the event that it published before on the same topic; undefined for publishers that do not say. */
export function lineageOf(properties: Properties | undefined): Lineage | undefined {
  const { publisher, after } = userProperties(properties);
  const name = fitting(publisher);
  return name === undefined ? undefined : { publisher: name, after: fitting(after) };
}

/** An instant in UTC: RFC 3339 allows other offsets, and SDKs of CloudEvents write them. */
function inUtc(time: string | undefined): string | undefined {
  if (time === undefined || time.endsWith('Z')) return time;
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

function fitting(value: unknown, pattern = EVENT_ID): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}

export function userProperties(properties: Properties | undefined): RawHeaders {
  return properties?.userProperties ?? {};
}

const MAX_HEADER_BYTES = 16_384;

/** Throws INVALID_ARGUMENT for headers that are too large. */
export function checkHeaderSize(headers: RawHeaders): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + String(value).length;
  if (bytes > MAX_HEADER_BYTES)
    throw new ApiError('INVALID_ARGUMENT', `the headers are too large: ${MAX_HEADER_BYTES} bytes at most`, { sent: false });
}

/** Whether a text has more bytes than that. Only what may have is counted: a character has 3 bytes at most. */
export function isLarger(text: string | Uint8Array, maxBytes: number): boolean {
  if (typeof text !== 'string') return text.length > maxBytes;
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes;
}

/**
 * Bytes of a PUBLISH packet beside its payload, or a little more.
 * @see https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901100
 */
export function packetOverhead({ topic, properties }: Message, version: 4 | 5): number {
  const bytes = (text: string | undefined) => (text === undefined ? 0 : new TextEncoder().encode(text).length + 3);
  // A type, 4 bytes of length, the topic's length, a packet id.
  let size = 5 + bytes(topic) + 2;
  if (version === 4) return size;
  // The properties' length, then of fixed size: the format, the expiry.
  size += 4 + 2 + 5;
  if (!properties) return size;
  const { contentType, responseTopic, correlationData, userProperties: user } = properties;
  size += bytes(contentType) + bytes(responseTopic) + (correlationData === undefined ? 0 : correlationData.length + 3);
  for (const [name, value] of Object.entries(user ?? {})) {
    for (const each of typeof value === 'string' ? [value] : value) size += bytes(name) + bytes(each);
  }
  return size;
}

/** An error in a reply; without a code of ours it is UNKNOWN. */
export function decodeError(body: unknown, code?: unknown): ApiError {
  const given = isObject(body) ? body : {};
  const { message } = given;
  const known = [given['code'], code].find(isErrorCode) ?? 'UNKNOWN';
  const words = typeof message === 'string' ? message : 'the service gave an error without a message';
  return new ApiError(known, words, readErrorOptions(given));
}

/** The result of a call. */
export type Outcome = ({ readonly output: unknown } | { readonly error: ErrorBody }) & {
  /** The headers of the answer. */
  readonly headers?: Headers | undefined;
};

/** The reply to a request that named a response topic. */
export function encodeReply(outcome: Outcome, correlation: Buffer | undefined, requestId: string): Omit<Message, 'topic' | 'qos'> {
  const isError = 'error' in outcome;
  const told = { ...outcome.headers, ...(isError && { code: outcome.error.code }), 'x-request-id': requestId };
  return encodeBody(isError ? outcome.error : outcome.output, correlation, told);
}

/** JSON with user properties beside it. */
export function encodeBody(
  body: unknown,
  correlation: Buffer | undefined,
  userProperties: Record<string, string>,
): Omit<Message, 'topic' | 'qos'> {
  return {
    payload: body === undefined ? '' : JSON.stringify(body),
    properties: {
      payloadFormatIndicator: true,
      contentType: JSON_TYPE,
      ...(correlation && { correlationData: correlation }),
      userProperties,
    },
  };
}
