import { ApiError } from '../core/errors.ts';

/** What a caller gets whose request belongs to its caller, if the service cannot tell its callers apart. Says nothing of how it could. */
export function callerRequired(): ApiError {
  return new ApiError('FAILED_PRECONDITION', 'this service cannot tell its callers apart, which this request needs');
}
