import { ApiError, isErrorCode, type ErrorBody, type ErrorCode, type JsonObject } from '../core/errors.ts';
import { parseRetryAfter } from '../http/message/retry-after.ts';
import { isObject, readErrorOptions } from '../peer/error-body.ts';
import { parseJson } from '../peer/json.ts';
import { shownUrl } from '../peer/redact/shown-url.ts';
import { codeOfName, codeOfStatus } from './status.ts';
import { answered } from '#answered';

export { isObject } from '../peer/error-body.ts';

/** Media types. Source: https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types */
export const JSON_TYPE = 'application/json';
export const RESPONSE_TYPE = 'application/graphql-response+json';
export const EVENT_STREAM_TYPE = 'text/event-stream';
/** Source: https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol */
export const MULTIPART_TYPE = 'multipart/mixed;subscriptionSpec=1.0';

/** A request. Source: https://graphql.github.io/graphql-over-http/draft/#sec-Request */
export interface GraphqlRequest {
  readonly documentId?: string | undefined;
  readonly query?: string | undefined;
  readonly operationName?: string | undefined;
  readonly variables?: JsonObject | undefined;
  readonly extensions?: JsonObject | undefined;
}

/** One of a response's `errors`. */
export interface WireError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly locations?: readonly { readonly line: number; readonly column: number }[] | undefined;
  readonly extensions?: JsonObject | undefined;
}

/** A response, as it is written. */
export interface GraphqlResponse {
  readonly data?: unknown;
  readonly errors?: readonly WireError[] | undefined;
  readonly extensions?: JsonObject | undefined;
}

/** A server's answer to a hash whose document it does not have. Source: https://www.apollographql.com/docs/apollo-server/performance/apq */
export const UNKNOWN_HASH = { message: 'PersistedQueryNotFound', code: 'PERSISTED_QUERY_NOT_FOUND' };
/** The answer of a server that takes no hashes. */
export const NO_HASHES = { message: 'PersistedQueryNotSupported', code: 'PERSISTED_QUERY_NOT_SUPPORTED' };

/** The members that are put beside the events of a subscription. */
export const SUBSCRIBED = JSON.stringify({ data: null, extensions: { subscribed: true } });
/** As {@link SUBSCRIBED}, with the event after which the subscription begins. */
export const subscribed = (after: string): string => JSON.stringify({ data: null, extensions: { subscribed: true, after } });
export const GAP = JSON.stringify({ data: null, extensions: { gap: true } });

/** Reads a request; throws INVALID_ARGUMENT that names the parameter that is not what it must be. */
export function readRequest(body: unknown): GraphqlRequest {
  if (!isObject(body)) throw invalid('the body must be an object with a query');
  const { query, operationName, variables, extensions, documentId } = body;
  if (query !== undefined && query !== null && typeof query !== 'string') throw invalid('query must be text');
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw invalid('operationName must be text');
  if (variables !== undefined && variables !== null && !isObject(variables)) throw invalid('variables must be an object');
  if (extensions !== undefined && extensions !== null && !isObject(extensions)) throw invalid('extensions must be an object');
  if (documentId !== undefined && documentId !== null && typeof documentId !== 'string') throw invalid('documentId must be text');
  return {
    query: query ?? undefined,
    operationName: operationName ?? undefined,
    variables: variables ?? undefined,
    extensions: extensions ?? undefined,
    documentId: documentId ?? undefined,
  };
}

/** An error as an entry of `errors`. */
export function encodeError({ message, ...extensions }: ErrorBody, place: Pick<WireError, 'path' | 'locations'> = {}): WireError {
  return {
    message,
    ...(place.locations && { locations: place.locations }),
    ...(place.path && { path: place.path }),
    extensions: { ...extensions },
  };
}

/** The parts of a response, beside its body, that tell its error. */
export interface ReplyNotes {
  /** The HTTP status, if there was one. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export function readNotes(status: number, headers: { get(name: string): string | null }): ReplyNotes {
  const isSpent = headers.get('x-ratelimit-remaining') === '0' || headers.get('retry-after') !== null;
  // GitHub refuses with 403 who asks too often.
  return {
    status: status === 403 && isSpent ? 429 : status,
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfterMs: parseRetryAfter(headers.get('retry-after')),
  };
}

/** The failure of a response: its first error, with the data that came all the same. */
export function decodeErrors(errors: readonly unknown[], data: unknown, notes: ReplyNotes = {}): ApiError {
  const [first] = errors;
  const error = isObject(first) ? first : { message: first };
  const extensions = isObject(error['extensions']) ? error['extensions'] : {};
  const { retryAfterMs, requestId, ...more } = readErrorOptions(extensions);
  const message = typeof error['message'] === 'string' ? error['message'] : 'the server answered with an error';
  const names = [extensions, error].flatMap((each) => NAMED.map((name) => each[name]));
  return new ApiError(codeOf(names, statusOf(extensions, error) ?? notes.status ?? 0, message, data), message, {
    ...more,
    retryAfterMs: retryAfterMs ?? notes.retryAfterMs,
    requestId: requestId ?? notes.requestId,
    ...(data !== undefined && data !== null && { partial: data }),
  });
}

/** The places of the code in errors: also those of AppSync and DGS (`errorType`) and Spring (`classification`). */
const NAMED = ['code', 'type', 'errorType', 'classification'];

const UNKNOWN_FIELD = /^Cannot query field "\w+" on type "(Query|Mutation|Subscription)"/;

function codeOf(names: readonly unknown[], status: number, message: string, data: unknown): ErrorCode {
  const [own] = names;
  if (isErrorCode(own)) return own;
  if (UNKNOWN_FIELD.test(message)) return 'UNIMPLEMENTED';
  const named = names.map(codeOfName).find((code) => code);
  // The status counts if no code is known: throttling, credentials, servers in trouble. NestJS says INTERNAL beside each status.
  const told = status >= 400 ? codeOfStatus(status) : undefined;
  if (named && !(named === 'INTERNAL' && told && told !== 'UNKNOWN')) return named;
  // Without data nothing was run: the request itself was wrong.
  return told ?? (data === undefined ? 'INVALID_ARGUMENT' : 'UNKNOWN');
}

/** The status that servers put into an error: Apollo as `http.status`, Linear as `statusCode`, NestJS in the error that it wraps, Absinthe as `code`. */
function statusOf(extensions: JsonObject, error: JsonObject): number | undefined {
  const { http, originalError, exception } = extensions;
  for (const place of [http, originalError, exception, extensions, error])
    for (const name of ['statusCode', 'status', 'code']) {
      const value = isObject(place) ? place[name] : undefined;
      if (/^"?[45]\d\d"?$/.test(JSON.stringify(value))) return Number(value);
    }
  return undefined;
}

/** The error of a response without a GraphQL body: the problem document in it, or its status. */
export function decodeFailure(text: string, location: string | null, notes: ReplyNotes): ApiError {
  const { status = 0, ...more } = notes;
  const problem = parseObject(text);
  const code = problem?.['code'];
  const detail = ['detail', 'message', 'error_description', 'error']
    .map((name) => problem?.[name])
    .find((value) => typeof value === 'string');
  const redirect =
    status >= 300 && status < 400
      ? `the server redirects (${status}) to ${shownUrl(location ?? 'another address')}: use that as url`
      : undefined;
  return new ApiError(isErrorCode(code) ? code : codeOfStatus(status), detail ?? redirect ?? answered(status, ', and no GraphQL: is the url right?'), { ...more, remote: true }); // prettier-ignore
}

/** Whether one of a response's errors says this. */
export function tells(errors: unknown, { message, code }: typeof UNKNOWN_HASH): boolean {
  if (!Array.isArray(errors)) return false;
  return errors.some((error: unknown) => {
    if (!isObject(error)) return false;
    return error['message'] === message || (isObject(error['extensions']) && error['extensions']['code'] === code);
  });
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function invalid(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}
