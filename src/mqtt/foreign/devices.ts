/** The functions that an adapter needs for foreign devices. */
export { ForeignCalls } from './calls.ts';
export { compileForeignDecoder } from './decoder.ts';
export { CompiledMappings } from './mapping.ts';
