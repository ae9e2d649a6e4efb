/** What an adapter needs for devices that someone else designed. */
export { ForeignCalls } from './calls.ts';
export { compileForeignDecoder } from './decoder.ts';
export { CompiledMappings } from './mapping.ts';
