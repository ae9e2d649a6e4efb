import type { HubLease } from '../core/transport.ts';
import { now } from '../life/now.ts';

export type { HubLease } from '../core/transport.ts';

interface Held {
  holder: number;
  until: number;
  cursor: string | undefined;
}

/** The leases of a hub in memory, whose holders are parts of one process. */
export class MemoryLeases {
  readonly #held = new Map<string, Held>();
  #made = 0;

  take(name: string, leaseMs: number): HubLease | undefined {
    const before = this.#held.get(name);
    if (before && before.until > now()) return undefined;
    const holder = ++this.#made;
    const held: Held = { holder, until: now() + leaseMs, cursor: before?.cursor };
    this.#held.set(name, held);
    const keep = (untilMs: number, cursor: string | undefined): boolean => {
      if (this.#held.get(name) !== held || held.until <= now()) return false;
      held.until = now() + untilMs;
      held.cursor = cursor ?? held.cursor;
      return true;
    };
    return {
      cursor: held.cursor,
      renew: async (ms, cursor) => keep(ms, cursor),
      release: async (cursor) => void keep(0, cursor),
    };
  }
}
