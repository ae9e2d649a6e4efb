import { browserRules, type HttpOptions } from './cors.ts';
import type { HttpHandler, HttpRequest, HttpResponse } from '../message/message.ts';
import { problem, problemOf } from '../message/problem.ts';
import { reporter } from '../../life/report.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** Answers every request, once: it never throws, rejects or passes. A callback, because another promise would be paid for by each request. */
export interface Answerer {
  (request: HttpRequest, deliver: (response: HttpResponse) => void): void;
}

/** How much of a path that nobody answers is told. */
const SHOWN_CHARS = 200;

/** Completes a handler: the browser's rules around it, 404 for what it passes on, problem documents for what it throws. */
export function answerer(handler: HttpHandler, options: HttpOptions): Answerer {
  const { before, after } = browserRules(options);
  const onError = reporter(options.onError);

  const complete = (request: HttpRequest, response: HttpResponse): HttpResponse => {
    try {
      return after ? after(request, response) : response;
    } catch (error) {
      return problemOf(error, onError);
    }
  };
  const orNotFound = ({ method, path }: HttpRequest, response: HttpResponse | undefined) =>
    response ?? problem(404, `nothing answers ${method} ${path.slice(0, SHOWN_CHARS)}`);

  return (request, deliver) => {
    let response: HttpResponse;
    let early: HttpResponse | undefined;
    try {
      early = before?.(request);
    } catch (error) {
      // Rules that failed would fail once more after it.
      return deliver(problemOf(error, onError));
    }
    try {
      const answer = early ?? handler(request);
      if (isPromiseLike(answer)) {
        void answer.then(
          (settled) => deliver(complete(request, orNotFound(request, settled))),
          (error: unknown) => deliver(complete(request, problemOf(error, onError))),
        );
        return;
      }
      response = orNotFound(request, answer);
    } catch (error) {
      response = problemOf(error, onError);
    }
    deliver(complete(request, response));
  };
}
