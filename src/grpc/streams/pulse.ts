import { every, type StopTimer } from '../../life/timers.ts';

/**
 * The metadata in which a client asks for a sign of life, in milliseconds: {@link BEAT} at each interval in which nothing else waits to be sent.
 * A server that gives it says so in its head, before anything can be lost.
 */
export const PING_INTERVAL = 'x-ping-interval-ms';
/** A message with the last field that there may be and nothing in it, which is not JSON either. An empty message may be an item. */
export const BEAT = Uint8Array.of(0xfa, 0xff, 0xff, 0xff, 0x0f, 0);

/** Whether a message is a sign of life. */
export function isBeat(bytes: Uint8Array): boolean {
  return bytes.length === BEAT.length && bytes.join() === BEAT.join();
}

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
  #held = 0;
  #hasHead = false;
  #beats = false;
  readonly stop: StopTimer;

  /** `suspect` hears of each interval in which nothing came that should have, `lost` of the second in a row. */
  constructor(intervalMs: number, suspect: () => void, lost: () => void) {
    const tick = () => {
      const isMissed = !this.#isHeard && this.#held === 0 && (this.#beats || !this.#hasHead);
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

  /** Nothing is read until a slow reader has taken what it has: the server cannot be heard. */
  hold(taken: Promise<void>): void {
    this.#held++;
    const go = () => {
      this.#held--;
      this.#isHeard = true;
    };
    taken.then(go, go);
  }
}
