import { decodePercent } from '../../peer/text/percent.ts';
import type { JsonObject } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';
import { ImportError } from './error.ts';
import { shown, type Location, type Reach } from './location.ts';
import { parseObject } from './parse.ts';
import type { Reader } from './read.ts';

const MAX_DOCUMENTS = 10_000;
const MAX_HOPS = 100;

/** Something that a reference leads to. */
export interface Resolved {
  readonly value: unknown;
  /** The document it is in, from which its own references count. */
  readonly base: Location;
  /** The same for two references to one place: `file:///a.yaml#/components/schemas/Pet`. */
  readonly key: string;
}

/** A document and all that it refers to, in files or on the network. */
export class Documents {
  readonly #roots = new Map<Location, JsonObject>();

  readonly root: Location;
  private readonly reader: Reader;
  private readonly reach: Reach;

  constructor(root: Location, reader: Reader, reach: Reach) {
    this.root = root;
    this.reader = reader;
    this.reach = reach;
  }

  /** Reads the documents that a parsed root refers to, and what those refer to. */
  async load(root: JsonObject): Promise<void> {
    this.#roots.set(this.root, root);
    const queue: (readonly [JsonObject, Location])[] = [[root, this.root]];
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [document, base] = next;
      for (const ref of externalRefs(document)) {
        const location = this.reach.follow(ref, base);
        if (this.#roots.has(location)) continue;
        if (this.#roots.size >= MAX_DOCUMENTS) throw new ImportError(`${shown(this.root)} refers to more than ${MAX_DOCUMENTS} documents`);
        const loaded = parseObject(await this.reader.text(location), location);
        this.#roots.set(location, loaded);
        queue.push([loaded, location]);
      }
    }
  }

  /** Follows a reference, and the references that it leads to. Throws an `ImportError` for one that leads nowhere or in a circle. */
  resolve(ref: string, base: Location): Resolved {
    let at = this.#step(ref, base);
    for (let hops = 0; isObject(at.value) && typeof at.value['$ref'] === 'string' && Object.keys(at.value).length === 1; hops++) {
      if (hops > MAX_HOPS) throw new ImportError(`${shown(base)}: the reference '${ref.slice(0, 200)}' leads to itself`);
      at = this.#step(at.value['$ref'], at.base);
    }
    return at;
  }

  #step(ref: string, base: Location): Resolved {
    const hash = ref.indexOf('#');
    const file = hash === -1 ? ref : ref.slice(0, hash);
    const pointer = hash === -1 ? '' : ref.slice(hash + 1);
    const location = file === '' ? base : this.reach.follow(file, base);
    const root = this.#roots.get(location);
    let value: unknown = root;
    const steps = pointer.split('/').slice(1).map(unescapeStep);
    if (pointer !== '' && !pointer.startsWith('/')) value = root && anchored(root, pointer);
    for (const step of steps) value = typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as JsonObject)[step] : undefined; // prettier-ignore
    if (value === undefined) throw new ImportError(`${shown(base)}: the reference '${ref.slice(0, 200)}' leads nowhere`);
    return { value, base: location, key: `${location}#${pointer}` };
  }
}

/** One step of a JSON pointer in a URI; a percent sign that begins no escape stands for itself. Source: https://www.rfc-editor.org/rfc/rfc6901#section-6 */
export function unescapeStep(step: string): string {
  return (decodePercent(step) ?? step).replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The schema with an `$anchor`. */
function anchored(root: JsonObject, name: string): unknown {
  const queue: unknown[] = [root];
  const seen = new Set<unknown>();
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if ((next as JsonObject)['$anchor'] === name) return next;
    queue.push(...(Object.values(next) as unknown[]));
  }
  return undefined;
}

/** The documents that a document names in `$ref`, without their fragments. */
function externalRefs(root: JsonObject): ReadonlySet<string> {
  const found = new Set<string>();
  const queue: unknown[] = [root];
  const seen = new Set<unknown>();
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    for (const [name, value] of Object.entries(next)) {
      if (name === '$ref' && typeof value === 'string') {
        const file = value.split('#')[0];
        if (file !== undefined && file !== '') found.add(file);
      } else if (name !== 'example' && name !== 'examples' && typeof value === 'object' && value !== null) queue.push(value);
    }
  }
  return found;
}
