import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineContract, event, type EventMessage } from '../../src/index.ts';
import { migratePostgres, postgresMigrations, postgresStores, type PostgresStores } from '../../src/postgres/index.ts';
import { eventHubCases, idempotencyStoreCases, nonceStoreCases, seenStoreCases, webhookStoreCases } from '../../src/testing/index.ts';
import { until } from '../support/until.ts';
import { PostgresServer, postgresMissing as skipped } from '../support/postgres-server.ts';

describe.skipIf(skipped)(`Postgres${skipped ? ` (${skipped})` : ''}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.close());

  const open =
    <N extends Exclude<keyof PostgresStores, 'close'>>(name: N) =>
    async () => {
      const pool = new pg.Pool({ connectionString: server.url, max: 4 });
      const stores = postgresStores({ pool, pollMs: 20 });
      const begin = async () => {
        const client = await pool.connect();
        const end = async (how: string) => {
          await client.query(how);
          client.release();
        };
        await client.query('begin');
        return { transaction: client, commit: () => end('commit'), rollback: () => end('rollback') };
      };
      const close = async () => {
        await stores.close();
        await pool.end();
      };
      return { store: stores[name], begin, close };
    };

  it('says what to do while its tables are missing', async () => {
    const { store, close } = await open('idempotencyStore')();
    await expect(store.begin('k', 'f', 1000, 'c')).rejects.toThrow('migratePostgres(pool)');
    await close();
  });

  it('makes its tables once, also if several processes start at the same time', async () => {
    const pools = [0, 1, 2, 3].map(() => new pg.Pool({ connectionString: server.url, max: 2 }));
    const ran = await Promise.all(pools.map((pool) => migratePostgres(pool)));
    expect(ran.flat()).toEqual(postgresMigrations.map(({ id }) => id));
    for (const pool of pools) await pool.end();
  });

  it('takes events and outcomes with any characters and of any depth, and channels of any length', async () => {
    const { said } = defineContract({
      name: 'any',
      events: { said: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string() }) }) },
    }).events;
    const { store: hub, close: closeHub } = await open('hub')();
    const rooms = ['a\0b', 'long'.repeat(5000), 'plain'];
    const heard: string[] = [];
    const sink = { next: ({ data }: EventMessage) => void heard.push((data as { room: string }).room), gap: () => {}, end: () => {} };
    const { signal } = new AbortController();
    await hub.subscribe({ event: said, params: {}, signal, headers: {} }, sink);
    // Together: one that Postgres refuses would fail all.
    await Promise.all(rooms.map((room) => hub.publish(said, { key: `any-${room.length}`, time: '2026-01-31T12:00:00Z', data: { room } })));
    await until(() => heard.length === rooms.length);
    expect(heard).toEqual(rooms);
    await closeHub();

    const { store, close } = await open('webhookStore')();
    const base = {
      owner: '',
      url: 'https://example.com/',
      events: ['said'],
      format: 'json',
      params: {},
      ordered: false,
      notices: false,
    } as const;
    await store.saveSubscription({ ...base, id: 'any', secrets: [], createdAt: '2026-01-31T12:00:00Z' });
    const message = { id: 'e', type: 'said', time: '2026-01-31T12:00:00Z', data: JSON.stringify({ room: '\0' }) };
    const delivery = { id: 'd', subscriptionId: 'any', message, state: 'pending', attempts: [] } as const;
    await store.addDeliveries([delivery]);
    const response = `no \0 \ud83d \\u0000`;
    await store.saveDelivery({
      ...delivery,
      state: 'dead',
      attempts: [{ at: '2026-01-31T12:00:01Z', durationMs: 1, status: 500, response }],
    });
    const kept = await store.delivery('any', 'd');
    expect([kept?.message.data, kept?.attempts[0]?.response]).toEqual([message.data, 'no \ufffd \ufffd \\u0000']);
    await close();

    const { store: keys, close: closeKeys } = await open('idempotencyStore')();
    const claim = await keys.begin('deep', 'f', 1000, 'c');
    let output: unknown = 1;
    for (let depth = 0; depth < 100; depth++) output = [output];
    await keys.finish('deep', 'owner' in claim ? claim.owner : '', { output }, 1000);
    expect(await keys.begin('deep', 'f', 1000, 'c')).toMatchObject({ entry: { outcome: { output } } });
    await closeKeys();
  });

  it('keeps no more of finished deliveries than their size allows', async () => {
    const { store, close } = await open('webhookStore')();
    const base = {
      owner: '',
      url: 'https://example.com/',
      events: ['said'],
      format: 'json',
      params: {},
      ordered: false,
      notices: false,
    } as const;
    await store.saveSubscription({ ...base, id: 'large', secrets: [], createdAt: '2026-01-31T12:00:00Z' });
    for (let n = 0; n < 7; n++) {
      const message = { id: `e-${n}`, type: 'said', time: '2026-01-31T12:00:00Z', data: JSON.stringify('x'.repeat(1_000_000)) };
      const delivery = { id: `d-${n}`, subscriptionId: 'large', message, state: 'pending', attempts: [] } as const;
      await store.addDeliveries([delivery]);
      await store.saveDelivery({ ...delivery, state: 'dead' });
    }
    expect((await store.deliveries('large', 10)).map(({ id }) => id)).toEqual(['d-6', 'd-5', 'd-4', 'd-3']);
    await close();
  });

  it('gives a subscriber that resumes all of several pages, in order', async () => {
    const payload = z.object({ n: z.int32() });
    const { counted } = defineContract({ name: 'pages', events: { counted: event({ channel: 'counted', payload }) } }).events;
    const { store: hub, close } = await open('hub')();
    const listen = async (lastEventId?: string) => {
      const heard: EventMessage[] = [];
      const sink = { next: (message: EventMessage) => void heard.push(message), gap: () => {}, end: () => {} };
      const { signal } = new AbortController();
      await hub.subscribe({ event: counted, params: {}, signal, headers: {}, ...(lastEventId !== undefined && { lastEventId }) }, sink);
      return heard;
    };
    const all = await listen();
    const numbers = Array.from({ length: 1200 }, (_, n) => n);
    await Promise.all(numbers.map((n) => hub.publish(counted, { key: `page-${n}`, time: '2026-01-31T12:00:00Z', data: { n } })));
    await until(() => all.length === numbers.length);
    const resumed = await listen(all[0]?.id);
    expect(resumed.map(({ data }) => (data as { n: number }).n)).toEqual(numbers.slice(1));
    await close();
  });

  it.each(eventHubCases)('hub: $rule', ({ run }) => run(open('hub')));
  it.each(idempotencyStoreCases)('idempotency: $rule', ({ run }) => run(open('idempotencyStore')));
  it.each(seenStoreCases)('seen: $rule', ({ run }) => run(open('seenStore')));
  it.each(nonceStoreCases)('nonces: $rule', ({ run }) => run(open('nonceStore')));
  it.each(webhookStoreCases)('webhooks: $rule', async ({ run }) => {
    const pool = new pg.Pool({ connectionString: server.url });
    await pool.query('truncate multi_api_sdk.subscriptions, multi_api_sdk.deliveries');
    await pool.end();
    await run(async () => {
      const { store, close } = await open('webhookStore')();
      return { ...store, close: once(close) };
    });
  });
});

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => (closing ??= close());
}
