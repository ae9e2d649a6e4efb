import { Shares } from '../../stores/shares.ts';

interface Held {
  readonly caller: string;
  readonly sizes: Map<string, number>;
}

/**
 * The bytes that a broker holds for its clients beside their queues: subscriptions, last wills, and messages of QoS 2 that their sender has not released.
 * They are a pool that callers share.
 */
export class Holdings {
  readonly #shares: Shares;
  readonly #clients = new Map<string, Held>();

  constructor(maxBytes: number) {
    this.#shares = new Shares(maxBytes);
  }

  /** Holds a part for a client, or another size of it; tells whether its caller's share has room. */
  take(clientId: string, caller: string, part: string, size: number): boolean {
    const held = this.#clients.get(clientId) ?? { caller, sizes: new Map<string, number>() };
    const before = held.sizes.get(part);
    if (before !== undefined && before >= size) return true;
    this.give(clientId, part);
    if (!this.#shares.take(held.caller, size)) return false;
    held.sizes.set(part, size);
    this.#clients.set(clientId, held);
    return true;
  }

  give(clientId: string, part: string): void {
    const held = this.#clients.get(clientId);
    const size = held?.sizes.get(part);
    if (!held || size === undefined) return;
    held.sizes.delete(part);
    this.#shares.give(held.caller, size);
    if (held.sizes.size === 0) this.#clients.delete(clientId);
  }

  /** Nothing more is held for a client. */
  forget(clientId: string): void {
    for (const part of [...(this.#clients.get(clientId)?.sizes.keys() ?? [])]) this.give(clientId, part);
  }
}
