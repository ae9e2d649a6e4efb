import type { NonceStore } from '../stores/nonces.ts';
import type { SeenClaim, SeenStore } from '../stores/seen.ts';
import { equal } from './equal.ts';
import { pause, withStores, type StoreCase } from './store-case.ts';

/** A lease that does not end within a test. */
const LONG_MS = 60_000;
/** A lease that a test waits for. */
const SHORT_MS = 100;
/** A hundred years, for which `Infinity` stands in options. */
const AGES_MS = 3_155_760_000_000;

/** Cases for every `SeenStore`. Run them against a store that you have written. */
export const seenStoreCases: readonly StoreCase<SeenStore>[] = [
  {
    id: 'claim',
    rule: 'Of many who ask for an id at once, at all instances, one gets it; the others hear that it is pending.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        for (let round = 0; round < 10; round++) {
          const asked = Array.from({ length: 20 }, (_, index) => (index % 2 ? one : two).store.begin(`claim-${round}`, LONG_MS, 'sender'));
          const claims = await Promise.all(asked);
          equal(claims.filter((claim) => 'owner' in claim).length, 1);
          equal(claims.filter((claim) => 'state' in claim && claim.state === 'pending').length, 19);
        }
      }),
  },
  {
    id: 'done',
    rule: 'An id that was handled is a repetition for its time, at all instances and the next ones.',
    async run(open) {
      await withStores(open, 2, async (one, two) => {
        await one.store.done('done', ownerOf(await one.store.begin('done', LONG_MS, 'sender')), LONG_MS);
        for (const { store } of [one, two]) equal(await store.begin('done', LONG_MS, 'sender'), { state: 'done' });
        await one.store.done('done-ages', ownerOf(await one.store.begin('done-ages', LONG_MS, 'sender')), AGES_MS);
        equal(await two.store.begin('done-ages', LONG_MS, 'sender'), { state: 'done' });
        await one.store.done('done-short', ownerOf(await one.store.begin('done-short', LONG_MS, 'sender')), SHORT_MS);
        await pause(2 * SHORT_MS);
        ownerOf(await two.store.begin('done-short', LONG_MS, 'sender'));
      });
      await withStores(open, 1, async ({ store }) => equal(await store.begin('done', LONG_MS, 'sender'), { state: 'done' }));
    },
  },
  {
    id: 'failed',
    rule: 'An id that was not handled is as new.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        await one.store.failed('failed', ownerOf(await one.store.begin('failed', LONG_MS, 'sender')));
        ownerOf(await two.store.begin('failed', LONG_MS, 'sender'));
      }),
  },
  {
    id: 'lease',
    rule: 'An id whose lease ended goes to the next who asks, and the former owner changes it no more; one that is renewed does not.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const former = ownerOf(await one.store.begin('lease', SHORT_MS, 'sender'));
        const kept = ownerOf(await one.store.begin('lease-kept', 3 * SHORT_MS, 'sender'));
        equal(await one.store.renew('lease-kept', kept, LONG_MS), true);
        await pause(4 * SHORT_MS);
        const owner = ownerOf(await two.store.begin('lease', LONG_MS, 'sender'));
        equal(await one.store.renew('lease', former, LONG_MS), false);
        await one.store.done('lease', former, LONG_MS);
        await one.store.failed('lease', former);
        for (const id of ['lease', 'lease-kept']) equal(await two.store.begin(id, LONG_MS, 'sender'), { state: 'pending' });
        await two.store.done('lease', owner, LONG_MS);
        equal(await one.store.begin('lease', LONG_MS, 'sender'), { state: 'done' });
      }),
  },
];

/** Cases for every `NonceStore`. Run them against a store that you have written. */
export const nonceStoreCases: readonly StoreCase<NonceStore>[] = [
  {
    id: 'once',
    rule: 'Of many who use a nonce at once, at all instances, one is told that it is new.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        for (let round = 0; round < 10; round++) {
          const used = Array.from({ length: 20 }, (_, index) => (index % 2 ? one : two).store.use(`once-${round}`, LONG_MS, 'caller'));
          equal((await Promise.all(used)).filter(Boolean).length, 1);
        }
      }),
  },
  {
    id: 'time',
    rule: 'A nonce is remembered for its time, also by the next instances, and then forgotten.',
    async run(open) {
      await withStores(open, 1, async ({ store }) => {
        equal(await store.use('time', LONG_MS, 'caller'), true);
        equal(await store.use('time-short', SHORT_MS, 'caller'), true);
        await pause(2 * SHORT_MS);
        equal(await store.use('time-short', LONG_MS, 'caller'), true);
      });
      await withStores(open, 1, async ({ store }) => equal(await store.use('time', LONG_MS, 'other'), false));
    },
  },
];

function ownerOf(claim: SeenClaim): string {
  if ('owner' in claim) return claim.owner;
  throw new Error(`the id should be free, but is ${claim.state}`);
}
