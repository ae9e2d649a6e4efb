/** The page or worker in a browser. */
export function page(): { readonly href: string; readonly origin: string } | undefined {
  return (globalThis as { readonly location?: { readonly href: string; readonly origin: string } }).location;
}

/**
 * The url of an API without a slash at its end; in a page it may be relative. Throws a `TypeError`, which names `owner`, that says what is wrong
 * with it.
 */
export function baseUrl(owner: string, url: string): string {
  const relativeTo = page()?.href;
  if (!URL.canParse(url, relativeTo)) throw new TypeError(`${owner}: '${url}' is not a URL: write it like 'http://localhost:4000'`);
  const { protocol, origin, pathname, search, hash, username, password } = new URL(url, relativeTo);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${owner}: '${url}' must begin with http:// or https://`);
  if (search + hash !== '')
    throw new TypeError(`${owner}: '${url}' must have no query and no fragment${owner === 'rest' ? ": use the option 'query'" : ''}`);
  if (username + password !== '') throw new TypeError(`${owner}: put credentials into the option 'headers', not into the url`);
  return origin + pathname.replace(/\/+$/, '');
}

/** The url of an endpoint, which may have a query, and is at `path` if the url names no path. Otherwise as `baseUrl`. */
export function endpointUrl(owner: string, url: string, path: string): string {
  baseUrl(owner, url.replace(/\?[^#]*/, ''));
  const { origin, pathname, search } = new URL(url, page()?.href);
  return origin + (pathname === '/' ? path : pathname) + search;
}

/** Whether a url is of the page's own origin. Outside of a browser every origin is the same. */
export function isSameOrigin(url: string): boolean {
  const { origin } = page() ?? {};
  return origin === undefined || new URL(url).origin === origin;
}
