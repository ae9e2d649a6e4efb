import type { Operation } from '../core/contract.ts';
import { ApiError, isErrorCode } from '../core/errors.ts';
import type { FetchResponse } from '../http/client/fetch-like.ts';
import { parseRetryAfter } from '../http/message/retry-after.ts';
import { isObject, readErrorOptions } from '../peer/error-body.ts';
import type { HttpBinding, HttpSegment } from '../core/http-binding.ts';
import { tryParseJson } from '../peer/json.ts';
import { encodeText, writeQuery } from '../http/client/query-text.ts';

export { isObject } from '../peer/error-body.ts';

export const JSON_TYPE = 'application/json';
export const EVENT_STREAM_TYPE = 'text/event-stream';
/** https://github.com/ndjson/ndjson-spec */
export const NDJSON_TYPE = 'application/x-ndjson';

/** The place in which a method puts the rest of the input: the query string, or the body. */
export function hasBody(binding: HttpBinding): boolean {
  return binding.method !== 'GET' && binding.method !== 'DELETE';
}

/** A request as the client sends it. */
export interface RestRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: string | undefined;
}

/** Compiles what turns an operation's input into a request. */
export function compileRequest(operation: Operation): (input: unknown) => RestRequest {
  const [binding] = operation.http;
  if (!binding) throw new TypeError(`operation ${operation.name} has no HTTP binding`);
  const { method, params } = binding;
  const withBody = hasBody(binding) && operation.input !== undefined;
  return (input) => {
    const fields = (input ?? {}) as Readonly<Record<string, unknown>>;
    const path = fillPath(binding, fields);
    if (params.length === 0)
      return { method, target: withBody ? path : path + writeQuery(fields), body: withBody ? JSON.stringify(fields) : undefined };
    const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => !params.includes(name)));
    return withBody ? { method, target: path, body: JSON.stringify(rest) } : { method, target: path + writeQuery(rest), body: undefined };
  };
}

/** The binding's path with its parameters filled in. Throws INVALID_ARGUMENT for a value that no path can carry. */
export function fillPath(binding: Pick<HttpBinding, 'segments'>, values: Readonly<Record<string, unknown>>): string {
  let path = '';
  for (const segment of binding.segments) path += `/${fillSegment(segment, values)}`;
  return path || '/';
}

function fillSegment(segment: HttpSegment, values: Readonly<Record<string, unknown>>): string {
  if ('template' in segment) return segment.template.map((piece) => fillSegment(piece, values)).join('');
  return 'literal' in segment ? segment.literal : pathSegment(segment.param, values[segment.param]);
}

/** A value as one segment of a path. Throws INVALID_ARGUMENT if no path can hold it. */
export function pathSegment(name: string, value: unknown): string {
  const text = String(value);
  // URL parsers drop dot segments, however they are encoded: https://url.spec.whatwg.org/#double-dot-path-segment
  if (text === '' || text === '.' || text === '..') {
    throw new ApiError('INVALID_ARGUMENT', `${name}: '${text}' cannot stand in a path`, { sent: false });
  }
  return encodeText(value, name);
}

/** The error in a response of this library's servers: its problem document has one of the codes. */
export function failedOwn({ headers }: FetchResponse, text: string): ApiError | undefined {
  const problem = headers.get('content-type')?.includes('json') ? tryParseJson(text) : undefined;
  if (!isObject(problem) || !isErrorCode(problem['code'])) return undefined;
  const { code, detail, title, message } = problem;
  const options = readErrorOptions(problem);
  const words = [detail, message, title].find((each): each is string => typeof each === 'string');
  return new ApiError(code, words ?? 'the call failed', {
    ...options,
    retryAfterMs: options.retryAfterMs ?? parseRetryAfter(headers.get('retry-after')),
    requestId: options.requestId ?? headers.get('x-request-id') ?? undefined,
  });
}

/** An error in the data of an SSE `end`. */
export function decodeErrorBody(body: unknown): ApiError | undefined {
  if (!isObject(body) || !isErrorCode(body['code'])) return undefined;
  const { code, message } = body;
  return new ApiError(code, typeof message === 'string' ? message : 'the peer ended the stream', readErrorOptions(body));
}
