import { backoffMs } from '../../life/backoff.ts';
import { delay } from '../../life/lifetime.ts';
import type { WebhookStore } from '../store/store.ts';
import type { Turns } from './turns.ts';

/** Removes subscriptions from the store. A deletion is final: if the store fails, it is tried again until it has it. */
export class Deletions {
  /** Owners of deleted subscriptions that the store still has. */
  readonly #owners = new Map<string, string>();
  readonly #store: WebhookStore;
  readonly #turns: Turns;
  readonly #signal: AbortSignal;
  /** The store has one no more. */
  readonly #onErased: (id: string) => void;

  constructor(store: WebhookStore, turns: Turns, signal: AbortSignal, onErased: (id: string) => void) {
    this.#store = store;
    this.#turns = turns;
    this.#signal = signal;
    this.#onErased = onErased;
  }

  /** Owners of deleted subscriptions that the store may not have removed yet. */
  ownerOf(id: string): string | undefined {
    return this.#owners.get(id);
  }

  /** Rejects if the store failed this time. */
  async run(id: string, owner: string): Promise<void> {
    const isTried = this.#owners.has(id);
    this.#owners.set(id, owner);
    try {
      await this.#erase(id);
    } catch (error) {
      if (!isTried) void this.#again(id);
      throw error;
    }
  }

  async #erase(id: string): Promise<void> {
    await this.#turns.run(id, () => this.#store.deleteSubscription(id));
    this.#owners.delete(id);
    this.#onErased(id);
  }

  async #again(id: string): Promise<void> {
    for (let attempt = 0; this.#owners.has(id); attempt++) {
      try {
        await delay(backoffMs(attempt, { baseDelayMs: 1000 }), this.#signal);
      } catch {
        return;
      }
      await this.#erase(id).catch(() => {});
    }
  }
}
