import { isObject } from '../../peer/error-body.ts';
import type { Documents, Resolved } from '../load/documents.ts';
import type { Location } from '../load/location.ts';

/**
 * The values that callers send, or those that they get: members that are `readOnly` are not sent, and those that are `writeOnly` do not
 * come.
 */
export type Side = 'input' | 'output';

interface Facts {
  readonly isMarked: boolean;
  readonly refs: readonly Resolved[];
}

/** Tells which schemas are not the same for what is sent and for what comes. */
export class Sides {
  readonly #facts = new Map<string, Facts>();
  readonly #twofold = new Map<string, boolean>();

  private readonly documents: Documents;

  constructor(documents: Documents) {
    this.documents = documents;
  }

  isTwofold(start: Resolved): boolean {
    const known = this.#twofold.get(start.key);
    if (known !== undefined) return known;
    const seen = new Set([start.key]);
    const queue = [start];
    let found = false;
    for (let next = queue.pop(); next && !found; next = queue.pop()) {
      const { isMarked, refs } = this.#factsOf(next);
      found = isMarked || this.#twofold.get(next.key) === true;
      for (const ref of refs) {
        if (seen.has(ref.key)) continue;
        seen.add(ref.key);
        queue.push(ref);
      }
    }
    this.#twofold.set(start.key, found);
    // Schemas that are reached from an unchanged schema are unchanged too.
    if (!found) for (const key of seen) this.#twofold.set(key, false);
    return found;
  }

  #factsOf({ key, value, base }: Resolved): Facts {
    const known = this.#facts.get(key);
    if (known) return known;
    const refs: Resolved[] = [];
    const facts = { isMarked: this.#scan(value, base, refs), refs };
    this.#facts.set(key, facts);
    return facts;
  }

  #scan(root: unknown, base: Location, refs: Resolved[]): boolean {
    let isMarked = false;
    const queue = [root];
    const seen = new Set<unknown>();
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (typeof next !== 'object' || next === null || seen.has(next)) continue;
      seen.add(next);
      if (isObject(next)) {
        if (next['readOnly'] === true || next['writeOnly'] === true) isMarked = true;
        if (typeof next['$ref'] === 'string') {
          try {
            refs.push(this.documents.resolve(next['$ref'], base));
          } catch {
            // Told when it is read.
          }
        }
      }
      for (const [name, value] of Object.entries(next))
        if (name !== 'example' && name !== 'examples' && name !== 'default') queue.push(value);
    }
    return isMarked;
  }
}
