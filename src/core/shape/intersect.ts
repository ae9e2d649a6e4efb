import type { $ZodType } from 'zod/v4/core';
import type { Schema } from '../contract.ts';
import { isOptional, type Def } from './walk.ts';

type Intersection = new (def: object) => $ZodType;

/** Kept, because types that contain themselves are told by their fields. */
const folded = new WeakMap<Schema, Def>();

/** The definition of a schema; of an intersection, that of the object or the union that it is, as zod describes it in JSON Schema. */
export function defOf(schema: Schema): Def {
  // The types of zod leave the class out.
  const { def, constr } = schema._zod as unknown as { readonly def: Def; readonly constr: Intersection };
  if (!def.left || !def.right) return def;
  let made = folded.get(schema);
  if (!made) folded.set(schema, (made = fold(def.left, def.right, constr)));
  return made;
}

/** An object has the fields of both sides, and the variants of a union each have those of the other side. */
function fold(left: $ZodType, right: $ZodType, constr: Intersection): Def {
  // Of the same class, so that nothing of zod is loaded for it.
  const both = (one: $ZodType, other: $ZodType) => {
    const [{ shape, options }, { shape: fields, options: others }] = [outside(one), outside(other)];
    // Others than two objects, or an object and a union, are equal, or the schema view refuses them.
    if (!(shape && (fields ?? others)) && !(options && fields)) return isOptional(one) ? other : one;
    const made = new constr({ type: 'intersection', left: one, right: other });
    made._zod.optin = one._zod.optin && other._zod.optin;
    made._zod.optout = one._zod.optout && other._zod.optout;
    return made;
  };
  const [first, second] = [outside(left), outside(right)];
  const options = first.options ?? second.options;
  const other = first.options ? right : left;
  if (options) return { type: 'union', options: options.map((option) => both(other, option)) };
  if (!first.shape || !second.shape) return first;
  const shape: Record<string, $ZodType> = { ...first.shape };
  for (const [name, field] of Object.entries(second.shape)) shape[name] = shape[name] ? both(shape[name], field) : field;
  return { type: 'object', shape };
}

/** The definition of a schema without what only stands around it. */
function outside(schema: Schema): Def {
  const def = defOf(schema);
  const inner = def.innerType ?? def.getter?.();
  return inner ? outside(inner) : def;
}
