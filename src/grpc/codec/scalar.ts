import { WireType, type BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ProtoEnum, ProtoType, ScalarType } from '../proto/proto.ts';
import type { SchemaNode } from '../../schema/node.ts';
import { fromBase64, toBase64 } from '../../schema/codec/base64.ts';
import { WireBytes } from '../../schema/codec/wire-bytes.ts';
import { compileTextReader } from '../../schema/text.ts';
import { readTimestamp, writeTimestamp } from './timestamp.ts';
import { readValue, writeValue } from './struct.ts';
import type { ValueCodec } from './value.ts';
import { utf8 } from './utf8.ts';

const { Varint, Bit32, Bit64, LengthDelimited } = WireType;

/** The library's writers take text for numbers and anything for text, so values that the contract does not allow are refused before. */
const numeric = (wire: WireType, write: (writer: BinaryWriter, value: number) => void, read: ValueCodec['read']): ValueCodec => ({
  wire,
  zero: 0,
  packable: true,
  write(writer, value) {
    if (typeof value !== 'number') throw new TypeError('a value is not a number');
    write(writer, value);
  },
  read,
});

/** Of each scalar, with the JSON values that a contract has for it. */
export const SCALAR: Readonly<Record<ScalarType, ValueCodec>> = {
  double: numeric(Bit64, (writer, value) => writer.double(value), (reader) => reader.double()),
  float: numeric(Bit32, (writer, value) => writer.float(value), (reader) => reader.float()),
  int32: numeric(Varint, (writer, value) => writer.int32(value), (reader) => reader.int32()),
  uint32: numeric(Varint, (writer, value) => writer.uint32(value), (reader) => reader.uint32()),
  sint32: numeric(Varint, (writer, value) => writer.sint32(value), (reader) => reader.sint32()),
  fixed32: numeric(Bit32, (writer, value) => writer.fixed32(value), (reader) => reader.fixed32()),
  sfixed32: numeric(Bit32, (writer, value) => writer.sfixed32(value), (reader) => reader.sfixed32()),
  // A value that a number cannot hold becomes one that is not safe, which the schema refuses.
  int64: numeric(Varint, (writer, value) => writer.int64(value), (reader) => Number(reader.int64())),
  uint64: numeric(Varint, (writer, value) => writer.uint64(value), (reader) => Number(reader.uint64())),
  sint64: numeric(Varint, (writer, value) => writer.sint64(value), (reader) => Number(reader.sint64())),
  fixed64: numeric(Bit64, (writer, value) => writer.fixed64(value), (reader) => Number(reader.fixed64())),
  sfixed64: numeric(Bit64, (writer, value) => writer.sfixed64(value), (reader) => Number(reader.sfixed64())),
  bool: {
    wire: Varint,
    zero: false,
    packable: true,
    write(writer, value) {
      if (typeof value !== 'boolean') throw new TypeError('a value is not a boolean');
      writer.bool(value);
    },
    read: (reader) => reader.bool(),
  },
  string: {
    wire: LengthDelimited,
    zero: '',
    packable: false,
    write(writer, value) {
      if (typeof value !== 'string') throw new TypeError('a value is not text');
      writer.string(utf8(value));
    },
    // Strict: text that is not UTF-8 is refused. Source: https://protobuf.dev/programming-guides/proto3/#scalar
    read: (reader) => reader.string(true),
  },
  bytes: {
    wire: LengthDelimited,
    zero: '',
    packable: false,
    write: (writer, value) => writer.bytes(bytesOf(value)),
    read: (reader) => toBase64(reader.bytes()),
  },
}; // prettier-ignore

function bytesOf(text: unknown): Uint8Array {
  const bytes = typeof text === 'string' ? fromBase64(text) : undefined;
  if (!bytes) throw new TypeError('a value is not base64');
  return bytes;
}

const READ_LARGE: Readonly<Record<string, (reader: BinaryReader) => bigint | string>> = {
  int64: (reader) => reader.int64(),
  uint64: (reader) => reader.uint64(),
  sint64: (reader) => reader.sint64(),
  fixed64: (reader) => reader.fixed64(),
  sfixed64: (reader) => reader.sfixed64(),
};

/** An integer as its digits, which is also how protobuf's JSON has 64 bits. */
export function integerText(scalar: ScalarType): ValueCodec {
  const base = SCALAR[scalar];
  const readLarge = READ_LARGE[scalar];
  return {
    ...base,
    zero: '0',
    write(writer: BinaryWriter, value: unknown) {
      const text = typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
      if (typeof text !== 'string' || !/^-?\d{1,20}$/.test(text)) throw new TypeError('a value is not an integer');
      if (readLarge) writer[scalar as 'int64'](text);
      else base.write(writer, Number(text));
    },
    read: (reader) => String(readLarge ? readLarge(reader) : base.read(reader, 0, undefined)),
  };
}

/** Whether a scalar has integers that a number cannot hold. */
export function isLarge(scalar: ScalarType): boolean {
  return Object.hasOwn(READ_LARGE, scalar);
}

/** Bytes as they cross the seam: neither copied nor written as text. */
export const BYTES: ValueCodec = {
  ...SCALAR.bytes,
  zero: WireBytes.share(new Uint8Array()),
  write(writer: BinaryWriter, value: unknown) {
    if (value instanceof Uint8Array) writer.bytes(value);
    else if (typeof value === 'string') writer.bytes(bytesOf(value));
    else throw new TypeError('a value is not bytes');
  },
  read: (reader) => WireBytes.share(reader.bytes()),
};

/** `google.protobuf.NullValue`, an enum of one value. */
const NULL: ValueCodec = {
  wire: Varint,
  zero: undefined,
  packable: true,
  write: (writer) => writer.int32(0),
  read: (reader) => {
    reader.int32();
    return null;
  },
};

/** `google.protobuf.Value`. */
export const VALUE: ValueCodec = {
  wire: LengthDelimited,
  zero: undefined,
  packable: false,
  write(writer, value) {
    writer.fork();
    writeValue(writer, value);
    writer.join();
  },
  read: (reader, left, previous) => readValue(reader, reader.uint32(), left, previous),
};

/** `google.protobuf.Timestamp`, with so many digits after the second at least. */
export function timestampCodec(digits: number): ValueCodec {
  return {
    wire: LengthDelimited,
    zero: undefined,
    packable: false,
    write(writer, value) {
      if (typeof value !== 'string') throw new TypeError('a value is not text');
      writer.fork();
      writeTimestamp(writer, value);
      writer.join();
    },
    read: (reader, _, previous) => readTimestamp(reader, reader.uint32(), digits, previous as string | null | undefined),
  };
}

/** The codec of a type that is not a message. */
export function valueCodec(type: Exclude<ProtoType, { readonly kind: 'message' }>, node: SchemaNode | undefined): ValueCodec {
  switch (type.kind) {
    case 'scalar':
      if (type.conversion === 'int64-text') return integerText(type.scalar);
      if (type.scalar === 'bytes' && type.conversion === 'none') return BYTES;
      return type.conversion === 'number-text' && node ? numberText(node) : SCALAR[type.scalar];
    case 'null':
      return NULL;
    case 'value':
      return VALUE;
    case 'coded':
      return type.codec;
    case 'timestamp':
      return timestampCodec(type.digits);
    case 'enum':
      return enumCodec(type.enum);
  }
}

/** An enum by its values' texts; `zero` is what an absent field means. */
export function enumCodec({ name, values }: Pick<ProtoEnum, 'name' | 'values'>, zero?: string): ValueCodec {
  const numbers = new Map<unknown, number>(values.map(({ value, number }) => [value, number]));
  const texts = new Map<number, string>();
  // Of two names for one number the first is the one that is read.
  for (const { value, number } of values) if (!texts.has(number)) texts.set(number, value);
  return {
    wire: Varint,
    zero,
    packable: true,
    write(writer, value) {
      const number = numbers.get(value);
      if (number === undefined) throw new TypeError(`a value is not one of ${name}`);
      writer.int32(number);
    },
    // A number from a newer peer stays one: the schema refuses it, and says what it would take.
    read(reader) {
      const number = reader.int32();
      return texts.get(number) ?? number;
    },
  };
}

/** A number that travels as text: text that is none is handed on, for the schema to refuse. */
function numberText(node: SchemaNode): ValueCodec {
  const read = compileTextReader({
    node: node.kind === 'list' ? node.items.node : node.kind === 'record' ? node.values.node : node,
    nullable: false,
  });
  return {
    wire: LengthDelimited,
    // `undefined` is never written, so the number 0 is: as text.
    zero: undefined,
    packable: false,
    write: (writer, value) => writer.string(String(value)),
    read: (reader) => read(reader.string(true)),
  };
}
