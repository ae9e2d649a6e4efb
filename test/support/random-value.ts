import { sampleOf } from '../../src/schema/sample/sample.ts';
import type { Random } from '../../src/schema/sample/random.ts';
import type { TypeUse } from '../../src/schema/view.ts';

const TEXTS = ['', ' x ', 'a<b>&"\'c', 'ünï😀', 'null', '0', 'true', ']]>', 'line\nbreak', '__proto__'];
const KEYS = ['k', '', 'a b', 'toString', 'é'];
const ANY = [null, 1, 'x', [], {}, { a: [1, null] }, true];
const MAX_DEPTH = 5;

/** A value of a type in wire form, often one that protocols find hard to carry. */
export function randomValue(use: TypeUse, random: Random, depth = 0): unknown {
  const { node } = use;
  const below = (end: number) => Math.floor(random() * end);
  const one = <T>(list: readonly T[]) => list[below(list.length)] as T;
  const within = (inner: TypeUse) => randomValue(inner, random, depth + 1);
  if (use.nullable && below(3) === 0) return null;
  switch (node.kind) {
    case 'string':
      return (node.format ?? node.pattern ?? node.binary ?? node.minLength) ? sampleOf(use, random) : one(TEXTS);
    case 'list':
      return Array.from({ length: depth > MAX_DEPTH ? 0 : below(3) }, () => within(node.items));
    case 'record':
      return Object.fromEntries(Array.from({ length: below(3) }, () => [one(KEYS), within(node.values)]));
    case 'object': {
      const given = node.fields.filter((field) => !(field.optional || field.default !== undefined) || below(2) === 0);
      return Object.fromEntries(given.map((field) => [field.name, within(field)]));
    }
    case 'union':
      return within({ node: one(node.variants).node, nullable: false, meta: {} });
    case 'any':
      return one(ANY);
    case 'literal':
    case 'enum':
      return one<unknown>(node.values);
    default:
      return sampleOf(use, random);
  }
}
