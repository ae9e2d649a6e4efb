import type { FetchResponse } from '../../http/client/fetch-like.ts';
import type { HttpClient, HttpExchange } from '../../http/client/http-client.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Follows the redirects of an answer within its origin, to which credentials may go along; one that leads elsewhere is the answer.
 * Source: https://fetch.spec.whatwg.org/#http-redirect-fetch
 */
export async function followRedirects(http: HttpClient, exchange: HttpExchange, first: FetchResponse): Promise<FetchResponse> {
  let response = first;
  let { method, url, body, headers } = exchange;
  for (let count = 0; count < MAX_REDIRECTS && REDIRECTS.has(response.status); count++) {
    const location = response.headers.get('location');
    const target = location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (target?.origin !== new URL(url).origin) break;
    await response.body?.cancel().catch(() => {});
    url = target.href;
    // Only 307 and 308 send the same again.
    if ((response.status === 303 && method !== 'HEAD') || (response.status < 303 && method === 'POST')) {
      method = 'GET';
      body = undefined;
      const { 'content-type': _, ...rest } = headers;
      headers = rest;
    }
    response = await http.send({ ...exchange, method, url, shownUrl: undefined, body, headers });
  }
  return response;
}
