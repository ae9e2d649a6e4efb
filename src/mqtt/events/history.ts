import type { EventMessage } from '../../core/transport.ts';

/** Bytes of the events that are held, as they came. The ids of older ones stay. */
const MAX_BYTES = 67_108_864;

interface Held {
  readonly id: string;
  readonly bytes: number;
  message: EventMessage | undefined;
}

/** The last events that came, to be resumed from, and to know those that come twice. */
export class History {
  readonly #ids = new Set<string>();
  /** In order of arrival, from the oldest on. */
  #ring: Held[] = [];
  #oldest = 0;
  /** How many of the last have their messages still, and the bytes of these. */
  #whole = 0;
  #bytes = 0;
  #latest: string | undefined;
  /** Ids of events after which some are missing. */
  readonly #gaps = new Set<string>();

  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  /** False if it is held already: the broker delivers at least once. */
  add(message: EventMessage, bytes: number): boolean {
    const { size } = this;
    const { id } = message;
    if (this.#ids.has(id)) return false;
    if (size === 0) return true;
    this.#ids.add(id);
    const oldest = this.#ring[this.#oldest];
    if (oldest) {
      this.#ids.delete(oldest.id);
      this.#gaps.delete(oldest.id);
      this.#drop(oldest);
    }
    this.#latest = id;
    this.#ring[this.#oldest] = { id, bytes, message };
    this.#oldest = (this.#oldest + 1) % size;
    this.#whole++;
    this.#bytes += bytes;
    while (this.#bytes > MAX_BYTES && this.#whole > 1) this.#drop(this.#ring[(this.#oldest - this.#whole + size) % size]);
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

  /** The events after an event; undefined if they are not held. */
  after(id: string): readonly EventMessage[] | undefined {
    if (!this.#ids.has(id)) return undefined;
    const all = [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
    const later = all.slice(all.findIndex((held) => held.id === id) + 1);
    return later.length > this.#whole ? undefined : later.flatMap(({ message }) => message ?? []);
  }

  clear(): void {
    this.#ids.clear();
    this.#gaps.clear();
    this.#latest = undefined;
    this.#ring = [];
    this.#oldest = this.#whole = this.#bytes = 0;
  }

  #drop(held: Held | undefined): void {
    if (!held?.message) return;
    held.message = undefined;
    this.#whole--;
    this.#bytes -= held.bytes;
  }
}
