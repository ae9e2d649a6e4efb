import type { ErrorCode } from '../core/errors.ts';

/** Close codes that servers of every protocol send. Source: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
export const CLOSE = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  TRY_AGAIN_LATER: 1013,
} as const;

const CLOSES: Readonly<Record<number, ErrorCode>> = {
  1002: 'INTERNAL',
  1003: 'INTERNAL',
  1007: 'INTERNAL',
  1008: 'PERMISSION_DENIED',
  // The peer's limit: the message would be as large the next time.
  1009: 'INVALID_ARGUMENT',
  1010: 'INTERNAL',
  1013: 'RESOURCE_EXHAUSTED',
};

/**
 * The meaning of a close code for calls that wait. UNAVAILABLE and RESOURCE_EXHAUSTED are tried again, the others are for good: a peer that
 * takes a frame for broken, or the caller for a stranger, will do so again. `own` are the codes of the protocol, from 4000 on.
 */
export function codeOfClose(close: number, own: Readonly<Record<number, ErrorCode>>): ErrorCode {
  return own[close] ?? CLOSES[close] ?? 'UNAVAILABLE';
}

const HANDSHAKES: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  408: 'UNAVAILABLE',
  429: 'RESOURCE_EXHAUSTED',
};

/** The code of a status that refuses an upgrade: 5xx are proxies and servers in trouble, which may pass. */
export function codeOfHandshake(status: number): ErrorCode {
  return HANDSHAKES[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'INVALID_ARGUMENT');
}

const REFUSALS: Partial<Readonly<Record<ErrorCode, number>>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  UNIMPLEMENTED: 404,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
};

/** The status that refuses an upgrade because of an error. */
export function handshakeStatus(code: ErrorCode): number {
  return REFUSALS[code] ?? 500;
}
