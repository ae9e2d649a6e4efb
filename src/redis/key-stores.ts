import { shareIsFull } from '../stores/idempotency.ts';
import type { NonceStore } from '../stores/nonces.ts';
import type { HeldKey, OwnedKeys } from '../stores/owned-keys.ts';
import { listOf, type Scripts } from './commands.ts';
import { BEGIN, FINISH, KEY_WEIGHT, RELEASE, RENEW, USE } from './key-scripts.ts';

export interface KeyStoresInit {
  readonly scripts: Scripts;
  /** Begins every key. */
  readonly prefix: string;
  /** The share of one caller in one of the stores. */
  readonly maxBytesPerCaller: number;
}

/** Keys of one kind in Redis. */
export class RedisKeys implements OwnedKeys {
  private readonly init: KeyStoresInit;
  private readonly kind: string;

  constructor(init: KeyStoresInit, kind: string) {
    this.init = init;
    this.kind = kind;
  }

  async begin(key: string, owner: string, fingerprint: string, leaseMs: number, caller: string): Promise<HeldKey | undefined> {
    const keys = [this.#key(key), `${this.init.prefix}${this.kind}-share:${caller}`];
    const [state, held, outcome] = listOf(await this.#run(BEGIN, [...keys, owner, fingerprint, String(leaseMs), this.#most]));
    if (state === 2) throw shareIsFull(this.kind === 'seen' ? 'ids of webhooks' : 'idempotency keys');
    return state === 1 ? undefined : { fingerprint: String(held), outcome: typeof outcome === 'string' ? outcome : undefined };
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
