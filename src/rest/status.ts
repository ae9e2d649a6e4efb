import type { ErrorCode } from '../errors.js';
import { KEY_REUSED } from '../internal/idempotent-call.js';

/** The HTTP status of each code. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNKNOWN: 500,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** The code of a status that came without one: of a row with several codes the first. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  402: 'FAILED_PRECONDITION',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ALREADY_EXISTS',
  410: 'NOT_FOUND',
  412: 'FAILED_PRECONDITION',
  422: 'FAILED_PRECONDITION',
  423: 'FAILED_PRECONDITION',
  425: 'UNAVAILABLE',
  428: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The status of an error: a reused idempotency key has its own (draft-ietf-httpapi-idempotency-key-header, section 2.7). */
export function statusOf(error: { readonly code: ErrorCode; readonly details?: unknown }): number {
  const reason = (error.details as { readonly reason?: unknown } | undefined)?.reason;
  return error.code === 'FAILED_PRECONDITION' && reason === KEY_REUSED.reason ? 422 : STATUS[error.code];
}

/** The code of a foreign status. */
export function codeOf(status: number): ErrorCode {
  return CODES[status] ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'UNKNOWN');
}
