import { codeOfStatus, HttpError } from './error.js';
import type { HttpResponse } from './message.js';
import { reportToConsole } from '../internal/report.js';

/** The status phrases of https://www.rfc-editor.org/rfc/rfc9110#section-15 that this library itself answers with. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** A refusal as a problem document. Source: https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(status: number, detail: string, headers?: Readonly<Record<string, string>>): HttpResponse {
  return { status, headers: { ...headers, 'content-type': 'application/problem+json' }, body: problemBody(status, detail) };
}

export function problemBody(status: number, detail: string): string {
  return JSON.stringify({ type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, code: codeOfStatus(status) });
}

/** The answer to what a handler threw: an `HttpError` speaks for itself, anything else is reported and stays in the process. */
export function problemOf(error: unknown, onError: (error: unknown) => void): HttpResponse {
  if (error instanceof HttpError) return problem(error.status, error.message, error.headers);
  report(error, onError);
  return problem(500, 'an unexpected error happened');
}

/** Reports an error; a reporter that throws must not take the server down. */
export function report(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error);
  } catch (failure) {
    reportToConsole(failure);
  }
}
