/** The option `publicUrl` without a slash at its end, or nothing if it is not set. Throws a `TypeError`, which names `owner`, for what is not a URL. */
export function publicBase(owner: string, publicUrl: string | undefined): string | undefined {
  if (publicUrl === undefined) return undefined;
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TypeError(`${owner}: publicUrl '${publicUrl}' is not a URL: write it like 'https://example.com/api'`);
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw new TypeError(`${owner}: publicUrl '${publicUrl}' must have no query, no fragment and no credentials`);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** The option `basePath`: `''` or `/api/v2`. Throws a `TypeError`, which names `owner`, for what is not a path. */
export function checkBasePath(owner: string, basePath: string): string {
  if (basePath !== '' && !/^(\/[A-Za-z0-9\-._~]+)+$/.test(basePath))
    throw new TypeError(`${owner}: basePath '${basePath}' must look like '/api/v2'`);
  return basePath;
}
