import { timerMs } from '../internal/deadline.js';

/** One timer for all streams of a route, which runs while there are any. */
export class Heartbeat {
  readonly #beats = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly intervalMs: number) {}

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
