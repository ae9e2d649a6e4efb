import { readOptions } from '../../core/options.ts';
import { StoreState } from './store-state.ts';
import { RETENTION, type RetentionOptions, type WebhookStore } from './store.ts';

/** A store in this process. Pending deliveries are lost with it. */
export function memoryWebhookStore(options: RetentionOptions = {}): WebhookStore {
  const state = new StoreState(readOptions('memoryWebhookStore', options, RETENTION, []));
  return {
    load: async () => state.load(),
    saveSubscription: async (subscription, worker) => state.saveSubscription(subscription, worker),
    deleteSubscription: async (id) => state.deleteSubscription(id),
    addDeliveries: async (deliveries, worker) => deliveries.forEach((delivery) => state.addDelivery(delivery, worker)),
    saveDelivery: async (delivery, worker) => state.saveDelivery(delivery, worker),
    deliveries: async (subscriptionId, limit) => state.deliveries(subscriptionId, limit),
    delivery: async (subscriptionId, id) => state.delivery(subscriptionId, id),
    close: async () => {},
    sharing: state.sharing(),
  };
}
