import type { $ZodType } from 'zod/v4/core';
import type { Schema } from './contract.ts';
import { defOf } from './shape/intersect.ts';
import { isPreprocess, metaOf, ownDef, sidesOf } from './shape/walk.ts';

export { isCodec, isFile, isOptional, isPreprocess, someSchema } from './shape/walk.ts';

const SCALARS = new Set(['string', 'number', 'int', 'boolean', 'enum', 'literal', 'template_literal']);

/** The outside of a schema, on the wire side, without optional, nullable, default, readonly and lazy around it. */
export type Shape =
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, $ZodType>>; readonly id: string | undefined }
  | { readonly kind: 'list'; readonly item: $ZodType }
  | { readonly kind: 'union'; readonly options: readonly $ZodType[] }
  | { readonly kind: 'record'; readonly value: $ZodType | undefined }
  | { readonly kind: 'scalar' | 'other' };

/** Looks at a schema's outside: all that `defineContract` needs, at a fraction of the size of a description. */
export function shapeOf(schema: Schema): Shape {
  const def = defOf(schema);
  if (def.type === 'object' && def.shape) return { kind: 'object', fields: def.shape, id: metaOf(schema as $ZodType)?.id };
  if (def.type === 'array' && def.element) return { kind: 'list', item: def.element };
  if (def.type === 'union' && def.options) return { kind: 'union', options: def.options };
  if (def.type === 'record') return { kind: 'record', value: def.valueType };
  if (def.innerType) return shapeOf(def.innerType);
  if (def.getter) return shapeOf(def.getter());
  if (def.in) return shapeOf(isPreprocess(schema) ? (def.out ?? def.in) : def.in);
  return { kind: SCALARS.has(def.type) ? 'scalar' : 'other' };
}

/**
 * A schema that carries bytes: `file()` or `bytes()`, without optional, nullable, default, codec and lazy around it; `undefined` for
 * another schema.
 */
export function bodyOf(schema: Schema): { readonly kind: 'file' | 'bytes'; readonly mediaType: string | undefined } | undefined {
  const def = ownDef(schema);
  const inner = def.innerType ?? def.getter?.() ?? def.in;
  if (inner) return bodyOf(inner);
  return def.isFile || def.isBytes ? { kind: def.isFile ? 'file' : 'bytes', mediaType: def.mediaType } : undefined;
}

/** The type of an application value, `string` or `date`, without optional, nullable, default and lazy around it; `undefined` if it is several. */
export function valueType(schema: Schema): string | undefined {
  const def = ownDef(schema);
  const inner = def.innerType ?? def.getter?.() ?? def.out;
  if (inner) return valueType(inner);
  if (def.type === 'union' || def.type === 'literal' || def.type === 'any' || def.type === 'unknown') return undefined;
  return def.type === 'int' ? 'number' : def.type === 'enum' || def.type === 'template_literal' ? 'string' : def.type;
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

/** Whether a schema gives what it does not read, and has no way back. */
export function isOneWay(schema: Schema): boolean {
  return ownDef(schema).out?._zod.def.type === 'transform';
}

/** Whether a schema freezes bytes, which JavaScript cannot do: each value would be refused. */
export function freezesBytes(schema: Schema): boolean {
  const { type, innerType } = ownDef(schema);
  return type === 'readonly' && innerType !== undefined && mayBeBytes(innerType, new Set());
}

/** Whether both sides of an intersection have a field of bytes: read by each, they are two values, which zod cannot make one. */
export function sharesBytes(schema: Schema): boolean {
  const [left, right] = (sidesOf(schema) ?? []).map(shapeOf);
  if (left?.kind !== 'object' || right?.kind !== 'object') return false;
  return Object.entries(left.fields).some(([name, field]) => Object.hasOwn(right.fields, name) && mayBeBytes(field, new Set()));
}

function mayBeBytes(schema: Schema, seen: Set<Schema>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const def = ownDef(schema);
  const inner = def.innerType ?? def.getter?.() ?? (isPreprocess(schema) ? def.out : def.in);
  return def.isBytes === true || [...(inner ? [inner] : []), ...(def.options ?? [])].some((each) => mayBeBytes(each, seen));
}
