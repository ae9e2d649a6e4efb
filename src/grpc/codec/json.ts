import { ApiError } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';
import { parseJson } from '../../peer/json.ts';
import { fromBase64, toBase64 } from '../../schema/codec/base64.ts';
import { WireBytes } from '../../schema/codec/wire-bytes.ts';
import { compileTextReader } from '../../schema/text.ts';
import { compileVariant } from '../../schema/union/variant.ts';
import { jsonName } from '../proto/names.ts';
import type { ProtoEntry, ProtoEnum, ProtoMessage, ProtoType, ScalarType } from '../proto/proto.ts';
import type { MessageCodec } from './codec.ts';
import { setOwn } from '../../core/own.ts';
import { formatInstant, parseInstant } from './timestamp.ts';
import { Misfit, Unencodable } from './value.ts';

/** Turns the values of one type into those of protobuf's JSON and back. */
interface JsonValue {
  write(value: unknown): unknown;
  /** Hands on what does not fit, for the schema to refuse. */
  read(json: unknown): unknown;
  /** The meaning of an absent field without presence. */
  readonly zero: unknown;
}

type Values = Record<string, unknown>;

const messages = new WeakMap<ProtoMessage, JsonMessage>();

/** The codec of a message, or of the empty one, as the text of protobuf's JSON. Source: https://protobuf.dev/programming-guides/json/ */
export function jsonOf(message: ProtoMessage | undefined): MessageCodec<string, string> {
  return {
    encode(value) {
      if (!message) return '{}';
      try {
        return JSON.stringify(messageOf(message).write(value));
      } catch (error) {
        throw error instanceof Unencodable ? error : new Unencodable([], (error as Error).message);
      }
    },
    decode(text) {
      const json = parseJson(text);
      if (!isObject(json)) throw new ApiError('INVALID_ARGUMENT', 'a message must be a JSON object');
      if (!message) return undefined;
      try {
        return messageOf(message).read(json);
      } catch (cause) {
        const why = cause instanceof Misfit ? cause.message : 'the JSON does not fit the .proto file';
        throw new ApiError('INVALID_ARGUMENT', `this is not a ${message.name} message: ${why}`, { cause });
      }
    },
  };
}

function messageOf(message: ProtoMessage): JsonMessage {
  let json = messages.get(message);
  if (!json) {
    messages.set(message, (json = new JsonMessage(message)));
    // Afterwards, because a message may contain itself.
    json.compile();
  }
  return json;
}

/** One field of a message, compiled. */
interface Part {
  readonly property: string;
  readonly name: string;
  readonly nullName: string | undefined;
  readonly required: boolean;
  readonly absentIsNull: boolean;
  readonly value: JsonValue;
  /** The meaning of its absence. */
  readonly absent: () => unknown;
}

class JsonMessage implements JsonValue {
  readonly zero = undefined;
  #parts: readonly Part[] = [];
  readonly #byName = new Map<string, { readonly part: Part; readonly isNull: boolean }>();
  #variantOf: (value: unknown) => number = () => 0;

  private readonly message: ProtoMessage;

  constructor(message: ProtoMessage) {
    this.message = message;
  }

  compile(): void {
    const { entries, shape, discriminator, variants } = this.message;
    this.#parts = entries.map(compilePart);
    entries.forEach(({ field, nullField }, index) => {
      const part = this.#parts[index];
      if (!part) return;
      // Both names are read, as the mapping demands.
      for (const name of [field.name, part.name]) this.#byName.set(name, { part, isNull: false });
      if (nullField) for (const name of [nullField.name, jsonName(nullField.name)]) this.#byName.set(name, { part, isNull: true });
    });
    if (shape === 'union') this.#variantOf = compileVariant(discriminator, variants);
  }

  write(value: unknown): unknown {
    const { shape, name } = this.message;
    const out: Values = {};
    if (shape === 'object') {
      if (!isObject(value)) throw new Unencodable([], `a ${name} is an object`);
      for (const part of this.#parts) writePart(part, value[part.property], out, [part.property]);
    } else if (shape === 'wrapper') {
      for (const part of this.#parts) writePart(part, value, out, []);
    } else {
      const part = this.#parts[this.#variantOf(value)];
      if (!part) throw new Unencodable([], `a ${name} is none of its variants`);
      writePart(part, value, out, []);
    }
    return out;
  }

  read(json: unknown): unknown {
    const { shape, name } = this.message;
    if (!isObject(json)) throw new Misfit(`a ${name} is a JSON object`);
    const target: Values = {};
    if (shape === 'object') for (const { property, absent } of this.#parts) target[property] = absent();
    let sole: unknown = shape === 'wrapper' ? this.#parts[0]?.absent() : undefined;
    for (const key of Object.keys(json)) {
      const found = this.#byName.get(key);
      // Unknown fields are dropped, as they are of bytes.
      if (!found) continue;
      const { part, isNull } = found;
      const member = json[key];
      // Null is as if it were not there, but of a Value, of which it is one.
      if (member === null && !isNull && part.value !== ANY && part.value !== NULL) continue;
      const value = isNull ? null : part.value.read(member);
      if (shape === 'object') target[part.property] = value;
      else sole = value;
    }
    if (shape !== 'object') return sole;
    for (const property of Object.keys(target)) if (target[property] === undefined) delete target[property];
    return target;
  }
}

function writePart({ property, name, nullName, required, absentIsNull, value }: Part, member: unknown, out: Values, path: string[]): void {
  if (member === undefined) {
    if (required) throw new Unencodable(path, `${property} is missing`);
  } else if (member === null && nullName !== undefined) out[nullName] = null;
  else if (member !== null || !absentIsNull) {
    try {
      out[name] = value.write(member);
    } catch (error) {
      const inner = error instanceof Unencodable ? error : undefined;
      throw new Unencodable([...path, ...(inner?.path ?? [])], inner?.why ?? (error as Error).message);
    }
  }
}

function compilePart({ property, field, nullField, implied, required, absentIsNull = false, node }: ProtoEntry): Part {
  const item = valueOf(field.type, node);
  const value = field.label === 'map' ? mapOf(item, property) : field.label === 'repeated' ? listOf(item, property) : item;
  const hasPresence = field.label === 'one' && (field.optional || field.oneof !== undefined);
  const zero = implied !== undefined ? implied : hasPresence ? undefined : value.zero;
  const absent = zero === undefined && absentIsNull && field.label === 'one' ? null : zero;
  return {
    property,
    name: jsonName(field.name),
    nullName: nullField && jsonName(nullField.name),
    required,
    absentIsNull,
    value,
    absent: field.label === 'map' ? () => ({}) : field.label === 'repeated' ? () => [] : () => absent,
  };
}

function listOf(item: JsonValue, property: string): JsonValue {
  return {
    zero: undefined,
    write(list) {
      if (!Array.isArray(list)) throw new TypeError(`${property} is not a list`);
      return list.map((each, index) => at(index, () => item.write(each)));
    },
    read: (json) => (Array.isArray(json) ? json.map((each) => item.read(each)) : json),
  };
}

function mapOf(item: JsonValue, property: string): JsonValue {
  const convert = (record: Readonly<Values>, one: (value: unknown) => unknown) => {
    const out: Values = {};
    for (const key of Object.keys(record))
      setOwn(
        out,
        key,
        at(key, () => one(record[key])),
      );
    return out;
  };
  return {
    zero: undefined,
    write(record) {
      if (!isObject(record)) throw new TypeError(`${property} is not a record`);
      return convert(record, item.write);
    },
    read: (json) => (isObject(json) ? convert(json, item.read) : json),
  };
}

/** Adds a step to the path of a value that cannot be written. */
function at<T>(step: string | number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Misfit) throw error;
    const inner = error instanceof Unencodable ? error : undefined;
    throw new Unencodable([step, ...(inner?.path ?? [])], inner?.why ?? (error as Error).message);
  }
}

function valueOf(type: ProtoType, node: ProtoEntry['node']): JsonValue {
  switch (type.kind) {
    case 'message': {
      const inner = messageOf(type.message);
      return { zero: undefined, write: (value) => inner.write(value), read: (json) => inner.read(json) };
    }
    case 'enum':
      return enumOf(type.enum);
    case 'timestamp':
      return timestampOf(type.digits);
    case 'value':
      return ANY;
    case 'null':
      return NULL;
    case 'coded':
      throw new TypeError(`${type.name}: types of a foreign .proto file have no JSON here`);
    case 'scalar':
      if (type.conversion === 'number-text' && node) {
        const read = compileTextReader({
          node: node.kind === 'list' ? node.items.node : node.kind === 'record' ? node.values.node : node,
          nullable: false,
        });
        return { zero: undefined, write: String, read: (json) => (typeof json === 'string' ? read(json) : json) };
      }
      if (type.conversion === 'int64-text') return INT64_TEXT;
      if (type.scalar === 'bytes') return type.conversion === 'base64' ? BASE64 : BYTES;
      return scalarOf(type.scalar);
  }
}

const itself = (value: unknown): unknown => value;
/** Any JSON value. */
const ANY: JsonValue = { zero: undefined, write: itself, read: itself };
const NULL: JsonValue = { zero: undefined, write: () => null, read: () => null };

const TEXT: JsonValue = { zero: '', write: checked('string', 'text'), read: itself };
const BOOL: JsonValue = { zero: false, write: checked('boolean', 'a boolean'), read: itself };
/** Numbers may come as text. Source: https://protobuf.dev/programming-guides/json/ */
const NUMBER: JsonValue = { zero: 0, write: checked('number', 'a number'), read: numberOf };
/** 64 bits travel as text, because many readers of JSON would round them. */
const LARGE: JsonValue = { zero: 0, write: (value) => String(NUMBER.write(value)), read: numberOf };
const INT64_TEXT: JsonValue = { zero: '0', write: String, read: (json) => (typeof json === 'number' ? String(json) : json) };
const BYTES: JsonValue = {
  zero: WireBytes.share(new Uint8Array()),
  write: (value) => (value instanceof Uint8Array ? toBase64(value) : TEXT.write(value)),
  read: (json) => WireBytes.share(bytesOf(json)),
};
/** Base64 text, in any of its alphabets. */
const BASE64: JsonValue = { zero: '', write: TEXT.write, read: (json) => toBase64(bytesOf(json)) };

function scalarOf(scalar: ScalarType): JsonValue {
  if (scalar === 'string') return TEXT;
  if (scalar === 'bool') return BOOL;
  return /^(s?u?int|s?fixed)64$/.test(scalar) ? LARGE : NUMBER;
}

function checked(type: string, shown: string): (value: unknown) => unknown {
  return (value) => {
    if (typeof value !== type) throw new TypeError(`a value is not ${shown}`);
    return value;
  };
}

function numberOf(json: unknown): unknown {
  return typeof json === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(json) ? Number(json) : json;
}

function bytesOf(json: unknown): Uint8Array {
  const bytes = typeof json === 'string' ? fromBase64(json) : undefined;
  if (!bytes) throw new Misfit('bytes are not base64 text');
  return bytes;
}

function enumOf({ name, values }: ProtoEnum): JsonValue {
  const names = new Map(values.map((each) => [each.value, each.name]));
  const texts = new Map<unknown, string>(
    values.flatMap((each) => [
      [each.name, each.value],
      [each.number, each.value],
    ]),
  );
  return {
    zero: undefined,
    write(value) {
      const found = names.get(value as string);
      if (found === undefined) throw new TypeError(`a value is not one of ${name}`);
      return found;
    },
    read: (json) => texts.get(json) ?? json,
  };
}

function timestampOf(digits: number): JsonValue {
  return {
    zero: undefined,
    write: TEXT.write,
    read(json) {
      if (typeof json !== 'string') throw new Misfit('a timestamp is not text');
      try {
        const { seconds, nanos } = parseInstant(json);
        return formatInstant(seconds, nanos, digits);
      } catch (error) {
        throw new Misfit((error as Error).message);
      }
    },
  };
}
