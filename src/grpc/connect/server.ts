/**
 * Serves a transport by Connect and gRPC-Web, over any HTTP server: the services of gRPC for browsers, `fetch` and curl.
 *
 * @module multi-api-sdk/grpc/connect/server
 * @group Servers
 */

import { checkTransport } from '../../core/check-transport.ts';
import { ApiError } from '../../core/errors.ts';
import { bytes, count, readOptions } from '../../core/options.ts';
import type { Transport } from '../../core/transport.ts';
import { HttpError } from '../../http/message/error.ts';
import type { HttpHandler, HttpRequest, HttpResponse } from '../../http/message/message.ts';
import { checkBasePath } from '../../http/serve/public-url.ts';
import { reporter } from '../../life/report.ts';
import type { ProtoLock } from '../proto/lock.ts';
import { askedBy, TYPES, type Asked } from './protocol.ts';
import { routesOf, type Route } from './routes.ts';
import { Serving } from './serving.ts';
import { MAX_ITEMS } from '../../guard/max-items.ts';

export type { LockedField, LockedType, ProtoLock } from '../proto/lock.ts';

/** Options of `connectHandler`. */
export interface ConnectHandlerOptions {
  /** Put before every path: `/rpc`. @default '' */
  readonly basePath?: string | undefined;
  /** Larger messages get INVALID_ARGUMENT, as they come and as they are inflated. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number | undefined;
  /** Items of lists and members of objects that one message may hold on all levels together; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number | undefined;
  /** How many bytes may wait for the reader of a stream. Beyond it the stream ends with RESOURCE_EXHAUSTED. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number | undefined;
  /** Answers from this size on are compressed with gzip, for callers that take it; `Infinity` compresses none. @default 16_384 (16 KiB) */
  readonly compressFromBytes?: number | undefined;
  /** The lock of the published .proto file, if the contract has changed since its first. */
  readonly lock?: ProtoLock | undefined;
  /** Gets failures that callers see as a neutral INTERNAL. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How the options of the handler are read. */
const READERS = {
  maxMessageBytes: bytes(1_048_576),
  maxItems: count(MAX_ITEMS),
  maxBufferedBytes: bytes(1_048_576),
  compressFromBytes: bytes(16_384),
};

/**
 * Serves a transport by Connect (calls, streams, GET for queries) and gRPC-Web, at the paths of its gRPC services. Calls whose messages both ends
 * stream need gRPC itself. Mount it with `nodeListener`, `listen` or `fetchHandler`. Formats: docs/protocols/connect.md.
 */
export function connectHandler(transport: Transport, options: ConnectHandlerOptions = {}): HttpHandler {
  checkTransport('connectHandler', transport);
  const inForce = readOptions('connectHandler', options, READERS, ['basePath', 'lock', 'onError']);
  const basePath = checkBasePath('connectHandler', inForce.basePath ?? '');
  const routes = routesOf(transport.contract, inForce.lock);
  const serving = new Serving(transport, {
    domain: routes.package,
    maxMessageBytes: inForce.maxMessageBytes,
    maxItems: inForce.maxItems,
    maxBufferedBytes: inForce.maxBufferedBytes,
    compressFromBytes: inForce.compressFromBytes,
    onError: reporter(inForce.onError),
  });
  return (request) => {
    if (basePath !== '' && !request.path.startsWith(`${basePath}/`)) return undefined;
    const route = routes.byPath.get(request.path.slice(basePath.length));
    return route && answer(serving, route, request);
  };
}

function answer(serving: Serving, route: Route, request: HttpRequest): HttpResponse | Promise<HttpResponse> {
  const mayGet = route.serves === 'operation' && route.operation.kind === 'query' && !route.operation.item;
  const allow = mayGet ? 'GET, POST, OPTIONS' : 'POST, OPTIONS';
  if (request.method === 'OPTIONS') return { status: 204, headers: { allow } };
  if (request.method === 'GET' && mayGet) return serving.get(route, request);
  if (request.method !== 'POST') throw new HttpError(405, `${request.path} answers ${allow}, not ${request.method}`, { allow });
  const type = String(request.headers['content-type'] ?? '');
  const asked = askedBy(type);
  if (!asked) throw wrongType(type, TYPES);
  if (route.serves === 'channel') return serving.refuse(request, asked, bothWays());
  if (route.serves === 'event') return inEnvelopes(asked, type, () => serving.events(route, request, asked));
  if (route.operation.item) return inEnvelopes(asked, type, () => serving.stream(route, request, asked));
  if (asked.protocol === 'connect-stream') throw wrongType(type, ['application/json', 'application/proto']);
  return asked.protocol === 'connect' ? serving.plain(route, request, asked) : serving.framed(route, request, asked);
}

function inEnvelopes(asked: Asked, type: string, serve: () => Promise<HttpResponse>): Promise<HttpResponse> {
  if (asked.protocol === 'connect') throw wrongType(type, ['application/connect+json', 'application/connect+proto']);
  return serve();
}

/** Source: https://connectrpc.com/docs/protocol#unary-request */
function wrongType(type: string, taken: readonly string[]): HttpError {
  return new HttpError(415, `the body is ${type === '' ? 'of no type' : type.slice(0, 100)}: send ${taken.slice(0, 2).join(' or ')}`, {
    'accept-post': taken.join(', '),
  });
}

function bothWays(): ApiError {
  return new ApiError('UNIMPLEMENTED', 'both ends stream here, which needs gRPC: call the operation and listen to the event instead');
}
