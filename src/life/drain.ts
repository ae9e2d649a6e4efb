import { Latch } from './latch.ts';
import { within } from './timers.ts';

/** The calls in flight, and the wait for their end. */
export class InFlight {
  #count = 0;
  readonly #idle = new Latch();

  get size(): number {
    return this.#count;
  }

  enter(): void {
    this.#count++;
  }

  leave(): void {
    if (--this.#count === 0) this.#idle.release();
  }

  /** Waits until nothing is in flight, for at most `graceMs`; tells whether it came to that. */
  idle(graceMs: number): Promise<boolean> {
    return this.#count === 0 ? Promise.resolve(true) : within(graceMs, this.#idle.wait());
  }
}
