import { bytes, readOptions } from '../core/options.ts';
import { weightOf } from '../peer/weight.ts';
import { shareIsFull } from './idempotency.ts';
import { Shares } from './shares.ts';
import { TimedEntries } from './timed-entries.ts';

/** Remembers nonces while their tokens are valid, so a token is accepted once. `nonceStoreCases` states what every store must do. */
export interface NonceStore {
  /**
   * Tells whether the nonce is new, and holds it for `ttlMs` milliseconds, in one atomic step. `caller` tells whose share of the store it takes.
   * Rejects with RESOURCE_EXHAUSTED if that is full.
   */
  use(nonce: string, ttlMs: number, caller: string): Promise<boolean>;
}

/** Options of `memoryNonceStore`. */
export interface NonceStoreOptions {
  /** About how many bytes all nonces may take. A caller may hold as much as is free; more is refused with RESOURCE_EXHAUSTED. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
}

/** The size of a nonce beside its text, in bytes. */
const NONCE_WEIGHT = 200;

/** Nonces in this process. */
export function memoryNonceStore(options: NonceStoreOptions = {}): NonceStore {
  const { maxBytes } = readOptions('memoryNonceStore', options, { maxBytes: bytes(67_108_864) }, []);
  const nonces = new TimedEntries<true>(new Shares(maxBytes));
  return {
    async use(nonce, ttlMs, caller) {
      if (nonces.get(nonce)) return false;
      if (!nonces.add(nonce, caller, NONCE_WEIGHT + weightOf(nonce), ttlMs, true)) throw shareIsFull('nonces');
      return true;
    },
  };
}
