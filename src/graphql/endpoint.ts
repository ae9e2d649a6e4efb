import { page } from '../http/client/page-url.ts';

/** The endpoint that a url names: `/graphql` if it names no path. Throws a `TypeError` that says what is wrong with it. */
export function endpointOf(url: string): string {
  const relativeTo = page()?.href;
  if (!URL.canParse(url, relativeTo)) throw new TypeError(`graphql: '${url}' is not a URL: write it like 'http://localhost:4000/graphql'`);
  const { protocol, origin, pathname, search, hash, username } = new URL(url, relativeTo);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`graphql: '${url}' must begin with http:// or https://`);
  if (hash !== '') throw new TypeError(`graphql: '${url}' must have no fragment`);
  if (username !== '') throw new TypeError("graphql: put credentials into the option 'headers', not into the url");
  return `${origin}${pathname === '/' ? '/graphql' : pathname}${search}`;
}
