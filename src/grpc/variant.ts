import type { Field, SchemaNode } from '../internal/schema-node.js';
import { mayLeaveOut } from '../internal/schema-node.js';
import type { ProtoMessage } from './proto.js';

/** Finds which variant of a union a valid value is: by its discriminator where there is one, else the first whose form fits. */
export function compileVariant(message: ProtoMessage): (value: unknown) => number {
  const { discriminator, tags, entries } = message;
  if (discriminator !== undefined) {
    const byTag = new Map(tags.flatMap((some, index) => some.map((tag) => [tag as unknown, index] as const)));
    return (value) => byTag.get((value as Readonly<Record<string, unknown>>)[discriminator]) ?? -1;
  }
  return (value) => entries.findIndex(({ node }) => node !== undefined && fits(node, value));
}

function fits(node: SchemaNode, value: unknown): boolean {
  switch (node.kind) {
    case 'any':
      return true;
    case 'null':
      return value === null;
    case 'string':
      if (typeof value !== 'string') return false;
      if (node.format === 'date-time' && Number.isNaN(Date.parse(value))) return false;
      return node.pattern === undefined || new RegExp(node.pattern).test(value);
    case 'integer':
      return Number.isSafeInteger(value) && (!node.int32 || value === (Number(value) | 0));
    case 'number':
    case 'boolean':
      return typeof value === node.kind;
    case 'enum':
    case 'literal':
      return (node.values as readonly unknown[]).includes(value);
    case 'list':
      return Array.isArray(value) && value.every((item) => (item === null ? node.items.nullable : fits(node.items.node, item)));
    case 'record':
      return (
        isObject(value) && Object.values(value).every((member) => (member === null ? node.values.nullable : fits(node.values.node, member)))
      );
    case 'union':
      return node.variants.some((variant) => fits(variant.node, value));
    case 'object': {
      if (!isObject(value)) return false;
      const known = new Map(node.fields.map((field) => [field.name, field]));
      // Unknown members were dropped before, so each one left belongs to its variant.
      return Object.keys(value).every((key) => known.has(key)) && node.fields.every((field) => fitsField(field, value[field.name]));
    }
  }
}

function fitsField(field: Field, value: unknown): boolean {
  if (value === undefined) return mayLeaveOut(field);
  return value === null ? field.nullable : fits(field.node, value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
