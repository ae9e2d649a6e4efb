/** Before everything. */
export const NO_PLACE = '0-0';

/** Tells whether one id of a stream stands after another. Ids are `<milliseconds>-<number>`. */
export function isAfter(id: string, other: string): boolean {
  const [ms = 0, n = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherN = 0] = other.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && n > otherN);
}

/** Makes ids that rise with the time. */
export class Ids {
  #ms = 0;
  #n = 0;

  next(): string {
    const wall = Date.now();
    if (wall > this.#ms) {
      this.#ms = wall;
      this.#n = 0;
    } else this.#n++;
    return `${this.#ms}-${this.#n}`;
  }

  /** The next one is after an id that is in use, if there is one. */
  saw(id: string): void {
    if (id === '' || !isAfter(id, `${this.#ms}-${this.#n}`)) return;
    const [ms = 0, n = 0] = id.split('-').map(Number);
    this.#ms = ms;
    this.#n = n;
  }
}

/** How many tries are remembered: as many as a service keeps for another one. */
const TRIES = 1000;

/** Which ids the last keys were tried with. Writing is cheap, because every event does it; only one that comes again is looked for. */
export class Tries {
  readonly #tries: (readonly [key: string, id: string])[] = [];
  #next = 0;

  add(key: string, id: string): void {
    this.#tries[this.#next] = [key, id];
    this.#next = (this.#next + 1) % TRIES;
  }

  find(key: string): string | undefined {
    return this.#tries.find(([each]) => each === key)?.[1];
  }
}

/** The place in the stream that an event's id names, if it is one of this hub. */
export function placeOf(eventId: string, epoch: string): string | undefined {
  const match = /^([^-]+)-(\d{1,15}-\d{1,15})$/.exec(eventId);
  return match?.[1] === epoch ? match[2] : undefined;
}
