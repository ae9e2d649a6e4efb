import { WireType, type BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ProtoType, ScalarType } from '../proto/proto.ts';
import { WireBytes } from '../../schema/codec/wire-bytes.ts';
import type { SchemaNode } from '../../schema/node.ts';
import { compileTextReader } from '../../schema/text.ts';
import { readTimestamp, writeTimestamp } from './timestamp.ts';
import { readValue, writeValue } from './struct.ts';

/** How values of one type are written and read, without their tag. */
export interface ValueCodec {
  readonly wire: WireType;
  /** What an absent field means; `undefined` where absence shows. */
  readonly zero: unknown;
  readonly packable: boolean;
  write(writer: BinaryWriter, value: never): void;
  /**
   * `left` is how many levels may nest in it; `previous` is what the field has already: a message that is sent twice is one.
   * Source: https://protobuf.dev/programming-guides/encoding/#last-one-wins
   */
  read(reader: BinaryReader, left: number, previous: unknown): unknown;
}

const { Varint, Bit32, Bit64, LengthDelimited } = WireType;

/** The library's writers take text for numbers and anything for text: what the contract does not allow must not become something that it does. */
const numeric = (wire: WireType, write: ValueCodec['write'], read: ValueCodec['read']): ValueCodec => ({
  wire,
  zero: 0,
  packable: true,
  write(writer, value) {
    if (typeof value !== 'number') throw new TypeError('a value is no number');
    write(writer, value);
  },
  read,
});

const SCALAR: Readonly<Record<ScalarType, ValueCodec>> = {
  double: numeric(Bit64, (writer, value) => writer.double(value), (reader) => reader.double()),
  float: numeric(Bit32, (writer, value) => writer.float(value), (reader) => reader.float()),
  int32: numeric(Varint, (writer, value) => writer.int32(value), (reader) => reader.int32()),
  uint32: numeric(Varint, (writer, value) => writer.uint32(value), (reader) => reader.uint32()),
  sint32: numeric(Varint, (writer, value) => writer.sint32(value), (reader) => reader.sint32()),
  fixed32: numeric(Bit32, (writer, value) => writer.fixed32(value), (reader) => reader.fixed32()),
  sfixed32: numeric(Bit32, (writer, value) => writer.sfixed32(value), (reader) => reader.sfixed32()),
  // What a number cannot hold becomes one that is not safe, which the schema refuses.
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
      if (typeof value !== 'boolean') throw new TypeError('a value is no boolean');
      writer.bool(value);
    },
    read: (reader) => reader.bool(),
  },
  string: {
    wire: LengthDelimited,
    zero: '',
    packable: false,
    write(writer, value) {
      if (typeof value !== 'string') throw new TypeError('a value is no text');
      writer.string(value);
    },
    // Strict: text that is not UTF-8 is refused. Source: https://protobuf.dev/programming-guides/proto3/#scalar
    read: (reader) => reader.string(true),
  },
  bytes: {
    wire: LengthDelimited,
    zero: '',
    packable: false,
    write: (writer, value) => writer.bytes(Buffer.from(value, 'base64')),
    read: (reader) => Buffer.from(reader.bytes()).toString('base64'),
  },
}; // prettier-ignore

/** `bytes()`: without copies. Only a hub that keeps JSON gives base64. */
const BYTES: ValueCodec = {
  wire: LengthDelimited,
  zero: '',
  packable: false,
  write: (writer, value: unknown) => writer.bytes(value instanceof Uint8Array ? value : Buffer.from(value as string, 'base64')),
  read: (reader) => WireBytes.share(reader.bytes()),
};

/** `int64()`: text of all digits. */
const INT64_TEXT = {
  int64: int64Text(Varint, (writer, value) => writer.int64(value), (reader) => reader.int64()),
  sint64: int64Text(Varint, (writer, value) => writer.sint64(value), (reader) => reader.sint64()),
  sfixed64: int64Text(Bit64, (writer, value) => writer.sfixed64(value), (reader) => reader.sfixed64()),
}; // prettier-ignore

function int64Text(
  wire: WireType,
  write: (writer: BinaryWriter, value: string) => void,
  read: (reader: BinaryReader) => bigint | string,
): ValueCodec {
  return {
    wire,
    zero: '0',
    packable: true,
    write: (writer, value: string) => write(writer, value),
    read: (reader) => String(read(reader)),
  };
}

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

const VALUE: ValueCodec = {
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

/** The codec of a type that is no message. */
export function valueCodec(type: Exclude<ProtoType, { readonly kind: 'message' }>, node: SchemaNode | undefined): ValueCodec {
  switch (type.kind) {
    case 'scalar':
      if (type.conversion === 'int64-text') return INT64_TEXT[type.scalar as keyof typeof INT64_TEXT];
      if (type.scalar === 'bytes' && type.conversion === 'none') return BYTES;
      return type.conversion === 'number-text' && node ? numberText(node) : SCALAR[type.scalar];
    case 'null':
      return NULL;
    case 'value':
      return VALUE;
    case 'timestamp':
      return {
        wire: LengthDelimited,
        zero: undefined,
        packable: false,
        write(writer, value) {
          writer.fork();
          writeTimestamp(writer, value);
          writer.join();
        },
        read: (reader, _, previous) => readTimestamp(reader, reader.uint32(), type.digits, previous as string | null | undefined),
      };
    case 'enum': {
      const numbers = new Map(type.enum.values.map(({ value, number }) => [value, number]));
      const values = new Map(type.enum.values.map(({ value, number }) => [number, value]));
      return {
        wire: Varint,
        zero: undefined,
        packable: true,
        write(writer, value) {
          const number = numbers.get(value);
          if (number === undefined) throw new TypeError(`a value is no ${type.enum.name}`);
          writer.int32(number);
        },
        // A number from a newer peer stays one: the schema refuses it, and says what it would take.
        read(reader) {
          const number = reader.int32();
          return values.get(number) ?? number;
        },
      };
    }
  }
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
