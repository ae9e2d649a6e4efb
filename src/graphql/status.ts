import type { ErrorCode } from '../core/errors.ts';
import { STATUS as HTTP_STATUS } from '../http/message/status.ts';

export { codeOfStatus } from '../http/message/status.ts';

/** The HTTP status of a request that was refused as a whole; errors of single fields travel in a 200. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  ...HTTP_STATUS,
  // An operation that a schema does not have makes a document invalid, which is 400 in GraphQL over HTTP.
  UNIMPLEMENTED: 400,
};

/** What other servers write into `extensions.code`. Source: https://www.apollographql.com/docs/apollo-server/data/errors#built-in-error-codes */
export const FOREIGN_CODES: Readonly<Record<string, ErrorCode>> = {
  GRAPHQL_PARSE_FAILED: 'INVALID_ARGUMENT',
  GRAPHQL_VALIDATION_FAILED: 'INVALID_ARGUMENT',
  BAD_USER_INPUT: 'INVALID_ARGUMENT',
  BAD_REQUEST: 'INVALID_ARGUMENT',
  OPERATION_RESOLUTION_FAILURE: 'INVALID_ARGUMENT',
  // Of an operation, not of what it was to find.
  PERSISTED_QUERY_NOT_FOUND: 'UNIMPLEMENTED',
  PERSISTED_QUERY_NOT_SUPPORTED: 'UNIMPLEMENTED',
  FORBIDDEN: 'PERMISSION_DENIED',
  UNAUTHORIZED: 'UNAUTHENTICATED',
  CONFLICT: 'ALREADY_EXISTS',
  TOO_MANY_REQUESTS: 'RESOURCE_EXHAUSTED',
  RATE_LIMITED: 'RESOURCE_EXHAUSTED',
  INTERNAL_SERVER_ERROR: 'INTERNAL',
  SERVICE_UNAVAILABLE: 'UNAVAILABLE',
};

/** Closes of a socket after which another connection would meet the same. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const CLOSE_CODES: Readonly<Record<number, ErrorCode>> = {
  1002: 'INTERNAL',
  1003: 'INVALID_ARGUMENT',
  1008: 'PERMISSION_DENIED',
  1009: 'INVALID_ARGUMENT',
  4004: 'INVALID_ARGUMENT',
  4005: 'INTERNAL',
  4400: 'INVALID_ARGUMENT',
  4401: 'UNAUTHENTICATED',
  // Also an expired token: the core asks for new headers and tries again where the connection had stood.
  4403: 'UNAUTHENTICATED',
  4406: 'UNIMPLEMENTED',
  4409: 'INTERNAL',
  4429: 'RESOURCE_EXHAUSTED',
};

/** The code of a socket's close: what no row names is a lost connection. */
export function codeOfClose(code: number): ErrorCode {
  return CLOSE_CODES[code] ?? 'UNAVAILABLE';
}
