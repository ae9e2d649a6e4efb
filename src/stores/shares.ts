interface Share {
  held: number;
  /** The request that did not fit the last time. */
  missed: number;
}

/**
 * A pool in bytes that callers share. A caller may hold as much as is free, so half of the pool if nobody else uses it: however much one
 * caller takes, some room is left for the others.
 */
export class Shares {
  #used = 0;
  readonly #shares = new Map<string, Share>();

  private readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Takes room for a caller; tells whether there was enough. */
  take(caller: string, weight: number): boolean {
    const share = this.#shares.get(caller);
    if (!this.#fits(share, weight)) {
      if (share && this.#fits(undefined, weight)) share.missed = weight;
      return false;
    }
    this.#used += weight;
    if (share) share.held += weight;
    else this.#shares.set(caller, { held: weight, missed: 0 });
    return true;
  }

  give(caller: string, weight: number): void {
    this.#used -= weight;
    const share = this.#shares.get(caller);
    if (!share) return;
    share.held -= weight;
    if (share.held <= 0) this.#shares.delete(caller);
  }

  /** Tells whether a caller's share is full: a request that did not fit the last time would not fit now. */
  isFull(caller: string): boolean {
    const share = this.#shares.get(caller);
    return share !== undefined && share.missed > 0 && !this.#fits(share, share.missed);
  }

  /** One caller may hold no more than is left for all others. */
  #fits(share: Share | undefined, weight: number): boolean {
    return (share?.held ?? 0) + weight <= this.maxBytes - this.#used - weight;
  }
}
