import { globalRegistry, type $ZodType } from 'zod/v4/core';
import type { Schema } from './contract.ts';

/** The members of zod's schema definitions that this file reads. */
interface Def {
  readonly type: string;
  readonly innerType?: $ZodType;
  readonly element?: $ZodType;
  readonly shape?: Readonly<Record<string, $ZodType>>;
  readonly options?: readonly $ZodType[];
  readonly valueType?: $ZodType;
  readonly getter?: () => $ZodType;
}

const SCALARS = new Set(['string', 'number', 'int', 'boolean', 'enum', 'literal', 'template_literal']);

/** What a schema is at its outside, without optional, nullable, default, readonly and lazy around it. */
export type Shape =
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, $ZodType>>; readonly id: string | undefined }
  | { readonly kind: 'list'; readonly item: $ZodType }
  | { readonly kind: 'union'; readonly options: readonly $ZodType[] }
  | { readonly kind: 'record'; readonly value: $ZodType | undefined }
  | { readonly kind: 'scalar' | 'other' };

/** Looks at a schema's outside: all that `defineContract` needs, at a fraction of the size of a description. */
export function shapeOf(schema: Schema): Shape {
  const def = schema._zod.def as unknown as Def;
  if (def.type === 'object' && def.shape) return { kind: 'object', fields: def.shape, id: globalRegistry.get(schema as $ZodType)?.id };
  if (def.type === 'array' && def.element) return { kind: 'list', item: def.element };
  if (def.type === 'union' && def.options) return { kind: 'union', options: def.options };
  if (def.type === 'record') return { kind: 'record', value: def.valueType };
  if (def.innerType) return shapeOf(def.innerType);
  if (def.getter) return shapeOf(def.getter());
  return { kind: SCALARS.has(def.type) ? 'scalar' : 'other' };
}

/** Tells whether an object may come without this field. */
export function isOptional(schema: Schema): boolean {
  // 'optional', or 'defaulted' in newer releases of zod.
  return schema._zod.optin !== undefined;
}

/** Tells whether a schema is an object with this field. */
export function hasField(schema: Schema, name: string): boolean {
  const shape = shapeOf(schema);
  return shape.kind === 'object' && Object.hasOwn(shape.fields, name);
}

/** Calls `visit` for each object schema that can be reached from `schema`, once. */
export function eachObject(
  schema: Schema,
  visit: (fields: Readonly<Record<string, $ZodType>>, id: string | undefined) => void,
  seen: Set<unknown> = new Set(),
): void {
  const shape = shapeOf(schema);
  if (shape.kind === 'list') eachObject(shape.item, visit, seen);
  else if (shape.kind === 'union') for (const option of shape.options) eachObject(option, visit, seen);
  else if (shape.kind === 'record' && shape.value) eachObject(shape.value, visit, seen);
  else if (shape.kind === 'object' && !seen.has(shape.fields)) {
    seen.add(shape.fields);
    visit(shape.fields, shape.id);
    for (const field of Object.values(shape.fields)) eachObject(field, visit, seen);
  }
}
