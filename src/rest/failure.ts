import { ApiError, isApiError } from '../core/errors.ts';
import { HttpError } from '../http/message/error.ts';
import type { HttpResponse } from '../http/message/message.ts';
import { encodeProblem, problemHeaders } from '../http/message/problem.ts';
import { codeOfRefusal } from '../http/message/status.ts';
import { report } from '../life/report.ts';
import { statusOf } from './status.ts';

/**
 * The answer to an error: a problem document. An error that is neither an `ApiError` nor an `HttpError` is reported, and neutral to the
 * caller.
 */
export function failure(error: unknown, onError: (error: unknown) => void, requestId?: string): HttpResponse {
  if (error instanceof HttpError) {
    return respond(new ApiError(codeOfRefusal(error.status), error.message, { requestId }), error.status, error.headers);
  }
  if (isApiError(error)) return respond(error.requestId === undefined ? error.with({ requestId }) : error, statusOf(error), {});
  report(error, onError);
  return respond(new ApiError('INTERNAL', 'internal error', { requestId }), 500, {});
}

function respond(error: ApiError, status: number, more: Readonly<Record<string, string>>): HttpResponse {
  return { status, headers: { ...more, ...problemHeaders(error) }, body: encodeProblem(error.toJSON(), status) };
}
