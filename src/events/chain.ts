/**
 * The events of one subscription as its reader gets them: each names the one that was sent before it, so a reader notices that one is missing.
 * Servers that do not say so are not checked.
 */
export class Chain {
  /** `undefined` after a gap, which the next event need not fit. */
  #last: string | undefined;

  /** Begins after the event from which the subscription resumes. */
  constructor(lastEventId = '') {
    this.#last = lastEventId;
  }

  /** Takes an event, and the one that is named as before it. Tells whether others are missing between the two; without an event, whether any are. */
  isBroken(after: unknown, id = this.#last): boolean {
    const isBroken = typeof after === 'string' && this.#last !== undefined && after !== this.#last;
    this.#last = id;
    return isBroken;
  }

  /** The reader was told that events are missing: the next one may name any. */
  gap(): void {
    this.#last = undefined;
  }
}
