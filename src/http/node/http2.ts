import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

const known = new WeakMap<object, IncomingHttpHeaders>();

/** The headers of a request over HTTP/2 as HTTP/1.1 has them: the authority is `host`, and there are no pseudo headers. */
export function plainHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  let plain = known.get(headers);
  if (!plain) {
    plain = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
    const authority = headers[':authority'];
    if (typeof authority === 'string') plain.host ??= authority;
    known.set(headers, plain);
  }
  return plain;
}

/** Whether a request over HTTP/2 that was not read to its end has a body. */
export function hasMore(raw: IncomingMessage): boolean {
  return !(raw as unknown as Http2ServerRequest).stream.endAfterHeaders;
}

/** Whether the stream of a request over HTTP/2 was reset, or its connection ended. */
export function isOver(raw: IncomingMessage): boolean {
  return (raw as unknown as Http2ServerRequest).stream.destroyed;
}
