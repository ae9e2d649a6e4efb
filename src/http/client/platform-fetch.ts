import { codeOf, FetchFailure, isUnsent, type LightFetch, type LightFetchOptions } from './fetch-like.ts';

/**
 * `createLightFetch` where there is no undici (browsers, Bun, Deno, edge runtimes): the platform's own `fetch`, which pools its
 * sockets and limits its memory itself, so that the options say nothing here.
 */
export function createLightFetch(_options: LightFetchOptions = {}): LightFetch {
  let isClosed = false;
  return {
    async fetch(url, init = {}) {
      if (isClosed) throw new FetchFailure('the client was closed', 'UND_ERR_CLOSED', false, undefined);
      let response: Response;
      try {
        response = await globalThis.fetch(url, { ...init, redirect: 'manual' });
      } catch (error) {
        if (init.signal?.aborted) throw init.signal.reason;
        throw new FetchFailure((error as Error).message, codeOf(error), !isUnsent(error), error);
      }
      // Browsers show nothing of a redirect that is not followed.
      if (response.type === 'opaqueredirect') {
        throw new FetchFailure(`${url} redirects elsewhere: use the URL that it redirects to`, 'REDIRECTED', true, undefined);
      }
      return response;
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}
