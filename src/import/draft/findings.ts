/** Something in a description that a contract cannot say. */
export interface Finding {
  /** Its first place in the source: `#/paths/~1pets/get`. */
  readonly place: string;
  /** The fault in words. */
  readonly what: string;
  /** The replacement: left out, read as any value. */
  readonly instead: string;
  /** How often it was found. */
  readonly count: number;
}

/** Collects what a contract cannot say: the same thing in many places is one finding. */
export class Findings {
  readonly #found = new Map<string, { place: string; what: string; instead: string; count: number }>();

  add(place: string, what: string, instead: string): void {
    const key = `${what}\n${instead}`;
    const known = this.#found.get(key);
    if (known) known.count++;
    else this.#found.set(key, { place: place.slice(0, 200), what: what.slice(0, 200), instead, count: 1 });
  }

  list(): readonly Finding[] {
    return [...this.#found.values()];
  }
}
