import { equal } from './equal.ts';
import { pause } from './store-case.ts';
import type { WebhookClaim } from '../webhook/store/store.ts';
import type { StoredDelivery, StoredSubscription, WebhookStore } from '../webhook/store/store.ts';

/** One rule that every `WebhookStore` keeps. */
export interface WebhookStoreCase {
  readonly id: string;
  /** One sentence. */
  readonly rule: string;
  /** `open` opens the same store again, after the one before was closed; the store is empty at first. Rejects if the rule is broken. */
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

/** Cases for a webhook store for several processes or on a database. Run them against a store that you have written. */
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
    rule: 'Deliveries go with their subscription, and later ones for it are dropped; those for others are not.',
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
  {
    id: 'event-once',
    rule: 'Another delivery of an event that a subscription has is left out, unless it is out of turn.',
    async run(open) {
      const store = await open();
      await store.load();
      await store.saveSubscription(subscription('s'));
      const { message } = delivery('1');
      await store.addDeliveries([delivery('1')]);
      await store.addDeliveries([delivery('2', { message })]);
      await store.addDeliveries([delivery('3', { message, outOfTurn: true })]);
      equal(
        (await store.load()).pending.map(({ id }) => id),
        ['1', '3'],
      );
      await store.close();
    },
  },
  {
    id: 'places',
    rule: 'Saving a subscription again adds the last events of types that have none, and leaves the others.',
    async run(open) {
      const store = await open();
      await store.load();
      await store.saveSubscription(subscription('s', { events: ['article.published', 'article.deleted'] }));
      await store.addDeliveries([delivery('1')]);
      await store.saveSubscription(subscription('s', { lastEventIds: { 'article.published': 'old', 'article.deleted': 'first' } }));
      equal((await store.load()).subscriptions[0]?.lastEventIds, { 'article.published': 'event-1', 'article.deleted': 'first' });
      await store.close();
    },
  },
  {
    id: 'claim',
    rule: 'A shared store gives each subscription to one dispatcher, with its pending deliveries, and equal shares to all. Another dispatcher takes a subscription that was released.',
    async run(open) {
      const store = await open();
      const { sharing } = store;
      if (!sharing) return store.close();
      await store.load();
      const known = new Map<string, number>();
      const learn = ({ subscriptions }: WebhookClaim) => subscriptions.forEach(({ id, version = 0 }) => known.set(id, version));
      await sharing.claim('one', 60_000, new Map());
      for (const id of ['a', 'b']) await store.saveSubscription(subscription(id), 'one');
      await store.saveSubscription(subscription('c'));
      await store.addDeliveries([delivery('1', { subscriptionId: 'a' }), delivery('2', { subscriptionId: 'c' })], 'one');
      const first = await sharing.claim('one', 60_000, known);
      equal([[...first.held].sort(), first.share, first.pending.map(({ id }) => id)], [['a', 'b', 'c'], 3, ['1', '2']]);
      learn(first);
      equal(await sharing.claim('one', 60_000, known), { subscriptions: [], pending: [], held: first.held, share: 3 });
      equal((await sharing.claim('two', 60_000, new Map())).held, []);
      await store.saveSubscription(subscription('b', { url: 'https://example.com/new' }));
      await store.addDeliveries([delivery('3', { subscriptionId: 'a', outOfTurn: true })]);
      await store.deleteSubscription('c');
      const changed = await sharing.claim('one', 60_000, known);
      equal(
        changed.subscriptions.map(({ url }) => url),
        ['https://example.com/new'],
      );
      equal([[...changed.held].sort(), changed.share, changed.pending.map(({ id }) => id)], [['a', 'b'], 1, ['3']]);
      await sharing.release('one', ['a']);
      const taken = await sharing.claim('two', 60_000, new Map());
      equal([taken.held, taken.pending.map(({ id }) => id)], [['a'], ['1', '3']]);
      await sharing.release('one');
      equal([...(await sharing.claim('two', 60_000, new Map([['a', 0]]))).held].sort(), ['a', 'b']);
      equal(await sharing.count(), 2);
      equal([await sharing.count('someone'), await sharing.count('nobody')], [2, 0]);
      equal(
        (await sharing.subscriptions('someone')).map(({ id }) => id),
        ['a', 'b'],
      );
      equal([(await sharing.subscription('b'))?.url, await sharing.subscription('c')], ['https://example.com/new', undefined]);
      await store.close();
    },
  },
  {
    id: 'replace',
    rule: 'A subscription of a shared store is replaced only if it is still there and nobody has saved it since it was read.',
    async run(open) {
      const store = await open();
      const { sharing } = store;
      if (!sharing) return store.close();
      await store.load();
      await store.saveSubscription(subscription('s', { events: ['article.published', 'article.deleted'] }));
      const first = await sharing.subscription('s');
      const second = await sharing.subscription('s');
      if (!first || !second) throw new Error('the subscription is not there');
      await store.addDeliveries([delivery('1')]);
      const lastEventIds = { 'article.published': 'old', 'article.deleted': 'first' };
      equal(await sharing.replace({ ...first, url: 'https://example.com/new', lastEventIds }), true);
      equal(await sharing.replace({ ...second, url: 'https://example.com/late' }), false);
      const now = await sharing.subscription('s');
      equal([now?.url, now?.lastEventIds], ['https://example.com/new', { 'article.published': 'event-1', 'article.deleted': 'first' }]);
      await store.deleteSubscription('s');
      equal(now && (await sharing.replace(now)), false);
      equal((await store.load()).subscriptions, []);
      await store.close();
    },
  },
  {
    id: 'claim-lease',
    rule: 'A dispatcher that gave no sign of life for its lease loses its subscriptions to another one, and may not write to them any more.',
    async run(open) {
      const store = await open();
      const { sharing } = store;
      if (!sharing) return store.close();
      await store.load();
      await sharing.claim('one', 30, new Map());
      await store.saveSubscription(subscription('s'), 'one');
      await store.addDeliveries([delivery('1')], 'one');
      await pause(60);
      const { held, pending, subscriptions } = await sharing.claim('two', 60_000, new Map());
      equal([held, pending, subscriptions[0]?.lastEventIds], [['s'], [delivery('1')], { 'article.published': 'event-1' }]);
      await store.addDeliveries([delivery('2')], 'one');
      await store.saveDelivery(delivery('1', { state: 'delivered', attempts: [attempt] }), 'one');
      equal((await sharing.claim('one', 60_000, new Map([['s', 0]]))).held, []);
      await store.addDeliveries([delivery('3')], 'two');
      equal(
        (await store.load()).pending.map(({ id, state }) => [id, state]),
        [
          ['1', 'pending'],
          ['3', 'pending'],
        ],
      );
      await store.close();
    },
  },
];
