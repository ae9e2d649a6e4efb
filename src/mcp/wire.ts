import { ApiError, isErrorCode, type ErrorBody, type JsonObject } from '../core/errors.ts';
import { isObject, readErrorOptions } from '../peer/error-body.ts';
import { MAX_DEPTH, parseJson } from '../peer/json.ts';
import { parseMessage } from '../guard/max-items.ts';
import { codeOfRpc, INVALID_PARAMS, INVALID_REQUEST, isRpcId, PARSE_ERROR } from '../peer/json-rpc.ts';
import { fromBase64, toBase64 } from '../schema/codec/base64.ts';

/** The revision without a handshake: https://modelcontextprotocol.io/specification/2026-07-28 */
export const NEWEST = '2026-07-28';

/** The revisions that begin with `initialize`, the newest first. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18'] as const;

/** All revisions that are spoken here, the newest first. */
export const VERSIONS = [NEWEST, ...LEGACY_VERSIONS] as const;

/** A revision of the Model Context Protocol. */
export type McpVersion = (typeof VERSIONS)[number];

/** `modern`: each request says all about itself. `legacy`: a handshake said it before. */
export type Era = 'modern' | 'legacy';

/** The path of the endpoint, and of a client that was given a url without a path. */
export const MCP_PATH = '/mcp';

/** Reserved keys of `_meta`. Source: https://modelcontextprotocol.io/specification/2026-07-28/basic#_meta */
export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  client: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  server: 'io.modelcontextprotocol/serverInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** The key of `_meta` under which a result has the error that it stands for. */
export const ERROR_META = 'multi-api-sdk/error';

/** Levels around a tool's arguments, and around its output. */
const ENVELOPE = 3;

/** An id of a request: unlike in JSON-RPC, never null. */
export type McpId = string | number;

/** A request, or a notification, which has no id. */
export interface McpMessage {
  readonly id: McpId | undefined;
  readonly method: string;
  readonly params: JsonObject;
  /** `params._meta`. */
  readonly meta: JsonObject;
}

/** An error of the protocol: not of a tool, whose errors are results. */
export class McpFault extends Error {
  override readonly name = 'McpFault';
  readonly code: number;
  readonly data: JsonObject | undefined;
  /** Of the request, if it could be read. */
  readonly id: McpId | undefined;
  /** Over HTTP. */
  readonly status: number;

  constructor(
    code: number,
    message: string,
    more: { readonly data?: JsonObject; readonly id?: McpId | undefined; readonly status?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.data = more.data;
    this.id = more.id;
    this.status = more.status ?? 400;
  }
}

const NONE: JsonObject = Object.freeze({});

/** Reads one message; `undefined` is a response, which answers nothing that was asked. Throws `McpFault`. */
export function readMessage(text: string, maxItems: number): McpMessage | undefined {
  let value: unknown;
  try {
    value = parseMessage(text, maxItems, MAX_DEPTH + ENVELOPE);
  } catch (error) {
    throw unreadable(text, error as ApiError);
  }
  if (Array.isArray(value)) throw new McpFault(INVALID_REQUEST, 'a message is one request: batches are of the revision 2025-03-26');
  if (!isObject(value)) throw new McpFault(INVALID_REQUEST, 'a message is a JSON object');
  const { jsonrpc, id: given, method, params = NONE } = value;
  const id = idOf(given);
  if (jsonrpc !== '2.0') throw new McpFault(INVALID_REQUEST, "a message has the member 'jsonrpc': '2.0'", { id });
  if (method === undefined && ('result' in value || 'error' in value)) return undefined;
  if (given !== undefined && id === undefined) throw new McpFault(INVALID_REQUEST, 'an id is a string or a number');
  if (typeof method !== 'string') throw new McpFault(INVALID_REQUEST, "a request has a 'method', which is a string", { id });
  if (!isObject(params)) throw new McpFault(INVALID_PARAMS, "'params' must be an object", { id });
  const { _meta: meta = NONE } = params;
  if (!isObject(meta)) throw new McpFault(INVALID_PARAMS, "'_meta' must be an object", { id });
  return { id, method, params, meta };
}

function idOf(id: unknown): McpId | undefined {
  return isRpcId(id) && id !== null ? id : undefined;
}

/** Not JSON, or nested too deeply: then its sender is told by its id. */
function unreadable(text: string, error: ApiError): McpFault {
  try {
    const value = parseJson(text, Infinity);
    const id = isObject(value) ? idOf(value['id']) : undefined;
    return new McpFault(INVALID_PARAMS, error.text, { id, data: { code: error.code } });
  } catch {
    return new McpFault(PARSE_ERROR, error.text.slice(0, 200));
  }
}

/** A request or a notification as a client sends it. */
export function encodeRequest(id: McpId | undefined, method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

/** A notification of the server. */
export function encodeNotification(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

/** `result` is JSON already. */
export function encodeResult(id: McpId, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

export function encodeFault({ id, code, message, data }: McpFault): string {
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code, message, data } });
}

/** The body of an error, as `_meta` of a result and `data` of a fault have it. */
export function readErrorBody(body: unknown): ApiError | undefined {
  if (!isObject(body) || !isErrorCode(body['code'])) return undefined;
  const { code, message } = body;
  return new ApiError(code, typeof message === 'string' ? message : 'the peer gave no reason', readErrorOptions(body));
}

/** The error of a response; a foreign one may have any data. */
export function readFault(value: unknown): ApiError {
  const { code, message, data } = isObject(value) ? value : NONE;
  const words = typeof message === 'string' ? message : 'the peer gave no reason';
  return readErrorBody(isObject(data) ? { message: words, ...data } : undefined) ?? new ApiError(codeOfRpc(code), words, { remote: true });
}

/** An error as `_meta` and `data` have it. */
export function errorData(error: ErrorBody): JsonObject {
  const { code, message, reason, details, retryAfterMs, requestId } = error;
  return { code, message, reason, details, retryAfterMs, requestId };
}

const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const SENTINEL = /^=\?base64\?(.*)\?=$/s;

/** A value of the body as a header has it. Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#value-encoding */
export function encodeHeader(value: string): string {
  return PLAIN.test(value) && !SENTINEL.test(value) ? value : `=?base64?${toBase64(new TextEncoder().encode(value))}?=`;
}

/** The value of a header; `undefined` if it stands for nothing. */
export function decodeHeader(value: string): string | undefined {
  const encoded = SENTINEL.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = fromBase64(encoded);
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
