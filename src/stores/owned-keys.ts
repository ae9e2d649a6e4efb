import { parseJson } from '../peer/json.ts';
import { OUTCOME_NOT_KEPT, type IdempotencyOutcome, type IdempotencyStore } from './idempotency.ts';
import type { SeenStore } from './seen.ts';

/** What an engine holds for a key. */
export interface HeldKey {
  readonly fingerprint: string;
  readonly outcome: string | undefined;
}

/** Keys of one kind in an engine, which belong to an owner until their lease ends, and then have an outcome. `Client` runs its transactions. */
export interface OwnedKeys<Client = never> {
  /** Gives a token of the new owner, or what is held. Rejects with RESOURCE_EXHAUSTED if the caller's share is full. */
  begin(key: string, fingerprint: string, leaseMs: number, caller: string): Promise<{ readonly owner: string } | HeldKey>;
  renew(key: string, owner: string, leaseMs: number): Promise<boolean>;
  /** `instead` is kept if the outcome does not fit into the caller's share. */
  finish(key: string, owner: string, outcome: string, ttlMs: number, instead: string, client?: Client): Promise<boolean>;
  release(key: string, owner: string): Promise<void>;
}

const NOT_KEPT = JSON.stringify(OUTCOME_NOT_KEPT);

/** Outcomes of idempotency keys in an engine. With `clientOf` one may be part of the transaction that it is the outcome of. */
export function ownedIdempotencyStore<Client>(keys: OwnedKeys<Client>, clientOf?: (transaction: unknown) => Client): IdempotencyStore {
  const finish = (key: string, owner: string, outcome: IdempotencyOutcome, ttlMs: number, client?: Client) =>
    keys.finish(key, owner, JSON.stringify(outcome), ttlMs, NOT_KEPT, client);
  return {
    async begin(key, fingerprint, leaseMs, caller) {
      const claim = await keys.begin(key, fingerprint, leaseMs, caller);
      if ('owner' in claim) return claim;
      const outcome = claim.outcome === undefined ? undefined : (parseJson(claim.outcome, Infinity) as IdempotencyOutcome);
      return { entry: { fingerprint: claim.fingerprint, outcome } };
    },
    renew: (key, owner, leaseMs) => keys.renew(key, owner, leaseMs),
    finish: (key, owner, outcome, ttlMs) => finish(key, owner, outcome, ttlMs),
    release: (key, owner) => keys.release(key, owner),
    ...(clientOf && {
      finishIn: async (transaction, key, owner, outcome, ttlMs) => finish(key, owner, outcome, ttlMs, clientOf(transaction)),
    }),
  };
}

/** Ids of webhooks in an engine. */
export function ownedSeenStore(keys: OwnedKeys): SeenStore {
  return {
    async begin(id, leaseMs, sender) {
      const claim = await keys.begin(id, '', leaseMs, sender);
      return 'owner' in claim ? claim : { state: claim.outcome === undefined ? 'pending' : 'done' };
    },
    renew: (id, owner, leaseMs) => keys.renew(id, owner, leaseMs),
    done: async (id, owner, ttlMs) => void (await keys.finish(id, owner, '1', ttlMs, '1')),
    failed: (id, owner) => keys.release(id, owner),
  };
}
