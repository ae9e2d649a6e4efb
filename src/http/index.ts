/**
 * Mounts handlers in Node, in other servers and in hosts of the Fetch API.
 *
 * @module multi-api-sdk/http
 * @group Servers
 */

export type { CorsOptions, HttpOptions } from './serve/cors.ts';
export { composeHandlers } from './serve/compose.ts';
export { HttpError } from './message/error.ts';
export { fetchHandler, type FetchHandler } from './fetch/handler.ts';
export { listen, type HttpServer, type ListenOptions } from './node/listen.ts';
export type { HttpHandler, HttpRequest, HttpResponse, HttpStream, HttpWriter } from './message/message.ts';
export { nodeListener, type NodeListener } from './node/listener.ts';
