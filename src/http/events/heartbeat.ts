import { timerMs } from '../../life/lifetime.ts';

/** One timer for all streams of a route, which runs while there are any. */
export class Heartbeat {
  readonly #beats = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  private readonly intervalMs: number;

  /** Throws a `TypeError` for what is no interval: a timer would take it for one millisecond. */
  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
    if (!(intervalMs > 0))
      throw new TypeError(`an interval of heartbeats must be a positive number of milliseconds, or Infinity for none, not ${intervalMs}`);
  }

  add(beat: () => void): void {
    this.#beats.add(beat);
    this.#timer ??= setInterval(() => {
      for (const each of this.#beats) each();
    }, timerMs(this.intervalMs));
  }

  delete(beat: () => void): void {
    this.#beats.delete(beat);
    if (this.#beats.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
