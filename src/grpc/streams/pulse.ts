import { every, type StopTimer } from '../../life/timers.ts';

/**
 * The metadata in which a client asks for a sign of life, in milliseconds: an empty message at each interval in which nothing else waits to be sent.
 * A server that gives it says so in its head, before anything can be lost.
 */
export const PING_INTERVAL = 'x-ping-interval-ms';
/** No server is asked more often, in milliseconds. */
const LEAST_MS = 100;

/** The interval that a client asks for, if it does. */
export function askedInterval(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Math.max(LEAST_MS, Number(value)) : undefined;
}

/** Watches whether a stream lives. If its server's head promises no signs of life, silence means nothing. */
export class Pulse {
  #isHeard = false;
  #missed = 0;
  #hasHead = false;
  #beats = false;
  readonly stop: StopTimer;

  /** `suspect` hears of each interval in which nothing came that should have, `lost` of the second in a row. */
  constructor(intervalMs: number, suspect: () => void, lost: () => void) {
    const tick = () => {
      const isMissed = !this.#isHeard && (this.#beats || !this.#hasHead);
      this.#isHeard = false;
      this.#missed = isMissed ? this.#missed + 1 : 0;
      if (isMissed) suspect();
      if (this.#beats && this.#missed === 2) lost();
    };
    this.stop = intervalMs === Infinity ? () => {} : every(intervalMs, tick, { holds: false });
  }

  /** The head has come: with a promise of signs of life, or without. */
  head(beats: boolean): void {
    this.#hasHead = this.#isHeard = true;
    this.#beats = beats;
  }

  message(): void {
    this.#isHeard = true;
  }
}
