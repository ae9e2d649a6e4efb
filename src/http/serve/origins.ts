import type { IncomingMessage } from 'node:http';

/** Which pages may connect: `'*'` all, a list of origins, or a function that knows them; beside those of the same host. */
export type Origins = '*' | readonly string[] | ((origin: string) => boolean);

/**
 * Makes the check of `Origin`, which browsers send and pages cannot forge. Throws a `TypeError`, which names `owner`, for what is no origin;
 * `onError` hears why a function failed, to which no page connects then. Source: https://www.rfc-editor.org/rfc/rfc6455#section-10.2
 */
export function compileOriginCheck(
  owner: string,
  origins: Origins = [],
  onError: (error: unknown) => void,
): (request: IncomingMessage) => boolean {
  if (origins === '*') return () => true;
  const isListed = typeof origins === 'function' ? origins : listedIn(owner, origins);
  return ({ headers }) => {
    const { origin, host } = headers;
    if (origin === undefined) return true;
    try {
      return (URL.canParse(origin) && new URL(origin).host === host) || isListed(origin) === true;
    } catch (error) {
      onError(error);
      return false;
    }
  };
}

function listedIn(owner: string, origins: readonly string[]): (origin: string) => boolean {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new TypeError(
        `${owner}: '${origin}' is not an origin: write a scheme and a host without a path, like 'https://app.example.com'`,
      );
  }
  const set = new Set(origins);
  return (origin) => set.has(origin);
}
