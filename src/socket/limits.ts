/** A message of so many times the soft limit ends its connection; a smaller one is read for its id and dropped. */
const HARD_LIMIT = 8;

/** The size in bytes over which a connection ends, of the soft limit `maxMessageBytes`; 0 stands for no limit, as `ws` has it. */
export function hardLimit(maxMessageBytes: number): number {
  const limit = maxMessageBytes * HARD_LIMIT;
  return Number.isSafeInteger(limit) ? limit : 0;
}

/** Whether a text has more bytes than `max`. A character takes three at most, so that short texts need not be counted. */
export function isLonger(text: string, max: number): boolean {
  return text.length * 3 > max && byteLength(text) > max;
}

/** How many bytes a text takes on the wire. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
