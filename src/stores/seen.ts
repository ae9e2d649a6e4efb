import { bytes, readOptions } from '../core/options.ts';
import { weightOf } from '../peer/weight.ts';
import { shareIsFull } from './idempotency.ts';
import { Shares } from './shares.ts';
import { TimedEntries } from './timed-entries.ts';

/** The result of `begin`: the token of the id's new owner, or `pending` if another process handles it, or `done` if it was handled. */
export type SeenClaim = { readonly owner: string } | { readonly state: 'pending' | 'done' };

/**
 * Keeps the ids of handled webhooks, because every sender may send twice. An id that is being handled belongs to its owner until its lease
 * ends. Share one between processes by a store of your own. `seenStoreCases` states the rules of every store.
 */
export interface SeenStore {
  /** Takes an id for `leaseMs` milliseconds, in one atomic step. `sender` tells whose share of the store it takes. Rejects with RESOURCE_EXHAUSTED if that is full. */
  begin(id: string, leaseMs: number, sender: string): Promise<SeenClaim>;
  /** Keeps an id for `leaseMs` from now on, while it is being handled; false if it is not the owner's any more. */
  renew(id: string, owner: string, leaseMs: number): Promise<boolean>;
  /** It was handled: for `ttlMs` it is a repetition. Without effect if the id is not the owner's any more. */
  done(id: string, owner: string, ttlMs: number): Promise<void>;
  /** It was not handled: the sender's next attempt is as new. Without effect if the id is not the owner's any more. */
  failed(id: string, owner: string): Promise<void>;
}

/** Options of `memorySeenStore`. */
export interface SeenStoreOptions {
  /** About how many bytes all ids may take. A sender may hold as much as is free; more is refused with RESOURCE_EXHAUSTED. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
}

/** The size of an id beside its text, in bytes. */
const ID_WEIGHT = 200;

/** Ids in this process. */
export function memorySeenStore(options: SeenStoreOptions = {}): SeenStore {
  const { maxBytes } = readOptions('memorySeenStore', options, { maxBytes: bytes(67_108_864) }, []);
  /** Without an owner, once it was handled: it keeps its room then, if others have taken the rest too. */
  const ids = new TimedEntries<{ owner: string | undefined }>(new Shares(maxBytes));
  let made = 0;
  const weight = (id: string) => ID_WEIGHT + weightOf(id);
  const ownedBy = (id: string, owner: string) => {
    const held = ids.get(id);
    return held?.owner === owner ? held : undefined;
  };
  return {
    async begin(id, leaseMs, sender) {
      const held = ids.get(id);
      if (held) return { state: held.owner === undefined ? 'done' : 'pending' };
      const owner = String(++made);
      if (!ids.add(id, sender, weight(id), leaseMs, { owner })) throw shareIsFull('ids of webhooks');
      return { owner };
    },
    async renew(id, owner, leaseMs) {
      return ownedBy(id, owner) !== undefined && ids.extend(id, leaseMs);
    },
    async done(id, owner, ttlMs) {
      const held = ownedBy(id, owner);
      if (held) held.owner = undefined;
      if (held) ids.extend(id, ttlMs);
    },
    async failed(id, owner) {
      if (ownedBy(id, owner)) ids.delete(id);
    },
  };
}
