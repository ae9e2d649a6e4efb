import type { FetchInit, FetchLike, FetchResponse } from '../http/client/fetch-like.ts';

/** The options that requests are sent with. */
export interface OfetchOptions {
  readonly method?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: NonNullable<FetchInit['body']> | undefined;
  readonly duplex?: 'half';
  readonly signal?: AbortSignal | undefined;
  readonly redirect?: 'manual' | 'follow' | 'error' | undefined;
  readonly responseType: 'stream';
  readonly ignoreResponseError: true;
  readonly retry: false;
}

/** The part of a `$fetch` that is used: ofetch's own, one of `ofetch.create(…)`, or Nuxt's. */
export interface OfetchLike {
  /** Sends a request; gives the response with its body as `_data`. */
  raw(url: string, options: never): Promise<unknown>;
}

/**
 * A `fetch` that sends by a `$fetch`: `rest({ url, fetch: ofetchCarrier($fetch) })`. Its interceptors, defaults (headers, query, dispatcher) and
 * its own `fetch` hold; its retries, its parsing and its errors are off, because the client decides of them. On the server give Nuxt's
 * `useRequestFetch()`, which passes the visitor's cookies on.
 * @throws TypeError if it is not a `$fetch`
 */
export function ofetchCarrier($fetch: OfetchLike): FetchLike {
  if (typeof ($fetch as Partial<OfetchLike> | undefined)?.raw !== 'function')
    throw new TypeError("ofetchCarrier: give a $fetch of ofetch, which has a method 'raw'");
  return async (url, init = {}) => {
    const { method, headers, body, signal, redirect, duplex } = init;
    const options: OfetchOptions = {
      method,
      headers: headers && Object.fromEntries(new Headers(headers)),
      // A parsed body could not be read again, and a stream is left to the client.
      responseType: 'stream',
      ignoreResponseError: true,
      retry: false,
      ...(body !== undefined && body !== null && { body }),
      ...(signal && { signal }),
      ...(redirect && { redirect }),
      ...(duplex && { duplex }),
    };
    // ofetch has types of its own for the same options.
    return readable((await $fetch.raw(url, options as never)) as Taken);
  };
}

type Taken = FetchResponse & { readonly _data?: unknown };

/** A response whose stream ofetch has taken hold of. It is the body, and has not been read. */
function readable(response: Taken): FetchResponse {
  const { _data: data } = response;
  if (!(data instanceof ReadableStream) || data === response.body) return response;
  const { status, statusText, headers } = response;
  return new Response(data as ReadableStream<Uint8Array<ArrayBuffer>>, { status, statusText, headers: [...headers.entries()] });
}
