import { ERROR_CODES, type ErrorCode } from '../../../core/errors.ts';

/** How Connect writes the codes: in lower case, and one by its American name. Source: https://connectrpc.com/docs/protocol#error-codes */
export const NAMES = Object.fromEntries(
  ERROR_CODES.map((code) => [code, code === 'CANCELLED' ? 'canceled' : code.toLowerCase()]),
) as Readonly<Record<ErrorCode, string>>;
/** The codes by these names. */
export const CODES: ReadonlyMap<unknown, ErrorCode> = new Map(ERROR_CODES.map((code) => [NAMES[code], code]));

/** The meaning of HTTP's statuses without an error of Connect. Source: https://connectrpc.com/docs/protocol#http-to-error-code */
const OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** The code of an answer that has no error of its protocol: a proxy's, or that of another server. */
export function codeOfHttp(status: number): ErrorCode {
  return OF_STATUS[status] ?? 'UNKNOWN';
}
