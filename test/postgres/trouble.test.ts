import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { migratePostgres, postgresStores } from '../../src/postgres/index.ts';
import { PostgresServer, postgresMissing as skipped } from '../support/postgres-server.ts';
import { throughTrouble } from '../support/trouble.ts';

describe.skipIf(skipped)(`a Postgres in trouble${skipped ? ` (${skipped})` : ''}`, () => {
  let server: PostgresServer;
  let admin: pg.Pool;
  const undo: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await PostgresServer.start();
    admin = new pg.Pool({ connectionString: server.url, max: 1 });
    await migratePostgres(admin);
  }, 60_000);
  afterEach(async () => {
    for (const each of undo.splice(0).reverse()) await each();
  });
  afterAll(async () => {
    await admin.end();
    await server.close();
  });

  function open(settings: pg.PoolConfig = {}) {
    const pool = new pg.Pool({ connectionString: server.url, ...settings }).on('error', () => {});
    const stores = postgresStores({ pool, pollMs: 20, onError: () => {} });
    undo.push(async () => {
      await stores.close();
      await pool.end();
    });
    return { ...stores, pool };
  }
  const endConnections = () => admin.query('select pg_terminate_backend(pid) from pg_stat_activity where backend_type = $1 and pid <> pg_backend_pid()', ['client backend']); // prettier-ignore

  it('that ends all connections, as in a failover, loses no acknowledged event, and callers may try again', async () => {
    let connections: NodeJS.Timeout | undefined;
    const begin = () => {
      connections = setInterval(() => void endConnections(), 20);
      return endConnections();
    };
    const end = () => clearInterval(connections);
    undo.push(end);
    await throughTrouble(open(), open(), begin, end);
  }, 60_000);

  it('that is read-only, as a standby, loses no acknowledged event, and callers may try again', async () => {
    const set = async (value: string) => {
      await admin.query(`begin read write; alter database postgres set default_transaction_read_only = ${value}; commit`);
      await endConnections();
    };
    const reports = await throughTrouble(
      open(),
      open(),
      () => set('on'),
      () => set('off'),
    );
    expect(reports).toContain('read-only transaction');
  }, 60_000);

  it('whose pool is exhausted loses no acknowledged event, and callers may try again', async () => {
    const here = open({ max: 2, connectionTimeoutMillis: 200 });
    const held: pg.PoolClient[] = [];
    const reports = await throughTrouble(
      here,
      open(),
      async () => held.push(await here.pool.connect(), await here.pool.connect()),
      () => held.forEach((client) => client.release()),
    );
    expect(reports).toContain('timeout exceeded when trying to connect');
  }, 60_000);

  it('whose statements cannot be serialized loses no acknowledged event, and callers may try again', async () => {
    const settings = { options: '-c default_transaction_isolation=serializable' };
    await throughTrouble(
      open(settings),
      open(settings),
      () => {},
      () => {},
    );
  }, 60_000);
});
