import { HttpError } from '../http/error.js';
import type { HttpRequest, HttpResponse } from '../http/message.js';

/** Serves GraphiQL and its files. */
export function serveGraphiql(request: HttpRequest, path: string): HttpResponse | undefined {
  if (request.path !== path) return undefined;
  throw new HttpError(501, 'GraphiQL is not built yet');
}
