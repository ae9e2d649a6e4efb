import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  ApiError,
  createClient,
  createService,
  defineContract,
  event,
  memoryHub,
  memoryIdempotencyStore,
  memoryTransaction,
  mutation,
  type ContextInfo,
  type EventHub,
  type IdempotencyOutcome,
  type IdempotencyStore,
} from '../../src/index.ts';
import { until } from '../support/until.ts';

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

  it('keeps no outcome of a call whose handler failed because its caller or its time was gone', async () => {
    const told: unknown[] = [];
    let runs = 0;
    const pay = async (_: unknown, { signal }: { signal: AbortSignal }) => {
      if (++runs === 1)
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('canceling statement due to user request'))),
        );
      return { run: runs };
    };
    const service = createService(contract, { pay }, { onError: ({ error }) => told.push(error) });
    const client = createClient({ contract, transport: service });
    const key = { idempotencyKey: 'k' };
    await expect(client.pay({ cents: 1 }, { ...key, timeoutMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await until(() => told.length === 1);
    expect(await client.pay({ cents: 1 }, key)).toEqual({ run: 2 });
  });

  it('takes the members of a record in any order for the same input', async () => {
    const map = defineContract({
      name: 'map',
      operations: { put: mutation({ input: z.object({ of: z.record(z.string(), z.int32()) }), output: z.int32() }) },
    });
    let runs = 0;
    const client = createClient({ contract: map, transport: createService(map, { put: () => ++runs }) });
    expect(await client.put({ of: { a: 1, b: 2 } }, { idempotencyKey: 'k' })).toBe(1);
    expect(await client.put({ of: { b: 2, a: 1 } }, { idempotencyKey: 'k' })).toBe(1);
    await expect(client.put({ of: { b: 1, a: 2 } }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('asks a store for a time that every database has, if an outcome is kept for ever', async () => {
    const inner = memoryIdempotencyStore();
    const times: number[] = [];
    const store: IdempotencyStore = {
      ...inner,
      finish: (key, owner, outcome, ttlMs) => (times.push(ttlMs), inner.finish(key, owner, outcome, ttlMs)),
    };
    const service = createService(contract, { pay: () => ({ run: 1 }) }, { idempotencyStore: store, idempotencyTtlMs: Infinity });
    await createClient({ contract, transport: service }).pay({ cents: 1 }, { idempotencyKey: 'k' });
    expect(times).toEqual([3_155_760_000_000]);
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
    const { client, runs } = till({ store: { begin: away, renew: away, finish: away, release: away } });
    const error: unknown = await client.pay({ cents: 1 }, { idempotencyKey: 'k' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', text: 'the idempotency store failed: try again later' });
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
    const memory = memoryIdempotencyStore();
    const store: IdempotencyStore = {
      ...memory,
      finish: (key, owner, outcome, ttlMs) => memory.finish(key, owner, JSON.parse(JSON.stringify(outcome)) as IdempotencyOutcome, ttlMs),
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

  it('keeps a key while its handler runs, however short the lease', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let runs = 0;
    let renewals = 0;
    const memory = memoryIdempotencyStore();
    const idempotencyStore: IdempotencyStore = { ...memory, renew: (...of) => memory.renew(...of).finally(() => renewals++) };
    const slow = createService(
      contract,
      {
        pay: async () => {
          runs++;
          await released;
          return { run: runs };
        },
      },
      { idempotencyLeaseMs: 300, idempotencyStore },
    );
    const client = createClient({ contract, transport: slow });
    const first = client.pay({ cents: 1 }, { idempotencyKey: 'k' });
    // A key is renewed three times in a lease.
    await until(() => renewals >= 5, 'the first lease would be over');
    await expect(client.pay({ cents: 1 }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'ABORTED' });
    release();
    expect([await first, await client.pay({ cents: 1 }, { idempotencyKey: 'k' }), runs]).toEqual([{ run: 1 }, { run: 1 }, 1]);
  });

  it('gives UNAVAILABLE for a store that does not answer, and does not run the call', async () => {
    const never = () => new Promise<never>(() => {});
    let runs = 0;
    const service = createService(
      contract,
      { pay: () => ({ run: ++runs }) },
      { idempotencyStore: { begin: never, renew: never, finish: never, release: never }, storeTimeoutMs: 20 },
    );
    const client = createClient({ contract, transport: service });
    await expect(client.pay({ cents: 1 }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(runs).toBe(0);
  });

  it('gives the output though the store never answers that it is kept, and reports that', async () => {
    const reports: unknown[] = [];
    const store: IdempotencyStore = { ...memoryIdempotencyStore(), finish: () => new Promise<never>(() => {}) };
    const options = { idempotencyStore: store, storeTimeoutMs: 20, onError: ({ error }: { error: unknown }) => void reports.push(error) };
    const service = createService(contract, { pay: () => ({ run: 1 }) }, options);
    expect(await createClient({ contract, transport: service }).pay({ cents: 1 }, { idempotencyKey: 'k' })).toEqual({ run: 1 });
    expect(reports).toMatchObject([{ code: 'UNAVAILABLE' }]);
  });

  it('refuses the caller who fills the store, and keeps the outcomes of others', async () => {
    let runs = 0;
    const bulky = defineContract({
      name: 'bulky',
      operations: { echo: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string(), run: z.int32() }) }) },
    });
    const service = createService(
      bulky,
      { echo: ({ text }) => ({ text, run: ++runs }) },
      {
        context: ({ headers }: ContextInfo) => ({ caller: headers['x-user'] }),
        idempotencyStore: memoryIdempotencyStore({ maxBytes: 1_000_000 }),
      },
    );
    const client = createClient({ contract: bulky, transport: service });
    const echo = (user: string, key: string, text: string) => client.echo({ text }, { idempotencyKey: key, headers: { 'x-user': user } });
    const kept = await echo('alice', 'k', 'mine');
    const large = 'x'.repeat(50_000);
    const outcomes: (string | number)[] = [];
    for (let n = 0; n < 40; n++)
      outcomes.push(
        await echo('mallory', `k${n}`, large).then(
          ({ run }) => run,
          (error: ApiError) => error.code,
        ),
      );
    expect(outcomes.at(-1)).toBe('RESOURCE_EXHAUSTED');
    const ran = runs;
    expect(ran).toBeLessThan(12);
    // What was acknowledged is kept, or its repeat says that it is not: it never runs again.
    for (let n = 0; n < ran - 1; n++)
      await echo('mallory', `k${n}`, large).catch((error: ApiError) => expect(error.code).toBe('DATA_LOSS'));
    expect(await echo('alice', 'k', 'mine')).toEqual(kept);
    expect(runs).toBe(ran);
    expect((await echo('bob', 'k', 'small')).text).toBe('small');
  });
});

describe('a handler in a transaction', () => {
  const shop = defineContract({
    name: 'shop',
    operations: { order: mutation({ input: z.object({ fails: z.boolean().default(false) }), output: z.object({ id: z.int32() }) }) },
    events: { ordered: event({ channel: 'orders', payload: z.object({ id: z.int32() }), writtenBy: 'order' }) },
  });

  function open(options: { hub?: EventHub; store?: IdempotencyStore } = {}) {
    let runs = 0;
    const service = createService(
      shop,
      {
        async order({ fails }, call) {
          const output = { id: ++runs };
          const transaction = memoryTransaction();
          await call.publish('ordered', output, { transaction });
          await call.finish(output, { transaction });
          if (fails) {
            transaction.rollback();
            throw new ApiError('NOT_FOUND', 'nothing to order');
          }
          transaction.commit();
          return output;
        },
      },
      { hub: options.hub, idempotencyStore: options.store, onError: () => {} },
    );
    const client = createClient({ contract: shop, transport: service });
    return { client, runs: () => runs };
  }

  it('writes its event once, and its outcome for the key', async () => {
    const { client, runs } = open();
    const heard: number[] = [];
    await client.onOrdered(({ id }) => void heard.push(id));
    const first = await client.order({}, { idempotencyKey: 'k' });
    expect(await client.order({}, { idempotencyKey: 'k' })).toEqual(first);
    await client.order({});
    expect([heard, runs()]).toEqual([[1, 2], 2]);
  });

  it('writes neither after a rollback, and keeps the error', async () => {
    const { client, runs } = open();
    const heard: number[] = [];
    await client.onOrdered(({ id }) => void heard.push(id));
    for (let n = 0; n < 2; n++)
      await expect(client.order({ fails: true }, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect([heard, runs()]).toEqual([[], 1]);
  });

  it('is told if the hub or the store takes part in no transactions', async () => {
    const { publishIn: _, ...hub } = memoryHub();
    const { finishIn: __, ...store } = memoryIdempotencyStore();
    const reports: string[] = [];
    for (const options of [{ hub }, { idempotencyStore: store }]) {
      const service = createService(
        shop,
        {
          order: async (__, call) => {
            const transaction = memoryTransaction();
            await call.publish('ordered', { id: 1 }, { transaction });
            await call.finish({ id: 1 }, { transaction });
            return { id: 1 };
          },
        },
        { ...options, onError: ({ error }) => void reports.push(String(error)) },
      );
      const client = createClient({ contract: shop, transport: service });
      await expect(client.order({}, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'INTERNAL' });
    }
    expect(reports[0]).toContain("this service's hub takes no part in transactions");
    expect(reports[1]).toContain("this service's idempotencyStore takes no part in transactions");
  });
});
