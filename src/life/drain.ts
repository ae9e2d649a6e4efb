import { after } from './timers.ts';

/** The calls in flight, and the wait for their end. */
export class InFlight {
  #count = 0;
  #onIdle: (() => void) | undefined;

  get size(): number {
    return this.#count;
  }

  enter(): void {
    this.#count++;
  }

  leave(): void {
    if (--this.#count === 0) this.#onIdle?.();
  }

  /** Waits until nothing is in flight, for at most `graceMs`; tells whether it came to that. */
  idle(graceMs: number): Promise<boolean> {
    if (this.#count === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stop = after(graceMs, () => resolve(false));
      this.#onIdle = () => {
        stop();
        resolve(true);
      };
    });
  }
}
