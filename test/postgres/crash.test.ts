import { fork } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createClient, createService } from '../../src/index.ts';
import { migratePostgres, postgresStores } from '../../src/postgres/index.ts';
import { shop } from '../programs/postgres-shop.ts';
import { bundled } from '../support/bundle.ts';
import { PostgresServer, postgresMissing as skipped } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';

/** A longer run, of 10,000 transactions: `PROCESSES=full npx vitest run test/postgres/crash.test.ts`. */
const isFull = process.env['PROCESSES'] === 'full';
const ROUNDS = isFull ? 40 : 4;
const ORDERS = isFull ? 260 : 150;

describe.skipIf(skipped)(`crashes around Postgres${skipped ? ` (${skipped})` : ''}`, () => {
  let server: PostgresServer;
  const undo: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await PostgresServer.start();
    const pool = newPool();
    await migratePostgres(pool);
    await pool.query('create table orders (id bigint primary key)');
    await pool.end();
  }, 60_000);
  afterEach(async () => {
    for (const each of undo.splice(0).reverse()) await each();
  });
  afterAll(() => server.close());

  const newPool = () => new pg.Pool({ connectionString: server.url, max: 8 }).on('error', () => {});

  /** One process: its service and a client of it. */
  function open() {
    const pool = newPool();
    const stores = postgresStores({ pool, pollMs: 20, onError: () => {} });
    const service = createService(shop, { order: ({ id }) => ({ id }) }, { hub: stores.hub, onError: () => {} });
    undo.push(async () => {
      await service.close();
      await stores.close();
      await pool.end();
    });
    return { service, client: createClient({ contract: shop, transport: service }), pool };
  }

  it('lose no event of a committed transaction, and publish none twice', async () => {
    const { client, pool } = open();
    const heard: number[] = [];
    await client.onOrdered(({ id }) => void heard.push(id));
    // Each process ends itself by SIGKILL at a moment of its own, often between a commit and what follows it.
    const program = await bundled(new URL('../programs/postgres-shop.ts', import.meta.url));
    undo.push(program.remove);
    for (let round = 0; round < ROUNDS; round++)
      await once(fork(program.path, [server.url, String(round * 1000), String(ORDERS)], { execArgv: [] }), 'exit');
    const { rows } = await pool.query('select id::int from orders order by id');
    const committed = rows.map(({ id }: { id: number }) => id);
    expect(committed.length).toBeGreaterThan(ROUNDS * (ORDERS - 10));
    await until(() => heard.length >= committed.length);
    // One more, after which all others have come.
    const last = ROUNDS * 1000;
    await client.order({ id: last });
    await until(() => heard.includes(last));
    expect(heard.filter((id) => id !== last).sort((a, b) => a - b)).toEqual(committed);
    if (isFull) console.log({ crashes: ROUNDS, committed: committed.length, heard: heard.length - 1 });
  }, 600_000);

  it('of the database lose nothing that was acknowledged', async () => {
    const [one, two] = [open(), open()];
    const heard: number[] = [];
    let gaps = 0;
    await two.client.onOrdered(({ id }) => void heard.push(id), { onGap: () => gaps++ });
    const published: Promise<void>[] = [];
    for (let id = 0; id < 300; id++) {
      published.push(one.service.publish('ordered', { id }));
      if (id === 100) await server.kill();
      if (id === 200) await server.start();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(published);
    await until(() => heard.length >= 300);
    expect([new Set(heard).size, heard.length, gaps]).toEqual([300, 300, 0]);
  }, 60_000);
});
