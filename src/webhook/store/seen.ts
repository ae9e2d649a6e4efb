/** Where the ids of webhooks are kept that were handled, because every sender may send twice. Share one between processes by a store of your own. */
export interface SeenStore {
  /** Claims an id: `new` is yours until you say `done` or `failed`; `pending` is somebody else's; `done` was handled. */
  begin(id: string): Promise<'new' | 'pending' | 'done'>;
  /** It was handled: from now on it is a repetition. */
  done(id: string): Promise<void>;
  /** It was not handled: the sender's next attempt is as new. */
  failed(id: string): Promise<void>;
}

/** Options of `memorySeenStore`. */
export interface SeenStoreOptions {
  /** How long an id is kept, in milliseconds: longer than the sender goes on trying. @default 345_600_000 (4 days) */
  readonly ttlMs?: number;
  /** How many ids are kept; the oldest are forgotten first. @default 100_000 */
  readonly maxIds?: number;
}

/** Ids in this process. */
export function memorySeenStore({ ttlMs = 4 * 86_400_000, maxIds = 100_000 }: SeenStoreOptions = {}): SeenStore {
  /** Until when each was handled; the oldest first. */
  const handled = new Map<string, number>();
  const pending = new Set<string>();
  return {
    async begin(id) {
      if (pending.has(id)) return 'pending';
      if ((handled.get(id) ?? 0) > Date.now()) return 'done';
      handled.delete(id);
      pending.add(id);
      return 'new';
    },
    async done(id) {
      pending.delete(id);
      handled.set(id, Date.now() + ttlMs);
      for (const [oldest, until] of handled) {
        if (handled.size <= maxIds && until > Date.now()) break;
        handled.delete(oldest);
      }
    },
    async failed(id) {
      pending.delete(id);
    },
  };
}
