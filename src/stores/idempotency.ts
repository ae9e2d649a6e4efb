import { ApiError, type ErrorBody } from '../core/errors.ts';
import { bytes, readOptions } from '../core/options.ts';
import type { ResponseHead } from '../core/transport.ts';
import { weightOf } from '../peer/weight.ts';
import { Shares } from './shares.ts';
import { TimedEntries } from './timed-entries.ts';
import { commitListener } from './transaction.ts';

/** The outcome of a call with an idempotency key. */
export type IdempotencyOutcome = ({ readonly output: unknown } | { readonly error: ErrorBody }) & {
  /** The headers and status of the answer, without cookies. */
  readonly response?: ResponseHead | undefined;
};

/** The entry of a store for a key: caller and input, and the outcome as soon as there is one. */
export interface IdempotencyEntry {
  /** Hash of the validated input. */
  readonly fingerprint: string;
  /** Absent while the first call is in progress. */
  readonly outcome?: IdempotencyOutcome | undefined;
}

/** The result of `begin`: the token of the key's new owner, or the entry that the store already holds. */
export type IdempotencyClaim = { readonly owner: string } | { readonly entry: IdempotencyEntry };

/**
 * Keeps the outcomes of calls with idempotency keys. Keys are hashes of caller, operation and key. A key without an outcome belongs to its
 * owner until its lease ends: a process that dies leaves it to the next call. `idempotencyStoreCases` states the rules of every store.
 */
export interface IdempotencyStore {
  /**
   * Takes a key for `leaseMs` milliseconds, or gives what holds it, in one atomic step. `caller` is a hash too: it tells whose share of the store
   * the key takes. Rejects with RESOURCE_EXHAUSTED if that share is full.
   */
  begin(key: string, fingerprint: string, leaseMs: number, caller: string): Promise<IdempotencyClaim>;
  /** Keeps a key for `leaseMs` from now on, while its call runs; false if it is not the owner's any more. */
  renew(key: string, owner: string, leaseMs: number): Promise<boolean>;
  /** Keeps the outcome for `ttlMs`; false, and without effect, if the key has an outcome or another owner. */
  finish(key: string, owner: string, outcome: IdempotencyOutcome, ttlMs: number): Promise<boolean>;
  /** Gives a key up, because its call failed in a way that another try may not. Without effect if it has an outcome or another owner. */
  release(key: string, owner: string): Promise<void>;
  /** As `finish`, within a transaction of the store's database; false tells to roll it back. A store without it takes part in none. */
  finishIn?(transaction: unknown, key: string, owner: string, outcome: IdempotencyOutcome, ttlMs: number): Promise<boolean>;
}

/** The error of a repeat whose outcome was too large to keep: never the call again. */
export const OUTCOME_NOT_KEPT: IdempotencyOutcome = {
  error: { code: 'DATA_LOSS', message: 'the call with this idempotency key was done, but its outcome was too large to keep' },
};

/** The error of a caller whose share of a store is full. */
export function shareIsFull(what: string): ApiError {
  return new ApiError('RESOURCE_EXHAUSTED', `you hold too many ${what}: try again later`, { retryAfterMs: 60_000 });
}

/** Options of `memoryIdempotencyStore`. */
export interface MemoryIdempotencyOptions {
  /**
   * About how many bytes all keys and outcomes may take. A caller may hold as much as is free, so at most half of it. One that holds more
   * is refused with RESOURCE_EXHAUSTED, and no outcome makes room for that of another caller. @default 134_217_728 (128 MiB)
   */
  readonly maxBytes?: number;
}

interface Pending {
  readonly fingerprint: string;
  readonly owner: string;
  readonly caller: string;
}

/** The size of a key beside its outcome, in bytes. */
const KEY_WEIGHT = 600;

/** An idempotency store within this process. Its transactions are those of `memoryTransaction`. */
export function memoryIdempotencyStore(options: MemoryIdempotencyOptions = {}): IdempotencyStore {
  const { maxBytes } = readOptions('memoryIdempotencyStore', options, { maxBytes: bytes(134_217_728) }, []);
  const shares = new Shares(maxBytes);
  const pending = new TimedEntries<Pending>(shares);
  const done = new TimedEntries<IdempotencyEntry>(shares);
  let made = 0;

  const ownedBy = (key: string, owner: string): Pending | undefined => {
    const claim = pending.get(key);
    return claim?.owner === owner ? claim : undefined;
  };
  const keep = ({ fingerprint, caller }: Pending, key: string, outcome: IdempotencyOutcome, ttlMs: number): void => {
    pending.delete(key);
    if (done.add(key, caller, KEY_WEIGHT + weightOf(outcome), ttlMs, { fingerprint, outcome })) return;
    done.add(key, caller, KEY_WEIGHT, ttlMs, { fingerprint, outcome: OUTCOME_NOT_KEPT });
  };

  return {
    async begin(key, fingerprint, leaseMs, caller) {
      const entry = done.get(key) ?? pending.get(key);
      if (entry) return { entry: 'owner' in entry ? { fingerprint: entry.fingerprint } : entry };
      const owner = String(++made);
      // Before the call runs: afterwards its outcome could not be kept.
      if (shares.isFull(caller) || !pending.add(key, caller, KEY_WEIGHT, leaseMs, { fingerprint, owner, caller }))
        throw shareIsFull('idempotency keys');
      return { owner };
    },
    async renew(key, owner, leaseMs) {
      return ownedBy(key, owner) !== undefined && pending.extend(key, leaseMs);
    },
    async finish(key, owner, outcome, ttlMs) {
      const claim = ownedBy(key, owner);
      if (claim) keep(claim, key, outcome, ttlMs);
      return claim !== undefined;
    },
    async release(key, owner) {
      if (ownedBy(key, owner)) pending.delete(key);
    },
    async finishIn(transaction, key, owner, outcome, ttlMs) {
      const commit = commitListener('memoryIdempotencyStore', transaction);
      const claim = ownedBy(key, owner);
      if (claim) commit.afterCommit(() => ownedBy(key, owner) && keep(claim, key, outcome, ttlMs));
      return claim !== undefined;
    },
  };
}
