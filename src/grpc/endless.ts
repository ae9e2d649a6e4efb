/** As grpc-js has it: no limit, or never, is -1. */
export function noneIfEndless(value: number): number {
  return value === Infinity ? -1 : value;
}
