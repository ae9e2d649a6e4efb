import { bytes, count } from '../../core/options.ts';

/** How a body is written. */
export type WebhookFormat = 'json' | 'xml';

/** A secret of a subscription; after a rotation the old one signs too, until it expires. */
export interface StoredSecret {
  readonly secret: string;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
}

/** The allowance of an endpoint. */
export interface StoredGrant {
  /** The name of the sender that it allowed, which each request tells again. */
  readonly origin: string;
  /** Requests in a minute; no limit without it. */
  readonly ratePerMinute?: number;
}

/** A subscription, as it is kept. */
export interface StoredSubscription {
  readonly id: string;
  /** The caller who made it. Nobody else sees it. Empty if callers are not told apart. */
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
  /** The allowance that the endpoint gave when it was asked; absent if it was not asked. */
  readonly grant?: StoredGrant;
  /** The newest first. */
  readonly secrets: readonly StoredSecret[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** The last accepted event of each type, after which to resume after a restart. Kept by the store. */
  readonly lastEventIds?: Readonly<Record<string, string>>;
  /** Another number each time the subscription is saved. Given by the `sharing` of a store. */
  readonly version?: number;
}

/** An event on its way. Deliveries of one event share one object. */
export interface StoredMessage {
  readonly id: string;
  readonly type: string;
  /** When it was published, ISO 8601. */
  readonly time: string;
  /** The payload as JSON. */
  readonly data: string;
  /** The span that published it, if its service is traced. */
  readonly traceparent?: string | undefined;
}

/** One attempt at a delivery. */
export interface DeliveryAttempt {
  /** ISO 8601. */
  readonly at: string;
  readonly durationMs: number;
  /** The status of the endpoint's answer; absent if there was none. */
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
 * Keeps subscriptions and deliveries. Given objects are never changed. `webhookStoreCases` states what every store must do.
 * A store without `sharing` is loaded once, by the one dispatcher that uses it. `worker` is the dispatcher that writes, if the store is shared.
 */
export interface WebhookStore {
  /** All subscriptions, and their pending deliveries in the order they were added. */
  load(): Promise<{ readonly subscriptions: readonly StoredSubscription[]; readonly pending: readonly StoredDelivery[] }>;
  /** Adds one, which `worker` then holds, or replaces the one with the same id; `lastEventIds` that are held stay, and others are added. */
  saveSubscription(subscription: StoredSubscription, worker?: string): Promise<void>;
  /** Its deliveries go too. */
  deleteSubscription(id: string): Promise<void>;
  /**
   * Adds deliveries in this order. Those of unknown subscriptions are dropped, and those of subscriptions that another dispatcher than `worker` holds. A delivery that
   * is known replaces the former, because what failed, or took too long, is added again; another delivery of an event that a subscription has
   * is left out, unless it is out of turn. Resolves when they outlive a crash: only then are their
   * events acknowledged. An event to many subscriptions is one call, and a dispatcher waits for one call, up to its `storeTimeoutMs`, before it makes the next.
   */
  addDeliveries(deliveries: readonly StoredDelivery[], worker?: string): Promise<void>;
  /**
   * After an attempt; dropped if another dispatcher than `worker` holds the subscription. It need not outlive a crash at once: lost marks
   * only mean that a webhook is delivered twice.
   */
  saveDelivery(delivery: StoredDelivery, worker?: string): Promise<void>;
  /** The last deliveries of a subscription, the newest first. */
  deliveries(subscriptionId: string, limit: number): Promise<readonly StoredDelivery[]>;
  /** One delivery, if it is still held. */
  delivery(subscriptionId: string, id: string): Promise<StoredDelivery | undefined>;
  /** Frees its resources. Everything saved is durable then. Idempotent. */
  close(): Promise<void>;
  /** Lets several dispatchers use the store at the same time: each holds some of the subscriptions. */
  readonly sharing?: WebhookSharing | undefined;
}

/** The subscriptions that a dispatcher of a shared store holds from now on. */
export interface WebhookClaim {
  /** Subscriptions that are not among those that the dispatcher knows, or have changed since. */
  readonly subscriptions: readonly StoredSubscription[];
  /** Pending deliveries of subscriptions that the dispatcher did not know, and those that were added without a `worker` and not yet saved. In the order they were added. */
  readonly pending: readonly StoredDelivery[];
  /** Ids of all subscriptions that the dispatcher holds. Others that it knew are deleted, or another dispatcher has them. */
  readonly held: readonly string[];
  /** How many it should hold, so that all dispatchers have as much: it releases the rest. */
  readonly share: number;
}

/**
 * How several dispatchers share a store. Each subscription is held by one dispatcher, which reads its events and makes its deliveries, until the dispatcher
 * releases it or has given no sign of life for a lease. Times are those of the store's clock.
 */
export interface WebhookSharing {
  /**
   * Renews the lease of a dispatcher on the subscriptions that it holds, and takes subscriptions that nobody holds, up to its share.
   * `known` has the versions of the subscriptions that the dispatcher has been given.
   */
  claim(worker: string, leaseMs: number, known: ReadonlyMap<string, number>): Promise<WebhookClaim>;
  /** Gives subscriptions back at once; without ids all of them, for a dispatcher that ends. */
  release(worker: string, ids?: readonly string[]): Promise<void>;
  /** One subscription with its `version`, whatever its holder. */
  subscription(id: string): Promise<StoredSubscription | undefined>;
  /**
   * Replaces a subscription, with `lastEventIds` as `saveSubscription` does, if it is still there and its `version` is the given one: another dispatcher may change or
   * delete it at the same time. Tells whether it did.
   */
  replace(subscription: StoredSubscription): Promise<boolean>;
  /** All subscriptions of an owner, in the order they were made. */
  subscriptions(owner: string): Promise<readonly StoredSubscription[]>;
  /** How many subscriptions an owner has, or all owners together. */
  count(owner?: string): Promise<number>;
}

/** How much is kept of what is done with. */
export interface RetentionOptions {
  /** Delivered ones, for each subscription. @default 50 */
  readonly keepDelivered?: number;
  /** Dead ones, for each subscription. @default 1000 */
  readonly keepDead?: number;
  /**
   * How large the payloads of all that are kept may be together, in characters. The subscription that has most of them loses its oldest, but never its
   * last. @default 67_108_864 (64 Mi)
   */
  readonly keepBytes?: number;
}

/** Readers of {@link RetentionOptions}. */
export const RETENTION = { keepDelivered: count(50, { zero: true }), keepDead: count(1000, { zero: true }), keepBytes: bytes(67_108_864) };
