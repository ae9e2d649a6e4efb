import type { StoredDelivery, StoredMessage, StoredSubscription, WebhookStore } from '../webhook/store/store.ts';
import { rowsOf, type Queryable, type Row } from './database.ts';
import {
  ADD_DELIVERIES,
  DELETE_SUBSCRIPTION,
  DELIVERIES,
  DELIVERY,
  PENDING,
  RETAIN,
  SAVE_DELIVERY,
  SAVE_SUBSCRIPTION,
  SUBSCRIPTIONS,
} from './webhook-sql.ts';

/** How much is kept of what is done with, for each subscription. */
const KEEP = { delivered: 50, dead: 1000 };

/** Subscriptions and deliveries of webhooks in Postgres. */
export function postgresWebhookStore(pool: Queryable): WebhookStore {
  return {
    async load() {
      const subscriptions = (await rowsOf(pool, SUBSCRIPTIONS)).map(subscriptionOf);
      /** Deliveries of one event share one message. */
      const messages = new Map<string, StoredMessage>();
      const pending = (await rowsOf(pool, PENDING)).map((row) => deliveryOf(row, messages));
      return { subscriptions, pending };
    },
    async saveSubscription({ lastEventIds = {}, ...subscription }) {
      await rowsOf(pool, SAVE_SUBSCRIPTION, [subscription.id, JSON.stringify(subscription), JSON.stringify(lastEventIds)]);
    },
    async deleteSubscription(id) {
      await rowsOf(pool, DELETE_SUBSCRIPTION, [id]);
    },
    async addDeliveries(deliveries) {
      await rowsOf(pool, ADD_DELIVERIES, [JSON.stringify(deliveries)]);
    },
    async saveDelivery(delivery) {
      const { subscriptionId, id, state, nextAttemptAt, message } = delivery;
      const { data: _, ...rest } = message;
      const body = JSON.stringify({ ...delivery, message: rest });
      const [saved] = await rowsOf(pool, SAVE_DELIVERY, [subscriptionId, id, state, nextAttemptAt ?? null, body]);
      if (saved && state !== 'pending') await rowsOf(pool, RETAIN, [subscriptionId, state, KEEP[state]]);
    },
    async deliveries(subscriptionId, limit) {
      return (await rowsOf(pool, DELIVERIES, [subscriptionId, limit])).map((row) => deliveryOf(row));
    },
    async delivery(subscriptionId, id) {
      const [row] = await rowsOf(pool, DELIVERY, [subscriptionId, id]);
      return row && deliveryOf(row);
    },
    close: async () => {},
  };
}

function subscriptionOf(row: Row): StoredSubscription {
  return { ...(row['body'] as StoredSubscription), lastEventIds: row['last_event_ids'] as Readonly<Record<string, string>> };
}

function deliveryOf(row: Row, messages = new Map<string, StoredMessage>()): StoredDelivery {
  const body = row['body'] as StoredDelivery;
  const { id, type } = body.message;
  const name = `${type}\n${id}`;
  let message = messages.get(name);
  if (!message) messages.set(name, (message = { ...body.message, data: String(row['data']) }));
  return { ...body, message };
}
