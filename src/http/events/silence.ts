import { now } from '../../life/now.ts';

/** How long a server may be silent whose heartbeats have no known interval yet, in milliseconds. */
const UNKNOWN_MS = 180_000;
/** No server is given less. */
const LEAST_MS = 45_000;
/** Comments that come together say nothing of an interval. */
const TOGETHER_MS = 1000;

/** Learns how often a server gives a sign of life, and so how long its silence may last: three times as long, within bounds. */
export class Silence {
  #comments = 0;
  #lastAt = 0;
  #intervalMs = 0;

  /** How long from now the server may be silent, if it has sent so many comments; `undefined` as long as it has sent none. */
  limitMs(comments: number): number | undefined {
    if (comments > this.#comments) {
      const at = now();
      const sinceMs = at - this.#lastAt;
      // The first greets; the second may come from a timer that has run before.
      if (this.#comments > 1 && sinceMs > TOGETHER_MS) this.#intervalMs = Math.max(this.#intervalMs, sinceMs);
      this.#comments = comments;
      this.#lastAt = at;
    }
    if (comments === 0) return undefined;
    // A reader that waits for its consumer sees a longer interval than there was.
    return this.#intervalMs === 0 ? UNKNOWN_MS : Math.min(UNKNOWN_MS, Math.max(LEAST_MS, 3 * this.#intervalMs));
  }
}
