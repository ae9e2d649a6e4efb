import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { setOwn } from '../../core/own.ts';
import { isObject } from '../../peer/error-body.ts';
import { spend, TooDeep } from './too-deep.ts';
import { utf8 } from './utf8.ts';

/** Writes any JSON value as the fields of a `google.protobuf.Value`. Source: https://protobuf.dev/reference/protobuf/google.protobuf/#value */
export function writeValue(writer: BinaryWriter, value: unknown): void {
  if (typeof value === 'number') writer.uint32(17).double(finite(value));
  else if (typeof value === 'string') writer.uint32(26).string(utf8(value));
  else if (typeof value === 'boolean') writer.uint32(32).bool(value);
  else if (Array.isArray(value)) {
    writer.uint32(50).fork();
    writeList(writer, value);
    writer.join();
  } else if (value === null || value === undefined) writer.uint32(8).int32(0);
  else if (typeof value === 'object' && 'toJSON' in value && typeof value.toJSON === 'function')
    writeValue(writer, (value as { toJSON(): unknown }).toJSON());
  else if (typeof value === 'object' && !ArrayBuffer.isView(value)) {
    writer.uint32(42).fork();
    writeStruct(writer, value as Readonly<Record<string, unknown>>);
    writer.join();
  } else throw new TypeError('a value is not JSON');
}

/** Writes a list as the fields of a `google.protobuf.ListValue`. */
export function writeList(writer: BinaryWriter, list: readonly unknown[]): void {
  for (const item of list) {
    writer.uint32(10).fork();
    writeValue(writer, item);
    writer.join();
  }
}

/** Writes a JSON object as the fields of a `google.protobuf.Struct`; members that are undefined are left out. */
export function writeStruct(writer: BinaryWriter, value: Readonly<Record<string, unknown>>): void {
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    writer.uint32(10).fork().uint32(10).string(utf8(key)).uint32(18).fork();
    writeValue(writer, member);
    writer.join().join();
  }
}

/**
 * Reads a `google.protobuf.Value` of `length` bytes; one without a kind is null. `left` is how many levels may nest in it;
 * objects and lists are added to those in `previous`.
 */
export function readValue(reader: BinaryReader, length: number, left: number, previous: unknown = null): unknown {
  const end = reader.pos + length;
  let value = previous;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 8) {
      reader.int32();
      value = null;
    } else if (tag === 17) value = finite(reader.double());
    else if (tag === 26) value = reader.string(true);
    else if (tag === 32) value = reader.bool();
    else if (tag === 42) value = readStruct(reader, reader.uint32(), left, isObject(value) ? value : {});
    else if (tag === 50) value = readList(reader, reader.uint32(), left, Array.isArray(value) ? value : []);
    else reader.skip(tag & 7, tag >>> 3);
  }
  return value;
}

/** JSON has no other numbers. Source: https://protobuf.dev/reference/protobuf/google.protobuf/#value */
function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError('a Value is not a finite number');
  return value;
}

/** Reads a `google.protobuf.Struct` of `length` bytes into an object. */
export function readStruct(
  reader: BinaryReader,
  length: number,
  left: number,
  struct: Record<string, unknown> = {},
): Record<string, unknown> {
  const end = endOf(reader, length, left);
  while (reader.pos < end) {
    spend();
    const tag = reader.uint32();
    if (tag !== 10) {
      reader.skip(tag & 7, tag >>> 3);
      continue;
    }
    const entryEnd = reader.uint32() + reader.pos;
    let key = '';
    let value: unknown = null;
    while (reader.pos < entryEnd) {
      const inner = reader.uint32();
      if (inner === 10) key = reader.string(true);
      else if (inner === 18) value = readValue(reader, reader.uint32(), left - 1, value);
      else reader.skip(inner & 7, inner >>> 3);
    }
    setOwn(struct, key, value);
  }
  return struct;
}

/** Reads a `google.protobuf.ListValue` of `length` bytes into a list. */
export function readList(reader: BinaryReader, length: number, left: number, list: unknown[]): unknown[] {
  const end = endOf(reader, length, left);
  while (reader.pos < end) {
    spend();
    const tag = reader.uint32();
    if (tag === 10) list.push(readValue(reader, reader.uint32(), left - 1));
    else reader.skip(tag & 7, tag >>> 3);
  }
  return list;
}

function endOf(reader: BinaryReader, length: number, left: number): number {
  if (left < 1) throw new TooDeep();
  return reader.pos + length;
}
