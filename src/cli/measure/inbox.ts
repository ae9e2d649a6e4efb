import { Latch } from '../../life/latch.ts';
import { after, type StopTimer } from '../../life/timers.ts';

/** How long an event may take to arrive, in milliseconds. */
const EVENT_TIMEOUT_MS = 5_000;

/** The messages that a listener got, with their times, for the code that waits for them. */
export class Inbox {
  readonly #now: () => number;
  #received: { readonly data: unknown; readonly atMs: number }[] = [];
  #error: unknown;
  #hasFailed = false;
  readonly #news = new Latch();

  constructor(now: () => number) {
    this.#now = now;
  }

  put(data: unknown): void {
    this.#received.push({ data, atMs: this.#now() });
    this.#news.release();
  }

  fail(error: unknown): void {
    [this.#error, this.#hasFailed] = [error, true];
    this.#news.release();
  }

  /** Takes so many events out, in the order in which they came. Rejects if the subscription ended or they do not come in time. */
  async take(count: number): Promise<readonly { readonly data: unknown; readonly atMs: number }[]> {
    let stop: StopTimer | undefined;
    const isLate = new Promise<true>((resolve) => (stop = after(EVENT_TIMEOUT_MS, () => resolve(true))));
    try {
      while (this.#received.length < count && !this.#hasFailed) {
        const woken = this.#news.wait();
        if ((await Promise.race([woken, isLate])) === true)
          throw new Error(`${this.#received.length} of ${count} events came within ${EVENT_TIMEOUT_MS} ms`);
      }
      if (this.#hasFailed) throw this.#error;
      return this.#received.splice(0, count);
    } finally {
      stop?.();
    }
  }
}
