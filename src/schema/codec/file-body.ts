import { ApiError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/errors.ts';
import { concatBytes } from './concat.ts';
import { ANY_TYPE, streamOf } from './file-stream.ts';
import { fileTooLarge } from './file-too-large.ts';
import { WireBytes } from './wire-bytes.ts';

/** The content of a file. A stream can be read once; bytes and blobs again and again. */
export type FileContent = Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** A file from your code: the content, or the content with its name and media type. */
export type FileSource = FileContent | FileBody | NamedFile;

/** The content of a file with its name and media type. */
export interface NamedFile {
  readonly content: FileContent;
  /** @default that of a `File`, else none */
  readonly name?: string | undefined;
  /** Media type. @default that of a `Blob`, else `application/octet-stream` */
  readonly type?: string | undefined;
  /** In bytes, of a stream whose size is known beforehand. */
  readonly size?: number | undefined;
}

/** A media type with parameters, in characters that may stand in a header. Source: https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1 */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+[ \t]*(?:;[\x20-\x7e\t]*)?$/;

/**
 * A file as handlers and callers get it. Its content may still be on its way: iterate it, or read it whole by `bytes`, `text` or `stream`, once.
 * Leaving a loop, and `cancel()`, free the connection that it comes from.
 */
export class FileBody implements AsyncIterable<Uint8Array> {
  /** The name that its sender gave, without a path. Do not trust it. */
  readonly name: string | undefined;
  /** Media type, as its sender says. */
  readonly type: string;
  /** In bytes, if it is known before the content is read. */
  readonly size: number | undefined;
  readonly #source: FileContent;
  #isTaken = false;

  constructor({ content, name, type, size }: NamedFile) {
    const blob = isBlob(content) ? content : undefined;
    this.#source = content instanceof Uint8Array ? WireBytes.share(content) : content;
    this.name = bareName(name ?? (blob as Partial<File> | undefined)?.name);
    const said = type ?? blob?.type ?? '';
    this.type = MEDIA_TYPE.test(said) ? said : ANY_TYPE;
    this.size = content instanceof Uint8Array ? content.byteLength : (blob?.size ?? size);
  }

  /** The file of what somebody gave; `undefined` if that is not a file. */
  static from(source: unknown): FileBody | undefined {
    if (source instanceof FileBody) return source;
    if (isContent(source)) return new FileBody({ content: source });
    if (typeof source !== 'object' || source === null || !('content' in source) || !isContent(source.content)) return undefined;
    const { name, type, size } = source as { readonly name?: unknown; readonly type?: unknown; readonly size?: unknown };
    const isText = (value: unknown) => value === undefined || value === null || typeof value === 'string';
    if (!isText(name) || !isText(type) || (size !== undefined && typeof size !== 'number')) return undefined;
    return new FileBody({ content: source.content, name: (name as string | null) ?? undefined, type: (type as string) || undefined, size });
  }

  /** Whether the content can be read again: bytes and blobs can, a stream cannot. */
  get isRepeatable(): boolean {
    return this.#source instanceof Uint8Array || isBlob(this.#source);
  }

  /** Whether the content has been read, and cannot be read again. */
  get isSpent(): boolean {
    return this.#isTaken && !this.isRepeatable;
  }

  /** The content, if it is bytes in memory. Throws FAILED_PRECONDITION for others: read those by `bytes()`. */
  get content(): Uint8Array {
    if (this.#source instanceof Uint8Array) return this.#source;
    throw new ApiError('FAILED_PRECONDITION', 'the content of a file that comes as a stream must be read first: await file.bytes()', {
      sent: false,
    });
  }

  /** The content as a `Blob`, if it is one or bytes: for platforms that cannot send a stream. */
  get blob(): Blob | undefined {
    if (isBlob(this.#source)) return this.#source;
    return this.#source instanceof Uint8Array ? new Blob([this.#source as Uint8Array<ArrayBuffer>], { type: this.type }) : undefined;
  }

  /** The pieces of its content, as they come. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.isSpent) throw new TypeError('the content of a file that is a stream can be read once');
    this.#isTaken = true;
    const source = this.#source;
    if (source instanceof Uint8Array) return once(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
    if (isBlob(source)) return readerOf(source.stream());
    return readable(Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : readerOf(source));
  }

  /** The content as a stream, which waits for its reader. */
  stream(): ReturnType<Blob['stream']> {
    return streamOf(this);
  }

  /**
   * Reads the whole content.
   * @throws ApiError INVALID_ARGUMENT if it is larger than `maxBytes`
   */
  async bytes(maxBytes: number = Infinity): Promise<Uint8Array> {
    if (this.size !== undefined && this.size > maxBytes) throw await this.#tooLarge(maxBytes);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this) {
      size += chunk.byteLength;
      if (size > maxBytes) throw fileTooLarge(maxBytes);
      chunks.push(chunk);
    }
    return concatBytes(chunks);
  }

  /** Reads the whole content as UTF-8 text. As `bytes` otherwise. */
  async text(maxBytes?: number): Promise<string> {
    return new TextDecoder().decode(await this.bytes(maxBytes));
  }

  /** Leaves a content that is not wanted. */
  async cancel(): Promise<void> {
    if (this.isRepeatable || this.#isTaken) return;
    await this[Symbol.asyncIterator]().return?.();
  }

  /** The same file with its content in memory. @throws ApiError INVALID_ARGUMENT if it is larger than `maxBytes` */
  async inMemory(maxBytes: number): Promise<FileBody> {
    if (this.#source instanceof Uint8Array) return this;
    return new FileBody({ content: await this.bytes(maxBytes), name: this.name, type: this.type });
  }

  /** The same file, with what `pass` makes of a content that is a stream; bytes and blobs stay as they are. */
  through(pass: (content: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>): FileBody {
    if (this.isRepeatable) return this;
    const { name, type, size } = this;
    return new FileBody({ content: pass(this), name, type, size });
  }

  /** Content in base64 with name and type, if the content is in memory. */
  toJSON(): JsonObject {
    return { ...(this.name !== undefined && { name: this.name }), type: this.type, content: this.content };
  }

  async #tooLarge(maxBytes: number): Promise<ApiError> {
    await this.cancel();
    return fileTooLarge(maxBytes);
  }
}

/** The last part of a path, without control characters and halves of surrogate pairs, which no protocol carries. */
function bareName(name: string | undefined): string | undefined {
  const last = name?.replace(/^.*[/\\]/s, '');
  // eslint-disable-next-line no-control-regex -- those are what is taken out
  const bare = last?.replace(/[\0-\x1f\x7f]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '');
  return bare === undefined || bare === '' ? undefined : bare;
}

function isBlob(value: unknown): value is Blob {
  return typeof Blob !== 'undefined' && value instanceof Blob;
}

function isContent(value: unknown): value is FileContent {
  if (value instanceof Uint8Array || isBlob(value)) return true;
  if (typeof value !== 'object' || value === null || value instanceof FileBody) return false;
  return Symbol.asyncIterator in value || typeof (value as Partial<ReadableStream>).getReader === 'function';
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}

/** The error of a content is an `ApiError`, as on every protocol. */
function readable(pieces: AsyncIterator<Uint8Array>): AsyncIterator<Uint8Array> {
  const failed = (cause: unknown) => Promise.reject(ApiError.from(cause, 'UNKNOWN', 'the content of a file could not be read'));
  return {
    next: () => pieces.next().catch(failed),
    return: async () => {
      await pieces.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** Reads a stream; leaving it cancels it, also before the first piece was read. Browsers' streams are not all iterable. */
function readerOf(stream: ReadableStream<Uint8Array>): AsyncIterator<Uint8Array> {
  const reader = stream.getReader();
  return {
    next: async () => {
      const step = await reader.read();
      return step.done ? { done: true, value: undefined } : step;
    },
    return: async () => {
      await reader.cancel().catch(() => {});
      return { done: true, value: undefined };
    },
  };
}
