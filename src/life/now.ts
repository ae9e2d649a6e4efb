/**
 * The time on the monotonic clock, in milliseconds: deadlines run on it, because a wall clock that is set back would lengthen them.
 * Its zero is this process's own, so it never travels.
 */
export function now(): number {
  return performance.now();
}

/** A time of the monotonic clock as epoch milliseconds, by the wall clock of this moment. */
export function toEpochMs(time: number): number {
  return Math.round(Date.now() + time - now());
}

/** Epoch milliseconds as a time of the monotonic clock. */
export function fromEpochMs(epochMs: number): number {
  return now() + epochMs - Date.now();
}

let last = 0;
let text = '';

/** The time as RFC 3339 text. Writing it out is a good part of what an event costs, so those of one millisecond share theirs. */
export function isoNow(): string {
  const wall = Date.now();
  if (wall !== last) {
    last = wall;
    text = new Date(wall).toISOString();
  }
  return text;
}
