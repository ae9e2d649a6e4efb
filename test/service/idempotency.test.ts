import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  ApiError,
  createClient,
  createService,
  defineContract,
  memoryIdempotencyStore,
  mutation,
  type IdempotencyEntry,
  type IdempotencyStore,
} from '../../src/index.ts';

describe('memoryIdempotencyStore', () => {
  it('reserves a key once', async () => {
    const store = memoryIdempotencyStore();
    expect(await store.begin('k', 'f')).toBeUndefined();
    expect(await store.begin('k', 'f')).toMatchObject({ fingerprint: 'f' });
    expect((await store.begin('k', 'f'))?.outcome).toBeUndefined();
  });

  it('keeps an outcome, and gives a released key up', async () => {
    const store = memoryIdempotencyStore();
    await store.begin('k', 'f');
    await store.finish('k', { output: 1 });
    expect(await store.begin('k', 'g')).toMatchObject({ fingerprint: 'f', outcome: { output: 1 } });
    await store.begin('other', 'f');
    await store.release('other');
    expect(await store.begin('other', 'g')).toBeUndefined();
  });

  it('forgets after its time', async () => {
    vi.useFakeTimers();
    try {
      const store = memoryIdempotencyStore({ ttlMs: 1000 });
      await store.begin('k', 'f');
      await store.finish('k', { output: 1 });
      vi.advanceTimersByTime(999);
      expect(await store.begin('k', 'f')).toBeDefined();
      vi.advanceTimersByTime(1);
      expect(await store.begin('k', 'f')).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets the oldest outcomes make room, and never a call in progress', async () => {
    const store = memoryIdempotencyStore({ maxEntries: 3 });
    await store.begin('running', 'f');
    for (const key of ['a', 'b', 'c']) {
      await store.begin(key, 'f');
      await store.finish(key, { output: key });
    }
    expect(await store.begin('running', 'f')).toBeDefined();
    expect((await store.begin('c', 'f'))?.outcome).toEqual({ output: 'c' });
    expect(await store.begin('a', 'f')).toBeUndefined();
  });
});

const contract = defineContract({
  name: 'till',
  operations: {
    pay: mutation({ input: z.object({ cents: z.int32(), note: z.string().default('') }), output: z.object({ run: z.int32() }) }),
  },
});

function till(options: { store?: IdempotencyStore; caller?: () => string; fail?: () => Error } = {}) {
  let runs = 0;
  const service = createService(
    contract,
    {
      pay: () => {
        const run = ++runs;
        const failure = options.fail?.();
        if (failure !== undefined) throw failure;
        return { run };
      },
    },
    { onError: () => {}, ...(options.store && { idempotencyStore: options.store }), ...(options.caller && { caller: options.caller }) },
  );
  return { client: createClient({ contract, transport: service }), runs: () => runs };
}

describe('a service with idempotency keys', () => {
  it('compares validated inputs: a default given and a default left out are the same', async () => {
    const { client, runs } = till();
    await client.pay({ cents: 1 }, { idempotencyKey: 'k' });
    await client.pay({ cents: 1, note: '' }, { idempotencyKey: 'k' });
    expect(runs()).toBe(1);
  });

  it('asks the option who a caller is', async () => {
    const { client, runs } = till({ caller: () => 'all the same' });
    for (const authorization of ['one', 'two']) await client.pay({ cents: 1 }, { idempotencyKey: 'k', headers: { authorization } });
    expect(runs()).toBe(1);
  });

  it('keeps an exception as INTERNAL, without its text', async () => {
    const { client, runs } = till({ fail: () => new Error('secret') });
    for (let index = 0; index < 2; index++) {
      await expect(client.pay({ cents: 1 }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'INTERNAL', text: 'internal error' });
    }
    expect(runs()).toBe(1);
  });

  it('gives each repeat a request id of its own', async () => {
    const { client } = till({ fail: () => new ApiError('NOT_FOUND', 'no such till') });
    const ids: unknown[] = [];
    for (const id of ['first', 'second']) {
      await client
        .pay({ cents: 1 }, { idempotencyKey: 'k', headers: { 'x-request-id': id } })
        .catch((error: ApiError) => ids.push(error.requestId));
    }
    expect(ids).toEqual(['first', 'second']);
  });

  it('does not run a call whose store is away, and hides why', async () => {
    const away = () => Promise.reject(new Error('redis://secret is away'));
    const { client, runs } = till({ store: { begin: away, finish: away, release: away } });
    await expect(client.pay({ cents: 1 }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'INTERNAL', text: 'internal error' });
    expect(runs()).toBe(0);
  });

  it('gives the output of a call that ran though its store could not keep it', async () => {
    const memory = memoryIdempotencyStore();
    const store: IdempotencyStore = { ...memory, finish: () => Promise.reject(new Error('away')) };
    const { client, runs } = till({ store });
    expect(await client.pay({ cents: 1 }, { idempotencyKey: 'k' })).toEqual({ run: 1 });
    expect(runs()).toBe(1);
  });

  it('gives the error of a call that failed though its store could not keep it', async () => {
    const away = () => Promise.reject(new Error('away'));
    const { client } = till({
      store: { ...memoryIdempotencyStore(), finish: away, release: away },
      fail: () => new ApiError('NOT_FOUND', 'no such till'),
    });
    await expect(client.pay({ cents: 1 }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('repeats a call without an output from a store that keeps JSON', async () => {
    const entries = new Map<string, string>();
    const store: IdempotencyStore = {
      async begin(key, fingerprint) {
        const entry = entries.get(key);
        if (entry === undefined) entries.set(key, JSON.stringify({ fingerprint }));
        return entry === undefined ? undefined : (JSON.parse(entry) as IdempotencyEntry);
      },
      async finish(key, outcome) {
        entries.set(key, JSON.stringify({ ...(JSON.parse(entries.get(key) ?? '{}') as object), outcome }));
      },
      async release(key) {
        entries.delete(key);
      },
    };
    let runs = 0;
    const silent = defineContract({ name: 'silent', operations: { reset: mutation({}) } });
    const service = createService(silent, { reset: () => void runs++ }, { idempotencyStore: store });
    const client = createClient({ contract: silent, transport: service });
    for (let at = 0; at < 2; at++) expect(await client.reset(undefined, { idempotencyKey: 'k' })).toBeUndefined();
    expect(runs).toBe(1);
  });

  it('refuses an empty key, which would make one call of all', async () => {
    const { client, runs } = till();
    await expect(client.pay({ cents: 1 }, { idempotencyKey: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(runs()).toBe(0);
  });
});
