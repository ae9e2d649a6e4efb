import { $constructor, $ZodType, regexes, type $ZodTypeDef, type $ZodTypeInternals } from 'zod/v4/core';
import * as z from 'zod/mini';
import { readOptions } from '../../core/options.ts';
import { fromBase64 } from './base64.ts';
import type { JsonObject } from '../../core/errors.ts';
import { WireBytes } from './wire-bytes.ts';
import { toUtc } from './utc.ts';

interface WireScalarDef extends $ZodTypeDef {
  readonly type: 'string';
  /** The message of an issue. */
  readonly expected: string;
  readonly json: JsonObject;
  /** Set on the wire side of `bytes()`. */
  readonly isBytes?: boolean;
  readonly mediaType?: string | undefined;
  /** Gives a received value its one wire form; `undefined` if it is not one. */
  read(value: unknown): unknown;
}

interface WireScalarInternals extends $ZodTypeInternals {
  def: WireScalarDef;
}

interface WireScalar extends $ZodType {
  _zod: WireScalarInternals;
}

/** A scalar that is received in several forms and has one of its own. */
const WireScalar = /* @__PURE__ */ $constructor<WireScalar, WireScalarDef>('MultiApiScalar', (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.parse = (payload) => {
    const value = def.read(payload.value);
    if (value !== undefined) payload.value = value;
    else {
      const message = `Invalid input: expected ${def.expected}`;
      payload.issues.push({ code: 'custom', input: payload.value, inst, message, continue: false });
    }
    return payload;
  };
  // Not `toJSONSchema`, with which zod forgets the schema that this one was made of.
  inst._zod.processJSONSchema = (_, json) => void Object.assign(json, def.json);
});

/** The type of `bytes()`. */
export type BytesCodec = z.ZodMiniCodec<z.ZodMiniType<Uint8Array, Uint8Array | string>, z.ZodMiniType<Uint8Array, Uint8Array>>;
/** The type of `instant()`. */
export type InstantCodec = z.ZodMiniCodec<z.ZodMiniType<string, string>, z.ZodMiniType<Date, Date>>;
/** The type of `int64()`. */
export type Int64Codec = z.ZodMiniCodec<z.ZodMiniType<string, string | number>, z.ZodMiniType<bigint, bigint>>;

function scalar<S>(def: Omit<WireScalarDef, 'type'>): S {
  // The types of zod do not know classes of others.
  return new WireScalar({ type: 'string', ...def }) as unknown as S;
}

/** Options of `bytes`. */
export interface BytesOptions {
  /** Media type of the bytes: REST says it if they are a whole body. @default 'application/octet-stream' */
  readonly type?: string | undefined;
}

/**
 * Bytes: a `Uint8Array` for your code. Base64 in JSON, `bytes` in gRPC, `xs:base64Binary` in SOAP, the scalar `Bytes` in GraphQL. Over REST a whole
 * output is the body itself. Optional ones are written `z.optional(bytes())`.
 */
export function bytes(options: BytesOptions = {}): BytesCodec {
  const { type } = readOptions('bytes', options, {}, ['type']);
  if (type !== undefined && !/^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)*$/.test(type))
    throw new TypeError(`bytes: '${type}' is not a media type such as image/png`);
  const wire = scalar<z.ZodMiniType<Uint8Array, Uint8Array | string>>({
    expected: 'bytes or base64 text',
    json: { type: 'string', format: 'byte', contentEncoding: 'base64', ...(type !== undefined && { contentMediaType: type }) },
    isBytes: true,
    mediaType: type,
    read: (value) => {
      const found = typeof value === 'string' ? fromBase64(value) : value;
      return found instanceof Uint8Array ? WireBytes.share(found) : undefined;
    },
  });
  const application: z.ZodMiniType<Uint8Array, Uint8Array> = z.instanceof(Uint8Array);
  return z.codec(wire, application, {
    decode: ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
    encode: (value) => WireBytes.share(value),
  });
}

const DATE_TIME = /* @__PURE__ */ regexes.datetime({});

/**
 * A point in time: a `Date` for your code, to the millisecond. RFC 3339 text in JSON, read with any offset and written with `Z`;
 * `google.protobuf.Timestamp` in gRPC, `xs:dateTime` in SOAP. Optional ones are written `z.optional(instant())`.
 */
export function instant(): InstantCodec {
  const wire = scalar<z.ZodMiniType<string, string>>({
    expected: 'an RFC 3339 date and time',
    json: { type: 'string', format: 'date-time' },
    read: (value) => {
      const text = typeof value === 'string' ? toUtc(value) : '';
      return DATE_TIME.test(text) ? text : undefined;
    },
  });
  return z.codec(wire, z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() });
}

const INT64 = /^-?\d{1,19}$/;

/**
 * A whole number of 64 bits: a `bigint` for your code. Text in JSON, because numbers beyond 2^53 lose digits there (a number within is read
 * too); `int64` in gRPC, `xs:long` in SOAP. Optional ones are written `z.optional(int64())`.
 */
export function int64(): Int64Codec {
  const wire = scalar<z.ZodMiniType<string, string | number>>({
    expected: 'a whole number of 64 bits as text',
    json: { type: 'string', format: 'int64', pattern: '^-?\\d{1,19}$' },
    read: (value) => {
      const text = Number.isSafeInteger(value) ? String(value) : value;
      if (typeof text !== 'string' || !INT64.test(text)) return undefined;
      const whole = BigInt(text);
      return whole === BigInt.asIntN(64, whole) ? whole.toString() : undefined;
    },
  });
  return z.codec(wire, z.bigint(), { decode: (text) => BigInt(text), encode: (value) => value.toString() });
}
