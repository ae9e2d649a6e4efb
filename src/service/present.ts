import { ApiError, isApiError, type ApiErrorOptions, type JsonObject, internalError } from '../core/errors.ts';
import { wellFormed } from '../peer/text/well-formed.ts';
import { jsonOf } from '../schema/check/json-value.ts';
import { breach } from './outcomes.ts';
import { cancelled } from '../life/lifetime.ts';

/** The part of an error that a caller may see: an `ApiError` that was thrown on purpose, or INTERNAL with a neutral message. */
export function present(error: unknown, signal: AbortSignal, requestId: string, report: (error: unknown) => void): ApiError {
  if (isApiError(error)) {
    const { code, text } = error;
    const known = error.requestId === undefined ? error.with({ requestId }) : error;
    const details = jsonOf(known.details);
    if (details.issues) {
      report(breach(`the details of an error are not JSON: ${error.message}`, details.issues, error));
    }
    const shown = details.issues ? undefined : (details.value as JsonObject | undefined);
    const message = wellFormed(text);
    if (shown === known.details && message === text) return known;
    const options: ApiErrorOptions = known;
    return new ApiError(code, message, { ...options, details: shown, cause: error });
  }
  const isAborted = signal.aborted;
  // Drivers and libraries have errors of their own for an aborted signal.
  if (!(isAborted && (error as Error | undefined)?.name === 'AbortError')) report(error);
  if (isAborted) return cancelled(signal).with({ requestId });
  return internalError({ requestId, cause: error });
}
