import type { SchemaNode, TypeUse, UnionNode } from '../internal/schema-node.js';
import type { Slot } from './xml-type.js';

/** Makes what finds the variant of a union that a value is: by the discriminator where there is one, else by what fits. */
export function compileChoice(union: UnionNode, options: readonly Slot[]): (value: unknown) => Slot {
  const { discriminator, variants, name } = union;
  const none = () => new TypeError(`a value is none of the variants of ${name}`);
  if (discriminator !== undefined) {
    const byTag = new Map(variants.flatMap(({ tags }, index) => tags.map((tag) => [tag as unknown, options[index]] as const)));
    return (value) => {
      const tag = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[discriminator] : undefined;
      const option = byTag.get(tag);
      if (!option) throw none();
      return option;
    };
  }
  return (value) => {
    const option = options.find((_, index) => fits(variants[index]?.node, value));
    if (!option) throw none();
    return option;
  };
}

/** Whether a value looks like a type: kinds, constants and required members; formats and limits are the schema's. */
function fits(node: SchemaNode | undefined, value: unknown): boolean {
  switch (node?.kind) {
    case 'string':
      return typeof value === 'string' && (node.pattern === undefined || matches(node.pattern, value));
    case 'integer':
      return Number.isInteger(value);
    case 'number':
    case 'boolean':
      return typeof value === node.kind;
    case 'null':
      return value === null;
    case 'enum':
    case 'literal':
      return (node.values as readonly unknown[]).includes(value);
    case 'list':
      return Array.isArray(value) && value.every((item) => fitsUse(node.items, item));
    case 'record':
      return isPlain(value) && Object.values(value).every((member) => fitsUse(node.values, member));
    case 'object':
      return (
        isPlain(value) &&
        node.fields.every((field) =>
          value[field.name] === undefined ? field.optional || 'default' in field : fitsUse(field, value[field.name]),
        )
      );
    case 'union':
      return node.variants.some((variant) => fits(variant.node, value));
    default:
      return value !== undefined;
  }
}

function fitsUse(use: TypeUse, value: unknown): boolean {
  return (value === null && use.nullable) || fits(use.node, value);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}
