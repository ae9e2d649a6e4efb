import { bytes, count, readOptions } from '../core/options.ts';
import { ApiError } from '../core/errors.ts';
import type { CallRequest, ResponseHead, Transport } from '../core/transport.ts';
import { changed } from '../life/call.ts';
import { queryKey } from './query-key.ts';
import { compose, type Composed, type Source } from './wrap.ts';

/** Options of `cache`. */
export interface CacheOptions {
  /** How many answers are kept; the one that was not asked for the longest goes first. @default 1000 */
  readonly maxEntries?: number | undefined;
  /** How many bytes of answers are kept, about, as JSON. @default 16_777_216 (16 MiB) */
  readonly maxBytes?: number | undefined;
}

interface Entry {
  readonly etag: string;
  readonly output: unknown;
  readonly headers: ResponseHead['headers'];
  readonly weight: number;
}

/**
 * Keeps answers of queries that have an `ETag`, and asks whether they have changed (`If-None-Match`) instead of for all of them again. An answer is kept for
 * the same input, selection and headers (apart from those of traces), so that callers with other credentials have others. The peer is asked each time. Protocols without such headers pass.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export function cache<S extends Source>(source: S, options: CacheOptions = {}): Composed<S> {
  const limits = readOptions('cache', options, { maxEntries: count(1000), maxBytes: bytes(16_777_216) }, []);
  return compose(source, (inner) => {
    const answers = new Answers(limits);
    return {
      call(request) {
        const key = request.operation.kind === 'query' && !('if-none-match' in request.headers) ? queryKey(request) : undefined;
        return key === undefined ? inner.call(request) : ask(inner, request, key, answers);
      },
      end: () => answers.clear(),
    };
  });
}

async function ask(inner: Transport, request: CallRequest, key: string, answers: Answers): Promise<unknown> {
  const known = answers.get(key);
  const headers = known ? { ...request.headers, 'if-none-match': known.etag } : request.headers;
  let head: ResponseHead | undefined;
  const asked = changed(request, { headers, onResponse: (given) => (head = given) });
  try {
    const output = await inner.call(asked);
    if (head) request.onResponse?.(head);
    answers.keep(key, output, head);
    return output;
  } catch (error) {
    if (known && head?.status === 304) {
      // The headers of a 304 hold for the answer from now on.
      request.onResponse?.({ status: 200, headers: { ...known.headers, ...head.headers } });
      return structuredClone(known.output);
    }
    if (head) request.onResponse?.(head);
    throw ApiError.from(error, 'UNKNOWN', 'the call failed');
  }
}

/** Answers, the one that was used last at the end. */
class Answers {
  readonly #entries = new Map<string, Entry>();
  #weight = 0;

  private readonly limits: { readonly maxEntries: number; readonly maxBytes: number };

  constructor(limits: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.limits = limits;
  }

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  keep(key: string, output: unknown, head: ResponseHead | undefined): void {
    this.#delete(key);
    const { etag, 'cache-control': control } = head?.headers ?? {};
    if (etag === undefined || head?.status !== 200 || /\bno-store\b/i.test(control ?? '')) return;
    const weight = weightOf(output);
    if (weight === undefined || weight + key.length > this.limits.maxBytes) return;
    this.#entries.set(key, { etag, output: structuredClone(output), headers: head.headers, weight: weight + key.length });
    this.#weight += weight + key.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.limits.maxEntries && this.#weight <= this.limits.maxBytes) break;
      this.#delete(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }

  #delete(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}

/** About how large an output is; `undefined` for one that holds bytes, which are not JSON. */
function weightOf(output: unknown): number | undefined {
  let isPlain = true;
  // `this` holds the member before its `toJSON`, which bytes have.
  const text = JSON.stringify(output, function (this: Record<string, unknown>, name: string, value: unknown) {
    if (ArrayBuffer.isView(this[name])) isPlain = false;
    return value;
  }) as string | undefined;
  return isPlain ? (text?.length ?? 0) : undefined;
}
