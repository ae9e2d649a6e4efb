import { ApiError, isApiError } from '../core/errors.ts';
import { issuesError } from '../schema/validate.ts';

/** The reason of a life that ended without an error. */
export const COMPLETED = new ApiError('CANCELLED', 'completed');

export function unknownMember(kind: string, name: string): never {
  throw new ApiError('UNIMPLEMENTED', `this service has no ${kind} '${name}'`);
}

/** A handler's error, which may be one of a call that it made in turn and that was never sent: this call did arrive. */
export function arrived(error: unknown): unknown {
  return isApiError(error) && !error.sent ? error.with({ sent: true }) : error;
}

export function stopping(): ApiError {
  return new ApiError('UNAVAILABLE', 'the service is stopping', { sent: false });
}

export function expired(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'the credentials of this subscription have expired: subscribe again with new ones');
}

export function breach(what: string, issues: Parameters<typeof issuesError>[2], cause?: unknown): TypeError {
  return new TypeError(issuesError('INTERNAL', what, issues).text, cause === undefined ? {} : { cause });
}
