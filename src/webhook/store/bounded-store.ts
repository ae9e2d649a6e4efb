import { inTime } from '../../life/timers.ts';
import { soleStore, type SharedStore } from './sharing.ts';
import type { WebhookStore } from './store.ts';

/** How many claims may be under way: a second one finds a way past a connection that hangs, more would only make a slow database slower. */
const MAX_CLAIMS = 2;

/** Limits what is under way of work that is not waited for any more. */
class Stragglers {
  readonly #running = new Set<Promise<unknown>>();

  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  /** Rejects if there is too much under way. */
  async add<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running.size >= this.most) throw new Error(`the webhook store has not answered the last ${this.most} claims`);
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}

/** A store each of whose answers is waited for no longer than `timeoutMs`, but for `load` and the claims until one was answered, which take as long as there is to read. */
export function boundStore(given: WebhookStore, timeoutMs: number): SharedStore {
  const store = given.sharing ? (given as SharedStore) : soleStore(given);
  const { sharing } = store;
  const within = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    // A function that throws instead of rejecting has failed like any other.
    inTime(timeoutMs, Promise.resolve().then(work), () => new Error(`the webhook store has not answered ${name} within ${timeoutMs} ms`));
  const stragglers = new Stragglers(MAX_CLAIMS);
  let isRead = false;
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
        const claim = () =>
          stragglers.add(async () => {
            const claimed = await sharing.claim(worker, leaseMs, known);
            isRead = true;
            return claimed;
          });
        return isRead ? within('claim', claim) : claim();
      },
      release: (worker, ids) => within('release', () => sharing.release(worker, ids)),
      replace: (subscription) => within('replace', () => sharing.replace(subscription)),
      subscription: (id) => within('subscription', () => sharing.subscription(id)),
      subscriptions: (owner) => within('subscriptions', () => sharing.subscriptions(owner)),
      count: (owner) => within('count', () => sharing.count(owner)),
    },
  };
}
