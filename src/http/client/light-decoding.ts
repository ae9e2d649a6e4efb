import { Transform, type TransformCallback } from 'node:stream';
import * as zlib from 'node:zlib';
import { FetchFailure, UNREADABLE_RESPONSE } from './fetch-like.ts';

/** Node has it from 22.15 on. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => Transform };

const DECODERS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: () => new Inflate(),
  br: zlib.createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** Undoes `deflate`, which is zlib's format by the standard and a bare stream by many servers: its first byte tells, as in browsers. */
class Inflate extends Transform {
  #inner: Transform | undefined;

  override _transform(chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
    if (chunk.length === 0) return callback();
    (this.#inner ??= this.#open(((chunk[0] ?? 0) & 0x0f) === 8)).write(chunk, encoding, callback);
  }

  override _flush(callback: TransformCallback): void {
    if (!this.#inner) return callback();
    this.#inner.on('end', callback);
    this.#inner.end();
  }

  override _read(size: number): void {
    this.#inner?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#inner?.destroy();
    super._destroy(error, callback);
  }

  #open(hasHeader: boolean): Transform {
    const inner = hasHeader ? zlib.createInflate() : zlib.createInflateRaw();
    inner.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    return inner.on('error', (error) => this.destroy(error));
  }
}

/** The encodings that are asked for, because they can be read here. */
export const ACCEPT_ENCODING = createZstdDecompress ? 'gzip, br, zstd' : 'gzip, br';

/** More than two in a row are an attack, or a mistake. */
const MAX_CODINGS = 2;

/** Takes the pieces of a compressed body, and gives the pieces of the body. */
export class BodyDecoder {
  readonly #first: Transform;
  readonly #last: Transform;

  constructor(codings: readonly Transform[], onData: (chunk: Buffer) => boolean, onEnd: (error: Error | undefined) => void) {
    const [first, second = first] = codings as [Transform, Transform?];
    this.#first = first;
    this.#last = second;
    if (second !== first) first.pipe(second);
    for (const coding of codings)
      coding.on('error', (error) =>
        onEnd(new FetchFailure(`the compressed response is broken: ${error.message}`, UNREADABLE_RESPONSE, true, undefined)),
      );
    second.on('data', (chunk: Buffer) => {
      if (!onData(chunk)) second.pause();
    });
    second.on('end', () => onEnd(undefined));
  }

  /** Takes a piece; answers whether more may come at once, else `onDrain` is called when it may. */
  write(chunk: Buffer, onDrain: () => void): boolean {
    if (this.#first.write(chunk)) return true;
    this.#first.once('drain', onDrain);
    return false;
  }

  resume(): void {
    this.#last.resume();
  }

  end(): void {
    this.#first.end();
  }

  destroy(): void {
    this.#first.destroy();
    this.#last.destroy();
  }
}

/** The transforms that undo a `content-encoding`, last applied first; none for a body that is not compressed. Throws a `FetchFailure` for an unknown one. */
export function decodersOf(encoding: string | null): Transform[] {
  if (encoding === null) return [];
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    // GraphQL Yoga writes `none` on event streams, so that proxies do not compress them.
    .filter((name) => name !== '' && name !== 'identity' && name !== 'none');
  if (names.length > MAX_CODINGS) throw unknown(encoding);
  return names.reverse().map((name) => {
    const create = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
    if (!create) throw unknown(encoding);
    return create();
  });
}

function unknown(encoding: string): FetchFailure {
  return new FetchFailure(
    `the response is compressed as '${encoding.slice(0, 40)}', which cannot be read here`,
    UNREADABLE_RESPONSE,
    true,
    undefined,
  );
}
