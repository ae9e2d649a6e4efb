import { createLightFetch } from '#fetch';
import { ApiError, isApiError } from '../core/errors.ts';
import { FetchFailure, RESPONSE_TOO_LARGE, type FetchLike, type FetchResponse, type LightFetch } from '../http/client/fetch-like.ts';
import { networkError } from '../http/client/network-error.ts';
import type { CallRequest } from '../core/transport.ts';
import type { OnWire } from '../peer/on-wire.ts';
import { responseHeaders } from '../peer/response-headers.ts';
import { decodeXml, saysUtf8 } from '../xml/decode.ts';
import { recordIn, recordOut } from './record.ts';
import type { Reply } from './wire.ts';

/** What of a client's options its requests need. */
export interface ExchangeOptions {
  readonly fetch?: FetchLike | undefined;
  readonly onWire?: OnWire | undefined;
  readonly maxResponseBytes: number;
}

/** Carries envelopes to a service and back, for our own services and for those of others. */
export class SoapExchange {
  readonly #carrier: LightFetch;

  private readonly options: ExchangeOptions;

  constructor(options: ExchangeOptions) {
    this.options = options;
    const { fetch, maxResponseBytes } = options;
    this.#carrier = fetch ? { fetch, close: async () => {} } : createLightFetch({ maxResponseBytes });
  }

  get fetch(): FetchLike {
    return this.#carrier.fetch;
  }

  /** Posts an envelope. Rejects with an `ApiError` if there is no whole reply. */
  async post(
    url: string,
    headers: Record<string, string>,
    body: string,
    { signal, onResponse }: Pick<CallRequest, 'signal' | 'onResponse'>,
  ): Promise<Reply> {
    const { onWire } = this.options;
    if (onWire) recordOut(onWire, 'POST', url, headers, body);
    let response: FetchResponse;
    let text: string;
    try {
      response = await this.#carrier.fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      text = await this.#text(response);
    } catch (error) {
      if (isApiError(error)) throw error.with({ remote: true });
      throw networkError(error, url, signal);
    }
    if (onWire) recordIn(onWire, response, text);
    onResponse?.({ headers: responseHeaders(response.headers.entries()) });
    return { status: response.status, text, header: (name) => response.headers.get(name) };
  }

  close(): Promise<void> {
    return this.#carrier.close();
  }

  /** In whatever encoding the reply's XML is. Our own carrier counts its bytes, others may not. */
  async #text(response: FetchResponse): Promise<string> {
    const type = response.headers.get('content-type') ?? '';
    const { fetch, maxResponseBytes } = this.options;
    if (!fetch) return saysUtf8(type) ? response.text() : this.#decode(new Uint8Array(await response.arrayBuffer()), type);
    return this.#decode(await readBytes(response, maxResponseBytes), type);
  }

  #decode(bytes: Uint8Array, type: string): string {
    try {
      return decodeXml(bytes, type);
    } catch (error) {
      throw isApiError(error) ? new ApiError('DATA_LOSS', `the reply cannot be read: ${error.text}`, { remote: true }) : error;
    }
  }
}

/** The body of a response, as far as it is within a limit. Throws a `FetchFailure` if it is larger. */
export async function readBytes(response: FetchResponse, maxBytes: number, onChunk?: (bytes: number) => void): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      size += read.value.byteLength;
      onChunk?.(read.value.byteLength);
      if (size > maxBytes) throw new FetchFailure(`the response is larger than ${maxBytes} bytes`, RESPONSE_TOO_LARGE, true, undefined);
      chunks.push(read.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
