import { ApiError, isApiError } from '../core/errors.ts';
import { isJson } from '../core/is-json.ts';

/** The part of an error that a caller may see: an `ApiError` that was thrown on purpose, or INTERNAL with a neutral message. */
export function present(error: unknown, signal: AbortSignal, requestId: string, report: (error: unknown) => void): ApiError {
  if (isApiError(error)) {
    const known = error.requestId === undefined ? error.with({ requestId }) : error;
    if (known.details === undefined || isJson(known.details)) return known;
    report(new TypeError(`the details of an error are not JSON: ${error.message}`, { cause: error }));
    return known.with({ details: undefined });
  }
  if ((error as Error | undefined)?.name === 'AbortError' && signal.aborted) {
    return ApiError.from(signal.reason, 'CANCELLED', 'the caller cancelled the call').with({ requestId });
  }
  report(error);
  return new ApiError('INTERNAL', 'internal error', { requestId, cause: error });
}
