import { FetchFailure, responseTooLarge, type FetchHeaders, type FetchInit, type FetchLike, type FetchResponse } from './fetch-like.ts';
import { readAll } from '../message/read-all.ts';
import { charsetOf, decodeBody } from './text.ts';
import { shownUrl } from '../../peer/redact/shown-url.ts';

/** A response of the platform's `fetch`, or of a given one, whose body is read within a limit and by its charset. */
class BoundedResponse implements FetchResponse {
  private readonly raw: FetchResponse;
  private readonly maxBytes: number;

  constructor(raw: FetchResponse, maxBytes: number) {
    this.raw = raw;
    this.maxBytes = maxBytes;
  }

  get status(): number {
    return this.raw.status;
  }

  get ok(): boolean {
    return this.raw.ok;
  }

  get statusText(): string {
    return this.raw.statusText;
  }

  get headers(): FetchHeaders {
    return this.raw.headers;
  }

  get body(): FetchResponse['body'] {
    return this.raw.body;
  }

  async text(): Promise<string> {
    // A stand-in may have nothing else.
    if (typeof (this.raw as Partial<FetchResponse>).arrayBuffer !== 'function') return this.raw.text();
    const bytes = await this.#bytes();
    return decodeBody(bytes, charsetOf(this.headers.get('content-type'), bytes));
  }

  async json(): Promise<unknown> {
    // eslint-disable-next-line no-restricted-syntax -- what fetch's `json` does; adapters read `text` and parse with limits
    return JSON.parse(await this.text()) as unknown;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#bytes();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }

  async #bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const { raw, maxBytes } = this;
    const check = (size: number) => {
      if (size > maxBytes) throw responseTooLarge(maxBytes);
    };
    // A stand-in may have a body that is not a stream.
    if (raw.body && 'getReader' in raw.body) return (await readAll(raw.body, check)) as Uint8Array<ArrayBuffer>;
    const whole = new Uint8Array(await raw.arrayBuffer());
    check(whole.length);
    return whole;
  }
}

/** Sends by a `fetch` that is not ours: it follows no redirects, and is called as a function, since the platform's takes no other `this`. */
export async function sendBy(fetch: FetchLike, url: string, init: FetchInit, maxBytes: number): Promise<FetchResponse> {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  // Browsers show nothing of a redirect that is not followed.
  if ((response as { readonly type?: unknown }).type === 'opaqueredirect')
    throw new FetchFailure(`${shownUrl(url)} redirects elsewhere: use the URL that it redirects to`, 'REDIRECTED', true, undefined);
  return new BoundedResponse(response, maxBytes);
}
