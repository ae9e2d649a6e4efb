import type { StoredDelivery, WebhookStore } from './store.js';

/** Brings new deliveries into the store, in order: those that come together, or while it is busy, in one call. */
export class Intake {
  #waiting: StoredDelivery[] = [];
  /** The call that takes what waits. */
  #next: Promise<void> | undefined;
  /** The call under way; it never rejects. */
  #storing: Promise<void> = Promise.resolve();

  constructor(private readonly store: Pick<WebhookStore, 'addDeliveries'>) {}

  /** Resolves once the delivery is in the store. */
  add(delivery: StoredDelivery): Promise<void> {
    this.#waiting.push(delivery);
    return (this.#next ??= this.#store());
  }

  /** Resolves once nothing is on its way into the store. */
  async idle(): Promise<void> {
    while (this.#next) await this.#next.catch(() => {});
    await this.#storing;
  }

  async #store(): Promise<void> {
    await this.#storing;
    const deliveries = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    const storing = this.store.addDeliveries(deliveries);
    this.#storing = storing.catch(() => {});
    await storing;
  }
}
