/** After how many events the place is kept, without waiting for the next renewal of the lease. */
const KEEP_EVERY = 100;
/** How many events may be at the broker, or on their way to it, whose place is not kept: the next holder of the lease publishes them again, and receivers know the last 1,000. */
const MOST = 500;

/** Holds events back while the place of too many before them is not kept. */
export class Pace {
  #acknowledged = 0;
  /** Published, and not acknowledged yet. */
  #onTheWay = 0;
  #told = 0;
  #kept = 0;
  #isAsked = false;
  #waiting: (() => void)[] = [];

  /** Asks for the place to be kept. */
  private readonly keep: () => void;

  constructor(keep: () => void) {
    this.keep = keep;
  }

  /** Publishes at once, or later, in order. Each is `acknowledged` or `dropped` once. */
  run(publish: () => void): void {
    if (this.#isFull || this.#waiting.length > 0) this.#waiting.push(publish);
    else this.#publish(publish);
  }

  /** One was not published, or nobody knows whether the broker has it. */
  dropped(): void {
    this.#onTheWay--;
    this.#publishWaiting();
  }

  /** The broker has one more. */
  acknowledged(isFirst: boolean): void {
    this.#onTheWay--;
    this.#acknowledged++;
    // Without a place the next holder could not go on from it.
    if (isFirst || this.#acknowledged - this.#kept >= KEEP_EVERY) this.#ask();
  }

  /** The place is being kept. */
  tell(): void {
    this.#told = this.#acknowledged;
  }

  /** It is kept. */
  kept(): void {
    this.#kept = this.#told;
    this.#isAsked = false;
    if (this.#acknowledged - this.#kept >= KEEP_EVERY) this.#ask();
    this.#publishWaiting();
  }

  #publish(publish: () => void): void {
    this.#onTheWay++;
    publish();
  }

  #publishWaiting(): void {
    while (!this.#isFull) {
      const publish = this.#waiting.shift();
      if (!publish) return;
      this.#publish(publish);
    }
  }

  /** Another process goes on. */
  clear(): void {
    this.#waiting = [];
    this.#kept = this.#acknowledged;
    this.#isAsked = false;
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.keep();
  }

  get #isFull(): boolean {
    return this.#acknowledged - this.#kept + this.#onTheWay >= MOST;
  }
}
