import { tooLarge } from './body.ts';
import { HttpError } from './error.ts';
import { readAll } from './read-all.ts';

/** Inflates a body in gzip, to no more than `maxBytes`. Rejects with an `HttpError`: 413, or 400 for what is not gzip. */
export async function inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const stream = new DecompressionStream('gzip');
  const writer = stream.writable.getWriter();
  // An error here fails the reading too.
  void writer.write(new Uint8Array(bytes)).catch(() => {});
  void writer.close().catch(() => {});
  try {
    return await readAll(stream.readable, (size) => {
      if (size > maxBytes) throw tooLarge(maxBytes);
    });
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(400, 'the body is not in gzip, as its content-encoding says');
  }
}

/** Compresses with gzip. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new CompressionStream('gzip');
  const writer = stream.writable.getWriter();
  void writer.write(new Uint8Array(bytes)).catch(() => {});
  void writer.close().catch(() => {});
  return new Uint8Array(await new Response(stream.readable).arrayBuffer());
}

/** Whether an `accept-encoding` names a coding and does not forbid it (RFC 9110, 12.5.3). */
export function acceptsCoding(coding: 'br' | 'gzip', accepted: string | readonly string[] | undefined): boolean {
  return accepted !== undefined && new RegExp(`\\b${coding}\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))`, 'i').test(String(accepted));
}
