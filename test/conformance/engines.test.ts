/** The law with the hub and the keys of a service on Redis and on Postgres. What depends on them must hold over every protocol. */
import pg from 'pg';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conformanceCases, type ConformanceTarget } from '../../src/conformance/index.ts';
import { migratePostgres, postgresStores } from '../../src/postgres/index.ts';
import { redisStores } from '../../src/redis/index.ts';
import { target as connect } from '../protocols/connect.ts';
import { target as graphql } from '../protocols/graphql.ts';
import { target as grpc } from '../protocols/grpc.ts';
import { target as mcp } from '../protocols/mcp.ts';
import { target as mqtt } from '../protocols/mqtt.ts';
import { target as rest } from '../protocols/rest.ts';
import { soapTarget } from '../protocols/soap.ts';
import { target as webhook } from '../protocols/webhook.ts';
import { target as websocket } from '../protocols/websocket.ts';
import { testCases } from '../support/conformance.ts';
import { PostgresServer, postgresMissing } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { missing } from '../support/system-peer.ts';

const protocols: readonly ConformanceTarget[] = [rest, graphql, websocket, grpc, mqtt, soapTarget('soap', '1.2'), webhook, mcp, connect];

/** Those that depend on a hub or on keys the most. Every case: `PROCESSES=full npx vitest run test/conformance/engines.test.ts`. */
const isFull = process.env['PROCESSES'] === 'full';
const CASES = [
  'codecs-events', 'events-all-subscribers', 'events-params', 'events-params-text', 'events-payload', 'events-written-once',
  'idempotency-caller', 'idempotency-empty-output', 'idempotency-final-errors', 'idempotency-in-progress', 'idempotency-other-input',
  'idempotency-passing-errors', 'idempotency-race', 'idempotency-same-key', 'limits-replay', 'response-repeats',
  'resuming-first-connect', 'resuming-gap', 'resuming-id-and-time', 'resuming-last-id', 'resuming-reconnect', 'resuming-unknown-id',
]; // prettier-ignore
const cases = conformanceCases.filter(({ id }) => isFull || CASES.includes(id));
type Stores = NonNullable<ConformanceTarget['stores']>;

/** Engines trim their history by time, or in pieces. */
const FORGOTTEN = { id: 'resuming-forgotten-id', reason: 'the engine holds more events than it is told to' };

function testEngine(stores: Stores): void {
  for (const target of protocols) {
    const skips = [...(target.skips ?? []), FORGOTTEN];
    describe(target.name, () => testCases({ ...target, skips, stores }, cases));
  }
}

const redisMissing = missing('redis-server', 'redis-server', '--version');
describe.skipIf(redisMissing)(`on Redis${redisMissing ? ` (${redisMissing})` : ''}`, () => {
  let server: RedisServer;
  let clients: ReturnType<typeof createClient>[] = [];
  let opened = 0;
  beforeAll(async () => {
    server = await RedisServer.start();
    clients = [0, 1].map(() => createClient({ url: server.url }));
    await Promise.all(clients.map((client) => client.on('error', () => {}).connect()));
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await server.close();
  });
  const sender = (index: number) => (command: string[]) => clients[index]?.sendCommand(command) ?? Promise.reject(new Error('closed'));

  testEngine(async (history) => {
    const blocking = clients[1]?.duplicate();
    await blocking?.connect();
    const { hub, idempotencyStore, close } = redisStores({
      send: sender(0),
      blockingSend: (command) => blocking?.sendCommand(command) ?? Promise.reject(new Error('closed')),
      prefix: `{${opened++}}:`,
      ...(history !== undefined && { history }),
    });
    return {
      hub,
      idempotencyStore,
      close: async () => {
        await close();
        blocking?.destroy();
      },
    };
  });
});

describe.skipIf(postgresMissing)(`on Postgres${postgresMissing ? ` (${postgresMissing})` : ''}`, () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  let open = 0;
  beforeAll(async () => {
    server = await PostgresServer.start();
    pool = new pg.Pool({ connectionString: server.url, idleTimeoutMillis: 0 }).on('error', () => {});
    await migratePostgres(pool);
    // All of its connections, so that a case leaves no more behind than there were.
    const connections = await Promise.all(Array.from({ length: 10 }, () => pool.connect()));
    for (const connection of connections) connection.release();
  }, 60_000);
  afterAll(async () => {
    await pool.end();
    await server.close();
  });

  testEngine(async () => {
    if (open++ === 0)
      await pool.query(
        'truncate multi_api_sdk.events, multi_api_sdk.counters, multi_api_sdk.keys, multi_api_sdk.leases, multi_api_sdk.outbox',
      );
    const { hub, idempotencyStore, close } = postgresStores({ pool, pollMs: 5 });
    return {
      hub,
      idempotencyStore,
      close: async () => {
        await close();
        open--;
      },
    };
  });
});

describe('the cases', () => {
  test('are there', () => expect(cases.length).toBeGreaterThanOrEqual(CASES.length));
});
