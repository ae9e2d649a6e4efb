import type { $ZodCheck } from 'zod/v4/core';
import type { Schema } from '../../core/contract.ts';
import { ownDef } from '../../core/shape/walk.ts';

/** Sets a member that is made when it is first asked for, because types may contain themselves. */
export function setLater(target: object, name: string, make: () => unknown): void {
  let value: unknown;
  Object.defineProperty(target, name, { get: () => (value ??= make()), enumerable: true, configurable: true });
}

/** The definition of a schema with others in it: `map` gives them, `keeps` says which checks stay. */
export function rebuild(schema: Schema, map: (inner: Schema) => Schema, keeps: (check: $ZodCheck) => boolean): never {
  const def = ownDef(schema);
  const { shape, getter, options } = def;
  const made: Record<string, unknown> = { ...def, checks: def.checks?.filter(keeps) };
  for (const name of ['element', 'keyType', 'valueType', 'innerType', 'in', 'out', 'left', 'right'] as const) {
    const inner = def[name];
    if (inner) made[name] = map(inner);
  }
  if (options) made['options'] = options.map(map);
  if (getter) made['getter'] = () => map(getter());
  if (shape) setLater(made, 'shape', () => Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, map(field)])));
  // A definition of the same class as before, which has no name here.
  return made as never;
}

/** Descriptions, which `zod/mini` has as checks too, belong only to one schema. */
export function isNote({ _zod: { def } }: $ZodCheck): boolean {
  return def.check === 'meta' || def.check === 'describe';
}
