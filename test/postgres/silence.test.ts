import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, event, mutation } from '../../src/index.ts';
import { postgresStores } from '../../src/postgres/index.ts';
import { PostgresServer, postgresMissing as skipped } from '../support/postgres-server.ts';
import { quietWay } from '../support/quiet-way.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'notes',
  operations: { add: mutation({ input: z.object({ n: z.number() }), output: z.object({ n: z.number() }) }) },
  events: { added: event({ channel: 'notes', payload: z.object({ n: z.number() }), writtenBy: 'add' }) },
});

describe.skipIf(skipped)(`a connection to Postgres that falls silent${skipped ? ` (${skipped})` : ''}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.startMigrated();
  }, 60_000);
  afterAll(() => server.close());

  it('holds up no event and no key for longer than storeTimeoutMs', async () => {
    const way = await quietWay(server.port);
    const pool = new pg.Pool({ connectionString: `postgres://postgres@${way.url}/postgres`, max: 20 });
    pool.on('error', () => {});
    const errors: unknown[] = [];
    const stores = postgresStores({ pool, pollMs: 20, storeTimeoutMs: 300, onError: (error) => errors.push(error) });
    const { hub, idempotencyStore } = stores;
    const handlers = { add: ({ n }: { n: number }) => ({ n }) };
    const service = createService(contract, handlers, { hub, idempotencyStore, onError: (error) => errors.push(error) });
    onTestFinished(async () => {
      await service.close();
      await stores.close();
      await server.close();
      await pool.end();
    });
    const heard: number[] = [];
    const client = createClient({ contract, transport: service });
    await client.onAdded(({ n }) => void heard.push(n));
    await client.add({ n: 1 });
    await until(() => heard.length === 1, 'the first event is heard');
    way.fallSilent();
    await client.add({ n: 2 }, { idempotencyKey: 'two' }).catch(() => {});
    await client.add({ n: 3 });
    await until(() => heard.includes(3), 'an event after the silence is heard');
    expect(errors.map(String).join('\n')).toContain('has not answered a statement within 300 ms');
  }, 30_000);
});
