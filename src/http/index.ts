/**
 * Mounts handlers in Node, in other servers and in hosts of the Fetch API.
 *
 * @module multi-api-sdk/http
 * @group Servers
 */

export * from './fetch/index.ts';
export { checkingHosts, hostCheck, type HostCheck, type HostOptions } from './serve/hosts.ts';
export { listen, type HttpServer, type ListenOptions, type TlsOptions } from './node/listen.ts';
export { nodeListener, type NodeListener, type NodeListenerOptions } from './node/listener.ts';
