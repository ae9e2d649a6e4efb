import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

/** Writes an ISO 8601 instant as the fields of a `google.protobuf.Timestamp`. Digits beyond nanoseconds are cut. */
export function writeTimestamp(writer: BinaryWriter, text: string): void {
  const { seconds, nanos } = parseInstant(text);
  if (seconds !== 0) writer.uint32(8).int64(seconds);
  if (nanos !== 0) writer.uint32(16).int32(nanos);
}

/** The seconds and nanoseconds of an ISO 8601 instant. Throws a `RangeError` for another text. */
export function parseInstant(text: string): { readonly seconds: number; readonly nanos: number } {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new RangeError(`'${text.slice(0, 50)}' is not an instant`);
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: nanosOf(text, ms - seconds * 1000) };
}

/** A date has milliseconds: the text may say more. */
function nanosOf(text: string, ms: number): number {
  const dot = text.indexOf('.', 17);
  if (dot === -1 || text.length <= dot + 5) return ms * 1_000_000;
  const digits = /^\d*/.exec(text.slice(dot + 1, dot + 10))?.[0] ?? '';
  return Number(digits.padEnd(9, '0'));
}

/** The range of a Timestamp, in seconds. Source: https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp */
const FIRST = -62_135_596_800;
const LAST = 253_402_300_799;

/**
 * Reads a `google.protobuf.Timestamp` of `length` bytes as ISO 8601 with 0, 3, 6 or 9 digits after the second, `digits` at least. Fields
 * that are absent in it are as in `previous`.
 */
export function readTimestamp(reader: BinaryReader, length: number, digits: number, previous?: string | null): string {
  const end = reader.pos + length;
  let seconds = 0;
  let nanos = 0;
  if (previous) ({ seconds, nanos } = parseInstant(previous));
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 8) seconds = Number(reader.int64());
    else if (tag === 16) nanos = reader.int32();
    else reader.skip(tag & 7, tag >>> 3);
  }
  if (reader.pos !== end) throw new RangeError('a message is longer than it says');
  return formatInstant(seconds, nanos, digits);
}

/** An instant as ISO 8601 with 0, 3, 6 or 9 digits after the second, `digits` at least. Throws a `RangeError` for what no Timestamp can be. */
export function formatInstant(seconds: number, nanos: number, digits: number): string {
  if (!(seconds >= FIRST && seconds <= LAST) || !(nanos >= 0 && nanos < 1_000_000_000)) throw new RangeError('a timestamp is out of range');
  const text = new Date(seconds * 1000 + Math.floor(nanos / 1_000_000)).toISOString();
  if (nanos % 1_000_000 !== 0 || digits > 3) {
    const all = String(nanos).padStart(9, '0');
    const wanted = nanos % 1000 !== 0 || digits > 6 ? 9 : 6;
    return `${text.slice(0, 20)}${all.slice(0, wanted)}Z`;
  }
  return nanos === 0 && digits === 0 ? `${text.slice(0, 19)}Z` : text;
}
