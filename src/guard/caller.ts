import { ApiError } from '../core/errors.ts';

/** Marks the FAILED_PRECONDITION of a request that belongs to its caller, if the service cannot tell callers apart: nothing was run. */
export const CALLER_UNKNOWN = { reason: 'CALLER_UNKNOWN' } as const;

/** The error for a request that belongs to its caller, if the service cannot tell its callers apart. Says nothing of how it could. */
export function callerRequired(): ApiError {
  return new ApiError('FAILED_PRECONDITION', 'this service cannot tell its callers apart, which this request needs', {
    details: CALLER_UNKNOWN,
  });
}
