import type { HttpHandler, HttpRequest, HttpResponse } from '../message/message.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/**
 * Makes one handler of several. Each is asked in turn until one answers. If handlers share a path, a method that one refuses (405)
 * is offered to the next, and `Allow` names the methods of all. Synchronous as long as the handlers are.
 */
export function composeHandlers(...handlers: readonly HttpHandler[]): HttpHandler {
  return (request) => ask(handlers, request, 0, undefined);
}

function ask(
  handlers: readonly HttpHandler[],
  request: HttpRequest,
  from: number,
  refusal: HttpResponse | undefined,
): ReturnType<HttpHandler> {
  let kept = refusal;
  for (let at = from; at < handlers.length; at++) {
    const answer = handlers[at]?.(request);
    if (isPromiseLike(answer)) {
      return answer.then((response) => {
        if (response && !isPartial(request, response)) return response;
        return ask(handlers, request, at + 1, merge(kept, response));
      });
    }
    if (answer && !isPartial(request, answer)) return answer;
    kept = merge(kept, answer);
  }
  return kept;
}

/** An answer that only says which methods one handler has for the path: the next may have more. */
function isPartial(request: HttpRequest, response: HttpResponse): boolean {
  return response.status === 405 || (request.method === 'OPTIONS' && response.headers['allow'] !== undefined);
}

function merge(kept: HttpResponse | undefined, next: HttpResponse | undefined): HttpResponse | undefined {
  if (!kept || !next) return kept ?? next;
  // An answer to OPTIONS that succeeded is better than a refusal.
  const base = kept.status === 405 && next.status !== 405 ? next : kept;
  const allow = new Set([...methodsOf(kept), ...methodsOf(next)]);
  return { ...base, headers: { ...base.headers, allow: [...allow].join(', ') } };
}

function methodsOf(response: HttpResponse): string[] {
  return (response.headers['allow'] ?? '')
    .split(',')
    .map((method) => method.trim())
    .filter(Boolean);
}
