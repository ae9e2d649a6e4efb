import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';

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
  return !streamOf(raw)?.endAfterHeaders;
}

/** Whether the stream of a request over HTTP/2 was reset, or its connection ended. */
export function isOver(raw: IncomingMessage): boolean {
  return streamOf(raw)?.destroyed ?? false;
}

/** Code of a stream that its server ended early. Source: https://www.rfc-editor.org/rfc/rfc9113#section-7 */
const INTERNAL_ERROR = 2;

/** The stream of a request or response over HTTP/2; `undefined` over HTTP/1.1. */
function streamOf(message: object): ServerHttp2Stream | undefined {
  return (message as { readonly stream?: ServerHttp2Stream }).stream;
}

/** Ends a response before its end, so that its reader sees that it is cut: a stream of HTTP/2 that is only destroyed looks complete. */
export function cutResponse(response: ServerResponse): void {
  const stream = streamOf(response);
  if (stream) stream.close(INTERNAL_ERROR);
  else response.destroy();
}

/** Whether a response can take no more, as its connection or stream is gone. */
export function isGone(response: ServerResponse): boolean {
  return streamOf(response)?.destroyed ?? response.destroyed;
}

/** Whether a response wants to be waited for: the compatibility layer does not tell. */
export function isFull(response: ServerResponse): boolean {
  return streamOf(response)?.writableNeedDrain ?? response.writableNeedDrain;
}
