import { sampleOf } from '../../src/schema/sample/sample.ts';
import type { Random } from '../../src/schema/sample/random.ts';
import type { TypeUse } from '../../src/schema/view.ts';

const TEXTS = ['', ' x ', 'a<b>&"\'c', 'ünï😀', 'null', '0', 'true', ']]>', 'line\nbreak', '__proto__'];
const KEYS = ['k', '', 'a b', 'toString', 'é'];
const ANY = [null, 1, 'x', [], {}, { a: [1, null] }, true];
const MAX_DEPTH = 5;
const NUMBERS = [0, 0.1, -1.5, 1e21, 1e-7, Number.MAX_VALUE, Number.MIN_VALUE, 123456789.12345679];
const INTEGERS = [0, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

/** Values that a protocol may refuse, or give in another form: texts that XML or UTF-8 cannot write, and -0. */
export const EDGES = {
  texts: [
    ...TEXTS,
    '\u0000',
    '\ud800',
    '\ufeffx',
    'a\r\nb',
    '\r',
    '\u0085\u2028',
    ' ',
    '\u00a0',
    '+',
    '%2F',
    '/',
    '..',
    '.',
    '?',
    '#',
    'é'.normalize('NFD'),
  ],
  numbers: [...NUMBERS, -0],
};
const USUAL = { texts: TEXTS, numbers: NUMBERS };

/** A value of a type in wire form, often one that protocols find hard to carry. */
export function randomValue(use: TypeUse, random: Random, among = USUAL, depth = 0): unknown {
  const { node } = use;
  const below = (end: number) => Math.floor(random() * end);
  const one = <T>(list: readonly T[]) => list[below(list.length)] as T;
  const within = (inner: TypeUse) => randomValue(inner, random, among, depth + 1);
  if (use.nullable && below(3) === 0) return null;
  switch (node.kind) {
    case 'string':
      return (node.format ?? node.pattern ?? node.binary ?? node.minLength) ? sampleOf(use, random) : one(among.texts);
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
    case 'number':
      return (node.minimum ?? node.exclusiveMinimum ?? node.maximum ?? node.exclusiveMaximum) === undefined
        ? one(among.numbers)
        : sampleOf(use, random);
    case 'integer':
      if (node.minimum !== undefined || node.maximum !== undefined) return sampleOf(use, random);
      return one(INTEGERS.filter((integer) => !node.int32 || integer === (integer | 0)));
    case 'any':
      return one(ANY);
    case 'literal':
    case 'enum':
      return one<unknown>(node.values);
    default:
      return sampleOf(use, random);
  }
}
