import { sendBy } from './bounded-response.ts';
import { checkPlatform } from './check/platform.ts';
import { closedFailure, codeOf, FetchFailure, isUnsent, type LightFetch, type LightFetchOptions } from './fetch-like.ts';
import { MAX_RESPONSE_BYTES } from './options.ts';

/**
 * `createLightFetch` if there is no undici (browsers, Bun, Deno, edge runtimes): the platform's own `fetch`, which pools its sockets
 * itself. Throws a `TypeError` for options that only Node's carrier has.
 */
export function createLightFetch(options: LightFetchOptions = {}): LightFetch {
  const { fetch: given, maxResponseBytes = MAX_RESPONSE_BYTES } = options;
  checkPlatform(options);
  let isClosed = false;
  return {
    async fetch(url, init = {}) {
      if (isClosed) throw closedFailure();
      if (given) return sendBy(given, url, init, maxResponseBytes);
      try {
        return await sendBy((...args) => globalThis.fetch(...args), url, init, maxResponseBytes);
      } catch (error) {
        if (init.signal?.aborted) throw init.signal.reason;
        if (error instanceof FetchFailure) throw error;
        throw new FetchFailure((error as Error).message, codeOf(error), !isUnsent(error), error);
      }
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}
