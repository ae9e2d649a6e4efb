import { describe, expect, it } from 'vitest';
import { memoryHub, memoryIdempotencyStore, memoryTransaction } from '../../src/index.ts';
import { Shares } from '../../src/stores/shares.ts';
import { memoryNonceStore } from '../../src/stores/nonces.ts';
import { memorySeenStore } from '../../src/stores/seen.ts';
import { eventHubCases, idempotencyStoreCases, nonceStoreCases, seenStoreCases } from '../../src/testing/index.ts';

/** Stores of one process have one instance. */
const same =
  <S>(store: S) =>
  async () => ({ store, begin });
const begin = () => {
  const transaction = memoryTransaction();
  return { transaction, commit: () => transaction.commit(), rollback: () => transaction.rollback() };
};

describe('stores in memory', () => {
  it.each(eventHubCases)('hub: $rule', ({ run }) => run(same(memoryHub({ history: 20 }))));
  it.each(idempotencyStoreCases)('idempotency: $rule', ({ run }) => run(same(memoryIdempotencyStore())));
  it.each(seenStoreCases)('seen: $rule', ({ run }) => run(same(memorySeenStore())));
  it.each(nonceStoreCases)('nonces: $rule', ({ run }) => run(same(memoryNonceStore())));

  it('remember an id that was handled, also if others have filled the pool meanwhile', async () => {
    const store = memorySeenStore({ maxBytes: 20_000 });
    const id = 'long'.repeat(1000);
    const claim = await store.begin(id, 60_000, 'me');
    const fill = async (sender: string) => {
      for (let at = 0; at < 100; at++) await store.begin(`${sender} ${at}`, 60_000, sender);
    };
    for (let sender = 0; sender < 100; sender++) await fill(`sender-${sender}`).catch(() => {});
    await store.done(id, 'owner' in claim ? claim.owner : '', 60_000);
    expect(await store.begin(id, 60_000, 'me')).toEqual({ state: 'done' });
  });

  it('refuse a transaction of something else', async () => {
    const store = memoryIdempotencyStore();
    await expect(store.finishIn?.({}, 'k', 'o', { output: 1 }, 1000)).rejects.toThrow('afterCommit');
  });
});

describe('a pool that callers share', () => {
  it('leaves room for others, however much one takes', () => {
    const shares = new Shares(1000);
    const take = (caller: string) => {
      let taken = 0;
      while (shares.take(caller, 10)) taken += 10;
      return taken;
    };
    expect([take('a'), take('b'), take('c')]).toEqual([500, 250, 120]);
    shares.give('a', 500);
    expect(take('c')).toBeGreaterThan(0);
    expect(take('d')).toBeGreaterThan(0);
  });

  it('gives nobody more than half at once', () => {
    const shares = new Shares(1000);
    expect([shares.take('a', 501), shares.take('a', 500), shares.isFull('a')]).toEqual([false, true, false]);
    expect([shares.take('a', 100), shares.isFull('a'), shares.isFull('b')]).toEqual([false, true, false]);
  });

  it.each([
    ['ids', (caller: string, n: number) => seen.begin(`${caller}${n}`, 60_000, caller)],
    ['nonces', (caller: string, n: number) => nonces.use(`${caller}${n}`, 60_000, caller)],
  ])('refuses the one who floods it with %s, and nobody else', async (_, add) => {
    const flood = async () => {
      for (let n = 0; n < 1000; n++) await add('mallory', n);
    };
    await expect(flood()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await add('alice', 1);
  });
  const seen = memorySeenStore({ maxBytes: 20_000 });
  const nonces = memoryNonceStore({ maxBytes: 20_000 });
});
