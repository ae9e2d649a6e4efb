/**
 * Serves a service on every protocol with one call.
 *
 * @module multi-api-sdk/serve
 * @group Servers
 */

export type { ProtocolName, ServedAddresses } from '../protocols.ts';
export type { ProtocolOptions, ServeOptions } from './options.ts';
export type { PlaygroundOptions } from './playground/handler.ts';
export { serve, type Served } from './serve.ts';
