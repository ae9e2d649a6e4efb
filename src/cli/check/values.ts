import { mayLeaveOut, type Field, type ObjectNode, type SchemaNode, type TypeUse, type UnionNode } from '../../schema/view.ts';
import type { Change, RuleName } from './rules.ts';

/** The direction of values: those that callers send, those that they get, those that events carry. */
export type Way = 'input' | 'output' | 'payload';

type Kind = 'removed' | 'added' | 'optional' | 'required' | 'narrowed' | 'widened' | 'type changed';

/** Compares the types at the same place of two contracts. */
export class ValueComparison {
  readonly changes: Change[] = [];
  /** Pairs that are being or were compared: types may contain themselves. */
  readonly #seen = new Map<SchemaNode, Set<SchemaNode>>();

  private readonly way: Way;

  constructor(way: Way) {
    this.way = way;
  }

  use(before: TypeUse, after: TypeUse, place: string): void {
    if (before.nullable !== after.nullable && before.node.kind !== 'any' && after.node.kind !== 'any')
      this.#add(
        after.nullable ? 'widened' : 'narrowed',
        place,
        after.nullable ? 'null is one of its values' : 'null is not a value any more',
      );
    this.node(before.node, after.node, place);
  }

  node(before: SchemaNode, after: SchemaNode, place: string): void {
    const known = this.#seen.get(before) ?? new Set();
    if (known.has(after)) return;
    this.#seen.set(before, known.add(after));
    if (before.kind === 'object' && after.kind === 'object') return this.#object(before, after, place);
    if (before.kind === 'list' && after.kind === 'list') {
      this.#bounds(before, after, ['minItems'], ['maxItems'], place);
      return this.use(before.items, after.items, `${place}[]`);
    }
    if (before.kind === 'record' && after.kind === 'record') return this.use(before.values, after.values, `${place}{}`);
    if (before.kind === 'union' && after.kind === 'union') return this.#union(before, after, place);
    const [had, has] = [valuesOf(before), valuesOf(after)];
    if (had && has) return this.#values(had, has, place);
    if (before.kind === after.kind) return this.#scalar(before, after, place);
    const change = `${nameOf(before)} became ${nameOf(after)}`;
    if (after.kind === 'any' || isWithin(before, after)) this.#add('widened', place, change);
    else if (before.kind === 'any' || isWithin(after, before)) this.#add('narrowed', place, change);
    else this.#add('type changed', place, change);
  }

  #object(before: ObjectNode, after: ObjectNode, place: string): void {
    const fields = new Map(after.fields.map((field) => [field.name, field]));
    for (const field of before.fields) {
      const at = `${place}.${field.name}`;
      const now = fields.get(field.name);
      fields.delete(field.name);
      if (now) this.#field(field, now, at);
      // A member that nobody had to give, and nobody could count on, was absent before too.
      else if (this.way === 'input' || !field.optional) this.#add('removed', at);
    }
    for (const field of fields.values())
      this.#add(this.way === 'input' && !mayLeaveOut(field) ? 'required' : 'added', `${place}.${field.name}`);
  }

  #field(before: Field, after: Field, place: string): void {
    const [could, can] = this.way === 'input' ? [mayLeaveOut(before), mayLeaveOut(after)] : [before.optional, after.optional];
    if (could !== can) this.#add(can ? 'optional' : 'required', place);
    else if (this.way === 'input' && JSON.stringify(before.default) !== JSON.stringify(after.default))
      this.changes.push({ rule: 'default changed', place, detail: `${shown(before.default)} became ${shown(after.default)}` });
    this.use(before, after, place);
  }

  #union(before: UnionNode, after: UnionNode, place: string): void {
    const keyOf = (variant: UnionNode['variants'][number]) =>
      variant.tags.length > 0 ? JSON.stringify(variant.tags) : nameOf(variant.node);
    const variants = new Map(after.variants.map((variant) => [keyOf(variant), variant]));
    for (const variant of before.variants) {
      const key = keyOf(variant);
      const now = variants.get(key);
      variants.delete(key);
      if (now) this.node(variant.node, now.node, `${place}|${nameOf(variant.node)}`);
      else this.#add('narrowed', place, `without ${nameOf(variant.node)}`);
    }
    for (const variant of variants.values()) this.#add('widened', place, `with ${nameOf(variant.node)}`);
  }

  #values(before: ReadonlySet<unknown>, after: ReadonlySet<unknown>, place: string): void {
    const gone = [...before].filter((value) => !after.has(value));
    const come = [...after].filter((value) => !before.has(value));
    if (gone.length > 0) this.#add('narrowed', place, `without ${gone.map(shown).join(', ')}`);
    if (come.length > 0) this.#add('widened', place, `with ${come.map(shown).join(', ')}`);
  }

  #scalar(before: SchemaNode, after: SchemaNode, place: string): void {
    if (before.kind === 'string' && after.kind === 'string') {
      if (before.binary !== after.binary) return this.#add('type changed', place, 'between text and bytes');
      this.#bounds(before, after, ['minLength'], ['maxLength'], place);
      for (const key of ['format', 'pattern'] as const) {
        if (before[key] === after[key]) continue;
        // zod gives a pattern with most formats: the format says it.
        if (key === 'pattern' && before.format !== after.format) continue;
        if (after[key] !== undefined) this.#add('narrowed', place, `${key} ${after[key]}`);
        if (before[key] !== undefined) this.#add('widened', place, `without ${key} ${before[key]}`);
      }
    } else if (before.kind === 'integer' && after.kind === 'integer') {
      if (before.int32 !== after.int32) this.#add(after.int32 ? 'narrowed' : 'widened', place, after.int32 ? '32 bits' : '53 bits');
      this.#bounds(before, after, ['minimum'], ['maximum'], place);
    } else this.#bounds(before, after, ['minimum', 'exclusiveMinimum'], ['maximum', 'exclusiveMaximum'], place);
  }

  /** Limits below and above: a missing one does not limit. */
  #bounds(before: object, after: object, lower: readonly string[], upper: readonly string[], place: string): void {
    for (const [names, sign] of [
      [lower, 1],
      [upper, -1],
    ] as const) {
      for (const name of names) {
        const [was, is] = [numberAt(before, name) ?? -Infinity * sign, numberAt(after, name) ?? -Infinity * sign];
        if (was === is) continue;
        this.#add((is - was) * sign > 0 ? 'narrowed' : 'widened', place, Number.isFinite(is) ? `${name} ${is}` : `without ${name} ${was}`);
      }
    }
  }

  #add(kind: Kind, place: string, detail?: string): void {
    this.changes.push({ rule: `${this.way} ${kind}` satisfies RuleName, place, ...(detail !== undefined && { detail }) });
  }
}

function numberAt(of: object, name: string): number | undefined {
  return (of as Readonly<Record<string, number | undefined>>)[name];
}

/** The values of a type that lists them. */
function valuesOf(node: SchemaNode): ReadonlySet<unknown> | undefined {
  return node.kind === 'enum' || node.kind === 'literal' ? new Set<unknown>(node.values) : undefined;
}

/** Whether all values of a type are values of another. */
function isWithin(small: SchemaNode, large: SchemaNode): boolean {
  if (small.kind === 'integer') return large.kind === 'number';
  if (large.kind === 'union') return large.variants.some(({ node }) => nameOf(node) === nameOf(small));
  const values = valuesOf(small);
  return values !== undefined && [...values].every((value) => typeof value === large.kind) && isPlain(large);
}

function isPlain(node: SchemaNode): boolean {
  return (
    node.kind !== 'string' ||
    (node.format === undefined && node.pattern === undefined && node.minLength === undefined && node.maxLength === undefined)
  );
}

function nameOf(node: SchemaNode): string {
  return node.kind === 'object' || node.kind === 'union' ? node.name : node.kind;
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
