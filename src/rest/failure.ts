import { ApiError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import type { HttpResponse } from '../http/message/message.ts';
import { encodeProblem, problemHeaders } from '../http/message/problem.ts';
import { codeOfRefusal } from '../http/message/status.ts';
import { statusOf } from './status.ts';
import { toldError } from '../guard/told-error.ts';

/**
 * The answer to an error: a problem document. An error that is neither an `ApiError` nor an `HttpError` is reported, and neutral to the
 * caller.
 */
export function failure(error: unknown, onError: (error: unknown) => void, requestId?: string): HttpResponse {
  if (error instanceof HttpError) {
    return respond(new ApiError(codeOfRefusal(error.status), error.message, { requestId }), error.status, error.headers);
  }
  const told = toldError(error, onError, requestId);
  return respond(told, statusOf(told), {});
}

function respond(error: ApiError, status: number, more: Readonly<Record<string, string>>): HttpResponse {
  return { status, headers: { ...more, ...problemHeaders(error) }, body: encodeProblem(error.toJSON(), status) };
}
