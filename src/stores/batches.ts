/** How much goes in one call. */
export interface BatchLimits {
  readonly maxItems: number;
  readonly maxWeight: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Brings items to a store in their order: those that wait while a call is under way go in one call, and fail together, also with the call before. */
export class Batches<T> {
  readonly #waiting: Waiting<T>[] = [];
  #isSending = false;

  private readonly limits: BatchLimits;
  private readonly weigh: (item: T) => number;
  private readonly send: (items: readonly T[]) => Promise<void>;

  constructor(limits: BatchLimits, weigh: (item: T) => number, send: (items: readonly T[]) => Promise<void>) {
    this.limits = limits;
    this.weigh = weigh;
    this.send = send;
  }

  /** Resolves once the store has the item. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isSending) void this.#sendAll();
    });
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.send(batch.map(({ item }) => item));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // Those after them too: sent now, they would come before these, which are tried again.
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    this.#isSending = false;
  }

  #take(): Waiting<T>[] {
    let weight = 0;
    let count = 0;
    for (const { item } of this.#waiting) {
      weight += this.weigh(item);
      if (count > 0 && (count >= this.limits.maxItems || weight > this.limits.maxWeight)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
