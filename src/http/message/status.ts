import type { ErrorCode } from '../../core/errors.ts';

/** The HTTP status of each code: the one table of every protocol that answers over HTTP. */
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

/** The code of a status that came without one: of a row with several codes the first, and what foreign servers say beside ours. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  304: 'FAILED_PRECONDITION',
  401: 'UNAUTHENTICATED',
  402: 'FAILED_PRECONDITION',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ALREADY_EXISTS',
  410: 'NOT_FOUND',
  412: 'FAILED_PRECONDITION',
  // The status that most frameworks answer to an input that fails their validation.
  422: 'INVALID_ARGUMENT',
  423: 'FAILED_PRECONDITION',
  425: 'UNAVAILABLE',
  428: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
  // Of Cloudflare, for a server that it does not reach or understand.
  520: 'UNAVAILABLE',
  521: 'UNAVAILABLE',
  522: 'UNAVAILABLE',
  523: 'UNAVAILABLE',
  524: 'DEADLINE_EXCEEDED',
  525: 'UNAVAILABLE',
  526: 'UNAVAILABLE',
};

/** The code of a foreign status: one that is not in the table is the caller's mistake (4xx), or unknown. */
export function codeOfStatus(status: number): ErrorCode {
  return CODES[status] ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'UNKNOWN');
}

/** The code of a refusal that HTTP itself gives here: a path that nobody answers is an operation that the peer does not know, and a 500 is ours. */
export function codeOfRefusal(status: number): ErrorCode {
  if (status === 404) return 'UNIMPLEMENTED';
  return status >= 500 && !CODES[status] ? 'INTERNAL' : codeOfStatus(status);
}
