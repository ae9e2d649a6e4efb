import { count, readOptions } from '../../core/options.ts';

/** How a body is written. */
export type WebhookFormat = 'json' | 'xml';

/** A secret of a subscription; after a rotation the old one signs too, until it expires. */
export interface StoredSecret {
  readonly secret: string;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
}

/** A subscription, as it is kept. */
export interface StoredSubscription {
  readonly id: string;
  /** Who made it, as the service tells its callers apart: nobody else sees it. Empty if all callers are one. */
  readonly owner: string;
  readonly url: string;
  /** The types of the events. */
  readonly events: readonly string[];
  readonly format: WebhookFormat;
  /** Values of channel parameters that are fixed. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Whether an event waits until those before it are delivered or given up. */
  readonly ordered: boolean;
  /** Whether gaps and the end are told, as events `webhook.gap` and `webhook.end`. */
  readonly notices: boolean;
  /** The newest first. */
  readonly secrets: readonly StoredSecret[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** The last event of each type that was accepted: where to go on after a restart. Kept by the store. */
  readonly lastEventIds?: Readonly<Record<string, string>>;
}

/** An event on its way. Deliveries of one event share one object. */
export interface StoredMessage {
  readonly id: string;
  readonly type: string;
  /** When it was published, ISO 8601. */
  readonly time: string;
  /** The payload as JSON. */
  readonly data: string;
}

/** One attempt at a delivery. */
export interface DeliveryAttempt {
  /** ISO 8601. */
  readonly at: string;
  readonly durationMs: number;
  /** Of the endpoint's answer; absent where there was none. */
  readonly status?: number;
  /** Why there was none. */
  readonly error?: string;
  /** How the answer began. */
  readonly response?: string;
}

/** One event to one subscription. */
export interface StoredDelivery {
  readonly id: string;
  readonly subscriptionId: string;
  readonly message: StoredMessage;
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly attempts: readonly DeliveryAttempt[];
  /** Epoch milliseconds; of a pending one that was tried. */
  readonly nextAttemptAt?: number;
  /** It does not move `lastEventIds`: it is sent again by hand, or comes into the store later than others. */
  readonly outOfTurn?: true;
}

/**
 * Where subscriptions and deliveries are kept. A dispatcher loads it once and is then the only one who writes. Objects that
 * were given are never changed. What every store must do is stated by `webhookStoreCases`.
 */
export interface WebhookStore {
  /** All subscriptions, and their pending deliveries in the order they were added. */
  load(): Promise<{ readonly subscriptions: readonly StoredSubscription[]; readonly pending: readonly StoredDelivery[] }>;
  /** Adds one or puts it in the place of that with the same id; `lastEventIds` that are held stay. */
  saveSubscription(subscription: StoredSubscription): Promise<void>;
  /** Its deliveries go too. */
  deleteSubscription(id: string): Promise<void>;
  /**
   * Adds deliveries in this order; those of subscriptions that are not held are dropped, and one that is held already is put in the former's place:
   * what failed, or took too long, is added again. Resolves once they outlive a crash: only then are their
   * events acknowledged. An event to many subscriptions is one call, and a dispatcher waits for one call, up to its `storeTimeoutMs`, before it makes the next.
   */
  addDeliveries(deliveries: readonly StoredDelivery[]): Promise<void>;
  /** After an attempt. It need not outlive a crash at once: what is lost is delivered twice. */
  saveDelivery(delivery: StoredDelivery): Promise<void>;
  /** The last deliveries of a subscription, the newest first. */
  deliveries(subscriptionId: string, limit: number): Promise<readonly StoredDelivery[]>;
  /** One delivery, if it is still held. */
  delivery(subscriptionId: string, id: string): Promise<StoredDelivery | undefined>;
  /** Frees what it holds; what was saved is durable then. Idempotent. */
  close(): Promise<void>;
}

/** How much is kept of what is done with. */
export interface RetentionOptions {
  /** Delivered ones, for each subscription. @default 50 */
  readonly keepDelivered?: number;
  /** Dead ones, for each subscription. @default 1000 */
  readonly keepDead?: number;
}

/** Readers of {@link RetentionOptions}. */
export const RETENTION = { keepDelivered: count(50, { zero: true }), keepDead: count(1000, { zero: true }) };

/** A store in this process: what is pending is lost with it. */
export function memoryWebhookStore(options: RetentionOptions = {}): WebhookStore {
  const state = new StoreState(readOptions('memoryWebhookStore', options, RETENTION, []));
  return {
    load: async () => state.load(),
    saveSubscription: async (subscription) => state.saveSubscription(subscription),
    deleteSubscription: async (id) => state.deleteSubscription(id),
    addDeliveries: async (deliveries) => deliveries.forEach((delivery) => state.addDelivery(delivery)),
    saveDelivery: async (delivery) => state.saveDelivery(delivery),
    deliveries: async (subscriptionId, limit) => state.deliveries(subscriptionId, limit),
    delivery: async (subscriptionId, id) => state.delivery(subscriptionId, id),
    close: async () => {},
  };
}

interface Entry {
  subscription: StoredSubscription;
  /** In the order they were added. */
  readonly deliveries: Map<string, StoredDelivery>;
  readonly lastEventIds: Record<string, string>;
  readonly done: { readonly delivered: string[]; readonly dead: string[] };
}

/** What a store holds, in memory. */
export class StoreState {
  readonly #entries = new Map<string, Entry>();
  readonly #keep: { readonly delivered: number; readonly dead: number };

  constructor({ keepDelivered, keepDead }: Required<RetentionOptions>) {
    this.#keep = { delivered: keepDelivered, dead: keepDead };
  }

  load(): { subscriptions: StoredSubscription[]; pending: StoredDelivery[] } {
    return {
      subscriptions: [...this.#entries.values()].map(({ subscription, lastEventIds }) => ({
        ...subscription,
        lastEventIds: { ...lastEventIds },
      })),
      pending: [...this.all()].filter(({ state }) => state === 'pending'),
    };
  }

  *all(): Iterable<StoredDelivery> {
    for (const { deliveries } of this.#entries.values()) yield* deliveries.values();
  }

  saveSubscription(subscription: StoredSubscription): void {
    const entry = this.#entries.get(subscription.id);
    if (entry) entry.subscription = subscription;
    else {
      const lastEventIds = Object.assign(Object.create(null) as Record<string, string>, subscription.lastEventIds);
      this.#entries.set(subscription.id, { subscription, deliveries: new Map(), lastEventIds, done: { delivered: [], dead: [] } });
    }
  }

  deleteSubscription(id: string): void {
    this.#entries.delete(id);
  }

  addDelivery(delivery: StoredDelivery): void {
    const entry = this.#entries.get(delivery.subscriptionId);
    if (!entry) return;
    const { id, type } = delivery.message;
    if (!delivery.outOfTurn && entry.subscription.events.includes(type)) entry.lastEventIds[type] = id;
    this.#put(entry, delivery);
  }

  saveDelivery(delivery: StoredDelivery): void {
    const entry = this.#entries.get(delivery.subscriptionId);
    if (entry?.deliveries.has(delivery.id)) this.#put(entry, delivery);
  }

  deliveries(subscriptionId: string, limit: number): StoredDelivery[] {
    const all = [...(this.#entries.get(subscriptionId)?.deliveries.values() ?? [])];
    return all.reverse().slice(0, limit);
  }

  delivery(subscriptionId: string, id: string): StoredDelivery | undefined {
    return this.#entries.get(subscriptionId)?.deliveries.get(id);
  }

  #put(entry: Entry, delivery: StoredDelivery): void {
    const { id, state } = delivery;
    entry.deliveries.set(id, delivery);
    if (state === 'pending') return;
    const done = entry.done[state];
    done.push(id);
    if (done.length > this.#keep[state]) entry.deliveries.delete(done.shift() ?? '');
  }
}
