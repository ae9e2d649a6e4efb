import type { BinaryReader } from '@bufbuild/protobuf/wire';

/** Calls `take` for each field up to `end`, with its tag; a field that it does not take is skipped. */
export function eachField(reader: BinaryReader, end: number, take: (tag: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!take(tag)) reader.skip(tag & 7, tag >>> 3);
  }
}
