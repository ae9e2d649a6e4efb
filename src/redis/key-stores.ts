import { OUTCOME_NOT_KEPT, shareIsFull, type IdempotencyOutcome, type IdempotencyStore } from '../stores/idempotency.ts';
import type { NonceStore } from '../stores/nonces.ts';
import type { SeenStore } from '../stores/seen.ts';
import { parseJson } from '../peer/json.ts';
import { listOf, type Scripts } from './commands.ts';
import { BEGIN, FINISH, KEY_WEIGHT, RELEASE, RENEW, USE } from './key-scripts.ts';

export interface KeyStoresInit {
  readonly scripts: Scripts;
  /** Begins every key. */
  readonly prefix: string;
  /** The share of one caller in one of the stores. */
  readonly maxBytesPerCaller: number;
}

/** The entry of a key in Redis. */
interface Held {
  readonly fingerprint: string;
  readonly outcome: string | undefined;
}

/** Keys in Redis that belong to an owner until their lease ends, and then have an outcome. */
class OwnedKeys {
  private readonly init: KeyStoresInit;
  private readonly kind: string;

  constructor(init: KeyStoresInit, kind: string) {
    this.init = init;
    this.kind = kind;
  }

  /** Gives a token of the new owner, or what is held. Rejects with RESOURCE_EXHAUSTED if the caller's share is full. */
  async begin(key: string, fingerprint: string, leaseMs: number, caller: string): Promise<{ readonly owner: string } | Held> {
    const owner = crypto.randomUUID();
    const keys = [this.#key(key), `${this.init.prefix}${this.kind}-share:${caller}`];
    const [state, held, outcome] = listOf(await this.#run(BEGIN, [...keys, owner, fingerprint, String(leaseMs), this.#most]));
    if (state === 2) throw shareIsFull(this.kind === 'seen' ? 'ids of webhooks' : 'idempotency keys');
    return state === 1 ? { owner } : { fingerprint: String(held), outcome: typeof outcome === 'string' ? outcome : undefined };
  }

  async renew(key: string, owner: string, leaseMs: number): Promise<boolean> {
    return (await this.#run(RENEW, [this.#key(key), owner, String(leaseMs)])) === 1;
  }

  async finish(key: string, owner: string, outcome: string, ttlMs: number, instead: string): Promise<boolean> {
    return (await this.#run(FINISH, [this.#key(key), owner, String(ttlMs), this.#most, outcome, instead])) === 1;
  }

  async release(key: string, owner: string): Promise<void> {
    await this.#run(RELEASE, [this.#key(key), owner]);
  }

  #run(script: typeof BEGIN, args: readonly string[]): Promise<unknown> {
    return this.init.scripts.run(script, args);
  }

  #key(key: string): string {
    return `${this.init.prefix}${this.kind}:${key}`;
  }

  get #most(): string {
    return numberText(this.init.maxBytesPerCaller);
  }
}

/** Outcomes of idempotency keys in Redis. */
export function redisIdempotencyStore(init: KeyStoresInit): IdempotencyStore {
  const keys = new OwnedKeys(init, 'key');
  return {
    async begin(key, fingerprint, leaseMs, caller) {
      const claim = await keys.begin(key, fingerprint, leaseMs, caller);
      if ('owner' in claim) return claim;
      const outcome = claim.outcome === undefined ? undefined : (parseJson(claim.outcome) as IdempotencyOutcome);
      return { entry: { fingerprint: claim.fingerprint, outcome } };
    },
    renew: (key, owner, leaseMs) => keys.renew(key, owner, leaseMs),
    finish: (key, owner, outcome, ttlMs) => keys.finish(key, owner, JSON.stringify(outcome), ttlMs, JSON.stringify(OUTCOME_NOT_KEPT)),
    release: (key, owner) => keys.release(key, owner),
  };
}

/** Ids of webhooks in Redis. */
export function redisSeenStore(init: KeyStoresInit): SeenStore {
  const keys = new OwnedKeys(init, 'seen');
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

/** Nonces in Redis. */
export function redisNonceStore({ scripts, prefix, maxBytesPerCaller }: KeyStoresInit): NonceStore {
  return {
    async use(nonce, ttlMs, caller) {
      const keys = [`${prefix}nonce:${nonce}`, `${prefix}nonce-share:${caller}`];
      const state = await scripts.run(USE, [...keys, String(ttlMs), String(KEY_WEIGHT), numberText(maxBytesPerCaller)]);
      if (state === 2) throw shareIsFull('nonces');
      return state === 1;
    },
  };
}

function numberText(most: number): string {
  return String(Math.min(most, Number.MAX_SAFE_INTEGER));
}
