import type { ErrorCode } from '../errors.js';

/** A request that HTTP itself refuses: a body too large, a path that cannot be decoded. Its message is sent to the caller. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    message: string,
    /** More headers of the answer, names in lower case: `{ allow: 'GET, HEAD' }`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  // HTTP itself gives 404 for a path that nobody answers: an operation that the peer does not know.
  404: 'UNIMPLEMENTED',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The error code of an HTTP status that HTTP itself gave: what no row names is the caller's mistake (4xx) or ours. */
export function codeOfStatus(status: number): ErrorCode {
  return CODES[status] ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}
