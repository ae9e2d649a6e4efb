import { isObject } from '../../peer/error-body.ts';
import { fromBase64 } from '../codec/base64.ts';
import { mayLeaveOut, type Field, type SchemaNode, type Variant } from '../node.ts';

/**
 * Finds the variant of a union to which a valid value belongs: by its discriminator if there is one, else the first whose form fits.
 * Formats and limits are the schema's. -1 if it is none of them.
 */
export function compileVariant(discriminator: string | undefined, variants: readonly Variant[]): (value: unknown) => number {
  if (discriminator !== undefined) {
    const byTag = new Map(variants.flatMap(({ tags }, index) => tags.map((tag) => [tag as unknown, index] as const)));
    return (value) => (isObject(value) ? (byTag.get(value[discriminator]) ?? -1) : -1);
  }
  const find = (value: unknown, matches: Matches) => variants.findIndex(({ node }) => fits(node, value, matches));
  return (value) => {
    const index = find(value, matchesPattern);
    // A valid value is one of them: a description has patterns without their flags, so that one that does not match says little.
    return index !== -1 ? index : find(value, matchesAny);
  };
}

type Matches = (pattern: string, text: string) => boolean;

const matchesAny: Matches = () => true;

/** By their text: there are as many as the schemas have. */
const compiled = new Map<string, RegExp>();

const matchesPattern: Matches = (pattern, text) => {
  let regex = compiled.get(pattern);
  if (!regex) compiled.set(pattern, (regex = compilePattern(pattern)));
  return regex.test(text);
};

/** As Unicode, which JSON Schema asks for; a few patterns compile only without it. Source: https://json-schema.org/draft/2020-12/json-schema-core#section-6.4 */
function compilePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}

function fits(node: SchemaNode, value: unknown, matches: Matches): boolean {
  switch (node.kind) {
    case 'any':
      return true;
    case 'null':
      return value === null;
    case 'string':
      if (node.binary) return value instanceof Uint8Array || (typeof value === 'string' && fromBase64(value) !== undefined);
      if (typeof value !== 'string') return false;
      if (node.format === 'date-time' && Number.isNaN(Date.parse(value))) return false;
      return node.pattern === undefined || matches(node.pattern, value);
    case 'integer':
      return Number.isSafeInteger(value) && (!node.int32 || value === (Number(value) | 0));
    case 'number':
    case 'boolean':
      return typeof value === node.kind;
    case 'enum':
    case 'literal':
      return (node.values as readonly unknown[]).includes(value);
    case 'list':
      return Array.isArray(value) && value.every((item) => (item === null ? node.items.nullable : fits(node.items.node, item, matches)));
    case 'record':
      return (
        isObject(value) &&
        Object.values(value).every((member) => (member === null ? node.values.nullable : fits(node.values.node, member, matches)))
      );
    case 'union':
      return node.variants.some((variant) => fits(variant.node, value, matches));
    case 'object': {
      if (!isObject(value)) return false;
      const known = new Map(node.fields.map((field) => [field.name, field]));
      // Unknown members were dropped before, so each one left belongs to its variant.
      return (
        Object.keys(value).every((key) => known.has(key)) && node.fields.every((field) => fitsField(field, value[field.name], matches))
      );
    }
  }
}

function fitsField(field: Field, value: unknown, matches: Matches): boolean {
  if (value === undefined) return mayLeaveOut(field);
  return value === null ? field.nullable : fits(field.node, value, matches);
}
