import { ApiError } from '../errors.js';
import { codeOf, isUnsent } from './fetch-like.js';

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
  const code = codeOf(error);
  const why = code === undefined ? 'the request failed' : `${HINTS[code] ?? 'the request failed'} (${code})`;
  return new ApiError('UNAVAILABLE', `${url}: ${why}`, { sent: !isUnsent(error), cause: error });
}
