import { inTime } from '../../life/timers.ts';
import { soleStore, type SharedStore } from './sharing.ts';
import type { WebhookStore } from './store.ts';

/** A store each of whose answers is waited for no longer than `timeoutMs`, but for `load` and the first `claim`, which take as long as there is to read. */
export function boundStore(given: WebhookStore, timeoutMs: number): SharedStore {
  const store = given.sharing ? (given as SharedStore) : soleStore(given);
  const { sharing } = store;
  const within = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    // A function that throws instead of rejecting has failed like any other.
    inTime(timeoutMs, Promise.resolve().then(work), () => new Error(`the webhook store has not answered ${name} within ${timeoutMs} ms`));
  return {
    load: () => store.load(),
    saveSubscription: (subscription, worker) => within('saveSubscription', () => store.saveSubscription(subscription, worker)),
    deleteSubscription: (id) => within('deleteSubscription', () => store.deleteSubscription(id)),
    addDeliveries: (deliveries, worker) => within('addDeliveries', () => store.addDeliveries(deliveries, worker)),
    saveDelivery: (delivery, worker) => within('saveDelivery', () => store.saveDelivery(delivery, worker)),
    deliveries: (subscriptionId, limit) => within('deliveries', () => store.deliveries(subscriptionId, limit)),
    delivery: (subscriptionId, id) => within('delivery', () => store.delivery(subscriptionId, id)),
    close: () => store.close(),
    sharing: {
      claim: (worker, leaseMs, known) => {
        const claim = () => sharing.claim(worker, leaseMs, known);
        return known.size === 0 ? claim() : within('claim', claim);
      },
      release: (worker, ids) => within('release', () => sharing.release(worker, ids)),
      subscription: (id) => within('subscription', () => sharing.subscription(id)),
      subscriptions: (owner) => within('subscriptions', () => sharing.subscriptions(owner)),
      count: (owner) => within('count', () => sharing.count(owner)),
    },
  };
}
