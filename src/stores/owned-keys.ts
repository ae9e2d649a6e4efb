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
  /**
   * Gives what is held, or `undefined` if the key is the owner's now. Rejects with RESOURCE_EXHAUSTED if the caller's share is full. An
   * owner is new, unless a client sends a command twice.
   */
  begin(key: string, owner: string, fingerprint: string, leaseMs: number, caller: string): Promise<HeldKey | undefined>;
  renew(key: string, owner: string, leaseMs: number): Promise<boolean>;
  /** `instead` is kept if the outcome does not fit into the caller's share. */
  finish(key: string, owner: string, outcome: string, ttlMs: number, instead: string, client?: Client): Promise<boolean>;
  release(key: string, owner: string): Promise<void>;
}

type Begun = { readonly owner: string } | { readonly held: HeldKey };

async function begin(keys: OwnedKeys, key: string, fingerprint: string, leaseMs: number, caller: string): Promise<Begun> {
  const owner = crypto.randomUUID();
  try {
    const held = await keys.begin(key, owner, fingerprint, leaseMs, caller);
    return held ? { held } : { owner };
  } catch (error) {
    // Its answer may be lost after the engine took the key: another try must not wait for the end of the lease.
    keys.release(key, owner).catch(() => {});
    throw error;
  }
}

const NOT_KEPT = JSON.stringify(OUTCOME_NOT_KEPT);

/** Outcomes of idempotency keys in an engine. With `clientOf` one may be part of the transaction that it is the outcome of. */
export function ownedIdempotencyStore<Client>(keys: OwnedKeys<Client>, clientOf?: (transaction: unknown) => Client): IdempotencyStore {
  const finish = (key: string, owner: string, outcome: IdempotencyOutcome, ttlMs: number, client?: Client) =>
    keys.finish(key, owner, JSON.stringify(outcome), ttlMs, NOT_KEPT, client);
  return {
    async begin(key, fingerprint, leaseMs, caller) {
      const claim = await begin(keys, key, fingerprint, leaseMs, caller);
      if ('owner' in claim) return claim;
      const { held } = claim;
      const outcome = held.outcome === undefined ? undefined : (parseJson(held.outcome, Infinity) as IdempotencyOutcome);
      return { entry: { fingerprint: held.fingerprint, outcome } };
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
      const claim = await begin(keys, id, '', leaseMs, sender);
      return 'owner' in claim ? claim : { state: claim.held.outcome === undefined ? 'pending' : 'done' };
    },
    renew: (id, owner, leaseMs) => keys.renew(id, owner, leaseMs),
    done: async (id, owner, ttlMs) => void (await keys.finish(id, owner, '1', ttlMs, '1')),
    failed: (id, owner) => keys.release(id, owner),
  };
}
