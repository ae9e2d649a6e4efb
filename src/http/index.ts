export type { CorsOptions, HttpOptions } from './serve/cors.js';
export { composeHandlers } from './serve/compose.js';
export { HttpError } from './message/error.js';
export { fetchHandler, type FetchHandler } from './fetch/handler.js';
export { listen, type HttpServer, type ListenOptions } from './node/listen.js';
export type { HttpHandler, HttpRequest, HttpResponse, HttpStream, HttpWriter } from './message/message.js';
export { nodeListener, type NodeListener } from './node/listener.js';
