export type { ProtocolName, ServedAddresses } from '../protocols.ts';
export type { ProtocolOptions, ServeOptions } from './options.ts';
export { serve, type Served } from './serve.ts';
