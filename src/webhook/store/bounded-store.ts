import { inTime } from '../../life/timers.ts';
import type { WebhookStore } from './store.ts';

/** A store each of whose answers is waited for no longer than `timeoutMs`, but for `load`, which takes as long as there is to read. */
export function boundStore(store: WebhookStore, timeoutMs: number): WebhookStore {
  const within = <T>(name: keyof WebhookStore, work: () => Promise<T>) => settleWithin(work, timeoutMs, name);
  return {
    load: () => store.load(),
    saveSubscription: (subscription) => within('saveSubscription', () => store.saveSubscription(subscription)),
    deleteSubscription: (id) => within('deleteSubscription', () => store.deleteSubscription(id)),
    addDeliveries: (deliveries) => within('addDeliveries', () => store.addDeliveries(deliveries)),
    saveDelivery: (delivery) => within('saveDelivery', () => store.saveDelivery(delivery)),
    deliveries: (subscriptionId, limit) => within('deliveries', () => store.deliveries(subscriptionId, limit)),
    delivery: (subscriptionId, id) => within('delivery', () => store.delivery(subscriptionId, id)),
    close: () => store.close(),
  };
}

function settleWithin<T>(work: () => Promise<T>, timeoutMs: number, name: string): Promise<T> {
  // What throws instead of rejecting is a failure like any other.
  return inTime(
    timeoutMs,
    Promise.resolve().then(work),
    () => new Error(`the webhook store has not answered ${name} within ${timeoutMs} ms`),
  );
}
