/** A type as a source describes it, before it is written as a schema of zod. */
export type Type =
  | TextType
  | NumberType
  | (Notes & { readonly kind: 'boolean' | 'any' | 'null' | 'bytes' | 'int64' })
  | (Notes & { readonly kind: 'file'; readonly types?: readonly string[] | undefined })
  | (Notes & { readonly kind: 'literal'; readonly values: readonly (string | number | boolean)[] })
  | (Notes & { readonly kind: 'list'; readonly item: Type; readonly min?: number | undefined; readonly max?: number | undefined })
  | (Notes & { readonly kind: 'tuple'; readonly items: readonly Type[]; readonly rest?: Type | undefined })
  | (Notes & { readonly kind: 'record'; readonly value: Type })
  | ObjectType
  | (Notes & { readonly kind: 'union'; readonly options: readonly Type[]; readonly tag?: string | undefined })
  | (Notes & { readonly kind: 'both'; readonly parts: readonly Type[] })
  | (Notes & { readonly kind: 'ref'; readonly name: string });

/** The members that every type may have. */
export interface Notes {
  readonly nullable?: boolean | undefined;
  readonly description?: string | undefined;
  readonly examples?: readonly unknown[] | undefined;
  /** Members of `.meta()` for one protocol: `{ grpc: { … } }`. */
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

export interface TextType extends Notes {
  readonly kind: 'text';
  /** One of `TEXT_FORMATS`. */
  readonly format?: string | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** A regular expression that compiles. */
  readonly pattern?: string | undefined;
}

export interface NumberType extends Notes {
  readonly kind: 'number';
  readonly width?: 'int' | 'int32' | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  readonly step?: number | undefined;
}

export interface ObjectType extends Notes {
  readonly kind: 'object';
  readonly fields: readonly Field[];
  /** The type of members without a name; `undefined` drops them. */
  readonly rest?: Type | undefined;
}

export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly optional: boolean;
  readonly default?: unknown;
  /** True, or why. */
  readonly deprecated?: boolean | undefined;
}

/** A type with a name of its own. */
export interface NamedType {
  /** Its name in TypeScript. */
  readonly name: string;
  /** Its `.meta({ id })`: its name in descriptions. */
  readonly id: string;
  readonly type: Type;
}

export const ANY: Type = { kind: 'any' };

/** The names of the types that a type refers to. */
export function refsOf(type: Type, into: Set<string> = new Set()): Set<string> {
  switch (type.kind) {
    case 'ref':
      into.add(type.name);
      break;
    case 'list':
      refsOf(type.item, into);
      break;
    case 'record':
      refsOf(type.value, into);
      break;
    case 'tuple':
      for (const item of [...type.items, ...(type.rest ? [type.rest] : [])]) refsOf(item, into);
      break;
    case 'object':
      for (const field of type.fields) refsOf(field.type, into);
      if (type.rest) refsOf(type.rest, into);
      break;
    case 'union':
      for (const option of type.options) refsOf(option, into);
      break;
    case 'both':
      for (const part of type.parts) refsOf(part, into);
      break;
    default: // Scalars refer to nothing.
  }
  return into;
}
