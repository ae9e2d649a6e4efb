import type { FetchInit } from './fetch-like.ts';

/** The body of a request as `onWire` is shown it: text, and of anything else the size, as far as it is known. */
export function shownBody(body: FetchInit['body'], headers: Readonly<Record<string, string>>): string | undefined {
  if (body === undefined || body === null || typeof body === 'string') return body ?? undefined;
  const size = body instanceof Uint8Array ? body.length : 'size' in body ? body.size : headers['content-length'];
  return size === undefined ? 'a stream' : `${size} bytes`;
}
