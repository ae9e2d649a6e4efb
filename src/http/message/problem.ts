import type { ErrorBody } from '../../core/errors.ts';
import { HttpError } from './error.ts';
import type { HttpResponse } from './message.ts';
import { phraseOf } from './phrases.ts';
import { codeOfRefusal } from './status.ts';
import { report } from '../../life/report.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** A refusal as a problem document. Source: https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(status: number, detail: string, headers?: Readonly<Record<string, string>>): HttpResponse {
  return { status, headers: { ...headers, 'content-type': PROBLEM_TYPE }, body: problemBody(status, detail) };
}

export function problemBody(status: number, detail: string): string {
  return encodeProblem({ code: codeOfRefusal(status), message: detail }, status);
}

/** An error of a call as a problem document. Source: https://www.rfc-editor.org/rfc/rfc9457 */
export function encodeProblem({ message, code, reason, details, retryAfterMs, requestId }: ErrorBody, status: number): string {
  const title = phraseOf(status);
  return JSON.stringify({ type: 'about:blank', title, status, detail: message, code, reason, details, retryAfterMs, requestId });
}

/** The headers of a problem document. */
export function problemHeaders(error: ErrorBody): Record<string, string> {
  const { requestId } = error;
  return {
    'content-type': PROBLEM_TYPE,
    ...errorHeaders(error),
    ...(requestId !== undefined && { 'x-request-id': requestId }),
  };
}

/** Headers that say to HTTP what an error says. */
export function errorHeaders({ code, retryAfterMs }: Pick<ErrorBody, 'code' | 'retryAfterMs'>): Record<string, string> {
  return {
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2: a 401 names the scheme.
    ...(code === 'UNAUTHENTICATED' && { 'www-authenticate': 'Bearer' }),
  };
}

/** The answer to what a handler threw: an `HttpError` speaks for itself, anything else is reported and stays in the process. */
export function problemOf(error: unknown, onError: (error: unknown) => void): HttpResponse {
  if (error instanceof HttpError) return problem(error.status, error.message, error.headers);
  report(error, onError);
  return problem(500, 'an unexpected error happened');
}
