import { isUtf8 } from 'node:buffer';
import { codeOf, FetchFailure, responseTooLarge, type FetchHeaders, type FetchResponse } from './fetch-like.ts';
import { fromWindows1252 } from '../../peer/text/windows-1252.ts';
import { charsetOf, decodeBody, notInCharset } from './text.ts';

/** How much of a body is buffered while nobody reads it, in bytes, before the socket is paused. */
const BUFFERED_BYTES = 64 * 1024;

type Collected = (error: Error | undefined, bytes: Buffer) => void;

/** The response of `lightFetch`: it takes the pieces as undici parses them, and nothing more is made of them than is asked for. */
export class LightResponse implements FetchResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: FetchHeaders;
  readonly #source: Source;
  readonly #maxBytes: number;
  /** Whether the response can have a body. */
  readonly hasBody: boolean;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #chunks: Buffer[] = [];
  #size = 0;
  #isDone = false;
  #isTaken = false;
  #error: Error | undefined;
  /** Set while `text` and the like wait for the end. */
  #collected: Collected | undefined;
  /** Set while the stream waits for a piece. */
  #pulled: (() => void) | undefined;

  constructor(status: number, statusText: string, rawHeaders: readonly Buffer[], hasBody: boolean, maxBytes: number, source: Source) {
    this.status = status;
    this.statusText = statusText;
    this.headers = new RawHeaders(rawHeaders);
    this.hasBody = hasBody && status !== 204 && status !== 205 && status !== 304;
    this.#maxBytes = maxBytes;
    this.#source = source;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (!this.hasBody) return null;
    return (this.#stream ??= new ReadableStream(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => {
          this.#chunks = [];
          this.#source.abort(new DOMException('the body was cancelled', 'AbortError'));
        },
      },
      { highWaterMark: 0 },
    ));
  }

  text(): Promise<string> {
    return this.#collect((bytes) => this.#toText(bytes));
  }

  json(): Promise<unknown> {
    // eslint-disable-next-line no-restricted-syntax -- what fetch's `json` does; adapters read `text` and parse with limits
    return this.#collect((bytes) => JSON.parse(this.#toText(bytes)) as unknown);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#collect((bytes) => new Uint8Array(bytes).buffer);
  }

  /** A piece has come. Answers whether more may come at once. */
  push(chunk: Buffer): boolean {
    this.#size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#collected) {
      if (this.#size > this.#maxBytes) this.#source.abort(responseTooLarge(this.#maxBytes));
      return true;
    }
    this.#pulled?.();
    return this.#size < BUFFERED_BYTES;
  }

  /** All has come, or nothing more will. */
  finish(error: Error | undefined): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#error = error;
    this.#collected?.(error, this.#bytes());
    this.#pulled?.();
  }

  #collect<T>(convert: (bytes: Buffer) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isTaken || this.#stream?.locked) throw new TypeError('the body of a response can be read once');
      this.#isTaken = true;
      if (this.#error) throw this.#error;
      if (this.#size > this.#maxBytes) {
        this.#source.abort(responseTooLarge(this.#maxBytes));
        throw responseTooLarge(this.#maxBytes);
      }
      if (this.#isDone) return resolve(convert(this.#bytes()));
      this.#collected = (error, bytes) => {
        if (error) return reject(error);
        try {
          resolve(convert(bytes));
        } catch (failure) {
          reject(failure);
        }
      };
      this.#source.resume();
    });
  }

  #bytes(): Buffer {
    const [first] = this.#chunks;
    return this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
  }

  #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> | void {
    if (this.#isTaken && this.#collected) throw new TypeError('the body of a response can be read once');
    this.#isTaken = true;
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#size -= chunk.length;
      controller.enqueue(new Uint8Array(chunk));
    } else if (this.#error) controller.error(this.#error);
    else if (this.#isDone) controller.close();
    else {
      return new Promise((resolve) => {
        this.#pulled = () => {
          this.#pulled = undefined;
          resolve(this.#pull(controller));
        };
        this.#source.resume();
      });
    }
  }

  #toText(bytes: Buffer): string {
    const charset = charsetOf(this.headers.get('content-type'), bytes);
    if (charset !== 'utf-8' && charset !== 'utf8') return fromCharset(bytes, charset);
    const text = bytes.toString('utf8');
    // Bytes that are not UTF-8 are replaced by this character, which may be meant too.
    if (text.includes('\ufffd') && !isUtf8(bytes)) throw notInCharset(charset);
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

/** The source of the pieces. */
export interface Source {
  resume(): void;
  abort(reason: Error): void;
}

/** Headers as they were parsed, name and value in turn: most are never looked at. */
class RawHeaders implements FetchHeaders {
  readonly #raw: readonly Buffer[];

  constructor(raw: readonly Buffer[]) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    const wanted = name.toLowerCase();
    let found: string | null = null;
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      if (this.#raw[at]?.length !== wanted.length || this.#name(at) !== wanted) continue;
      const value = this.#value(at);
      found = found === null ? value : `${found}, ${value}`;
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  forEach(listener: (value: string, name: string) => void): void {
    for (const [name, value] of this.entries()) listener(value, name);
  }

  entries(): Iterable<[name: string, value: string]> {
    const entries = new Map<string, string>();
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      const name = this.#name(at);
      const before = entries.get(name);
      entries.set(name, before === undefined ? this.#value(at) : `${before}, ${this.#value(at)}`);
    }
    return entries.entries();
  }

  [Symbol.iterator](): Iterator<[name: string, value: string]> {
    return this.entries()[Symbol.iterator]();
  }

  #name(at: number): string {
    return this.#raw[at]?.toString('latin1').toLowerCase() ?? '';
  }

  #value(at: number): string {
    return this.#raw[at + 1]?.toString('latin1') ?? '';
  }
}

/** A failure of one request; undici may use the same error for several. */
export function failureOf(error: Error, sent: boolean): Error {
  return new FetchFailure(
    sent ? `the connection broke: ${error.message}` : `no connection: ${messageOf(error)}`,
    codeOf(error),
    sent,
    error,
  );
}

/** Node gives no message if several addresses were tried. */
function messageOf(error: Error): string {
  if (error.message !== '') return error.message;
  return error instanceof AggregateError ? error.errors.map((each) => (each as Error).message).join('; ') : (codeOf(error) ?? error.name);
}

function fromCharset(bytes: Uint8Array, charset: string): string {
  const text = decodeBody(bytes, charset);
  return /^(?:windows-1252|cp1252|iso-?8859-1|latin1)$/.test(charset) ? fromWindows1252(text) : text;
}
