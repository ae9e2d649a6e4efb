import * as fc from 'fast-check';
import { WireBytes } from '../../src/schema/codec/wire-bytes.ts';
import type { SchemaNode, TypeUse } from '../../src/schema/node.ts';
import { mayLeaveOut } from '../../src/schema/node.ts';

/** Texts of the formats that schemas have here; their patterns are the schema's affair. */
const FORMATS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'date-time': fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().replace('.000Z', 'Z')),
  date: fc.constantFrom('2024-02-29', '1999-12-31'),
  email: fc.constantFrom('a@example.com', 'jane.doe@example.org'),
  uuid: fc.uuid(),
  uri: fc.webUrl(),
  byte: fc.base64String(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
};

/** Any value of a type, as the contract's schemas take it. Recursive types end after a few levels. */
export function arbitraryOf(use: TypeUse, depth = 4): fc.Arbitrary<unknown> {
  const inner = ofNode(use.node, depth);
  return use.nullable ? fc.option(inner, { nil: null }) : inner;
}

function ofNode(node: SchemaNode, depth: number): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'string':
      if (node.binary) return fc.uint8Array({ maxLength: 30 }).map((bytes) => WireBytes.share(bytes));
      if (node.format !== undefined && FORMATS[node.format]) return FORMATS[node.format] as fc.Arbitrary<unknown>;
      if (node.pattern?.startsWith('^\\d{5}$')) return fc.constant('12345');
      if (node.pattern?.startsWith('^x-')) return fc.string({ unit: 'grapheme' }).map((text) => `x-${text}`);
      return fc.string({ unit: 'grapheme', minLength: node.minLength ?? 0, maxLength: Math.min(node.maxLength ?? 30, 30) }).filter((text) => text.length <= (node.maxLength ?? 100)); // prettier-ignore
    case 'integer': {
      const [least, most] = node.int32 ? [-(2 ** 31), 2 ** 31 - 1] : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
      return fc.maxSafeInteger().map((value) => {
        const min = node.minimum ?? least;
        const max = node.maximum ?? most;
        return value >= min && value <= max ? value : min + (Math.abs(value) % (max - min + 1));
      });
    }
    case 'number': {
      const min = node.minimum ?? node.exclusiveMinimum ?? -1e300;
      const max = node.maximum ?? node.exclusiveMaximum ?? 1e300;
      return fc.double({ min, max, noNaN: true, maxExcluded: node.exclusiveMaximum !== undefined }).map((value) => value + 0);
    }
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'enum':
    case 'literal':
      return fc.constantFrom(...(node.values as readonly unknown[]));
    case 'list':
      return fc.array(arbitraryOf(node.items, depth - 1), { minLength: node.minItems ?? 0, maxLength: depth <= 0 ? (node.minItems ?? 0) : Math.min(node.maxItems ?? 3, 3) }); // prettier-ignore
    case 'record':
      return fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 8 }).filter((key) => key !== '__proto__'), arbitraryOf(node.values, depth - 1), { maxKeys: 3, noNullPrototype: true }); // prettier-ignore
    case 'union':
      return fc.oneof(...node.variants.map((variant) => fc.constant(null).chain(() => ofNode(variant.node, depth - 1))));
    case 'any':
      return fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value).replaceAll('"__proto__":', '"proto":').replace(/(?<=[[:,]|^)-0(?=[\],}]|$)/g, '0')) as unknown); // prettier-ignore
    case 'object': {
      const fields = node.fields.filter((field) => depth > 0 || !mayLeaveOut(field));
      // Lazily, because a type may contain itself.
      return fc.constant(null).chain(() =>
        fc.record(
          Object.fromEntries(
            fields.map((field) => [field.name, depth <= -3 && field.nullable ? fc.constant(null) : arbitraryOf(field, depth - 1)]),
          ),
          {
            requiredKeys: fields.filter((field) => !mayLeaveOut(field)).map(({ name }) => name),
            noNullPrototype: true,
          },
        ),
      );
    }
  }
}
