import { every, type StopTimer } from '../../life/timers.ts';

/** One timer for all streams of a route, which runs while there are any. */
export class Heartbeat {
  readonly #beats = new Set<() => void>();
  #stop: StopTimer | undefined;

  private readonly intervalMs: number;

  /** Throws a `TypeError` for a value that is not an interval: a timer would take it for one millisecond. */
  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
    if (!(intervalMs > 0))
      throw new TypeError(`an interval of heartbeats must be a positive number of milliseconds, or Infinity for none, not ${intervalMs}`);
  }

  add(beat: () => void): void {
    this.#beats.add(beat);
    this.#stop ??= every(this.intervalMs, () => {
      for (const each of this.#beats) each();
    });
  }

  delete(beat: () => void): void {
    this.#beats.delete(beat);
    if (this.#beats.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }
}
