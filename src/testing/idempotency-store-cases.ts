import type { IdempotencyClaim, IdempotencyOutcome, IdempotencyStore } from '../stores/idempotency.ts';
import { equal } from './equal.ts';
import { pause, withStores, type StoreCase } from './store-case.ts';

/** A lease that does not end within a test. */
const LONG_MS = 60_000;
/** A lease that a test waits for. */
const SHORT_MS = 100;
/** A hundred years, for which `Infinity` stands in options. */
const AGES_MS = 3_155_760_000_000;
const OUTCOME: IdempotencyOutcome = { output: { id: 7, text: 'ünï 😀\n', none: null } };

/** Cases for every `IdempotencyStore`. Run them against a store that you have written. */
export const idempotencyStoreCases: readonly StoreCase<IdempotencyStore>[] = [
  {
    id: 'claim',
    rule: 'A key belongs to the first who asks; others are told of its fingerprint, and of no outcome.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        ownerOf(await one.store.begin('claim', 'f', LONG_MS, 'caller'));
        for (const { store } of [one, two]) equal(await store.begin('claim', 'other', LONG_MS, 'caller'), { entry: { fingerprint: 'f' } });
      }),
  },
  {
    id: 'race',
    rule: 'Of many who ask at once, at all instances, one gets the key.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        for (let round = 0; round < 10; round++) {
          const asked = Array.from({ length: 20 }, (_, index) =>
            (index % 2 ? one : two).store.begin(`race-${round}`, 'f', LONG_MS, 'caller'),
          );
          const owners = (await Promise.all(asked)).filter((claim) => 'owner' in claim);
          equal(owners.length, 1);
        }
      }),
  },
  {
    id: 'outcome',
    rule: 'An outcome is kept as it is, for all instances and the next ones, and is not replaced.',
    async run(open) {
      const error: IdempotencyOutcome = { error: { code: 'NOT_FOUND', message: 'none', reason: 'GONE', details: { id: 7 } } };
      const outcomes: [string, IdempotencyOutcome][] = [
        ['full', OUTCOME],
        ['null', { output: null }],
        ['error', error],
      ];
      await withStores(open, 2, async ({ store }, two) => {
        for (const [name, outcome] of outcomes) {
          const owner = ownerOf(await store.begin(`outcome-${name}`, 'f', LONG_MS, 'caller'));
          equal(await store.finish(`outcome-${name}`, owner, outcome, LONG_MS), true);
          equal(await store.finish(`outcome-${name}`, owner, { output: 'another' }, LONG_MS), false);
          await store.release(`outcome-${name}`, owner);
          equal(await two.store.begin(`outcome-${name}`, 'g', LONG_MS, 'caller'), { entry: { fingerprint: 'f', outcome } });
        }
        const owner = ownerOf(await store.begin('outcome-nothing', 'f', LONG_MS, 'caller'));
        await store.finish('outcome-nothing', owner, { output: undefined }, LONG_MS);
        const claim = await two.store.begin('outcome-nothing', 'f', LONG_MS, 'caller');
        const outcome = 'entry' in claim ? claim.entry.outcome : undefined;
        if (!outcome || 'error' in outcome) throw new Error('an outcome without an output must be kept as one');
      });
      await withStores(open, 1, async ({ store }) => {
        for (const [name, outcome] of outcomes)
          equal(await store.begin(`outcome-${name}`, 'f', LONG_MS, 'caller'), { entry: { fingerprint: 'f', outcome } });
      });
    },
  },
  {
    id: 'release',
    rule: 'A key that is given up is free at once.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        await one.store.release('release', ownerOf(await one.store.begin('release', 'f', LONG_MS, 'caller')));
        ownerOf(await two.store.begin('release', 'g', LONG_MS, 'caller'));
        equal(await one.store.begin('release', 'f', LONG_MS, 'caller'), { entry: { fingerprint: 'g' } });
      }),
  },
  {
    id: 'lease',
    rule: 'A key whose lease ended, because its process died or the answer of begin was lost, goes to the next who asks, and the former owner changes it no more.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const former = ownerOf(await one.store.begin('lease', 'f', SHORT_MS, 'caller'));
        equal('entry' in (await two.store.begin('lease', 'f', LONG_MS, 'caller')), true);
        await pause(2 * SHORT_MS);
        const owner = ownerOf(await two.store.begin('lease', 'f', LONG_MS, 'caller'));
        equal(await one.store.renew('lease', former, LONG_MS), false);
        equal(await one.store.finish('lease', former, { output: 'late' }, LONG_MS), false);
        await one.store.release('lease', former);
        equal(await two.store.begin('lease', 'f', LONG_MS, 'caller'), { entry: { fingerprint: 'f' } });
        equal(await two.store.finish('lease', owner, OUTCOME, LONG_MS), true);
        equal(await one.store.begin('lease', 'f', LONG_MS, 'caller'), { entry: { fingerprint: 'f', outcome: OUTCOME } });
      }),
  },
  {
    id: 'renew',
    rule: 'A key that its owner renews outlives its first lease.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const owner = ownerOf(await one.store.begin('renew', 'f', 3 * SHORT_MS, 'caller'));
        equal(await one.store.renew('renew', 'somebody else', LONG_MS), false);
        equal(await one.store.renew('renew', owner, LONG_MS), true);
        await pause(4 * SHORT_MS);
        equal(await two.store.begin('renew', 'f', LONG_MS, 'caller'), { entry: { fingerprint: 'f' } });
        equal(await one.store.finish('renew', owner, OUTCOME, LONG_MS), true);
        equal(await one.store.renew('renew', owner, LONG_MS), false);
      }),
  },
  {
    id: 'time',
    rule: 'An outcome is forgotten after its time.',
    run: (open) =>
      withStores(open, 1, async ({ store }) => {
        await store.finish('time', ownerOf(await store.begin('time', 'f', LONG_MS, 'caller')), OUTCOME, SHORT_MS);
        await pause(2 * SHORT_MS);
        ownerOf(await store.begin('time', 'g', LONG_MS, 'caller'));
      }),
  },
  {
    id: 'ages',
    rule: 'An outcome may be kept for a hundred years.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        equal(await one.store.finish('ages', ownerOf(await one.store.begin('ages', 'f', LONG_MS, 'caller')), OUTCOME, AGES_MS), true);
        equal(await two.store.begin('ages', 'f', LONG_MS, 'caller'), { entry: { fingerprint: 'f', outcome: OUTCOME } });
      }),
  },
  {
    id: 'transaction',
    rule: 'An outcome that is kept in a transaction is there after its commit, and never after a rollback; only the owner may keep one.',
    run: (open) =>
      withStores(open, 2, async ({ store, begin }, two) => {
        if (!store.finishIn) return;
        if (!begin) throw new Error('the store has finishIn: let open() give begin(), which begins a transaction');
        for (const commits of [false, true]) {
          const key = `transaction-${commits}`;
          const owner = ownerOf(await store.begin(key, 'f', LONG_MS, 'caller'));
          const { transaction, commit, rollback } = await begin();
          equal(await store.finishIn(transaction, key, 'somebody else', OUTCOME, LONG_MS), false);
          equal(await store.finishIn(transaction, key, owner, OUTCOME, LONG_MS), true);
          await (commits ? commit() : rollback());
          const outcome = commits ? OUTCOME : undefined;
          equal(await two.store.begin(key, 'f', LONG_MS, 'caller'), { entry: { fingerprint: 'f', outcome } });
          equal(await store.finish(key, owner, { output: 'later' }, LONG_MS), !commits);
        }
      }),
  },
];

function ownerOf(claim: IdempotencyClaim): string {
  if ('owner' in claim) return claim.owner;
  throw new Error(`the key should be free, but is held: ${JSON.stringify(claim.entry)}`);
}
