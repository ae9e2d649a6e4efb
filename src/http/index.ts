export type { CorsOptions, HttpOptions } from './browser.js';
export { composeHandlers } from './compose.js';
export { HttpError } from './error.js';
export { fetchHandler, type FetchHandler } from './fetch.js';
export { listen, type HttpServer, type ListenOptions } from './listen.js';
export type { HttpHandler, HttpRequest, HttpResponse, HttpStream, HttpWriter } from './message.js';
export { nodeListener, type NodeListener } from './node.js';
