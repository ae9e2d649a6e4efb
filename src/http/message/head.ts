import type { ResponseHead } from '../../core/transport.ts';
import type { HttpResponse } from './message.ts';

/** A response with the headers and cookies of the call that it answers; its own headers win. */
export function withHead(response: HttpResponse, head: ResponseHead | undefined): HttpResponse {
  if (!head) return response;
  const { headers, cookies } = head;
  return { ...response, headers: { ...headers, ...response.headers }, ...(cookies && { cookies }) };
}
