import type { EventMessage } from '../transport.js';

/** The last events that came, to be resumed from, and to know those that come twice. */
export class History {
  /** In order of arrival: a map keeps it. */
  readonly #held = new Map<string, EventMessage>();

  constructor(private readonly size: number) {}

  /** False where it is held already: the broker delivers at least once. */
  add(message: EventMessage): boolean {
    if (this.#held.has(message.id)) return false;
    this.#held.set(message.id, message);
    if (this.#held.size > this.size) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.#held.delete(oldest);
    }
    return true;
  }

  /** What came after an event; undefined where it is not held. */
  after(id: string): readonly EventMessage[] | undefined {
    if (!this.#held.has(id)) return undefined;
    const all = [...this.#held.values()];
    return all.slice(all.findIndex((message) => message.id === id) + 1);
  }

  clear(): void {
    this.#held.clear();
  }
}
