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
  /** For a `$fetch` without `raw`. */
  readonly onResponse?: (context: { readonly response: FetchResponse }) => void;
}

/** The part of a `$fetch` that is used: ofetch's own, one of `ofetch.create(…)`, or Nuxt's. */
export interface OfetchWithRaw {
  /** Sends a request; gives the response with its body as `_data`. */
  raw(url: string, options: never): Promise<unknown>;
}

/** A `$fetch`. That of Nuxt's `useRequestFetch()` is a bare function while a page is rendered on the server. */
export type OfetchLike = OfetchWithRaw | ((url: string, options: never) => Promise<unknown>);

/**
 * A `fetch` that sends by a `$fetch`: `rest({ url, fetch: ofetchCarrier($fetch) })`. Its interceptors, defaults (headers, query, dispatcher) and
 * its own `fetch` hold; its retries, its parsing and its errors are off, because the client decides of them. On the server give Nuxt's
 * `useRequestFetch()`, which passes the visitor's cookies on. Of a function without `raw` the interceptor `onResponse` is replaced.
 * @throws TypeError if it is not a `$fetch`
 */
export function ofetchCarrier($fetch: OfetchLike): FetchLike {
  const { raw } = ($fetch ?? {}) as Partial<OfetchWithRaw>;
  const hasRaw = typeof raw === 'function';
  if (!hasRaw && typeof $fetch !== 'function') throw new TypeError('ofetchCarrier: give a $fetch of ofetch');
  return async (url, init = {}) => {
    const { method, headers, body, signal, redirect, duplex } = init;
    let taken: Taken | undefined;
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
      // A bare function gives the body only. Its interceptor sees the response.
      ...(!hasRaw && { onResponse: ({ response }) => void (taken = response) }),
    };
    // ofetch has types of its own for the same options.
    const send = (hasRaw ? raw.bind($fetch) : $fetch) as (url: string, options: OfetchOptions) => Promise<unknown>;
    const given = (await send(url, options)) as Taken;
    taken ??= hasRaw || given instanceof Response ? given : undefined;
    if (taken === undefined) throw new TypeError('ofetchCarrier: the function that was given is not a $fetch, it did not call onResponse');
    return readable(taken);
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
