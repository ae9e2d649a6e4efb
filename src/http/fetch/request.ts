import { checkEncoding, cutOff, readBefore, tooLarge, tooSlow, notUtf8, readTwice } from '../message/body.ts';
import { concatBytes } from '../../schema/codec/concat.ts';
import { HttpError } from '../message/error.ts';
import type { HttpRequest } from '../message/message.ts';
import type { FetchCaller } from './caller.ts';
import { after } from '../../life/timers.ts';

/** A WHATWG `Request`, read when it is asked for. */
export class FetchRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly origin: string;
  readonly address: string | undefined;
  readonly caller: unknown;
  readonly #raw: Request;
  readonly #bodyTimeoutMs: number;
  #headers: Record<string, string> | undefined;
  #listeners: (() => void)[] | undefined;
  #hasLeft = false;
  #isTaken = false;

  constructor(raw: Request, from: FetchCaller | undefined, bodyTimeoutMs: number) {
    this.#raw = raw;
    this.#bodyTimeoutMs = bodyTimeoutMs;
    this.method = raw.method;
    this.address = from?.address;
    this.caller = from?.caller;
    const url = raw.url;
    const path = url.indexOf('/', url.indexOf('://') + 3);
    const hash = url.indexOf('#', path);
    const end = hash === -1 ? url.length : hash;
    const mark = url.indexOf('?', path);
    const isQuery = mark !== -1 && mark < end;
    this.origin = url.slice(0, path);
    this.path = url.slice(path, isQuery ? mark : end);
    this.query = isQuery ? url.slice(mark + 1, end) : '';
  }

  get headers(): Readonly<Record<string, string>> {
    return (this.#headers ??= Object.fromEntries(this.#raw.headers));
  }

  onAbort(listener: () => void): void {
    if (this.#hasLeft || this.#raw.signal.aborted) return listener();
    if (!this.#listeners) {
      this.#listeners = [];
      // eslint-disable-next-line no-restricted-syntax -- the request's own signal, which lives no longer than the request
      this.#raw.signal.addEventListener('abort', this.leave);
    }
    this.#listeners.push(listener);
  }

  /** The caller has left. */
  readonly leave = (): void => {
    this.#hasLeft = true;
    const listeners = this.#listeners;
    this.release();
    if (listeners) for (const listener of listeners) listener();
  };

  /** The response is complete, or the platform's: nobody is told any more. */
  release(): void {
    if (this.#listeners) this.#raw.signal.removeEventListener('abort', this.leave);
    this.#listeners = undefined;
  }

  async text(maxBytes: number): Promise<string> {
    const bytes = await this.bytes(maxBytes);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw notUtf8();
    }
  }

  #take(maxBytes: number, encodings?: readonly string[]): ReadableStreamDefaultReader<Uint8Array> | undefined {
    const { body, bodyUsed, headers } = this.#raw;
    if (this.#isTaken) throw readTwice();
    this.#isTaken = true;
    if (bodyUsed || body?.locked) throw readBefore('pass on a request whose body nobody has read, or a clone made before');
    checkEncoding(headers.get('content-encoding') ?? undefined, encodings);
    if (Number(headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
    return body?.getReader();
  }

  stream(maxBytes: number): AsyncIterable<Uint8Array> {
    const reader = this.#take(maxBytes);
    const timeoutMs = this.#bodyTimeoutMs;
    let size = 0;
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      if (!reader) return { done: true, value: undefined };
      let isLate = false;
      const stop = after(timeoutMs, () => {
        isLate = true;
        reader.cancel().catch(() => {});
      });
      const read = await reader.read().catch(() => undefined);
      stop();
      if (isLate) throw tooSlow(timeoutMs);
      if (!read) throw cutOff();
      if (read.done) return { done: true, value: undefined };
      size += read.value.byteLength;
      if (size <= maxBytes) return { done: false, value: read.value };
      reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    };
    const leave = async (): Promise<IteratorResult<Uint8Array>> => {
      await reader?.cancel().catch(() => {});
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
  }

  async bytes(maxBytes: number, encodings?: readonly string[]): Promise<Uint8Array> {
    const reader = this.#take(maxBytes, encodings);
    if (!reader) return new Uint8Array(0);

    let failure: HttpError | undefined;
    // Cancelling ends the read that is waiting.
    const fail = (error: HttpError) => {
      failure = error;
      reader.cancel(error).catch(() => undefined);
    };
    const stop = after(this.#bodyTimeoutMs, () => fail(tooSlow(this.#bodyTimeoutMs)));
    try {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        size += read.value.byteLength;
        if (size > maxBytes) fail(tooLarge(maxBytes));
        else chunks.push(read.value);
      }
      if (failure) throw failure;
      return concatBytes(chunks);
    } catch (error) {
      throw failure ?? (error instanceof HttpError ? error : cutOff());
    } finally {
      stop();
      reader.releaseLock();
    }
  }
}
