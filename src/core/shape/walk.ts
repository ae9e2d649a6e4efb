import { globalRegistry, type $ZodCheck, type $ZodRawIssue, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../contract.ts';

/** One direction of a codec. */
export type Transform = (value: unknown, payload: { value: unknown; issues: $ZodRawIssue[] }) => unknown;

/** The members of zod's schema definitions that this library reads. */
export interface Def {
  readonly type: string;
  readonly innerType?: $ZodType;
  readonly element?: $ZodType;
  readonly shape?: Readonly<Record<string, $ZodType>>;
  readonly options?: readonly $ZodType[];
  readonly valueType?: $ZodType;
  readonly getter?: () => $ZodType;
  readonly in?: $ZodType;
  readonly out?: $ZodType;
  readonly transform?: Transform;
  readonly reverseTransform?: Transform;
  readonly discriminator?: string;
  readonly checks?: readonly $ZodCheck[];
  readonly keyType?: $ZodType;
  readonly items?: readonly $ZodType[];
  readonly rest?: $ZodType | null;
  readonly left?: $ZodType;
  readonly right?: $ZodType;
  readonly isFile?: boolean;
  readonly isBytes?: boolean;
  readonly mediaType?: string;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly defaultValue?: unknown;
  readonly catchValue?: (context: object) => unknown;
}

/** The definition of a schema, with the members of all classes of schemas. */
export function ownDef({ _zod }: Schema): Def {
  return _zod.def;
}

/** The metadata of a schema. Parts of a page that come later take it from here: the registry would otherwise be a chunk of its own. */
export function metaOf(schema: $ZodType): ReturnType<typeof globalRegistry.get> {
  return globalRegistry.get(schema);
}

/** Whether a schema converts between a wire form and an application form. */
export function isCodec(schema: Schema): boolean {
  return ownDef(schema).reverseTransform !== undefined;
}

/** Whether a schema is the wire side of `file()` itself. */
export function isFile(schema: Schema): boolean {
  return ownDef(schema).isFile === true;
}

/** Whether a schema is only another one with a function before it, which makes more values fit. */
export function isPreprocess(schema: Schema): boolean {
  const def = ownDef(schema);
  return def.type === 'pipe' && def.in?._zod.def.type === 'transform';
}

/** Tells whether an object may come without this field. */
export function isOptional(schema: Schema): boolean {
  const { type, innerType, out } = ownDef(schema);
  // As zod does in JSON Schema: what reads an absent member in its own way is still required by its type.
  const inner = type === 'catch' ? innerType : isPreprocess(schema) ? out : undefined;
  // 'optional', or 'defaulted' in newer releases of zod.
  return inner ? isOptional(inner) : schema._zod.optin !== undefined;
}

/** The two sides of an intersection; `undefined` for another schema. */
export function sidesOf(schema: Schema): readonly [$ZodType, $ZodType] | undefined {
  const { left, right } = ownDef(schema);
  return left && right && [left, right];
}

/** The schemas that a schema is directly made of. */
export function innerSchemas(schema: Schema): readonly $ZodType[] {
  const def = ownDef(schema);
  if (def.type === 'object') return Object.values(def.shape ?? {});
  if (def.getter) return [def.getter()];
  const all = [def.innerType, def.element, def.keyType, def.valueType, def.in, def.out, def.left, def.right, def.rest];
  return [...all, ...(def.options ?? []), ...(def.items ?? [])].filter((inner) => inner !== undefined && inner !== null);
}

/** Tells whether `test` holds for a schema or for any that can be reached from it. */
export function someSchema(schema: Schema, test: (schema: Schema) => boolean, seen: Set<Schema> = new Set()): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  return test(schema) || innerSchemas(schema).some((inner) => someSchema(inner, test, seen));
}
