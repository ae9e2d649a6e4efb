import { type ApiError, isApiError, internalError } from '../core/errors.ts';

/**
 * The part of an error that a caller may see: an `ApiError` was meant for them, and gets the id of their request. Anything else is reported, and
 * neutral to the caller.
 */
export function toldError(error: unknown, onError: (error: unknown) => void, requestId?: string): ApiError {
  if (isApiError(error)) return error.requestId === undefined && requestId !== undefined ? error.with({ requestId }) : error;
  onError(error);
  return internalError({ requestId, cause: error });
}
