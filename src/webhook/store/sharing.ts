import type { StoredSubscription, WebhookSharing, WebhookStore } from './store.ts';

/** A store as dispatchers use it. */
export interface SharedStore extends WebhookStore {
  readonly sharing: WebhookSharing;
}

/** Lets one dispatcher use a store that cannot be shared: it holds all. */
export function soleStore(store: WebhookStore): SharedStore {
  const held = new Map<string, StoredSubscription>();
  const of = (owner: string | undefined) => [...held.values()].filter((each) => owner === undefined || each.owner === owner);
  const save = async (subscription: StoredSubscription) => {
    await store.saveSubscription(subscription);
    held.set(subscription.id, subscription);
  };
  return {
    load: () => store.load(),
    saveSubscription: save,
    async deleteSubscription(id) {
      await store.deleteSubscription(id);
      held.delete(id);
    },
    addDeliveries: (deliveries) => store.addDeliveries(deliveries),
    saveDelivery: (delivery) => store.saveDelivery(delivery),
    deliveries: (subscriptionId, limit) => store.deliveries(subscriptionId, limit),
    delivery: (subscriptionId, id) => store.delivery(subscriptionId, id),
    close: () => store.close(),
    sharing: {
      async claim() {
        const { subscriptions, pending } = await store.load();
        for (const each of subscriptions) held.set(each.id, each);
        return { subscriptions, pending, held: [...held.keys()], share: Infinity };
      },
      release: async () => {},
      subscription: async (id) => held.get(id),
      async replace(subscription) {
        if (!held.has(subscription.id)) return false;
        await save(subscription);
        return true;
      },
      subscriptions: async (owner) => of(owner),
      count: async (owner) => of(owner).length,
    },
  };
}
