import { WireBytes } from '../codec/wire-bytes.ts';
import {
  mayLeaveOut,
  type Field,
  type IntegerNode,
  type NumberNode,
  type ObjectNode,
  type SchemaNode,
  type StringNode,
  type TypeUse,
  type UnionNode,
} from '../node.ts';
import { heightOf } from './height.ts';
import { samplePattern } from './pattern.ts';
import type { Random } from './random.ts';

/** From here on optional members are left out and lists are as short as they may be, so that recursive types end. */
const MAX_DEPTH = 4;
const LIST_ITEMS = 2;
/** 2024-01-01T00:00:00Z, in milliseconds. */
const EPOCH_MS = 1_704_067_200_000;
const DAY_MS = 86_400_000;

/**
 * A value of a type in wire form: one of the schema's own examples, else one that fits its format, pattern and bounds. Refinements are
 * functions, which nothing here can read, so code that needs a valid value checks it.
 */
export function sampleOf(use: TypeUse, random: Random, name = 'text', depth = 0): unknown {
  const examples = use.examples ?? use.node.examples;
  if (examples !== undefined && examples.length > 0) return structuredClone(pick(examples, random));
  if (use.nullable && depth >= MAX_DEPTH) return null;
  return ofNode(use.node, random, name, depth);
}

function ofNode(node: SchemaNode, random: Random, name: string, depth: number): unknown {
  if (node.examples !== undefined && node.examples.length > 0) return structuredClone(pick(node.examples, random));
  switch (node.kind) {
    case 'string':
      return node.binary ? WireBytes.share(new TextEncoder().encode(`bytes ${whole(random, 1, 999)}`)) : textOf(node, random, name);
    case 'integer':
      return integerOf(node, random);
    case 'number':
      return numberOf(node, random);
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    case 'enum':
    case 'literal':
      return pick<unknown>(node.values, random);
    case 'list': {
      const least = node.minItems ?? 0;
      const length = depth >= MAX_DEPTH ? least : Math.min(Math.max(least, LIST_ITEMS), node.maxItems ?? Infinity);
      return Array.from({ length }, () => sampleOf(node.items, random, name, depth + 1));
    }
    case 'record':
      return depth >= MAX_DEPTH ? {} : { [`key${whole(random, 1, 99)}`]: sampleOf(node.values, random, name, depth + 1) };
    case 'object':
      return objectOf(node, random, depth);
    case 'union':
      return unionOf(node, random, name, depth);
    case 'any':
      return { [name]: whole(random, 1, 999) };
  }
}

function objectOf({ fields }: ObjectNode, random: Random, depth: number): Record<string, unknown> {
  const wanted = fields.filter((field) => !(depth >= MAX_DEPTH && mayLeaveOut(field)));
  return Object.fromEntries(wanted.map((field) => [field.name, fieldOf(field, random, depth)]));
}

function fieldOf(field: Field, random: Random, depth: number): unknown {
  if ('default' in field) return structuredClone(field.default);
  return sampleOf(field, random, field.name, depth + 1);
}

function unionOf({ variants }: UnionNode, random: Random, name: string, depth: number): unknown {
  const nodes = variants.map(({ node }) => node);
  const least = Math.min(...nodes.map(heightOf));
  const choice = depth >= MAX_DEPTH ? nodes.filter((node) => heightOf(node) === least) : nodes;
  return ofNode(pick(choice, random), random, name, depth + 1);
}

function integerOf({ minimum, maximum }: IntegerNode, random: Random): number {
  const least = minimum ?? Math.min(1, maximum ?? 1);
  return whole(random, least, maximum ?? least + 999);
}

function numberOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: NumberNode, random: Random): number {
  const least = minimum ?? exclusiveMinimum;
  const most = maximum ?? exclusiveMaximum;
  const from = least ?? Math.min(0, (most ?? 0) - 100);
  const to = most ?? from + 100;
  const rounded = Math.round((from + (0.05 + 0.9 * random()) * (to - from)) * 100) / 100;
  return rounded > from && rounded < to ? rounded : from + (to - from) / 2;
}

/** Values of the formats whose patterns say less than what is usual. Other formats have a pattern, which is followed. */
const FORMATS: Readonly<Record<string, (random: Random) => string>> = {
  'date-time': (random) => new Date(EPOCH_MS + whole(random, 0, 365) * DAY_MS + whole(random, 0, 86_399) * 1000).toISOString().replace('.000Z', 'Z'), // prettier-ignore
  date: (random) => new Date(EPOCH_MS + whole(random, 0, 365) * DAY_MS).toISOString().slice(0, 10),
  time: (random) => `${two(whole(random, 0, 23))}:${two(whole(random, 0, 59))}:00`,
  duration: (random) => `PT${whole(random, 1, 59)}M`,
  email: (random) => `user${whole(random, 1, 999)}@example.com`,
  uri: (random) => `https://example.com/${whole(random, 1, 999)}`,
  uuid: (random) => `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`,
  ipv4: (random) => `192.0.2.${whole(random, 1, 254)}`,
  ipv6: (random) => `2001:db8::${hex(random, 4).replace(/^0+(?=.)/, '')}`,
  byte: (random) => btoa(`bytes ${whole(random, 100, 999)}`),
  int64: (random) => String(whole(random, 1, 999_999)),
};

function textOf({ format, pattern, minLength = 0, maxLength = Infinity }: StringNode, random: Random, name: string): string {
  const ofFormat = format === undefined ? undefined : FORMATS[format]?.(random);
  if (ofFormat !== undefined && fits(ofFormat)) return ofFormat;
  if (pattern !== undefined) {
    const found = samplePattern(pattern, random);
    if (found !== undefined && found.length <= maxLength) return found.length >= minLength ? found : longer(found);
  }
  const text = `${name} ${whole(random, 1, 999)}`;
  return fits(text) ? text : longer(text).slice(0, maxLength);

  function fits(candidate: string): boolean {
    return candidate.length >= minLength && candidate.length <= maxLength;
  }
  /** Text that a pattern like `^x-` lets go on. */
  function longer(candidate: string): string {
    return candidate.padEnd(minLength, 'x');
  }
}

function pick<T>(values: readonly T[], random: Random): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** A whole number, both ends included. */
function whole(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function hex(random: Random, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
}
