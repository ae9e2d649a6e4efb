import { now } from '../life/now.ts';

/** Options of a circuit breaker. */
export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open at first, in milliseconds; twice as long after each probe that fails. */
  readonly openMs: number;
  /** The longest that it stays open, in milliseconds. */
  readonly maxOpenMs: number;
}

/** Remembers how a peer does: after failures in a row it is left alone for a while, then one call probes it. */
export class Circuit {
  #failed = 0;
  #opened = 0;
  #until = 0;
  #isProbed = false;

  private readonly options: CircuitOptions;

  constructor(options: CircuitOptions) {
    this.options = options;
  }

  /** Whether the peer may be asked now. If it was left alone, the one who asks is the probe. */
  enter(): boolean {
    if (this.#failed < this.options.failures) return true;
    if (this.#isProbed || now() < this.#until) return false;
    this.#isProbed = true;
    return true;
  }

  succeed(): void {
    this.#failed = 0;
    this.#opened = 0;
    this.#isProbed = false;
  }

  fail(): void {
    // A call that began before it opened says nothing new.
    if (this.#failed >= this.options.failures && !this.#isProbed) return;
    this.#isProbed = false;
    if (++this.#failed < this.options.failures) return;
    const { openMs, maxOpenMs } = this.options;
    this.#until = now() + Math.min(maxOpenMs, openMs * 2 ** Math.min(this.#opened++, 30));
  }

  /** The one who asked says nothing of the peer: its caller left. */
  leave(): void {
    this.#isProbed = false;
  }
}
