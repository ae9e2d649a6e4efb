import { ApiError, isApiError } from '../errors.js';

/** Failures before the request could have left: whatever the operation, it may be tried again. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/;

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is the server running?',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
};

/** What a failed fetch means: the signal's reason, or UNAVAILABLE with `sent` false where the request surely did not leave. */
export function networkError(error: unknown, url: string, signal: AbortSignal): ApiError {
  if (signal.aborted) return ApiError.from(signal.reason, 'CANCELLED', 'the call was cancelled');
  const codes: string[] = [];
  for (let cause: unknown = error, depth = 0; cause !== undefined && cause !== null && depth < 5; cause = (cause as Error).cause, depth++) {
    if (isApiError(cause)) return cause;
    const { code } = cause as { readonly code?: unknown };
    if (typeof code === 'string') codes.push(code);
  }
  const code = codes.find((known) => HINTS[known] !== undefined) ?? codes[0];
  const why = code === undefined ? 'the request failed' : `${HINTS[code] ?? 'the request failed'} (${code})`;
  return new ApiError('UNAVAILABLE', `${url}: ${why}`, { sent: !codes.some((known) => NOT_SENT.test(known)), cause: error });
}
