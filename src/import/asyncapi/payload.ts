import { memberName, Names } from '../draft/names.ts';
import { membersOf } from '../json-schema/facts.ts';
import type { SchemaTypes } from '../json-schema/schema-types.ts';
import type { Field, ObjectType, Type } from '../draft/type.ts';
import type { Flow, Message } from './flows.ts';

/** The messages of a flow as a program sees them. */
export interface Payload {
  /** An object, or a reference to one. */
  readonly type: Type;
  /** The one member that stands for the whole message, if that is not an object. */
  readonly whole: 'json' | 'text' | undefined;
}

/** A topic or path with the names of its parameters as members have them. */
export interface Address {
  readonly address: string;
  readonly params: readonly Field[];
}

/** `{sensor-id}` of an address is `{sensorId}`. */
export function addressOf({ channel }: Flow): Address | undefined {
  if (channel.address === undefined) return undefined;
  const names = new Names();
  const params: Field[] = [];
  const address = channel.address.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const member = names.take(memberName(name, 'param').replace(/[^A-Za-z0-9]/g, ''));
    const { schema, enum: values, description } = membersOf(channel.params[name]);
    const said = values ?? membersOf(schema)['enum'];
    const notes = typeof description === 'string' ? { description } : {};
    const texts = Array.isArray(said) ? said.filter((value) => typeof value === 'string') : [];
    const type: Type = texts.length > 0 ? { kind: 'literal', values: texts, ...notes } : { kind: 'text', ...notes };
    params.push({ name: member, type, optional: false });
    return `{${member}}`;
  });
  return { address, params };
}

/** The channel of a contract's event: levels that a contract takes, with the parameters of the address. */
export function channelOf(address: string): string {
  const levels = address.split('/').filter((level) => level !== '');
  return (
    levels.map((level) => /\{[A-Za-z0-9]+\}/.exec(level)?.[0] ?? (level.replace(/[^A-Za-z0-9\-._~]+/g, '-') || '-')).join('/') || 'root'
  );
}

/** The payload of messages, with the parameters of the address as members. */
export function payloadOf(
  messages: readonly Message[],
  params: readonly Field[],
  types: SchemaTypes,
  place: { readonly at: string; readonly side: 'input' | 'output' },
): Payload {
  const read = messages.map((message) => types.read(message.payload, { base: message.base, ...place }));
  const [first] = read;
  const type: Type = !first ? { kind: 'any' } : read.length === 1 ? first : { kind: 'union', options: read };
  const object = objectOf(type, types);
  if (!object) {
    const isText = messages.every(({ contentType }) => !/json/i.test(contentType)) && type.kind === 'text';
    return { type: { kind: 'object', fields: [...params, { name: 'value', type, optional: false }] }, whole: isText ? 'text' : 'json' };
  }
  const isWhole = params.every(({ name }) => object.fields.some((field) => field.name === name && !field.optional));
  if (isWhole) return { type, whole: undefined };
  const own = new Set(params.map(({ name }) => name));
  const named = object.fields.filter(({ name }) => own.has(name)).map((field) => ({ ...field, optional: false, default: undefined }));
  const added = params.filter(({ name }) => !named.some((field) => field.name === name));
  return { type: { ...object, fields: [...added, ...named, ...object.fields.filter(({ name }) => !own.has(name))] }, whole: undefined };
}

/** An object whose members are known; none for records, unions and what may be null. */
function objectOf(type: Type, types: SchemaTypes): ObjectType | undefined {
  if (type.nullable) return undefined;
  if (type.kind === 'ref') return objectOf(types.typeOf(type.name), types);
  return type.kind === 'object' ? type : undefined;
}

/** The member that tells messages of one channel apart: each has another text there. */
export function tagOf(
  messages: readonly Message[],
  types: SchemaTypes,
  at: string,
): { readonly member: string; readonly values: readonly string[] } | undefined {
  const objects = messages.map(({ payload, base }) => objectOf(types.read(payload, { base, at, side: 'output' }), types));
  const [first] = objects;
  for (const { name } of first?.fields ?? []) {
    const values = objects.map((object) => {
      const type = object?.fields.find((field) => field.name === name)?.type;
      return type?.kind === 'literal' && type.values.length === 1 && typeof type.values[0] === 'string' ? type.values[0] : undefined;
    });
    const texts = values.filter((value) => value !== undefined);
    if (texts.length === messages.length && new Set(texts).size === messages.length) return { member: name, values: texts };
  }
  return undefined;
}
