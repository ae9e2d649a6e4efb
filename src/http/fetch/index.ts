/**
 * The part of HTTP that needs nothing of Node: for workers and edge runtimes.
 *
 * @module multi-api-sdk/http/fetch
 * @group Servers
 */

export type { CorsOptions, HttpOptions } from '../serve/cors.ts';
export { composeHandlers } from '../serve/compose.ts';
export { HttpError } from '../message/error.ts';
export { fetchHandler, type FetchCaller, type FetchHandler } from './handler.ts';
export type { HttpHandler, HttpRequest, HttpResponse, HttpStream, HttpWriter } from '../message/message.ts';
export type { Origins } from '../serve/origins.ts';
