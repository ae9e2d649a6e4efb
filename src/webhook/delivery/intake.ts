import type { StoredDelivery, WebhookStore } from '../store/store.ts';

/** Brings new deliveries into the store, in order: those that come together, or while it is busy, in one call. */
export class Intake {
  #waiting: StoredDelivery[] = [];
  /** The call that takes what waits. */
  #next: Promise<void> | undefined;
  /** The call under way; it never rejects. */
  #storing: Promise<void> = Promise.resolve();
  /** The deliveries that the store failed to take and that are still pending, as they are now. */
  readonly #missing = new Map<string, StoredDelivery>();

  private readonly store: Pick<WebhookStore, 'addDeliveries'>;
  private readonly worker: string;

  constructor(store: Pick<WebhookStore, 'addDeliveries'>, worker: string) {
    this.store = store;
    this.worker = worker;
  }

  /** Resolves when the delivery is in the store. One that the store fails to take is offered again when it takes another. */
  add(delivery: StoredDelivery): Promise<void> {
    this.#waiting.push(delivery);
    return (this.#next ??= this.#store());
  }

  /** A delivery has changed. */
  update(delivery: StoredDelivery): void {
    if (!this.#missing.has(delivery.id)) return;
    if (delivery.state === 'pending') this.#missing.set(delivery.id, delivery);
    else this.#missing.delete(delivery.id);
  }

  /** A subscription is over. */
  forget(subscriptionId: string): void {
    for (const [id, delivery] of this.#missing) if (delivery.subscriptionId === subscriptionId) this.#missing.delete(id);
  }

  /** Resolves when nothing is on its way into the store. Deliveries that it failed to take have been offered once more then. */
  async idle(): Promise<void> {
    while (this.#next) await this.#next.catch(() => {});
    await this.#storing;
    await this.#offerMissing();
  }

  async #store(): Promise<void> {
    await this.#storing;
    const deliveries = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    const storing = this.store.addDeliveries(deliveries, this.worker);
    this.#storing = storing.then(
      () => this.#offerMissing(),
      () => deliveries.forEach((delivery) => this.#missing.set(delivery.id, delivery)),
    );
    await storing;
  }

  /** In a call of its own, so that one that the store will never take keeps out no other. */
  async #offerMissing(): Promise<void> {
    if (this.#missing.size === 0) return;
    const late = [...this.#missing.values()].map((delivery): StoredDelivery => ({ ...delivery, outOfTurn: true }));
    try {
      await this.store.addDeliveries(late, this.worker);
      for (const { id } of late) this.#missing.delete(id);
    } catch {
      // It was reported when it failed first.
    }
  }
}
