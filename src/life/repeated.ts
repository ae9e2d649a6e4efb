import { now } from './now.ts';

const QUIET_MS = 60_000;

/** Reports what fails again and again once a minute, with a count: the first at once. */
export class RepeatedReport {
  #since = -Infinity;
  #untold = 0;
  #last: unknown;

  private readonly report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.report = report;
  }

  add(error: unknown): void {
    if (now() - this.#since < QUIET_MS) {
      this.#untold++;
      this.#last = error;
      return;
    }
    this.tell();
    this.#since = now();
    this.report(error);
  }

  /** Tells of those that were not reported. */
  tell(): void {
    if (this.#untold === 0) return;
    const times = this.#untold === 1 ? 'once more' : `${this.#untold} more times`;
    const text = this.#last instanceof Error ? this.#last.message : String(this.#last);
    this.#untold = 0;
    this.report(new Error(`failed ${times}, the last time with: ${text}`, { cause: this.#last }));
  }
}
