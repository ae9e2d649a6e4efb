import type { ErrorBody } from '../core/errors.ts';
import { count, ms, readOptions } from '../core/options.ts';

/** What became of a call with an idempotency key. */
export type IdempotencyOutcome = { readonly output: unknown } | { readonly error: ErrorBody };

/** What a store holds for a key: who asked for what, and the outcome once there is one. */
export interface IdempotencyEntry {
  /** Hash of the validated input. */
  readonly fingerprint: string;
  /** Absent while the first call is in progress. */
  readonly outcome?: IdempotencyOutcome;
}

/** Where a service keeps the outcomes of calls with idempotency keys. Keys are hashes of caller, operation and key. */
export interface IdempotencyStore {
  /** Reserves a key and returns `undefined`, or returns the entry that holds it already: in one atomic step. */
  begin(key: string, fingerprint: string): Promise<IdempotencyEntry | undefined>;
  /** Keeps the outcome of a reserved key. */
  finish(key: string, outcome: IdempotencyOutcome): Promise<void>;
  /** Gives a reserved key up: the call failed in a way that another try may not. */
  release(key: string): Promise<void>;
}

/** Options of `memoryIdempotencyStore`. */
export interface MemoryIdempotencyOptions {
  /** How long outcomes are kept, in milliseconds. @default 86_400_000 (24 h) */
  readonly ttlMs?: number;
  /** The oldest outcomes make room beyond this. @default 10_000 */
  readonly maxEntries?: number;
}

/** An idempotency store within this process. */
export function memoryIdempotencyStore(options: MemoryIdempotencyOptions = {}): IdempotencyStore {
  const readers = { ttlMs: ms(86_400_000), maxEntries: count(10_000) };
  const { ttlMs, maxEntries } = readOptions('memoryIdempotencyStore', options, readers, []);
  const entries = new Map<string, IdempotencyEntry & { readonly expiresAt: number }>();

  /** A map iterates in order of insertion, so the oldest come first. Calls in progress keep their place. */
  const makeRoom = () => {
    const now = Date.now();
    for (const [key, entry] of entries) {
      if (entry.expiresAt > now && entries.size < maxEntries) break;
      if (entry.outcome || entry.expiresAt <= now) entries.delete(key);
    }
  };

  return {
    async begin(key, fingerprint) {
      const entry = entries.get(key);
      if (entry && entry.expiresAt > Date.now()) return entry;
      makeRoom();
      entries.set(key, { fingerprint, expiresAt: Date.now() + ttlMs });
      return undefined;
    },
    async finish(key, outcome) {
      const entry = entries.get(key);
      if (entry) entries.set(key, { ...entry, outcome });
    },
    async release(key) {
      entries.delete(key);
    },
  };
}
