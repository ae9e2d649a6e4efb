import { ApiError, isErrorCode, type ErrorBody, type JsonObject } from '../core/errors.ts';
import { isObject, readErrorOptions } from '../peer/error-body.ts';
import { itemsOf, outlineOf } from '../guard/json-outline.ts';
import { MAX_DEPTH, MAX_ID_CHARS, parseJson } from '../peer/json.ts';

export { isObject } from '../peer/error-body.ts';
import type { Headers } from '../core/transport.ts';
import { codeOfRpc, INVALID_REQUEST, isRpcId, PARSE_ERROR } from '../peer/json-rpc.ts';
import { RPC_CODE } from './status.ts';
import { hasMoreItems, tooManyItems } from '../guard/max-items.ts';

/** How many items of a stream may be on their way; the reader grants more by `more { subscription, count }`. */
export const STREAM_CREDITS = 64;

/** An id as the specification allows it; `undefined` for a notification. */
export type RpcId = string | number | null | undefined;

/** A request as the server has read it. Source: https://www.jsonrpc.org/specification#request_object */
export interface RpcRequest {
  readonly id: RpcId;
  readonly method: string;
  readonly params: JsonObject;
  readonly headers: Headers;
}

/** A frame or a member of a batch that is not a request, or not one that can be taken. */
export class RpcFault {
  readonly id: RpcId;
  readonly code: number;
  readonly message: string;
  readonly requestId: string | undefined;

  constructor(id: RpcId, code: number, message: string, requestId?: string) {
    this.id = id;
    this.code = code;
    this.message = message;
    this.requestId = requestId;
  }
}

const NO_PARAMS: JsonObject = /* @__PURE__ */ Object.freeze({});
const NO_HEADERS: Headers = /* @__PURE__ */ Object.freeze({});
const MAX_HEADERS_CHARS = 16_384;
const TOO_DEEP = `the JSON is nested more than ${MAX_DEPTH} levels deep`;

/** The content of a frame: one value, or a batch of them. */
export type RpcFrame = RpcRequest | RpcFault | readonly (RpcRequest | RpcFault)[];

/** Reads a frame that a client sent. */
export function readFrame(text: string, maxBatch: number, maxItems: number): RpcFrame {
  if (hasMoreItems(text, maxItems)) return refusedFrame(text, maxBatch, tooManyItems(maxItems).text);
  let value: unknown;
  // The limit of depth is for `params`: the request around it is one level, the batch another.
  const envelope = /^\s*\[/.test(text) ? 2 : 1;
  try {
    value = parseJson(text, MAX_DEPTH + envelope);
  } catch (error) {
    return faultOf(text, error as ApiError, TOO_DEEP);
  }
  if (!Array.isArray(value)) return readRequest(value);
  const batch = value as unknown[];
  if (batch.length === 0) return new RpcFault(null, INVALID_REQUEST, 'a batch must not be empty');
  if (batch.length > maxBatch)
    return new RpcFault(null, INVALID_REQUEST, `a batch holds ${maxBatch} requests at most, not ${batch.length}`);
  return batch.map(readRequest);
}

/** Not JSON, or more of it than is read: then its sender is told `why` by its id. */
function faultOf(text: string, error: ApiError, why = error.text): RpcFault {
  let value: unknown;
  try {
    value = parseJson(text, Infinity);
  } catch {
    return new RpcFault(null, PARSE_ERROR, error.text.slice(0, 200));
  }
  if (Array.isArray(value)) return new RpcFault(null, RPC_CODE.INVALID_ARGUMENT, why);
  const request = readRequest(value);
  if (request instanceof RpcFault) return request;
  return new RpcFault(request.id, RPC_CODE.INVALID_ARGUMENT, why, requestIdOf(request.headers));
}

/** Refuses a frame over the limit. */
export function readTooLarge(text: string, maxBatch: number, maxBytes: number): RpcFrame {
  return refusedFrame(text, maxBatch, `a message holds ${maxBytes} bytes at most`);
}

/** Reads a frame for its ids alone: each of its requests is refused by its own. */
function refusedFrame(text: string, maxBatch: number, message: string): RpcFrame {
  const refused = (request: string): RpcFault => {
    const { id, headers } = outlineOf(request, ['id', 'headers']);
    // One that is cut may have had an id.
    const isNotification = id === undefined && /\}\s*$/.test(request.slice(-100));
    return new RpcFault(isNotification ? undefined : isRpcId(id) ? id : null, RPC_CODE.INVALID_ARGUMENT, message, requestIdOf(headers));
  };
  const batch = itemsOf(text, maxBatch + 1);
  if (!batch) return text.trimStart().startsWith('{') ? refused(text) : new RpcFault(null, RPC_CODE.INVALID_ARGUMENT, message);
  return batch.length > maxBatch || batch.length === 0 ? new RpcFault(null, RPC_CODE.INVALID_ARGUMENT, message) : batch.map(refused);
}

function readRequest(value: unknown): RpcRequest | RpcFault {
  if (!isObject(value)) return new RpcFault(null, INVALID_REQUEST, 'a request is a JSON object');
  const { jsonrpc, id, method, params = NO_PARAMS, headers = NO_HEADERS } = value;
  if (id !== undefined && !isRpcId(id)) return refuse(value, `an id is a string of at most ${MAX_ID_CHARS} characters, a number or null`);
  if (jsonrpc !== '2.0') return refuse(value, "a request has the member 'jsonrpc': '2.0'");
  if (typeof method !== 'string') return refuse(value, "a request has a 'method', which is a string");
  if (!isObject(params)) {
    if (!Array.isArray(params)) return refuse(value, "'params' must be an object");
    return new RpcFault(id, RPC_CODE.INVALID_ARGUMENT, 'params are given by name, as an object', requestIdOf(headers));
  }
  const wrong = headers === NO_HEADERS ? undefined : wrongHeaders(headers);
  if (wrong !== undefined) return refuse(value, wrong);
  return { id, method, params, headers: headers as Headers };
}

/**
 * A value that is not a request cannot be told from a notification, so it is answered also without an id:
 * https://www.jsonrpc.org/specification#response_object
 */
function refuse({ id, headers }: JsonObject, message: string): RpcFault {
  return new RpcFault(isRpcId(id) ? id : null, INVALID_REQUEST, message, requestIdOf(headers));
}

/** The id that a sender gave a request, if one can be read and it fits a log line. */
export function requestIdOf(headers: unknown): string | undefined {
  if (!isObject(headers)) return undefined;
  const id = headers['x-request-id'];
  return typeof id === 'string' && /^[\x20-\x7e]{1,128}$/.test(id) ? id : undefined;
}

/** The faults of headers, if there are any. */
export function wrongHeaders(headers: unknown): string | undefined {
  if (!isObject(headers)) return "'headers' must be an object";
  let size = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') return `the header '${name.slice(0, 100)}' must be a string`;
    size += name.length + value.length;
  }
  return size > MAX_HEADERS_CHARS ? `headers hold ${MAX_HEADERS_CHARS} characters at most` : undefined;
}

/** Of headers, those that hold for all requests of a connection: some belong to one request. */
export function connectionHeaders({ 'x-request-id': _id, 'idempotency-key': _key, ...headers }: Headers): Headers {
  return headers;
}

/** A request as the client sends it; without an id, a notification. */
export function encodeRequest(id: number | undefined, method: string, params: unknown, headers: Headers | undefined): string {
  let text = id === undefined ? '{"jsonrpc":"2.0"' : `{"jsonrpc":"2.0","id":${id}`;
  text += `,"method":${JSON.stringify(method)}`;
  if (params !== undefined) text += `,"params":${JSON.stringify(params)}`;
  if (headers !== undefined) text += `,"headers":${JSON.stringify(headers)}`;
  return `${text}}`;
}

/** `headers` are those of an answer that has some. */
export function encodeResult(id: RpcId, output: unknown, headers?: Headers): string {
  const more = headers === undefined ? '' : `,"headers":${JSON.stringify(headers)}`;
  return `{"jsonrpc":"2.0","id":${encodeId(id)},"result":${JSON.stringify(output) ?? 'null'}${more}}`;
}

export function encodeFault({ id, code, message, requestId }: RpcFault): string {
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code, message, data: { code: codeOfRpc(code), requestId } } });
}

export function encodeError(id: RpcId, error: ErrorBody, headers?: Headers): string {
  const { code, message, reason, details, retryAfterMs, requestId } = error;
  const data = { code, reason, details, retryAfterMs, requestId };
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code: RPC_CODE[code], message, data }, headers });
}

function encodeId(id: RpcId): string {
  return typeof id === 'number' ? String(id) : JSON.stringify(id ?? null);
}

/** A notification of the server: `event`, `gap`, `end`. */
export function encodeNotification(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

/** The error in a response or in an `end`; a foreign one may have any data. */
export function decodeError(value: unknown): ApiError {
  const { code, message, data } = isObject(value) ? value : {};
  const more: JsonObject = isObject(data) ? data : {};
  return new ApiError(
    isErrorCode(more['code']) ? more['code'] : codeOfRpc(code),
    typeof message === 'string' ? message : 'the peer gave no reason',
    readErrorOptions(more),
  );
}

/** An error as the plain channel has it, and as an `end` has it: not JSON-RPC's own. */
function decodeErrorBody(value: unknown): ApiError | undefined {
  if (!isObject(value) || !isErrorCode(value['code'])) return undefined;
  return decodeError({ message: value['message'], data: value });
}

/** The answer to a frame of the plain channel that could not be taken. */
export function encodeChannelError(error: ErrorBody): string {
  return JSON.stringify({ error });
}

/** The error in a frame of the plain channel, if it is one: a payload may have a member `error` too, but hardly this alone with one of our codes. */
export function decodeChannelError(value: unknown): ApiError | undefined {
  return isObject(value) && Object.keys(value).length === 1 ? decodeErrorBody(value['error']) : undefined;
}
