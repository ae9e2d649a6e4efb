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

  /** Resolves when the store has the item. */
  add(item: T): Promise<void> {
    if (!this.#isSending) return this.#sendOne(item);
    return new Promise((resolve, reject) => void this.#waiting.push({ item, resolve, reject }));
  }

  /** With less work than a batch. */
  async #sendOne(item: T): Promise<void> {
    this.#isSending = true;
    try {
      await this.send([item]);
    } catch (error) {
      this.#rejectAll(error);
      throw error;
    } finally {
      if (this.#waiting.length > 0) void this.#sendAll();
      else this.#isSending = false;
    }
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.send(batch.map(({ item }) => item));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
        this.#rejectAll(error);
      }
    }
    this.#isSending = false;
  }

  /** Those that wait: sent now, they would come before what failed, which is tried again. */
  #rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
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
