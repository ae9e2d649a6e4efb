import { reportOnce } from './refusals.ts';

/** The pages that may connect, besides those of the same host: `'*'` for all, a list of origins, or a function. */
export type Origins = '*' | readonly string[] | ((origin: string) => boolean);

/** The parts of a request that a check of `Origin` reads. */
interface Asking {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Compiles a list of origins. Throws a `TypeError`, which names `owner`, for a text that is not an origin. */
export function compileOrigins(owner: string, origins: Origins): (origin: string) => boolean {
  if (origins === '*') return () => true;
  // A promise would count as a yes.
  if (typeof origins === 'function') return (origin) => origins(origin) === true;
  if (!Array.isArray(origins)) throw new TypeError(`${owner}: 'origins' is a list: write ['${String(origins)}']`);
  const set = new Set(origins as readonly string[]);
  for (const origin of set) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new TypeError(
        `${owner}: '${origin}' is not an origin: write a scheme and a host without a path, like 'https://app.example.com'`,
      );
  }
  return (origin) => set.has(origin);
}

/** Whether an `Origin` is that of the host that was asked. `null`, which a sandboxed page sends, belongs to nobody. */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/**
 * Makes the check of the `Origin` of a socket or a request, which browsers send and pages cannot forge. Throws a `TypeError`, which names
 * `owner`, for a text that is not an origin; `onError` hears once of each origin that was refused, and why a function failed, to which no page
 * connects then.
 * Source: https://www.rfc-editor.org/rfc/rfc6455#section-10.2
 */
export function compileOriginCheck(owner: string, origins: Origins = [], onError: (error: unknown) => void): (request: Asking) => boolean {
  const isListed = compileOrigins(owner, origins);
  const refused = reportOnce(onError);
  return ({ headers }) => {
    if (headers['origin'] === undefined) return true;
    const origin = String(headers['origin']);
    const { host } = headers;
    try {
      if (isOwnOrigin(origin, host === undefined ? undefined : String(host)) || isListed(origin)) return true;
    } catch (error) {
      onError(error);
      return false;
    }
    refused(origin, (shown) => `${owner}: pages of ${shown} were refused: list that origin in the option 'origins'`);
    return false;
  };
}
