/**
 * Serves a transport as a REST API.
 *
 * @module multi-api-sdk/rest/server
 * @group Servers
 */

import { peerOf, type HttpHandler, type HttpRequest, type HttpResponse } from '../http/message/message.ts';
import { checkBasePath, publicBase } from '../http/serve/public-url.ts';
import { createRouter, type Route, answerOther } from '../http/serve/router.ts';
import { asyncApi, sseProtocol, type AsyncApiProtocol } from '../schema/asyncapi.ts';
import type { Operation } from '../core/contract.ts';
import type { CloudEventsOption } from '../events/cloud/cloud-event.ts';
import { compileCloudEvents } from '../events/cloud/cloud-events-option.ts';
import { checkTransport } from '../core/check-transport.ts';
import { channelSegments } from '../core/http-binding.ts';
import { bytes, count, ms, readOptions } from '../core/options.ts';
import { acceptHeaders, deadlineOf, serveCall } from '../guard/serve-call.ts';
import type { ResponseHead, Transport } from '../core/transport.ts';
import { checkAccept } from './accept.ts';
import { checkQueries } from './check-query.ts';
import { describeContract } from '../schema/view.ts';
import { Heartbeat } from '../http/events/heartbeat.ts';
import { answerStream, type StreamLimits } from './streams/route.ts';
import { answerBodyOf } from './files/bodies.ts';
import { checkTempFolder, TempFiles } from '../http/message/temp-files.ts';
import type { BodyLimits } from './files/input.ts';
import { createEventRoute } from './event-route.ts';
import { failure } from './failure.ts';
import { compileOperation, type OperationRoute } from './operation-route.ts';
import { openApiText } from './schema.ts';
import { withHead } from '../http/message/head.ts';
import { JSON_TYPE } from './wire.ts';
import { reporter } from '../life/report.ts';
import { MAX_ITEMS } from '../guard/max-items.ts';
import { once } from '../life/lazy.ts';
import { isPromiseLike } from '../life/maybe.ts';

export type { DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';
export { asyncApi, sseProtocol, type AsyncApiOptions, type AsyncApiProtocol } from '../schema/asyncapi.ts';
export type { AsyncApiStreams } from '../schema/asyncapi/streams.ts';
export type { CloudEventsMode, CloudEventsOption, CloudEventsOptions } from '../events/cloud/cloud-event.ts';
export { openApi, type OpenApiOptions } from './schema.ts';

/** Options of `restHandler`. */
export interface RestHandlerOptions {
  /** Put before every path: `/api/v2`. @default '' */
  readonly basePath?: string;
  /**
   * The URL by which callers reach the server, if a proxy in front strips or adds a prefix: `https://example.com/api`. `basePath` and the contract's paths
   * follow it, in `Location`, `Link` and the servers of `/openapi.json` and `/asyncapi.json`. @default the host of the request
   */
  readonly publicUrl?: string;
  /** Larger bodies get 413. Of a body with files it is what is in memory at a time. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number;
  /** Items of lists and members of objects that one message may hold on all levels together; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number;
  /** Larger bodies with files get 413. A file that is larger than `maxBodyBytes` comes to the handler as a stream. @default 1_073_741_824 (1 GiB) */
  readonly maxFileBytes?: number;
  /**
   * A folder for files of a form that are larger than `maxBodyBytes` together, if others may come after them: the handler gets all of them once the
   * body is here. They are written without a name and readable by this process only. On Node. @default none: one large file, the last, is a stream
   */
  readonly tempFolder?: string | undefined;
  /** How many bytes may wait for the reader of an event stream. Beyond it the stream ends with RESOURCE_EXHAUSTED. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number;
  /** How often a comment keeps event streams open, in milliseconds: clients take a stream for broken that is silent for three times as long. @default 15_000 */
  readonly heartbeatMs?: number;
  /** Protocols that carry the events besides server-sent events, for `/asyncapi.json`: `[webSocketProtocol()]`. @default none */
  readonly eventProtocols?: readonly AsyncApiProtocol[];
  /**
   * Writes the data of server-sent events as CloudEvents 1.0: one JSON object of attributes and payload. Clients read them with the option of the same
   * name. @default no CloudEvents
   */
  readonly cloudEvents?: CloudEventsOption<'structured'>;
  /** Gets failures that callers see as a neutral 500. @default console.error */
  readonly onError?: (error: unknown) => void;
}

const READERS = {
  maxBodyBytes: bytes(1_048_576),
  maxItems: count(MAX_ITEMS),
  maxFileBytes: bytes(1_073_741_824),
  maxBufferedBytes: bytes(1_048_576),
  heartbeatMs: ms(15_000),
};

/** The answer to an error of a request. */
type Fail = (error: unknown, requestId: string | undefined) => HttpResponse;

/** The limits for reading a request, and the folder of large files. */
interface CallLimits extends BodyLimits {
  readonly tempFolder: string | undefined;
}

/** The function that answers one method and path. */
type Answer = (request: HttpRequest, params: Readonly<Record<string, string>>) => HttpResponse | Promise<HttpResponse>;

/**
 * Serves a transport as a REST API: the contract's `http` bindings, events as server-sent events at their channels, `/openapi.json` and `/asyncapi.json`.
 * Mount it with `nodeListener`, `listen` or `fetchHandler`. Formats: docs/protocols/rest.md.
 */
export function restHandler(transport: Transport, options: RestHandlerOptions = {}): HttpHandler {
  checkTransport('restHandler', transport);
  const read = readOptions('restHandler', options, READERS, [
    'basePath',
    'publicUrl',
    'tempFolder',
    'eventProtocols',
    'cloudEvents',
    'onError',
  ]);
  const { contract } = transport;
  const { maxBodyBytes, maxItems, maxFileBytes } = read;
  checkTempFolder('restHandler', read.tempFolder);
  const limits = { maxBodyBytes, maxItems, maxFileBytes, tempFolder: read.tempFolder };
  const basePath = checkBasePath('restHandler', read.basePath ?? '');
  const publicUrl = publicBase('restHandler', read.publicUrl);
  const root = (publicUrl ?? '') + basePath;
  const onError = reporter(read.onError);
  const fail: Fail = (error, requestId) => failure(error, onError, requestId);
  // A contract that cannot be described is refused here. Each operation is compiled by its first call, because most of a large contract's
  // have none for long.
  describeContract(contract);
  checkQueries(contract);
  const heartbeat = new Heartbeat(read.heartbeatMs);
  const cloud = read.cloudEvents && compileCloudEvents('restHandler', contract, read.cloudEvents, ['structured']);
  const routes: (readonly [Route, Answer])[] = [];
  for (const operation of Object.values(contract.operations)) {
    for (const binding of operation.http) {
      const route = once(() => compileOperation(contract, operation, binding, root, onError));
      routes.push([
        binding,
        operation.item
          ? answerItems(transport, route, { ...limits, heartbeat }, fail)
          : answerCall(transport, operation, route, limits, fail),
      ]);
    }
  }
  for (const event of Object.values(contract.events)) {
    const open = createEventRoute(transport, event, { ...read, cloud });
    routes.push([
      { method: 'GET', segments: channelSegments(event) },
      (request, params) => open(request, params).catch((error: unknown) => fail(error, requestIdOf(request))),
    ]);
  }
  const webhookCloudEvents = read.eventProtocols?.find(({ name }) => name === 'webhook')?.cloudEvents;
  routes.push([
    documentRoute('openapi.json'),
    answerDocument(() => openApiText(contract, { ...(root !== '' && { servers: [root] }), webhookCloudEvents })),
  ]);
  routes.push([
    documentRoute('asyncapi.json'),
    answerDocument(() =>
      JSON.stringify(
        asyncApi(contract, {
          protocols: [{ ...sseProtocol(publicUrl && root), cloudEvents: read.cloudEvents }, ...(read.eventProtocols ?? [])],
        }),
      ),
    ),
  ]);
  const router = createRouter(routes);

  return (request) => {
    if (basePath !== '' && !request.path.startsWith(`${basePath}/`)) return undefined;
    const path = basePath === '' ? request.path : request.path.slice(basePath.length);
    try {
      const match = router.find(request.method, path);
      if (!match) return answerOther(request, router.methods(path));
      return match.value(request, match.params);
    } catch (error) {
      return fail(error, requestIdOf(request));
    }
  };
}

function answerItems(transport: Transport, routeOf: () => OperationRoute, limits: StreamLimits, fail: Fail): Answer {
  return (request, params) =>
    answerStream(transport, routeOf(), request, params, limits).catch((error: unknown) => fail(error, requestIdOf(request)));
}

function answerCall(transport: Transport, operation: Operation, routeOf: () => OperationRoute, limits: CallLimits, fail: Fail): Answer {
  // A file says what it is once it is there.
  const isJson = operation.output !== undefined && answerBodyOf(operation) === undefined;
  return async (request, params) => {
    const headers = acceptHeaders(request.headers);
    const key = headers['idempotency-key'];
    if (key?.startsWith('"')) headers['idempotency-key'] = bareKey(key);
    let said: ResponseHead | undefined;
    let temp: TempFiles | undefined;
    try {
      const { accept } = request.headers;
      // Nothing is sent if there is no output, whatever the caller would take.
      if (isJson && accept !== undefined && accept !== '*/*' && accept !== JSON_TYPE) checkAccept(String(accept), JSON_TYPE);
      const route = routeOf();
      const read = route.readInput(
        request,
        params,
        limits.tempFolder === undefined ? limits : { ...limits, temp: (temp = new TempFiles(limits.tempFolder)) },
      );
      const input = isPromiseLike(read) ? await read : read;
      const output = await serveCall(transport, {
        onResponse: (head) => (said = head),
        operation: route.operation,
        input: input.value,
        headers,
        deadline: deadlineOf(request.headers),
        peer: peerOf(request, 'rest'),
        select: input.select,
        onLeave: (listener) => request.onAbort(listener),
        streamsFiles: !isJson,
      });
      return route.respond(request, input, output, headers['x-request-id'] ?? '', said);
    } catch (error) {
      return withHead(fail(error, headers['x-request-id']), said);
    } finally {
      // An output that is a file may be read from them yet.
      if (isJson || !operation.output) temp?.release();
    }
  };
}

/**
 * The draft wants the key quoted, many clients send it bare: both are the same key.
 * Source: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header section 2.1; a string as in RFC 9651, section 3.3.3.
 */
function bareKey(key: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(key)?.[1];
  return quoted === undefined ? key : quoted.replace(/\\(["\\])/g, '$1');
}

/** The id that a request has, or a new one. */
function requestIdOf(request: HttpRequest): string | undefined {
  return acceptHeaders(request.headers)['x-request-id'];
}

function answerDocument(make: () => string): Answer {
  const body = once(make);
  return () => ({ status: 200, headers: { 'content-type': JSON_TYPE }, body: body() });
}

function documentRoute(name: string): Route {
  return { method: 'GET', segments: [{ literal: name }] };
}
