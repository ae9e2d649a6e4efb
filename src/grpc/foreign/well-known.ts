import { WireType, type BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import { isObject } from '../../peer/error-body.ts';
import type { SchemaNode } from '../../schema/node.ts';
import { eachField } from '../codec/fields.ts';
import { timestampCodec, VALUE } from '../codec/scalar.ts';
import { readList, readStruct, writeList, writeStruct } from '../codec/struct.ts';
import type { ValueCodec } from '../codec/value.ts';
import { timestampDigits } from '../proto/field-type.ts';
import type { ProtoType } from '../proto/proto.ts';
import { jsonName } from './descriptors.ts';
import { coded } from './leaf.ts';

/** A message of google.protobuf as one value of JSON. */
function valued(
  write: (writer: BinaryWriter, value: unknown) => void,
  read: (reader: BinaryReader, length: number, left: number, previous: unknown) => unknown,
): ValueCodec {
  return {
    wire: WireType.LengthDelimited,
    zero: undefined,
    packable: false,
    write(writer, value) {
      writer.fork();
      write(writer, value);
      writer.join();
    },
    read: (reader, left, previous) => read(reader, reader.uint32(), left, previous),
  };
}

/**
 * The types of google.protobuf that are one value of JSON, by the contract's type for it; `undefined` if it is a message as others are, a text
 * that says what is wrong if the contract's type does not fit. Source: https://protobuf.dev/programming-guides/json/
 */
export function wellKnown(name: string, node: SchemaNode): ProtoType | string | undefined {
  const isText = node.kind === 'string';
  const isAny = node.kind === 'any' || node.kind === 'union';
  switch (name) {
    case 'google.protobuf.Timestamp': {
      if (!isText && !isAny) return node.kind === 'object' ? undefined : 'a Timestamp is text: z.iso.datetime()';
      const digits = isText ? timestampDigits(node.pattern) : 0;
      if (digits === undefined) return 'a Timestamp is an instant, and the schema wants a local time or a fixed number of digits';
      return coded(name, isAny ? orDate(timestampCodec(0)) : timestampCodec(digits));
    }
    case 'google.protobuf.Duration':
      if (!isText && !isAny)
        return node.kind === 'object' ? undefined : "a Duration is text: z.string() for '1.5s', z.iso.duration() for 'PT1.5S'";
      return coded(name, isText && node.format === 'duration' ? DURATION_ISO : DURATION);
    case 'google.protobuf.FieldMask':
      if (node.kind === 'list') return coded(name, PATHS);
      if (!isText && !isAny) return node.kind === 'object' ? undefined : 'a FieldMask is text, or a list of text';
      return coded(name, FIELD_MASK);
    case 'google.protobuf.Struct':
      return node.kind === 'object' || node.kind === 'record' || isAny
        ? coded(name, STRUCT)
        : 'a Struct is an object, a record or any JSON';
    case 'google.protobuf.ListValue':
      return node.kind === 'list' || isAny ? coded(name, LIST) : 'a ListValue is a list';
    case 'google.protobuf.Value':
      return coded(name, VALUE);
    default:
      return undefined;
  }
}

function orDate(codec: ValueCodec): ValueCodec {
  return {
    ...codec,
    write(writer: BinaryWriter, value: unknown) {
      codec.write(writer, value instanceof Date ? value.toISOString() : value);
    },
  };
}

const STRUCT = valued(
  (writer, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('a value is not an object');
    writeStruct(writer, value as Readonly<Record<string, unknown>>);
  },
  (reader, length, left, previous) => readStruct(reader, length, left, isObject(previous) ? previous : {}),
);

const LIST = valued(
  (writer, value: unknown) => {
    if (!Array.isArray(value)) throw new TypeError('a value is not a list');
    writeList(writer, value);
  },
  (reader, length, left, previous) => readList(reader, length, left, Array.isArray(previous) ? previous : []),
);

/** Seconds, and nanoseconds of the same sign. */
interface Span {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** Source: https://protobuf.dev/reference/protobuf/google.protobuf/#duration */
const LONGEST = 315_576_000_000n;

function writeSpan(writer: BinaryWriter, { seconds, nanos }: Span): void {
  if (seconds > LONGEST || seconds < -LONGEST) throw new RangeError('a duration is out of range');
  if (seconds !== 0n) writer.uint32(8).int64(seconds.toString());
  if (nanos !== 0) writer.uint32(16).int32(nanos);
}

function readSpan(reader: BinaryReader, length: number): Span {
  const end = reader.pos + length;
  let seconds = 0n;
  let nanos = 0;
  eachField(reader, end, (tag) => {
    if (tag === 8) seconds = BigInt(reader.int64());
    else if (tag === 16) nanos = reader.int32();
    else return false;
    return true;
  });
  if (reader.pos !== end) throw new RangeError('a message is longer than it says');
  const isMixed = (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0);
  if (seconds > LONGEST || seconds < -LONGEST || Math.abs(nanos) > 999_999_999 || isMixed)
    throw new RangeError('a duration is out of range');
  return { seconds, nanos };
}

/** `1.5`, with as few digits as it takes, in threes. */
function spanText({ seconds, nanos }: Span): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  const whole = (seconds < 0n ? -seconds : seconds).toString();
  const digits = String(Math.abs(nanos))
    .padStart(9, '0')
    .replace(/(000){1,3}$/, '');
  return `${sign}${whole}${digits === '' ? '' : `.${digits}`}`;
}

function spanOf(sign: string, seconds: bigint, fraction: string): Span {
  const nanos = Number(fraction.padEnd(9, '0'));
  return sign === '-' ? { seconds: -seconds, nanos: nanos === 0 ? 0 : -nanos } : { seconds, nanos };
}

/** As protobuf's JSON has it: `1.5s`. */
const DURATION = valued(
  (writer, value: unknown) => {
    const [, sign = '', seconds, fraction = ''] = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(typeof value === 'string' ? value : '') ?? [];
    if (seconds === undefined) throw new TypeError("a value is not a duration: write it like '1.5s'");
    writeSpan(writer, spanOf(sign, BigInt(seconds), fraction));
  },
  (reader, length) => `${spanText(readSpan(reader, length))}s`,
);

const ISO = /^(-?)P(?:(\d{1,10})W)?(?:(\d{1,10})D)?(?:T(?:(\d{1,10})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:[.,](\d{1,9}))?S)?)?$/;
const UNITS = [604_800n, 86_400n, 3600n, 60n, 1n] as const;

/** As ISO 8601 has it: `PT1.5S`. Months and years have no fixed length, and are refused. */
const DURATION_ISO = valued(
  (writer, value: unknown) => {
    const found = ISO.exec(typeof value === 'string' ? value : '');
    if (!found) throw new TypeError('a value is not a duration of weeks, days, hours, minutes and seconds');
    const seconds = UNITS.reduce((sum, unit, index) => sum + unit * BigInt(found[index + 2] ?? 0), 0n);
    writeSpan(writer, spanOf(found[1] ?? '', seconds, found[7] ?? ''));
  },
  (reader, length) => {
    const text = spanText(readSpan(reader, length));
    return text.startsWith('-') ? `-PT${text.slice(1)}S` : `PT${text}S`;
  },
);

function readPaths(reader: BinaryReader, length: number): string[] {
  const paths: string[] = [];
  eachField(reader, reader.pos + length, (tag) => {
    if (tag === 10) paths.push(reader.string(true));
    return tag === 10;
  });
  return paths;
}

function writePaths(writer: BinaryWriter, paths: readonly unknown[]): void {
  for (const path of paths) {
    if (typeof path !== 'string') throw new TypeError('a path of a field mask is not text');
    writer.uint32(10).string(path);
  }
}

/** As protobuf's JSON has it: `name,madeAt`. */
const FIELD_MASK = valued(
  (writer, value: unknown) => {
    if (typeof value !== 'string') throw new TypeError('a value is not a field mask');
    const paths = value === '' ? [] : value.split(',');
    writePaths(
      writer,
      paths.map((path) => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    );
  },
  (reader, length) => readPaths(reader, length).map(jsonName).join(','),
);

/** The paths as the .proto has them: `made_at`. */
const PATHS = valued(
  (writer, value: unknown) => {
    if (!Array.isArray(value)) throw new TypeError('a value is not a list');
    writePaths(writer, value);
  },
  (reader, length, _, previous) => [...(Array.isArray(previous) ? (previous as string[]) : []), ...readPaths(reader, length)],
);

const WRAPPERS: ReadonlySet<string> = new Set(
  ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((name) => `google.protobuf.${name}Value`),
);

/** Whether a message only gives a scalar presence. */
export function isWrapper(name: string): boolean {
  return WRAPPERS.has(name);
}
