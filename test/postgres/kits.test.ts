import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migratePostgres, postgresMigrations, postgresStores, type PostgresStores } from '../../src/postgres/index.ts';
import { eventHubCases, idempotencyStoreCases, nonceStoreCases, seenStoreCases, webhookStoreCases } from '../../src/testing/index.ts';
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
