import type { Operation } from '../contract.js';
import { ApiError, isErrorCode, type ErrorBody, type JsonObject } from '../errors.js';
import { phraseOf } from '../http/phrases.js';
import type { HttpBinding } from '../internal/http-binding.js';
import { encodeText, writeQuery } from '../internal/query-text.js';
import { codeOf } from './status.js';
import { parseJson } from '../internal/json.js';

export const JSON_TYPE = 'application/json';
export const PROBLEM_TYPE = 'application/problem+json';
export const EVENT_STREAM_TYPE = 'text/event-stream';

/** Where a method puts what is left of the input: into the query string, or into the body. */
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
  for (const segment of binding.segments)
    path += `/${'literal' in segment ? segment.literal : pathSegment(segment.param, values[segment.param])}`;
  return path || '/';
}

/** A value as one segment of a path. Throws INVALID_ARGUMENT where no path can hold it. */
export function pathSegment(name: string, value: unknown): string {
  const text = String(value);
  // URL parsers drop dot segments, however they are encoded: https://url.spec.whatwg.org/#double-dot-path-segment
  if (text === '' || text === '.' || text === '..') {
    throw new ApiError('INVALID_ARGUMENT', `${name}: '${text}' cannot stand in a path`, { sent: false });
  }
  return encodeText(value, name);
}

/** An error as a problem document. Source: https://www.rfc-editor.org/rfc/rfc9457 */
export function encodeProblem(error: ErrorBody, status: number): string {
  const { code, message, details, retryAfterMs, requestId } = error;
  return JSON.stringify({ type: 'about:blank', title: phraseOf(status), status, detail: message, code, details, retryAfterMs, requestId });
}

/** Headers that say to HTTP what the error says. */
export function problemHeaders(error: ErrorBody): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE };
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000));
  // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2: a 401 names the scheme.
  if (error.code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  return headers;
}

/** What of a response tells of an error. */
export interface FailedResponse {
  readonly status: number;
  readonly text: string;
  readonly header: (name: string) => string | null;
}

/** The error in a response: from its problem document where it has one, else from its status. */
export function decodeError({ status, text, header }: FailedResponse): ApiError {
  const requestId = header('x-request-id') ?? undefined;
  const retryAfter = parseRetryAfter(header('retry-after'));
  const problem = header('content-type')?.includes('json') ? parseObject(text) : undefined;
  const code = isErrorCode(problem?.['code']) ? problem['code'] : codeOf(status);
  const { details, retryAfterMs } = problem ?? {};
  return new ApiError(code, textOf(problem, status, header('location')), {
    details: isObject(details) ? details : undefined,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : retryAfter,
    requestId: typeof problem?.['requestId'] === 'string' ? problem['requestId'] : requestId,
    remote: true,
  });
}

/** Delay in seconds or an HTTP date, in milliseconds from now. Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function parseRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // `Date.parse` takes much that is no date of HTTP, all of which begin with the day of the week: `-1` is a year to it.
  const at = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** An error in the data of an SSE `end`. */
export function decodeErrorBody(body: unknown): ApiError | undefined {
  if (!isObject(body) || !isErrorCode(body['code'])) return undefined;
  const { code, message, details, retryAfterMs, requestId } = body;
  return new ApiError(code, typeof message === 'string' ? message : 'the peer ended the stream', {
    details: isObject(details) ? details : undefined,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    remote: true,
  });
}

/** The detail of a problem document, or the message of the many shapes of foreign errors, or what the status says. */
function textOf(problem: JsonObject | undefined, status: number, location: string | null): string {
  const { detail, message, error, title } = problem ?? {};
  // An error of ours is the service's own words, all of them; a foreign body may be anything.
  if (isErrorCode(problem?.['code']) && typeof detail === 'string') return detail;
  const nested = isObject(error) ? error['message'] : error;
  for (const text of [detail, message, nested, title]) if (typeof text === 'string' && text !== '') return text.slice(0, 1000);
  if (status >= 300 && status < 400) return `the server redirects (${status}) to ${location ?? 'another address'}: use that as url`;
  return `the server answered ${status}`;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
