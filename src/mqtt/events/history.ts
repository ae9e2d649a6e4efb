import type { EventMessage } from '../../core/transport.ts';

/** The last events that came, to be resumed from, and to know those that come twice. */
export class History {
  readonly #ids = new Set<string>();
  /** In order of arrival, from the oldest on. */
  #ring: EventMessage[] = [];
  #oldest = 0;
  #latest: string | undefined;
  /** Ids of events after which some are missing. */
  readonly #gaps = new Set<string>();

  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  /** False if it is held already: the broker delivers at least once. */
  add(message: EventMessage): boolean {
    const { size } = this;
    if (this.#ids.has(message.id)) return false;
    if (size === 0) return true;
    this.#ids.add(message.id);
    const oldest = this.#ring[this.#oldest];
    if (oldest) {
      this.#ids.delete(oldest.id);
      this.#gaps.delete(oldest.id);
    }
    this.#latest = message.id;
    this.#ring[this.#oldest] = message;
    this.#oldest = (this.#oldest + 1) % size;
    return true;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Events are missing after the last one. */
  addGap(): void {
    if (this.#latest !== undefined && this.#ids.has(this.#latest)) this.#gaps.add(this.#latest);
  }

  /** Whether events are missing right after one. */
  isBeforeGap(id: string): boolean {
    return this.#gaps.has(id);
  }

  /** The events after an event; undefined if it is not held. */
  after(id: string): readonly EventMessage[] | undefined {
    if (!this.#ids.has(id)) return undefined;
    const all = [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
    return all.slice(all.findIndex((message) => message.id === id) + 1);
  }

  clear(): void {
    this.#ids.clear();
    this.#gaps.clear();
    this.#latest = undefined;
    this.#ring = [];
    this.#oldest = 0;
  }
}
