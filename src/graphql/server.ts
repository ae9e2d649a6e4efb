/**
 * Serves a transport as a GraphQL API.
 *
 * @module multi-api-sdk/graphql/server
 * @group Servers
 */

import { ApiError, isApiError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import { withHead } from '../http/message/head.ts';
import { peerOf, type HttpHandler, type HttpRequest, type HttpResponse } from '../http/message/message.ts';
import { isFromListedOrigin } from '../http/serve/cors.ts';
import { errorHeaders } from '../http/message/problem.ts';
import { parseMessage } from '../guard/max-items.ts';
import { checkTransport } from '../core/check-transport.ts';
import { reporter } from '../life/report.ts';
import { acceptHeaders, deadlineOf } from '../guard/serve-call.ts';
import type { Transport } from '../core/transport.ts';
import type { Attachable } from '../socket/attachable.ts';
import { graphqlSockets } from './socket/attach.ts';
import { Allowance } from './document/complexity.ts';
import { Engine, isSubscription, type Caller } from './engine/engine.ts';
import { ResponseHeads, withHeads } from './engine/heads.ts';
import { readHandlerOptions, type GraphqlHandlerOptions, type HandlerOptionsInForce } from './options.ts';
import { serveGraphiql } from './graphiql.ts';
import { negotiate, takesParts, type AnswerType } from './negotiate.ts';
import { RequestError } from './document/request-error.ts';
import { graphqlSchema } from './schema.ts';
import { multipartFraming, sseFraming } from './stream/framing.ts';
import { Reservations, tokenOf } from './stream/reservations.ts';
import { EventStreams } from './stream/server.ts';
import { STATUS } from './status.ts';
import { checkTempFolder, TempFiles } from '../http/message/temp-files.ts';
import { isUpload, readUpload } from './uploads.ts';
import {
  encodeError,
  EVENT_STREAM_TYPE,
  JSON_TYPE,
  MULTIPART_TYPE,
  readRequest,
  RESPONSE_TYPE,
  type GraphqlRequest,
  type GraphqlResponse,
} from './wire.ts';
import { isPromiseLike } from '../life/maybe.ts';
import { closable } from '../life/closable.ts';

export { graphqlSchema };
export { persistedDocuments, type DocumentSelections } from './document/persisted-documents.ts';
export type { Origins } from '../http/serve/origins.ts';
export type { UpgradeGateOptions } from '../socket/gate.ts';
export type { Attachable, AttachOptions } from '../socket/attachable.ts';
export type { GraphqlHandlerOptions } from './options.ts';
export type { GraphqlLimits } from './document/limits.ts';
export type { PersistedOptions } from './document/persisted.ts';
export type { SocketOptions } from './socket/options.ts';

/** Answers over HTTP; `attach` adds subscriptions over WebSocket on the same path. */
export interface GraphqlHandler extends HttpHandler, Attachable {}

/**
 * Serves a transport as a GraphQL API: operations as queries and mutations, relations as fields, events as subscriptions over
 * server-sent events, and over WebSocket once attached; GraphiQL for browsers; the schema at `/schema.graphql`.
 * Formats: docs/protocols/graphql.md.
 */
export function graphqlHandler(transport: Transport, options: GraphqlHandlerOptions = {}): GraphqlHandler {
  checkTransport('graphqlHandler', transport);
  const read = readHandlerOptions(options);
  checkTempFolder('graphqlHandler', read.tempFolder);
  const { path = '/graphql', introspection = true } = read;
  // A schema that may not be asked for is not shown either, unless it is asked to be.
  const schemaPath = read.schemaPath ?? (introspection && '/schema.graphql');
  const server = new HttpGraphql(transport, read, path);
  const sdl = graphqlSchema(transport.contract);
  const handler: HttpHandler = (request) => {
    if (request.path === path) return server.answer(request);
    if (request.path === schemaPath) return answerSchema(request, sdl);
    if (options.graphiql !== false && request.path.startsWith(`${path}/`)) return serveGraphiql(request, path);
    return undefined;
  };
  const sockets = graphqlSockets(path, server.engine, read);
  return closable(
    Object.assign(handler, {
      attach: sockets.attach.bind(sockets),
      close: sockets.close.bind(sockets),
    }),
  );
}

function answerSchema({ method, path }: HttpRequest, sdl: string): HttpResponse {
  if (method !== 'GET' && method !== 'HEAD') throw new HttpError(405, `${path} answers GET, not ${method}`, { allow: 'GET, HEAD' });
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: sdl };
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  [JSON_TYPE]: 'application/json; charset=utf-8',
  [RESPONSE_TYPE]: 'application/graphql-response+json; charset=utf-8',
};

/** The methods of the path. */
const ALLOW = 'GET, POST, PUT, DELETE, OPTIONS';

/** The query of a URL that asks for something; without it a browser wants the page. */
const ASKS = /(^|&)(query|documentId|extensions)=/;

/** How a request's answer is to be written. */
interface Answering {
  readonly type: AnswerType;
  /** Whether a subscription may be answered in parts. */
  readonly takesParts: boolean;
  readonly caller: Caller;
}

class HttpGraphql {
  readonly engine: Engine;
  readonly #streams: EventStreams;
  readonly #parts: EventStreams;
  readonly #reservations: Reservations;

  private readonly options: HandlerOptionsInForce;
  private readonly path: string;

  constructor(transport: Transport, options: HandlerOptionsInForce, path: string) {
    this.options = options;
    this.path = path;
    const { introspection = true } = options;
    const onError = reporter(options.onError);
    this.engine = new Engine(transport, { ...options, introspection }, onError);
    const { maxBufferedBytes, heartbeatMs } = options;
    this.#streams = new EventStreams(this.engine, sseFraming, maxBufferedBytes, heartbeatMs);
    this.#reservations = new Reservations(this.engine, options);
    this.#parts = new EventStreams(this.engine, multipartFraming, maxBufferedBytes, heartbeatMs);
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    const { method } = request;
    if (method === 'OPTIONS') return { status: 204, headers: { allow: ALLOW } };
    if (method === 'PUT') return this.#reservations.reserve(request);
    const token = tokenOf(request);
    if (method === 'DELETE') return this.#reservations.stop(token, request);
    if (method !== 'POST' && method !== 'GET') throw new HttpError(405, `${this.path} answers ${ALLOW}, not ${method}`, { allow: ALLOW });
    const accept = request.headers['accept'] === undefined ? undefined : String(request.headers['accept']);
    const inParts = takesParts(accept);
    // A caller that takes only parts gets answers without parts as JSON.
    const type = negotiate(accept) ?? (inParts ? JSON_TYPE : undefined);
    if (!type) throw new HttpError(406, `this path answers with ${RESPONSE_TYPE}, ${JSON_TYPE} or ${EVENT_STREAM_TYPE}`);
    if (type === 'text/html' && method === 'GET' && this.options.graphiql !== false && !ASKS.test(request.query))
      return (await serveGraphiql(request, this.path)) ?? { status: 404, headers: {} };
    const headers = acceptHeaders(request.headers);
    if (method === 'GET' && token !== undefined && type === EVENT_STREAM_TYPE)
      return this.#reservations.open(request, token, headers['x-request-id']);
    const caller: Caller = {
      headers,
      deadline: undefined,
      peer: peerOf(request, 'graphql'),
      onLeave: leaving(request),
    };
    const { tempFolder } = this.options;
    const temp = tempFolder === undefined ? undefined : new TempFiles(tempFolder);
    const answering: Answering = { type: type === 'text/html' ? JSON_TYPE : type, takesParts: inParts, caller };
    try {
      const deadline = deadlineOf(request.headers);
      const body = method === 'GET' ? readQuery(request, this.options) : await readBody(request, this.options, temp);
      const timed: Answering = deadline === undefined ? answering : { ...answering, caller: { ...caller, deadline } };
      const answer = Array.isArray(body) ? await this.#batch(body, timed) : await this.#one(request, readRequest(body), timed);
      // A stream reads its files as long as it runs.
      if (typeof answer.body !== 'function') temp?.release();
      return answer;
    } catch (error) {
      temp?.release();
      if (error instanceof HttpError) throw error;
      const refusal = this.#refuse(error, answering);
      // A cache on the way would keep the refusal of a document that is registered next.
      return method === 'GET' ? withHeaders(refusal, { 'cache-control': 'no-store' }) : refusal;
    }
  }

  async #one(request: HttpRequest, body: GraphqlRequest, answering: Answering): Promise<HttpResponse> {
    const { type, caller } = answering;
    const found = this.engine.persisted.resolve(body);
    const asked = isPromiseLike(found) ? await found : found;
    const prepared = this.engine.prepare(asked);
    const operation: string = prepared.node.operation;
    if (request.method === 'GET' && operation !== 'query') throw new HttpError(405, `a ${operation} is sent with POST`, { allow: 'POST' });
    const token = request.method === 'POST' ? tokenOf(request) : undefined;
    if (token !== undefined) return this.#reservations.run(token, asked, prepared, caller);
    if (isSubscription(prepared)) {
      const streams = type === EVENT_STREAM_TYPE ? this.#streams : answering.takesParts ? this.#parts : undefined;
      if (!streams)
        throw new HttpError(
          406,
          `a subscription is answered with ${EVENT_STREAM_TYPE} or ${MULTIPART_TYPE}, or over WebSocket at this path: send 'Accept: ${EVENT_STREAM_TYPE}'`,
        );
      return await streams.open(request, asked, this.engine.subscription(prepared, asked, caller), caller);
    }
    const heads = new ResponseHeads();
    const response = withHeads(await this.engine.execute(prepared, asked, { ...caller, heads }), heads.headers ? undefined : heads);
    if (type === EVENT_STREAM_TYPE) return this.#streams.single(JSON.stringify(response), caller);
    const isPartial = response.errors !== undefined && this.options.statusProfile === 'draft' && type === RESPONSE_TYPE;
    const answer = withHead(respond(isPartial ? 294 : 200, response, answering), { headers: heads.headers ?? {}, cookies: heads.cookies });
    return request.method === 'GET' ? withHeaders(answer, { vary: 'accept' }) : answer;
  }

  async #batch(bodies: readonly unknown[], answering: Answering): Promise<HttpResponse> {
    const { maxBatch, maxBatchComplexity } = this.options;
    const allowance = new Allowance(maxBatchComplexity);
    if (bodies.length === 0 || bodies.length > maxBatch)
      throw new ApiError('INVALID_ARGUMENT', `a batch has between 1 and ${maxBatch} requests, not ${bodies.length}`);
    const all = bodies.map(async (body): Promise<GraphqlResponse> => {
      try {
        const asked = await this.engine.persisted.resolve(readRequest(body));
        const prepared = this.engine.prepare(asked, allowance);
        if (isSubscription(prepared)) throw new ApiError('INVALID_ARGUMENT', 'a subscription cannot be in a batch');
        const heads = new ResponseHeads();
        return withHeads(await this.engine.execute(prepared, asked, { ...answering.caller, heads }), heads);
      } catch (error) {
        return { errors: this.#errorsOf(error, answering) };
      }
    });
    return respond(200, await Promise.all(all), answering);
  }

  #refuse(error: unknown, answering: Answering): HttpResponse {
    const errors = this.#errorsOf(error, answering);
    const headers = isApiError(error) ? errorHeaders(error) : {};
    if (answering.type === EVENT_STREAM_TYPE)
      return withHeaders(respond(statusOf(error), { errors }, { ...answering, type: JSON_TYPE }), headers);
    const isDocument = error instanceof RequestError && error.single === undefined;
    // Clients that accept only `application/json` treat any other status as a transport failure, so document errors are sent with 200.
    const status = isDocument && answering.type === JSON_TYPE ? 200 : this.#statusOf(error);
    return withHeaders(respond(status, { errors }, answering), headers);
  }

  #statusOf(error: unknown): number {
    const isUnfit = error instanceof RequestError && error.stage === 'validation';
    return isUnfit && this.options.statusProfile === 'draft' ? 422 : statusOf(error);
  }

  #errorsOf(error: unknown, { caller }: Answering): readonly ReturnType<typeof encodeError>[] {
    const requestId = caller.headers['x-request-id'];
    if (error instanceof RequestError) return error.encode(requestId);
    const shown = this.engine.present(error);
    return [encodeError(shown.with({ requestId: shown.requestId ?? requestId }).toJSON())];
  }
}

function statusOf(error: unknown): number {
  return STATUS[error instanceof RequestError || isApiError(error) ? error.code : 'INTERNAL'];
}

function respond(status: number, body: unknown, { type, caller }: Answering): HttpResponse {
  const contentType = CONTENT_TYPES[type] ?? CONTENT_TYPES[JSON_TYPE] ?? '';
  return {
    status,
    headers: { 'content-type': contentType, 'x-request-id': caller.headers['x-request-id'] ?? '' },
    body: JSON.stringify(body),
  };
}

function withHeaders(response: HttpResponse, headers: Readonly<Record<string, string>>): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** One listener on the request for all its calls: a document may make hundreds. */
function leaving(request: HttpRequest): (listener: () => void) => void {
  let listeners: (() => void)[] | undefined;
  let hasLeft = false;
  return (listener) => {
    if (hasLeft) return listener();
    if (listeners) return void listeners.push(listener);
    const all = (listeners = [listener]);
    request.onAbort(() => {
      hasLeft = true;
      for (const leave of all) leave();
    });
  };
}

/** Headers for which a browser asks first. Source: https://www.apollographql.com/docs/apollo-server/security/cors#preventing-cross-site-request-forgery-csrf */
const PREFLIGHT = ['x-graphql-require-preflight', 'apollo-require-preflight', 'x-apollo-operation-name'];

function isAskedFirst({ headers }: HttpRequest): boolean {
  return PREFLIGHT.some((name) => headers[name] !== undefined && headers[name] !== '');
}

/** The parameters of a GET. */
function readQuery(request: HttpRequest, { maxItems }: HandlerOptionsInForce): unknown {
  // A page of another site can make a browser send a GET, and learn from how long it takes; not with these headers, for which it asks first.
  const isAsked = isAskedFirst(request) || isJson(request.headers['content-type']);
  if (request.headers['sec-fetch-site'] === 'cross-site' && !isAsked && !isFromListedOrigin(request))
    throw new HttpError(
      403,
      "a query from another site is refused: list its origin in the option 'cors', or send it with POST or with the header x-graphql-require-preflight",
    );
  const params = new URLSearchParams(request.query);
  const json = (name: string) => {
    const text = params.get(name);
    return text === null || text === '' ? undefined : parseMessage(text, maxItems);
  };
  return {
    documentId: params.get('documentId') ?? undefined,
    query: params.get('query') ?? undefined,
    operationName: params.get('operationName') ?? undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

const JSON_CONTENT = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

function isJson(type: HttpRequest['headers'][string]): boolean {
  return type === JSON_TYPE || (typeof type === 'string' && JSON_CONTENT.test(type));
}

async function readBody(
  request: HttpRequest,
  { maxBodyBytes, maxItems, maxFileBytes, uploads }: HandlerOptionsInForce,
  temp: TempFiles | undefined,
): Promise<unknown> {
  if (uploads && isUpload(request)) {
    // A page of any site can send a form without asking first.
    if (!isAskedFirst(request))
      throw new HttpError(403, "a request with files needs the header 'apollo-require-preflight: true', for which browsers ask first");
    return readUpload(request, { maxBodyBytes, maxItems, maxFileBytes, temp });
  }
  const type = request.headers['content-type'];
  // Every other type a form could send without asking first (CSRF).
  if (!isJson(type))
    throw new HttpError(415, `the body must be ${JSON_TYPE}, not ${String(type ?? 'without a content type').slice(0, 100)}`);
  return parseMessage(await request.text(maxBodyBytes), maxItems);
}
