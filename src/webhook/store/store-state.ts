import { now } from '../../life/now.ts';
import type { WebhookClaim, WebhookSharing } from './store.ts';
import type { RetentionOptions, StoredDelivery, StoredSubscription } from './store.ts';

interface Entry {
  subscription: StoredSubscription;
  version: number;
  /** The dispatcher that holds it, for as long as its lease lasts. */
  worker: string | undefined;
  /** In the order they were added. */
  readonly deliveries: Map<string, StoredDelivery>;
  /** Events of deliveries that are held and not out of turn. */
  readonly events: Set<string>;
  /** Pending deliveries that no dispatcher added or saved yet. */
  readonly strays: Set<string>;
  readonly lastEventIds: Record<string, string>;
  readonly done: { readonly delivered: string[]; readonly dead: string[] };
  /** Characters of the payloads of these. */
  doneSize: number;
}

/** The content of a store, in memory. */
export class StoreState {
  readonly #entries = new Map<string, Entry>();
  readonly #keep: { readonly delivered: number; readonly dead: number; readonly size: number };
  /** Characters of the payloads of all deliveries that are done with. */
  #doneSize = 0;
  /** When the lease of each dispatcher ends, on the monotonic clock. */
  readonly #leases = new Map<string, number>();
  #versions = 0;

  constructor({ keepDelivered, keepDead, keepBytes }: Required<RetentionOptions>) {
    this.#keep = { delivered: keepDelivered, dead: keepDead, size: keepBytes };
  }

  load(): { subscriptions: StoredSubscription[]; pending: StoredDelivery[] } {
    return {
      subscriptions: [...this.#entries.values()].map(subscriptionOf),
      pending: [...this.all()].filter(({ state }) => state === 'pending'),
    };
  }

  *all(): Iterable<StoredDelivery> {
    for (const { deliveries } of this.#entries.values()) yield* deliveries.values();
  }

  saveSubscription({ version: _, ...subscription }: StoredSubscription, worker?: string): void {
    const entry = this.#entries.get(subscription.id);
    const version = ++this.#versions;
    if (entry) {
      Object.assign(entry, { subscription, version });
      for (const [type, id] of Object.entries(subscription.lastEventIds ?? {})) entry.lastEventIds[type] ??= id;
      return;
    }
    const lastEventIds = Object.assign(Object.create(null) as Record<string, string>, subscription.lastEventIds);
    this.#entries.set(subscription.id, {
      subscription,
      version,
      worker,
      deliveries: new Map(),
      events: new Set(),
      strays: new Set(),
      lastEventIds,
      done: { delivered: [], dead: [] },
      doneSize: 0,
    });
  }

  /** Whether a subscription is still as it was read. */
  isCurrent({ id, version }: StoredSubscription): boolean {
    return this.#entries.get(id)?.version === version;
  }

  deleteSubscription(id: string): void {
    this.#doneSize -= this.#entries.get(id)?.doneSize ?? 0;
    this.#entries.delete(id);
  }

  addDelivery(delivery: StoredDelivery, worker?: string): void {
    const entry = this.#entryFor(delivery, worker);
    if (!entry) return;
    const { id, outOfTurn, message } = delivery;
    const isKnown = entry.deliveries.has(id);
    if (!outOfTurn) {
      if (entry.subscription.events.includes(message.type)) entry.lastEventIds[message.type] = message.id;
      if (!isKnown && entry.events.has(message.id)) return;
      entry.events.add(message.id);
    }
    if (worker === undefined && !isKnown) entry.strays.add(id);
    this.#put(entry, delivery);
  }

  saveDelivery(delivery: StoredDelivery, worker?: string): void {
    const entry = this.#entryFor(delivery, worker);
    if (!entry?.deliveries.has(delivery.id)) return;
    entry.strays.delete(delivery.id);
    this.#put(entry, delivery);
  }

  deliveries(subscriptionId: string, limit: number): StoredDelivery[] {
    const all = [...(this.#entries.get(subscriptionId)?.deliveries.values() ?? [])];
    return all.reverse().slice(0, limit);
  }

  delivery(subscriptionId: string, id: string): StoredDelivery | undefined {
    return this.#entries.get(subscriptionId)?.deliveries.get(id);
  }

  sharing(): WebhookSharing {
    return {
      claim: async (worker, leaseMs, known) => this.#claim(worker, leaseMs, known),
      release: async (worker, ids) => this.#release(worker, ids),
      subscription: async (id) => {
        const entry = this.#entries.get(id);
        return entry && { ...subscriptionOf(entry), version: entry.version };
      },
      replace: async (subscription) => {
        const isCurrent = this.isCurrent(subscription);
        if (isCurrent) this.saveSubscription(subscription);
        return isCurrent;
      },
      subscriptions: async (owner) => [...this.#of(owner)].map(subscriptionOf),
      count: async (owner) => (owner === undefined ? this.#entries.size : [...this.#of(owner)].length),
    };
  }

  #claim(worker: string, leaseMs: number, known: ReadonlyMap<string, number>): WebhookClaim {
    const time = now();
    this.#leases.set(worker, time + leaseMs);
    for (const [each, until] of this.#leases) if (until <= time) this.#leases.delete(each);
    const share = Math.ceil(this.#entries.size / this.#leases.size);
    const held: Entry[] = [];
    const free: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.worker === worker) held.push(entry);
      else if (entry.worker === undefined || !this.#leases.has(entry.worker)) free.push(entry);
    }
    for (const entry of free.slice(0, Math.max(0, share - held.length))) {
      entry.worker = worker;
      held.push(entry);
    }
    const changed = held.filter(({ subscription, version }) => known.get(subscription.id) !== version);
    const pendingOf = ({ subscription, deliveries, strays }: Entry) =>
      (known.has(subscription.id) ? [...strays].flatMap((id) => deliveries.get(id) ?? []) : [...deliveries.values()]).filter(
        ({ state }) => state === 'pending',
      );
    return {
      subscriptions: changed.map((entry) => ({ ...subscriptionOf(entry), version: entry.version })),
      pending: held.flatMap(pendingOf),
      held: held.map(({ subscription }) => subscription.id),
      share,
    };
  }

  #release(worker: string, ids: readonly string[] | undefined): void {
    if (!ids) this.#leases.delete(worker);
    for (const entry of this.#entries.values())
      if (entry.worker === worker && (!ids || ids.includes(entry.subscription.id))) entry.worker = undefined;
  }

  *#of(owner: string | undefined): Iterable<Entry> {
    for (const entry of this.#entries.values()) if (owner === undefined || entry.subscription.owner === owner) yield entry;
  }

  #entryFor({ subscriptionId }: StoredDelivery, worker: string | undefined): Entry | undefined {
    const entry = this.#entries.get(subscriptionId);
    return worker === undefined || entry?.worker === undefined || entry.worker === worker ? entry : undefined;
  }

  #put(entry: Entry, delivery: StoredDelivery): void {
    const { id, state } = delivery;
    entry.deliveries.set(id, delivery);
    if (state === 'pending') return;
    const done = entry.done[state];
    if (!done.includes(id)) {
      done.push(id);
      this.#weigh(entry, delivery.message.data.length);
    }
    if (done.length > this.#keep[state]) this.#forget(entry, done);
    if (this.#doneSize > this.#keep.size) this.#makeRoom();
  }

  #weigh(entry: Entry, size: number): void {
    entry.doneSize += size;
    this.#doneSize += size;
  }

  /** Lets the oldest of a list go. */
  #forget(entry: Entry, done: string[]): void {
    const oldest = done.shift() ?? '';
    const old = entry.deliveries.get(oldest);
    if (!old) return;
    this.#weigh(entry, -old.message.data.length);
    if (!old.outOfTurn) entry.events.delete(old.message.id);
    entry.deliveries.delete(oldest);
  }

  /** Takes from those that hold most, a tenth more than it must, so that it looks through all of them seldom. */
  #makeRoom(): void {
    const most = [...this.#entries.values()].sort((a, b) => b.doneSize - a.doneSize);
    for (const [at, entry] of most.entries()) {
      const next = most[at + 1]?.doneSize ?? 0;
      while (this.#doneSize > this.#keep.size * 0.9 && entry.doneSize > next / 2) {
        const { delivered, dead } = entry.done;
        if (delivered.length + dead.length <= 1) break;
        // Deliveries that succeeded are of less use than those that can be tried again.
        this.#forget(entry, delivered.length > 0 ? delivered : dead);
      }
      if (this.#doneSize <= this.#keep.size * 0.9) return;
    }
  }
}

function subscriptionOf({ subscription, lastEventIds }: Entry): StoredSubscription {
  return { ...subscription, lastEventIds: { ...lastEventIds } };
}
