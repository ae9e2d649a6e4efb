/**
 * The common state of several processes of a service, on Redis: events, idempotency keys, ids of webhooks and nonces.
 *
 * @module multi-api-sdk/redis
 * @group Servers
 */

import { bytes, count, kept, ms, readOptions } from '../core/options.ts';
import type { EventHub } from '../events/hub.ts';
import { reporter } from '../life/report.ts';
import type { IdempotencyStore } from '../stores/idempotency.ts';
import type { NonceStore } from '../stores/nonces.ts';
import { ownedIdempotencyStore, ownedSeenStore } from '../stores/owned-keys.ts';
import type { SeenStore } from '../stores/seen.ts';
import { checkDurability } from './check.ts';
import { Scripts, sendInTime, type SendCommand } from './commands.ts';
import { BLOCK_MS } from './feed.ts';
import { RedisHub } from './hub.ts';
import { RedisKeys, redisNonceStore } from './key-stores.ts';
import { closable, type Closable } from '../life/closable.ts';

export type { SendCommand } from './commands.ts';

/** Options of `redisStores`. */
export interface RedisStoresOptions {
  /** Sends one command: `(command) => client.sendCommand(command)` of node-redis, `([name, ...rest]) => client.call(name, ...rest)` of ioredis. */
  readonly send: SendCommand;
  /** As `send`, on a connection of its own (`client.duplicate()`): the hub's read waits there for new events, for up to two seconds at a time. */
  readonly blockingSend: SendCommand;
  /** Begins every key. Services that share a Redis and not their events have one each. Its braces put all keys into one slot of a cluster. @default '{multi-api-sdk}:' */
  readonly prefix?: string | undefined;
  /** About how many of the last events each concrete channel (`rooms/42/messages`) holds for subscribers that resume, after they left the last of all channels. @default 1000 */
  readonly history?: number | undefined;
  /** About how many of the last events of all channels together are held, 100 at least: for processes that fall behind, and for subscribers of many channels. @default 10_000 */
  readonly maxEvents?: number | undefined;
  /** How long the events of a channel are held in which nothing happens, in milliseconds. `Infinity` is a hundred years. @default 86_400_000 (24 h) */
  readonly historyTtlMs?: number | undefined;
  /** How long Redis may take to answer one command, beside the two seconds of a read that waits, in milliseconds. A longer one has failed and is tried again. @default 30_000 */
  readonly storeTimeoutMs?: number | undefined;
  /** About how many bytes of keys and outcomes one caller may hold in each of the stores; more is refused with RESOURCE_EXHAUSTED. @default 67_108_864 (64 MiB) */
  readonly maxBytesPerCaller?: number | undefined;
  /** Gets what the hub could not do at once, and once what Redis may lose by the way it is configured. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The stores of one service on Redis, for `createService`, `webhook` and `soapHandler`. */
export interface RedisStores extends Closable {
  readonly hub: EventHub;
  readonly idempotencyStore: IdempotencyStore;
  readonly seenStore: SeenStore;
  readonly nonceStore: NonceStore;
  /** Stops reading. The clients are yours to close. */
  close(): Promise<void>;
}

/** How long a hub remembers the key of an event: longer than a service tries to publish it again. */
const KEY_TTL_MS = 3_600_000;

/**
 * Makes stores on Redis 6.2 or newer, or Valkey, by any client. If Redis acknowledges and then loses an event, because it keeps nothing on
 * disk or fails over to a replica without it, the event is lost here too, and subscribers are told of a gap.
 * @throws TypeError if an option has a value that it cannot have
 */
export function redisStores(options: RedisStoresOptions): RedisStores {
  const read = readOptions(
    'redisStores',
    options,
    {
      history: count(1000, { zero: true, infinity: false }),
      maxEvents: count(10_000, { infinity: false }),
      historyTtlMs: kept(86_400_000),
      storeTimeoutMs: ms(30_000),
      maxBytesPerCaller: bytes(67_108_864),
    },
    ['send', 'blockingSend', 'prefix', 'onError'],
  );
  const { prefix = '{multi-api-sdk}:', history, maxEvents, historyTtlMs, storeTimeoutMs, maxBytesPerCaller } = read;
  for (const [name, value] of Object.entries({ send: read.send, blockingSend: read.blockingSend })) {
    if (typeof value !== 'function')
      throw new TypeError(
        `redisStores: ${name} must be a function that sends one command, such as (command) => client.sendCommand(command)`,
      );
  }
  if (read.send === read.blockingSend)
    throw new TypeError('redisStores: blockingSend needs a connection of its own: it would hold up every other command');
  const send = sendInTime(read.send, storeTimeoutMs);
  const blockingSend = sendInTime(read.blockingSend, storeTimeoutMs + BLOCK_MS);
  const report = reporter(read.onError);
  const checked = once(() => checkDurability(send, report));
  const scripts = new Scripts((command) => {
    checked();
    return send(command);
  });
  const hub = new RedisHub({ scripts, blockingSend, prefix, history, maxEvents, historyTtlMs, keyTtlMs: KEY_TTL_MS, report });
  const keys = { scripts, prefix, maxBytesPerCaller };
  return closable({
    hub,
    idempotencyStore: ownedIdempotencyStore(new RedisKeys(keys, 'key')),
    seenStore: ownedSeenStore(new RedisKeys(keys, 'seen')),
    nonceStore: redisNonceStore(keys),
    close: () => hub.close(),
  });
}

/** With the first command, not before, because the client may not be connected when the stores are made. */
function once(work: () => Promise<void>): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work().catch(() => {});
  };
}
