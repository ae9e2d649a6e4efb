import type { Pool } from 'pg';
import type { EventHub } from '../events/hub.ts';
import { migratePostgres, postgresStores } from '../postgres/index.ts';
import { redisStores } from '../redis/index.ts';
import type { IdempotencyStore } from '../stores/idempotency.ts';
import type { NonceStore } from '../stores/nonces.ts';
import type { SeenStore } from '../stores/seen.ts';
import type { WebhookStore } from '../webhook/store/store.ts';
import { UsageError } from './args.ts';

/** The stores that a module's function gets, to make a service with. */
export interface EngineStores {
  readonly hub: EventHub;
  readonly idempotencyStore: IdempotencyStore;
  readonly seenStore: SeenStore;
  readonly nonceStore: NonceStore;
}

/** Empty without an engine, so that the defaults hold. */
export type Stores = Partial<EngineStores>;

/** Stores on an engine, and how to leave it. */
export interface OpenedStores {
  /** The flag that asked for it. */
  readonly flag: '--redis' | '--postgres';
  readonly stores: EngineStores;
  /** Of an engine that keeps webhooks. */
  readonly webhookStore?: WebhookStore;
  readonly close: () => Promise<void>;
}

/** Connects to the engine that the flags name, if they name one. Throws a `UsageError` if it cannot be reached. */
export async function openStores(flags: {
  readonly redis?: string | undefined;
  readonly postgres?: string | undefined;
}): Promise<OpenedStores | undefined> {
  const { redis, postgres } = flags;
  if (redis !== undefined && postgres !== undefined)
    throw new UsageError('--redis and --postgres both give the stores of events and keys: give one of them');
  if (redis !== undefined) return openRedis(redis);
  if (postgres === undefined) return undefined;
  const pool = await openPool(postgres);
  try {
    await migrate(pool, postgres);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const stores = postgresStores({ pool });
  return {
    flag: '--postgres',
    stores,
    webhookStore: stores.webhookStore,
    async close() {
      await stores.close();
      await pool.end();
    },
  };
}

async function openRedis(url: string): Promise<OpenedStores> {
  const host = hostOf(url);
  const { createClient } = await needed('redis', () => import('redis'));
  let isUp = false;
  // Before it was there once it is not waited for; afterwards it is connected again and again.
  const reconnectStrategy = (tries: number) => (isUp ? Math.min(50 * 2 ** Math.min(tries, 6), 2000) : new Error('connection refused'));
  // A failure of a connection is seen again by the next command.
  const client = createClient({ url, socket: { connectTimeout: 5000, reconnectStrategy } }).on('error', () => {});
  const waiting = client.duplicate().on('error', () => {});
  const destroy = () => {
    for (const each of [client, waiting]) if (each.isOpen) each.destroy();
  };
  try {
    await Promise.all([client.connect(), waiting.connect()]);
    isUp = true;
  } catch (error) {
    destroy();
    throw new UsageError(`Redis at ${host} does not answer: ${messageOf(error)}`);
  }
  const stores = redisStores({
    send: (command) => client.sendCommand([...command]),
    blockingSend: (command) => waiting.sendCommand([...command]),
  });
  return {
    flag: '--redis',
    stores,
    async close() {
      await stores.close();
      destroy();
    },
  };
}

/** A pool of the package `pg`. */
export async function openPool(url: string): Promise<Pool> {
  const { default: pg } = await needed('pg', () => import('pg'));
  // A failure of idle connections is seen again by the next statement.
  return new pg.Pool({ connectionString: url }).on('error', () => {});
}

/** Makes the tables; resolves with what it ran. */
export async function migrate(pool: Pool, url: string): Promise<readonly string[]> {
  try {
    return await migratePostgres(pool);
  } catch (error) {
    throw new UsageError(`Postgres at ${hostOf(url)} does not serve: ${messageOf(error)}`);
  }
}

/** Loads an optional package. Throws a `UsageError` that names it if it is not installed. */
async function needed<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(`this needs the package ${name}: npm install ${name}`);
  }
}

/** Of a URL what may be shown: no password. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    throw new UsageError('that is not a URL: write postgres://user@host:5432/database or redis://host:6379');
  }
}

/** The reason, also of a connection that was tried at several addresses. */
function messageOf(error: unknown): string {
  const { message, errors } = error as { readonly message?: string; readonly errors?: readonly unknown[] };
  if (message) return message;
  return errors?.[0] === undefined ? String(error) : messageOf(errors[0]);
}
