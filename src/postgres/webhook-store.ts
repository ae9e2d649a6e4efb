import type { WebhookSharing } from '../webhook/store/store.ts';
import type { StoredDelivery, StoredMessage, StoredSubscription, WebhookStore } from '../webhook/store/store.ts';
import { jsonb, rowsOf, type Queryable, type Row } from './database.ts';
import { BEAT, CHANGED, HELD, PENDING_OF, RELEASE, RELEASE_ALL, TAKE } from './claim-sql.ts';
import {
  ADD_DELIVERIES,
  COUNT,
  DELETE_SUBSCRIPTION,
  DELIVERIES,
  DELIVERY,
  PENDING,
  REPLACE,
  RETAIN,
  SAVE_DELIVERY,
  SAVE_SUBSCRIPTION,
  SUBSCRIPTION,
  SUBSCRIPTIONS,
  SUBSCRIPTIONS_OF,
} from './webhook-sql.ts';

/** How much is kept of what is done with, for each subscription. */
const KEEP = { delivered: 50, dead: 1000 };
/** How large the payloads of these may be together, in bytes, for each subscription and state. */
const KEEP_BYTES = 4_194_304;

/** Subscriptions and deliveries of webhooks in Postgres. */
export function postgresWebhookStore(pool: Queryable): WebhookStore {
  return {
    async load() {
      const subscriptions = (await rowsOf(pool, SUBSCRIPTIONS)).map(subscriptionOf);
      return { subscriptions, pending: deliveriesOf(await rowsOf(pool, PENDING)) };
    },
    async saveSubscription({ lastEventIds = {}, version: _, ...subscription }, worker) {
      await rowsOf(pool, SAVE_SUBSCRIPTION, [subscription.id, jsonb(subscription), jsonb(lastEventIds), worker ?? null]);
    },
    async deleteSubscription(id) {
      await rowsOf(pool, DELETE_SUBSCRIPTION, [id]);
    },
    async addDeliveries(deliveries, worker) {
      await rowsOf(pool, ADD_DELIVERIES, [jsonb(deliveries), worker ?? null]);
    },
    async saveDelivery(delivery, worker) {
      const { subscriptionId, id, state, nextAttemptAt, message } = delivery;
      const { data: _, ...rest } = message;
      const body = jsonb({ ...delivery, message: rest });
      const [saved] = await rowsOf(pool, SAVE_DELIVERY, [subscriptionId, id, state, nextAttemptAt ?? null, body, worker ?? null]);
      if (saved && state !== 'pending') await rowsOf(pool, RETAIN, [subscriptionId, state, KEEP[state], KEEP_BYTES]);
    },
    async deliveries(subscriptionId, limit) {
      return deliveriesOf(await rowsOf(pool, DELIVERIES, [subscriptionId, limit]));
    },
    async delivery(subscriptionId, id) {
      const [row] = await rowsOf(pool, DELIVERY, [subscriptionId, id]);
      return row && deliveryOf(row);
    },
    close: async () => {},
    sharing: sharingOf(pool),
  };
}

/** Each step is a statement of its own: a dispatcher that ends between two holds what it has taken until its lease is over. */
function sharingOf(pool: Queryable): WebhookSharing {
  return {
    async claim(worker, leaseMs, known) {
      await rowsOf(pool, BEAT, [worker, leaseMs]);
      const [taken] = await rowsOf(pool, TAKE, [worker]);
      const rows = await rowsOf(pool, HELD, [worker]);
      const held = rows.map(({ id }) => String(id));
      const changed = rows.filter(({ id, version }) => known.get(String(id)) !== version).map(({ id }) => id);
      const subscriptions = changed.length === 0 ? [] : (await rowsOf(pool, CHANGED, [changed])).map(subscriptionOf);
      const isKnown = (id: string) => known.has(id);
      const pending = await rowsOf(pool, PENDING_OF, [held.filter((id) => !isKnown(id)), held.filter(isKnown)]);
      return { subscriptions, pending: deliveriesOf(pending), held, share: Number(taken?.['n'] ?? held.length) };
    },
    async release(worker, ids) {
      await (ids ? rowsOf(pool, RELEASE, [worker, ids]) : rowsOf(pool, RELEASE_ALL, [worker]));
    },
    async subscription(id) {
      const [row] = await rowsOf(pool, SUBSCRIPTION, [id]);
      return row && subscriptionOf(row);
    },
    async replace({ lastEventIds = {}, version, ...subscription }) {
      const values = [subscription.id, jsonb(subscription), jsonb(lastEventIds), version ?? 0];
      return (await rowsOf(pool, REPLACE, values)).length > 0;
    },
    subscriptions: async (owner) => (await rowsOf(pool, SUBSCRIPTIONS_OF, [owner])).map(subscriptionOf),
    count: async (owner) => Number((await rowsOf(pool, COUNT, [owner ?? null]))[0]?.['count']),
  };
}

function subscriptionOf(row: Row): StoredSubscription {
  const { version } = row;
  return {
    ...(row['body'] as StoredSubscription),
    lastEventIds: row['last_event_ids'] as Readonly<Record<string, string>>,
    ...(typeof version === 'number' && { version }),
  };
}

/** Deliveries of one event share one message. */
function deliveriesOf(rows: readonly Row[]): StoredDelivery[] {
  const messages = new Map<string, StoredMessage>();
  return rows.map((row) => deliveryOf(row, messages));
}

function deliveryOf(row: Row, messages = new Map<string, StoredMessage>()): StoredDelivery {
  const body = row['body'] as StoredDelivery;
  const { id, type } = body.message;
  const name = `${type}\n${id}`;
  let message = messages.get(name);
  if (!message) messages.set(name, (message = { ...body.message, data: String(row['data']) }));
  return { ...body, message };
}
