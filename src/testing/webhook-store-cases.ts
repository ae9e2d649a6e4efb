import { equal } from './equal.ts';
import type { StoredDelivery, StoredSubscription, WebhookStore } from '../webhook/store/store.ts';

/** One rule that every `WebhookStore` keeps. */
export interface WebhookStoreCase {
  readonly id: string;
  /** One sentence. */
  readonly rule: string;
  /** `open` opens the same store again, after the one before was closed; what it gives is empty at first. Rejects where the rule is broken. */
  run(open: () => Promise<WebhookStore>): Promise<void>;
}

const subscription = (id: string, change: Partial<StoredSubscription> = {}): StoredSubscription => ({
  id,
  owner: 'someone',
  url: 'https://example.com/',
  events: ['article.published'],
  format: 'json',
  params: { room: '42' },
  ordered: true,
  notices: false,
  secrets: [{ secret: 'whsec_new' }, { secret: 'whsec_old', expiresAt: 5 }],
  createdAt: '2026-01-31T12:00:00.000Z',
  ...change,
});

const delivery = (id: string, change: Partial<StoredDelivery> = {}): StoredDelivery => ({
  id,
  subscriptionId: 's',
  message: { id: `event-${id}`, type: 'article.published', time: '2026-01-31T12:00:00.000Z', data: '{"title":"ünï 😀\\n"}' },
  state: 'pending',
  attempts: [],
  ...change,
});

const attempt = { at: '2026-01-31T12:00:01.000Z', durationMs: 3, status: 500, response: 'no' };

/** What a store for many processes or a database must do; run them against one that you have written. */
export const webhookStoreCases: readonly WebhookStoreCase[] = [
  {
    id: 'empty',
    rule: 'A store that was never used holds nothing.',
    async run(open) {
      const store = await open();
      equal(await store.load(), { subscriptions: [], pending: [] });
      equal(await store.deliveries('s', 10), []);
      equal(await store.delivery('s', 'a'), undefined);
      await store.close();
    },
  },
  {
    id: 'subscriptions',
    rule: 'A subscription is kept as it is, replaced by one with its id, and gone once it is deleted.',
    async run(open) {
      const store = await open();
      await store.load();
      for (const id of ['a', 's', 'b']) await store.saveSubscription(subscription(id));
      await store.saveSubscription(subscription('s', { secrets: [{ secret: 'whsec_newer' }] }));
      await store.deleteSubscription('a');
      await store.deleteSubscription('unknown');
      const { subscriptions } = await store.load();
      equal(subscriptions, [
        subscription('s', { secrets: [{ secret: 'whsec_newer' }], lastEventIds: {} }),
        subscription('b', { lastEventIds: {} }),
      ]);
      await store.close();
    },
  },
  {
    id: 'pending',
    rule: 'Pending deliveries are given in the order they were added, as they were last saved.',
    async run(open) {
      const store = await open();
      await store.load();
      await store.saveSubscription(subscription('s'));
      await store.addDeliveries(['1', '2'].map((id) => delivery(id)));
      await store.addDeliveries(['3', '4'].map((id) => delivery(id)));
      await store.saveDelivery(delivery('1', { state: 'delivered', attempts: [attempt] }));
      await store.saveDelivery(delivery('2', { attempts: [attempt], nextAttemptAt: 99 }));
      await store.saveDelivery(delivery('4', { state: 'dead', attempts: [attempt, attempt] }));
      equal((await store.load()).pending, [delivery('2', { attempts: [attempt], nextAttemptAt: 99 }), delivery('3')]);
      equal(
        (await store.deliveries('s', 3)).map(({ id }) => id),
        ['4', '3', '2'],
      );
      equal(await store.delivery('s', '4'), delivery('4', { state: 'dead', attempts: [attempt, attempt] }));
      equal(await store.delivery('other', '4'), undefined);
      await store.close();
    },
  },
  {
    id: 'last-event',
    rule: 'The last event of each type that was added, but for those out of turn, is remembered with its subscription, also when the subscription is saved again.',
    async run(open) {
      const store = await open();
      await store.load();
      await store.saveSubscription(subscription('s'));
      const gap = delivery('3', { message: { ...delivery('3').message, type: 'webhook.gap' } });
      await store.addDeliveries([delivery('1'), delivery('2'), gap, delivery('4', { message: delivery('1').message, outOfTurn: true })]);
      await store.saveSubscription(subscription('s'));
      equal((await store.load()).subscriptions[0]?.lastEventIds, { 'article.published': 'event-2' });
      await store.close();
    },
  },
  {
    id: 'again',
    rule: 'A delivery that is added again is held once, as it was added last.',
    async run(open) {
      const store = await open();
      await store.load();
      await store.saveSubscription(subscription('s'));
      await store.addDeliveries([delivery('1'), delivery('2')]);
      const late = delivery('1', { nextAttemptAt: 5, outOfTurn: true });
      await store.addDeliveries([late]);
      const { pending } = await store.load();
      equal(pending.map(({ id, nextAttemptAt }) => [id, nextAttemptAt]).sort(), [
        ['1', 5],
        ['2', undefined],
      ]);
      await store.close();
    },
  },
  {
    id: 'deleted',
    rule: 'With a subscription its deliveries go, and what comes for it later is dropped; what comes with it for others is not.',
    async run(open) {
      const store = await open();
      await store.load();
      await store.saveSubscription(subscription('s'));
      await store.addDeliveries([delivery('1')]);
      await store.deleteSubscription('s');
      await store.saveDelivery(delivery('1', { state: 'delivered' }));
      await store.saveSubscription(subscription('other'));
      const kept = delivery('3', { subscriptionId: 'other' });
      await store.addDeliveries([delivery('2'), kept]);
      const { subscriptions, pending } = await store.load();
      equal(
        subscriptions.map(({ id }) => id),
        ['other'],
      );
      equal(pending, [kept]);
      equal(await store.deliveries('s', 10), []);
      await store.close();
    },
  },
  {
    id: 'many',
    rule: 'Deliveries that are added in one call are all kept, in order, and those of one event to many subscriptions by each.',
    async run(open) {
      const store = await open();
      await store.load();
      await store.saveSubscription(subscription('s'));
      await store.saveSubscription(subscription('other'));
      const ids = Array.from({ length: 200 }, (_, index) => String(index));
      const pairs = ids.map((id): [StoredDelivery, StoredDelivery] => {
        const one = delivery(id);
        return [one, { ...one, id: `other-${id}`, subscriptionId: 'other' }];
      });
      await store.addDeliveries(pairs.flat());
      const { pending } = await store.load();
      for (const subscriptionId of ['s', 'other']) {
        equal(
          pending.filter((each) => each.subscriptionId === subscriptionId),
          pairs.flat().filter((each) => each.subscriptionId === subscriptionId),
        );
      }
      await Promise.all([store.close(), store.close()]);
    },
  },
];
