import { parseJson } from '../peer/json.ts';
import { OUTCOME_NOT_KEPT, type IdempotencyOutcome, type IdempotencyStore } from '../stores/idempotency.ts';
import type { NonceStore } from '../stores/nonces.ts';
import type { SeenStore } from '../stores/seen.ts';
import { clientOf, type Queryable } from './database.ts';
import { OwnedKeys } from './owned-keys.ts';

const NOT_KEPT = JSON.stringify(OUTCOME_NOT_KEPT);

/** Outcomes of idempotency keys in Postgres; one may be part of the transaction that it is the outcome of. */
export function postgresIdempotencyStore(pool: Queryable, maxBytesPerCaller: number): IdempotencyStore {
  const keys = new OwnedKeys(pool, 'key', maxBytesPerCaller, 'idempotency keys');
  return {
    async begin(key, fingerprint, leaseMs, caller) {
      const claim = await keys.begin(key, fingerprint, leaseMs, caller);
      if ('owner' in claim) return claim;
      const outcome = claim.outcome === undefined ? undefined : (parseJson(claim.outcome) as IdempotencyOutcome);
      return { entry: { fingerprint: claim.fingerprint, outcome } };
    },
    renew: (key, owner, leaseMs) => keys.renew(key, owner, leaseMs),
    finish: (key, owner, outcome, ttlMs) => keys.finish(pool, key, owner, JSON.stringify(outcome), ttlMs, NOT_KEPT),
    finishIn: async (transaction, key, owner, outcome, ttlMs) =>
      keys.finish(clientOf(transaction), key, owner, JSON.stringify(outcome), ttlMs, NOT_KEPT),
    release: (key, owner) => keys.release(key, owner),
  };
}

/** Ids of webhooks in Postgres. */
export function postgresSeenStore(pool: Queryable, maxBytesPerCaller: number): SeenStore {
  const keys = new OwnedKeys(pool, 'seen', maxBytesPerCaller, 'ids of webhooks');
  return {
    async begin(id, leaseMs, sender) {
      const claim = await keys.begin(id, '', leaseMs, sender);
      return 'owner' in claim ? claim : { state: claim.outcome === undefined ? 'pending' : 'done' };
    },
    renew: (id, owner, leaseMs) => keys.renew(id, owner, leaseMs),
    done: async (id, owner, ttlMs) => void (await keys.finish(pool, id, owner, '', ttlMs, '')),
    failed: (id, owner) => keys.release(id, owner),
  };
}

/** Nonces in Postgres: keys whose lease is their time. */
export function postgresNonceStore(pool: Queryable, maxBytesPerCaller: number): NonceStore {
  const keys = new OwnedKeys(pool, 'nonce', maxBytesPerCaller, 'nonces');
  return { use: async (nonce, ttlMs, caller) => 'owner' in (await keys.begin(nonce, '', ttlMs, caller)) };
}
