import type { ErrorCode } from '../core/errors.ts';

/** The JSON-RPC error code of each code; `error.data.code` has the code itself. Source: https://www.jsonrpc.org/specification#error_object */
export const RPC_CODE: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: -32602,
  UNIMPLEMENTED: -32601,
  CANCELLED: -32000,
  UNKNOWN: -32000,
  DEADLINE_EXCEEDED: -32000,
  NOT_FOUND: -32000,
  ALREADY_EXISTS: -32000,
  PERMISSION_DENIED: -32000,
  RESOURCE_EXHAUSTED: -32000,
  FAILED_PRECONDITION: -32000,
  ABORTED: -32000,
  OUT_OF_RANGE: -32000,
  INTERNAL: -32000,
  UNAVAILABLE: -32000,
  DATA_LOSS: -32000,
  UNAUTHENTICATED: -32000,
};

/** A frame that is not JSON, and one that is JSON but no request. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;

const CODES: Readonly<Record<number, ErrorCode>> = {
  [PARSE_ERROR]: 'INVALID_ARGUMENT',
  [INVALID_REQUEST]: 'INVALID_ARGUMENT',
  [-32601]: 'UNIMPLEMENTED',
  [-32602]: 'INVALID_ARGUMENT',
  [-32603]: 'INTERNAL',
};

/** The code of a JSON-RPC error that came without one. */
export function codeOfRpc(code: unknown): ErrorCode {
  return (typeof code === 'number' ? CODES[code] : undefined) ?? 'UNKNOWN';
}

/** Close codes that this library sends. Source: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1, from 4000 on private */
export const CLOSE = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  TRY_AGAIN_LATER: 1013,
  NOT_INITIALIZED: 4401,
} as const;

/**
 * What a close code means to those who wait. UNAVAILABLE and RESOURCE_EXHAUSTED are tried again, the others are for good:
 * a peer that takes a frame for broken, or the caller for a stranger, will do so again.
 */
const CLOSES: Readonly<Record<number, ErrorCode>> = {
  1002: 'INTERNAL',
  1003: 'INTERNAL',
  1007: 'INTERNAL',
  1008: 'PERMISSION_DENIED',
  1009: 'RESOURCE_EXHAUSTED',
  1010: 'INTERNAL',
  1013: 'RESOURCE_EXHAUSTED',
  4400: 'INVALID_ARGUMENT',
  4401: 'UNAUTHENTICATED',
  4403: 'PERMISSION_DENIED',
  4408: 'UNAUTHENTICATED',
  4429: 'RESOURCE_EXHAUSTED',
};

/** The code of a close code: what no row names may be mended by another try. */
export function codeOfClose(close: number): ErrorCode {
  return CLOSES[close] ?? 'UNAVAILABLE';
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
