import { checkOf } from '#check';
import type { EventDefinition, Schema } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import type { ReadContext } from '../../guard/mapped-sink.ts';
import { isObject } from '../../peer/error-body.ts';
import { parseJson } from '../../peer/json.ts';
import { printable } from '../../peer/text/printable.ts';
import type { Checked } from '../../schema/validate.ts';
import { BrokerEvent } from '../events/origin.ts';
import { notAnEvent, type DecodeEvent, type EventDecoderInit } from '../events/decoder.ts';
import { eventInfo } from '../wire.ts';
import { fieldsOf, type MappedEvent } from './mapping.ts';
import { ReceivedMessage, type ForeignMessage } from './message.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** Compiles the decoder of an event that foreign devices publish in forms of their own. */
export function compileForeignDecoder(
  event: EventDefinition,
  { pattern, mapping }: MappedEvent,
  { maxMessageBytes, makeId, origin, onError }: EventDecoderInit,
): DecodeEvent {
  const check = checkOf(event.payload);
  const fields = fieldsOf(event.payload);
  const fromTopic = pattern.params.filter((param) => Object.hasOwn(fields, param));
  return (topic, payload, packet, context) => {
    const params = pattern.match(topic);
    if (!params) return undefined;
    if (payload.length > maxMessageBytes)
      throw new ApiError('INVALID_ARGUMENT', `a message on ${printable(topic)} was dropped: ${payload.length} bytes are too many`);
    const message = new ReceivedMessage(topic, params, payload, packet);
    const read = readBy(mapping, event, message, context);
    if (read === undefined) return undefined;
    const named = Object.fromEntries(fromTopic.map((param) => [param, valueOf(fields[param], params[param] ?? '')]));
    const { id, time = new Date().toISOString(), traceparent } = eventInfo(packet.properties);
    const list: readonly unknown[] = mapping.read && Array.isArray(read) ? read : [read];
    const values = list.map((each) => (isObject(each) ? { ...each, ...named } : each));
    const finish = (all: readonly Checked[]) =>
      all.flatMap((checked, at) => {
        if (!checked.issues)
          return new BrokerEvent({ id: at > 0 || id === undefined ? makeId() : id, time, data: checked.value, traceparent }, origin);
        onError(notAnEvent(event, topic, checked.issues));
        return [];
      });
    const checks = values.map(check);
    // One that waits makes all of them wait.
    return checks.every(isSettled) ? finish(checks) : Promise.all(checks.map(async (each) => each)).then(finish);
  };
}

function isSettled(checked: Checked | Promise<Checked>): checked is Checked {
  return !isPromiseLike(checked);
}

function readBy(
  { read = asJson }: MappedEvent['mapping'],
  { name }: EventDefinition,
  message: ReceivedMessage,
  context: ReadContext,
): unknown {
  try {
    return read(message, context);
  } catch (cause) {
    if (read !== asJson && isApiError(cause)) return context.end(cause);
    const { text } = ApiError.from(cause, 'INVALID_ARGUMENT', (cause as Error | undefined)?.message ?? 'it cannot be read');
    const where = `a message on ${printable(message.topic)} does not fit ${name} and was dropped`;
    const hint = read !== asJson && message.json === undefined ? ' (it is not JSON)' : '';
    throw new ApiError('INVALID_ARGUMENT', `${where}: ${printable(text)}${hint}`, read === asJson ? {} : { cause });
  }
}

/** An empty message clears a retained one. */
function asJson(message: ForeignMessage): unknown {
  return message.bytes.length === 0 ? undefined : parseJson(message.text);
}

interface Def {
  readonly type: string;
  readonly innerType?: Schema;
}

/** A level of a topic as its property wants it. A misfit stays a text, and is refused by the schema. */
function valueOf(schema: Schema | undefined, text: string): unknown {
  let def = schema?._zod.def as Def | undefined;
  while (def?.innerType) def = def.innerType._zod.def;
  if ((def?.type === 'number' || def?.type === 'int') && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (def?.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
