/**
 * The common state of several processes of a service, on Postgres: events, idempotency keys, ids of webhooks, nonces and webhooks. Events
 * and outcomes may be part of a handler's transaction.
 *
 * @module multi-api-sdk/postgres
 * @group Servers
 */

import { bytes, kept, ms, readOptions } from '../core/options.ts';
import type { EventHub } from '../events/hub.ts';
import { reporter } from '../life/report.ts';
import type { IdempotencyStore } from '../stores/idempotency.ts';
import type { NonceStore } from '../stores/nonces.ts';
import { ownedIdempotencyStore, ownedSeenStore } from '../stores/owned-keys.ts';
import type { SeenStore } from '../stores/seen.ts';
import type { WebhookStore } from '../webhook/store/store.ts';
import { clientOf, databaseInTime, type Queryable } from './database.ts';
import { PostgresHub } from './hub.ts';
import { PostgresKeys } from './owned-keys.ts';
import { Ticker } from './ticker.ts';
import { postgresWebhookStore } from './webhook-store.ts';
import { closable, type BeforeClosable, type Closable } from '../life/closable.ts';

export type { Queryable } from './database.ts';
export { migratePostgres, postgresMigrations, type PostgresMigration } from './migrations.ts';

/** Options of `postgresStores`. */
export interface PostgresStoresOptions {
  /** A `Pool` of `pg`, or anything with its `query(text, values)`. It stays yours to close. */
  readonly pool: Queryable;
  /** How often a process looks for events of others, and for those of committed transactions, in milliseconds: the longest that one takes to be heard. @default 100 */
  readonly pollMs?: number | undefined;
  /** How long events are held for subscribers that resume, in milliseconds. `Infinity` is a hundred years. @default 86_400_000 (24 h) */
  readonly historyTtlMs?: number | undefined;
  /**
   * How long the database may take to answer one statement, in milliseconds. A longer one has failed and is tried again, on another connection of the pool. The
   * pool's own option (`query_timeout` of `pg`) also frees the connection. @default 30_000
   */
  readonly storeTimeoutMs?: number | undefined;
  /** About how many bytes of keys and outcomes one caller may hold in each of the stores; more is refused with RESOURCE_EXHAUSTED. @default 67_108_864 (64 MiB) */
  readonly maxBytesPerCaller?: number | undefined;
  /** Gets what fails in the standing work, when a minute: reading, relaying and deleting. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The stores of one service on Postgres, for `createService`, `webhook`, `soapHandler` and `webhookHandler`. */
export interface PostgresStores extends Closable {
  /** `call.publish(name, data, { transaction: client })` writes an event in a transaction; it is published after the commit. */
  readonly hub: EventHub;
  /** `call.finish(output, { transaction: client })` keeps the outcome of a key in a transaction. */
  readonly idempotencyStore: IdempotencyStore;
  readonly seenStore: SeenStore;
  readonly nonceStore: NonceStore;
  readonly webhookStore: WebhookStore;
  /** Ends the standing work. The pool is yours to close. */
  close(): Promise<void>;
}

/**
 * Makes stores on Postgres 13 or newer, whose tables `migratePostgres` has made. A process asks the database for news every `pollMs`; one statement does each
 * thing, so that a pool in transaction mode serves.
 * @throws TypeError if an option has a value that it cannot have
 */
export function postgresStores(options: PostgresStoresOptions): PostgresStores {
  const readers = {
    pollMs: ms(100, { infinity: false }),
    historyTtlMs: kept(86_400_000),
    storeTimeoutMs: ms(30_000),
    maxBytesPerCaller: bytes(67_108_864),
  };
  const read = readOptions('postgresStores', options, readers, ['pool', 'onError']);
  const { pollMs, historyTtlMs, storeTimeoutMs, maxBytesPerCaller, onError } = read;
  if (typeof (read.pool as Partial<Queryable> | undefined)?.query !== 'function')
    throw new TypeError('postgresStores: pool must have query(text, values), as a Pool of the package pg has');
  const pool = databaseInTime(read.pool, storeTimeoutMs);
  const nonces = new PostgresKeys(pool, 'nonce', maxBytesPerCaller, 'nonces');
  const hub = new PostgresHub(pool, () => ticker.ring());
  const ticker = new Ticker({ pool, pollMs, historyTtlMs, read: () => hub.read(), report: reporter(onError) });
  return closable<BeforeClosable<PostgresStores>>({
    hub,
    idempotencyStore: ownedIdempotencyStore(new PostgresKeys(pool, 'key', maxBytesPerCaller, 'idempotency keys'), clientOf),
    seenStore: ownedSeenStore(new PostgresKeys(pool, 'seen', maxBytesPerCaller, 'ids of webhooks')),
    // A nonce is a key whose lease is its time.
    nonceStore: { use: async (nonce, ttlMs, caller) => (await nonces.begin(nonce, crypto.randomUUID(), '', ttlMs, caller)) === undefined },
    webhookStore: postgresWebhookStore(pool),
    async close() {
      await ticker.close();
      await hub.close();
    },
  });
}
