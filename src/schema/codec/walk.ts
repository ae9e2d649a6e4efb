import type { $ZodType } from 'zod/v4/core';
import type { Schema } from '../../core/contract.ts';
import { setOwn } from '../../core/own.ts';
import { isPreprocess, ownDef, sidesOf } from '../../core/shape/walk.ts';
import type { Issue } from '../../core/errors.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** One walk through one value. */
export interface WalkState {
  readonly issues: Issue[];
  /** The place of the walk. */
  readonly path: (string | number)[];
  /** Settle when the parts that are converted asynchronously are in their places. */
  readonly pending: PromiseLike<void>[];
}

/** Gives the converted value; the value itself if nothing in it changes. Never changes the value that it was given. */
export type Walk = (value: unknown, state: WalkState) => unknown;

/** The schemas that a walk looks for. */
export interface WalkMode {
  /** Whether what is looked for can be reached from a schema: all else stays as it is. */
  has(schema: Schema): boolean;
  /** The walk of a schema that is looked for itself; `undefined` for one that only holds others. */
  leaf(schema: $ZodType, compile: (inner: Schema) => Walk | undefined): Walk | undefined;
  /** Makes the walk of a union that has no discriminator; one walk per option, `undefined` for options in which nothing changes. */
  choose(options: readonly $ZodType[], walks: readonly (Walk | undefined)[], union: $ZodType): Walk;
}

/** Compiles a walk through the values of a schema; `undefined` if nothing in them can change. */
export function compileWalk(schema: Schema, mode: WalkMode): Walk | undefined {
  const made = new Map<Schema, { walk?: Walk }>();

  const compile = (inner: Schema): Walk | undefined => {
    if (!mode.has(inner)) return undefined;
    const known = made.get(inner);
    // A type that contains itself is not complete yet.
    if (known) return known.walk ?? ((value, state) => known.walk?.(value, state) ?? value);
    const slot: { walk?: Walk } = {};
    made.set(inner, slot);
    slot.walk = mode.leaf(inner as $ZodType, compile) ?? containerWalk(inner as $ZodType, compile, mode);
    return slot.walk;
  };
  return compile(schema);
}

const same: Walk = (value) => value;

function containerWalk(schema: $ZodType, compile: (inner: Schema) => Walk | undefined, mode: WalkMode): Walk {
  const def = ownDef(schema);
  if (def.type === 'object') return objectWalk(def.shape ?? {}, compile);
  if (def.element) return listWalk(compile(def.element) ?? same);
  if (def.valueType) return recordWalk((def.keyType && compile(def.keyType)) ?? same, compile(def.valueType) ?? same);
  if (def.options) {
    const walks = def.options.map(compile);
    return def.discriminator === undefined ? mode.choose(def.options, walks, schema) : taggedWalk(def.options, walks, def.discriminator);
  }
  const sides = sidesOf(schema)?.map((side) => compile(side) ?? same);
  if (sides) return (value, state) => sides.reduce((converted, walk) => walk(converted, state), value);
  const inner = def.innerType ?? def.getter?.() ?? (isPreprocess(schema) ? def.out : def.in);
  const walk = (inner && compile(inner)) ?? same;
  if (def.type === 'nullable') return (value, state) => (value === null ? null : walk(value, state));
  return def.innerType ? (value, state) => (value === undefined ? undefined : walk(value, state)) : walk;
}

function objectWalk(shape: Readonly<Record<string, $ZodType>>, compile: (inner: Schema) => Walk | undefined): Walk {
  const names = Object.keys(shape);
  const walks = Object.entries(shape).flatMap(([name, field]) => {
    const walk = compile(field);
    return walk ? [[name, walk] as const] : [];
  });
  return (value, state) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const source = value as Readonly<Record<string, unknown>>;
    let copy: Record<string, unknown> | undefined;
    for (const [name, walk] of walks) {
      const before = source[name];
      if (before === undefined) continue;
      state.path.push(name);
      const after = walk(before, state);
      state.path.pop();
      if (after !== before) put((copy ??= copyOf(source, names)), name, after, state);
    }
    return copy ?? value;
  };
}

/** Members of a class may be accessors of its prototype, which a spread leaves out. */
function copyOf(source: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(source);
  if (prototype === Object.prototype || prototype === null) return { ...source };
  return Object.fromEntries(names.filter((name) => name in source).map((name) => [name, source[name]]));
}

function listWalk(walk: Walk): Walk {
  return (value, state) => {
    if (!Array.isArray(value)) return value;
    let copy: unknown[] | undefined;
    for (let at = 0; at < value.length; at++) {
      state.path.push(at);
      const after = walk(value[at], state);
      state.path.pop();
      if (after !== value[at]) put((copy ??= [...(value as unknown[])]), at, after, state);
    }
    return copy ?? (value as unknown);
  };
}

function recordWalk(keyWalk: Walk, valueWalk: Walk): Walk {
  return (value, state) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const copy: Record<string, unknown> = {};
    let changed = false;
    for (const [name, before] of Object.entries(value)) {
      state.path.push(name);
      const key = String(keyWalk(name, state));
      const after = valueWalk(before, state);
      state.path.pop();
      if (key !== name || after !== before) changed = true;
      // Not by assignment: a key may be `__proto__`.
      setOwn(copy, key, after);
      if (isPromiseLike(after)) put(copy, key, after, state);
    }
    return changed ? copy : value;
  };
}

/** The option is found by its tag; a value without one is refused by the schema. */
function taggedWalk(options: readonly $ZodType[], walks: readonly (Walk | undefined)[], discriminator: string): Walk {
  let byTag: Map<unknown, Walk> | undefined;
  return (value, state) => {
    if (typeof value !== 'object' || value === null) return value;
    byTag ??= new Map(
      options.flatMap((option, index) => [...(option._zod.propValues?.[discriminator] ?? [])].map((tag) => [tag, walks[index] ?? same])),
    );
    return byTag.get((value as Readonly<Record<string, unknown>>)[discriminator])?.(value, state) ?? value;
  };
}

function put(target: object, key: string | number, value: unknown, state: WalkState): void {
  const place = target as Record<string | number, unknown>;
  if (!isPromiseLike(value)) place[key] = value;
  else state.pending.push(value.then((settled) => void (place[key] = settled)));
}
