import { browserRules, type HttpOptions } from './browser.js';
import type { HttpHandler, HttpRequest, HttpResponse } from './message.js';
import { problem, problemOf } from './problem.js';
import { reportToConsole } from '../internal/report.js';

/** A handler that answers every request: it never throws, rejects or passes. */
export interface Answerer {
  (request: HttpRequest): HttpResponse | Promise<HttpResponse>;
}

/** Completes a handler: the browser's rules around it, 404 for what it passes on, problem documents for what it throws. */
export function answerer(handler: HttpHandler, options: HttpOptions): Answerer {
  const { before, after } = browserRules(options);
  const onError = options.onError ?? reportToConsole;

  const complete = (request: HttpRequest, response: HttpResponse): HttpResponse => {
    try {
      return after ? after(request, response) : response;
    } catch (error) {
      return problemOf(error, onError);
    }
  };
  const orNotFound = (response: HttpResponse | undefined) => response ?? problem(404, 'nothing answers this path');

  return (request) => {
    let response: HttpResponse;
    try {
      const answer = before?.(request) ?? handler(request);
      if (answer instanceof Promise) {
        return answer.then(
          (settled) => complete(request, orNotFound(settled)),
          (error: unknown) => complete(request, problemOf(error, onError)),
        );
      }
      response = orNotFound(answer);
    } catch (error) {
      response = problemOf(error, onError);
    }
    return complete(request, response);
  };
}
