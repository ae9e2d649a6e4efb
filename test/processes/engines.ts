import { createClient } from 'redis';
import pg from 'pg';
import type { EventHub, IdempotencyStore } from '../../src/index.ts';
import { migratePostgres, postgresStores } from '../../src/postgres/index.ts';
import { redisStores } from '../../src/redis/index.ts';
import { PostgresServer, postgresMissing } from '../support/postgres-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { missing } from '../support/system-peer.ts';

export type EngineName = 'redis' | 'postgres';

/** An engine as a test starts, kills and starts it again. */
export interface EngineServer {
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Why tests on an engine are skipped, if they are. */
export const engineMissing: Readonly<Record<EngineName, string | undefined>> = {
  redis: missing('redis-server', 'redis-server', '--version'),
  postgres: postgresMissing,
};

export async function startEngine(name: EngineName): Promise<EngineServer> {
  if (name === 'redis') return RedisServer.start();
  const server = await PostgresServer.start();
  const pool = new pg.Pool({ connectionString: server.url });
  await migratePostgres(pool);
  await pool.end();
  return server;
}

/** What a process has on an engine. */
export interface Stores {
  readonly hub: EventHub;
  readonly idempotencyStore: IdempotencyStore;
  close(): Promise<void>;
}

export async function openEngine(name: EngineName, url: string): Promise<Stores> {
  const onError = (error: unknown) => console.error(String(error));
  if (name === 'postgres') {
    const pool = new pg.Pool({ connectionString: url, max: 10 }).on('error', () => {});
    const stores = postgresStores({ pool, pollMs: 20, onError });
    return { ...stores, close: () => stores.close().then(() => pool.end()) };
  }
  const clients = [0, 1].map(() => createClient({ url, socket: { reconnectStrategy: () => 50 } }).on('error', () => {}));
  await Promise.all(clients.map((client) => client.connect()));
  const [send, blockingSend] = clients.map((client) => (command: string[]) => client.sendCommand(command));
  if (!send || !blockingSend) throw new Error('two clients');
  const stores = redisStores({ send, blockingSend, onError });
  const close = async () => {
    await stores.close();
    for (const client of clients) client.destroy();
  };
  return { ...stores, close };
}
