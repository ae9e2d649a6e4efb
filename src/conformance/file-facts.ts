import * as z from 'zod/mini';
import type { FileBody } from '../schema/codec/file-body.ts';

/** The facts about a file that came. */
export const FileFacts = z
  .object({ name: z.nullable(z.string()), type: z.string(), size: z.int32(), sum: z.int32() })
  .check(z.meta({ id: 'FileFacts' }));

/** Reads a file, and tells of it. */
export async function factsOf(file: FileBody): Promise<z.output<typeof FileFacts>> {
  let size = 0;
  let sum = 0;
  for await (const chunk of file) {
    size += chunk.byteLength;
    for (const byte of chunk) sum = (sum * 31 + byte) % 1_000_003;
  }
  return { name: file.name ?? null, type: file.type, size, sum };
}

/** Bytes of every value. */
export function someBytes(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) % 256);
}

/** The same, piece by piece. */
export async function* inPieces(size: number): AsyncGenerator<Uint8Array> {
  const all = someBytes(size);
  for (let at = 0; at < size; at += 10_000) yield await Promise.resolve(all.subarray(at, at + 10_000));
}
