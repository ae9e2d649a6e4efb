/**
 * Serves a transport as tools of the Model Context Protocol.
 *
 * @module multi-api-sdk/mcp/server
 * @group Servers
 */

import { checkTransport } from '../core/check-transport.ts';
import { callerCancelled, isApiError } from '../core/errors.ts';
import { bytes, ms, readOptions } from '../core/options.ts';
import type { Transport } from '../core/transport.ts';
import { HttpError } from '../http/message/error.ts';
import { peerOf, type HttpHandler, type HttpRequest, type HttpResponse } from '../http/message/message.ts';
import { STATUS } from '../http/message/status.ts';
import { Heartbeat } from '../http/events/heartbeat.ts';
import { compileOriginCheck, type Origins } from '../http/serve/origins.ts';
import { reporter } from '../life/report.ts';
import { INTERNAL_ERROR, INVALID_REQUEST } from '../peer/json-rpc.ts';
import { Authorization, type McpAuthorization } from './serving/authorization.ts';
import { eraOverHttp } from './serving/era.ts';
import { HttpExchange } from './serving/http-exchange.ts';
import { HttpSessions } from './serving/http-sessions.ts';
import { SERVING_NAMES, SERVING_READERS, serviceOf, type McpServingOptions } from './serving/options.ts';
import type { McpService } from './serving/service.ts';
import { RPC_CODE } from './status.ts';
import { encodeFault, encodeResult, errorData, MCP_PATH, McpFault, NEWEST, readMessage, type McpMessage } from './wire.ts';
import { acceptHeaders } from '../guard/serve-call.ts';
import { toldError } from '../guard/told-error.ts';

export type { Origins } from '../http/serve/origins.ts';
export type { McpAuthorization } from './serving/authorization.ts';
export type { McpServingOptions } from './serving/options.ts';
export { mcpTools, type McpTool, type McpToolsOptions } from './schema.ts';

/** Options of `mcpHandler`. */
export interface McpHandlerOptions extends McpServingOptions {
  /** The path that it answers. @default '/mcp' */
  readonly path?: string | undefined;
  /** Larger bodies get 413. @default 1_048_576 (1 MiB) */
  readonly maxBodyBytes?: number | undefined;
  /** How often a comment keeps streamed answers open, in milliseconds. @default 15_000 */
  readonly heartbeatMs?: number | undefined;
  /**
   * The servers from which callers get their tokens. With it, a refusal of the service as UNAUTHENTICATED is 401 with `WWW-Authenticate`,
   * the lists are for callers that its `context` lets in, and `/.well-known/oauth-protected-resource/mcp` has the metadata. @default none:
   * such errors are results
   */
  readonly authorization?: McpAuthorization | undefined;
  /** The URL by which callers reach the server, if a proxy in front strips or adds a prefix. It is for the metadata. @default the host of the request */
  readonly publicUrl?: string | undefined;
  /** Pages of other origins that may call: a list, a function, or `'*'`. Others get 403. @default none */
  readonly origins?: Origins | undefined;
}

const READERS = { ...SERVING_READERS, maxBodyBytes: bytes(1_048_576), heartbeatMs: ms(15_000) };

/**
 * Serves a transport over the Model Context Protocol (Streamable HTTP): operations are tools. It speaks the revision 2026-07-28, which has no
 * sessions, and 2025-11-25 and 2025-06-18, which begin with `initialize`. Mount it with `nodeListener`, `listen` or `fetchHandler`.
 * Formats: docs/protocols/mcp.md.
 */
export function mcpHandler(transport: Transport, options: McpHandlerOptions = {}): HttpHandler {
  checkTransport('mcpHandler', transport);
  const read = readOptions('mcpHandler', options, READERS, [...SERVING_NAMES, 'path', 'origins', 'authorization', 'publicUrl']);
  const { path = MCP_PATH, maxBodyBytes, maxItems, maxSubscriptions } = read;
  if (!/^(\/[A-Za-z0-9\-._~]+)+$/.test(path)) throw new TypeError(`mcpHandler: path '${path}' must look like '/mcp'`);
  const onError = reporter(read.onError);
  const isAllowed = compileOriginCheck('mcpHandler', read.origins, onError);
  const authorization = read.authorization && new Authorization('mcpHandler', path, read.publicUrl, read.authorization);
  const service = serviceOf('mcpHandler', transport, read, authorization !== undefined);
  const heartbeat = new Heartbeat(read.heartbeatMs);
  const endpoint = new Endpoint(service, { maxBodyBytes, maxItems, maxSubscriptions, heartbeat, onError, authorization });
  const allow = service.canSubscribe ? 'GET, POST, DELETE, OPTIONS' : 'POST, OPTIONS';
  return (request) => {
    if (authorization?.path === request.path && request.method === 'GET') return authorization.metadata(request);
    if (request.path !== path) return undefined;
    // Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security--endpoint
    if (!isAllowed(request)) return refusal(403, INVALID_REQUEST, "pages of this origin may not call: list it in the option 'origins'");
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow } };
    if (request.method === 'POST') return endpoint.post(request);
    if (service.canSubscribe && isOfSession(request)) return request.method === 'GET' ? endpoint.stream(request) : endpoint.forget(request);
    throw new HttpError(405, `${request.path} answers POST, not ${request.method}`, { allow });
  };
}

/** A client of an older revision asks for the stream of its session, or ends it: the newest has no sessions. */
function isOfSession({ method, headers }: HttpRequest): boolean {
  if (headers['mcp-protocol-version'] === NEWEST) return false;
  return method === 'DELETE' || (method === 'GET' && /text\/event-stream/i.test(String(headers['accept'] ?? '')));
}

const CANCELLED = callerCancelled();

interface EndpointSettings {
  readonly maxBodyBytes: number;
  readonly maxItems: number;
  readonly maxSubscriptions: number;
  readonly heartbeat: Heartbeat;
  readonly onError: (error: unknown) => void;
  readonly authorization: Authorization | undefined;
}

/** The function that takes the POSTs of one handler. */
class Endpoint {
  /** The calls that run for clients of the older revisions, by session and id. */
  readonly #running = new Map<string, HttpExchange>();
  /** Those that have a stream here. */
  readonly #sessions: HttpSessions;

  private readonly service: McpService;
  private readonly settings: EndpointSettings;

  constructor(service: McpService, settings: EndpointSettings) {
    this.service = service;
    this.settings = settings;
    this.#sessions = new HttpSessions(settings.heartbeat, settings.maxSubscriptions);
  }

  async post(request: HttpRequest): Promise<HttpResponse> {
    const type = String(request.headers['content-type'] ?? '');
    if (!/^application\/json\s*(?:;|$)/i.test(type.trim())) return refusal(415, INVALID_REQUEST, 'send application/json');
    let message: McpMessage | undefined;
    try {
      message = readMessage(await request.text(this.settings.maxBodyBytes), this.settings.maxItems);
      // A response to what this server has never asked.
      if (!message) return { status: 202, headers: {} };
      const era = eraOverHttp(message, request.headers);
      if (message.id === undefined) return this.#notified(message, request);
      const session = request.headers['mcp-session-id'];
      const subscriptions = typeof session === 'string' ? () => this.#sessions.subscriptionsOf(session) : undefined;
      const exchange = new HttpExchange(request, era, this.settings.heartbeat, subscriptions);
      void this.#answer(message, message.id, exchange, request);
      return await exchange.response;
    } catch (error) {
      if (error instanceof HttpError) return refusal(error.status, INVALID_REQUEST, error.message, error.headers);
      if (error instanceof McpFault) return faultResponse(error);
      if (!isApiError(error)) throw error;
      return faultResponse(new McpFault(RPC_CODE[error.code], error.text, { id: message?.id, data: errorData(error.toJSON()) }));
    }
  }

  /** The stream of a session, on which it is told of changes. */
  async stream(request: HttpRequest): Promise<HttpResponse> {
    const session = sessionOf(request);
    const headers = acceptHeaders(request.headers);
    try {
      await this.service.admit({ headers, peer: peerOf(request, 'mcp'), onLeave: (listener) => request.onAbort(listener) });
    } catch (error) {
      const told = toldError(error, this.settings.onError, headers['x-request-id']);
      const status = STATUS[told.code];
      return refusal(status, RPC_CODE[told.code], told.text, status === 401 ? this.settings.authorization?.challenge(request) : undefined);
    }
    return this.#sessions.stream(session, headers['x-request-id']);
  }

  /** Ends a session. */
  forget(request: HttpRequest): HttpResponse {
    this.#sessions.delete(sessionOf(request));
    return { status: 204, headers: {} };
  }

  async #answer(message: McpMessage, id: string | number, exchange: HttpExchange, request: HttpRequest): Promise<void> {
    const session = request.headers['mcp-session-id'];
    const key = exchange.era === 'legacy' && session !== undefined ? keyOf(session, id) : undefined;
    if (key !== undefined) this.#running.set(key, exchange);
    try {
      const result = await this.service.answer(message, exchange);
      const more = message.method === 'initialize' ? { 'mcp-session-id': crypto.randomUUID() } : {};
      exchange.finish(200, encodeResult(id, result), more);
    } catch (error) {
      if (error instanceof McpFault) return exchange.finish(error.status, encodeFault(error));
      const told = toldError(error, this.settings.onError, exchange.headers['x-request-id']);
      const fault = new McpFault(RPC_CODE[told.code], told.text, { id, data: errorData(told.toJSON()), status: STATUS[told.code] });
      exchange.finish(fault.status, encodeFault(fault), fault.status === 401 ? this.settings.authorization?.challenge(request) : undefined);
    } finally {
      if (key !== undefined) this.#running.delete(key);
    }
  }

  /** Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/cancellation */
  #notified({ method, params }: McpMessage, request: HttpRequest): HttpResponse {
    const session = request.headers['mcp-session-id'];
    if (method === 'notifications/cancelled' && session !== undefined)
      this.#running.get(keyOf(session, params['requestId']))?.cancel(CANCELLED);
    return { status: 202, headers: {} };
  }
}

/** The session that a request names. Throws an `HttpError`. */
function sessionOf({ headers }: HttpRequest): string {
  const session = headers['mcp-session-id'];
  if (typeof session === 'string' && session !== '') return session;
  throw new HttpError(400, 'name the session by the header Mcp-Session-Id');
}

function keyOf(session: string | readonly string[], id: unknown): string {
  return JSON.stringify([session, id]);
}

function faultResponse(fault: McpFault): HttpResponse {
  return { status: fault.status, headers: { 'content-type': 'application/json' }, body: encodeFault(fault) };
}

function refusal(status: number, code: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  const fault = new McpFault(status >= 500 ? INTERNAL_ERROR : code, message, { status });
  return { ...faultResponse(fault), headers: { ...headers, 'content-type': 'application/json' } };
}
