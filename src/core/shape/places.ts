import type { Schema } from '../contract.ts';
import { innerSchemas, ownDef } from './walk.ts';

/** Tells whether something holds for a schema, or where in it: `.name`. */
type Test = (schema: Schema) => boolean | string | undefined;

/** Looks for places in the schemas of one contract. A type that several operations share is looked through for the first of them. */
export class Places {
  /** The schemas from which nothing is reached for which the test holds. */
  readonly #clear = new Map<Test, Set<Schema>>();

  /** The first place at which `test` holds: `.address[].zip`, empty for the schema itself, `undefined` if it holds nowhere. */
  find(schema: Schema, test: Test): string | undefined {
    const seen = this.#clear.get(test) ?? new Set();
    const place = placeOf(schema, test, seen);
    if (place === undefined) this.#clear.set(test, seen);
    // Of the schemas that it has seen some lead to the place.
    else this.#clear.delete(test);
    return place;
  }
}

function placeOf(schema: Schema, test: Test, seen: Set<Schema>): string | undefined {
  if (seen.has(schema)) return undefined;
  seen.add(schema);
  const own = test(schema);
  if (own === true || typeof own === 'string') return own === true ? '' : own;
  const def = ownDef(schema);
  if (def.type === 'object') {
    for (const [name, inner] of Object.entries(def.shape ?? {})) {
      const place = placeOf(inner, test, seen);
      if (place !== undefined) return `.${name}${place}`;
    }
    return undefined;
  }
  const step = def.element ? '[]' : def.valueType ? '{}' : '';
  for (const inner of innerSchemas(schema)) {
    const place = placeOf(inner, test, seen);
    if (place !== undefined) return step + place;
  }
  return undefined;
}
