import type { JsonSchema, SchemaNode, StringNode, TypeUse } from './node.ts';
import { unlike } from './union/unions.ts';
import { pascal } from './pascal.ts';

type Definitions = Readonly<Record<string, JsonSchema>>;

/** Keywords that zod writes; every other member of a schema comes from `.meta()`. */
const KEYWORDS = new Set([
  '$schema', '$ref', '$defs', 'type', 'format', 'contentEncoding', 'contentMediaType', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum',
  'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'enum', 'const', 'items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'properties', 'required',
  'additionalProperties', 'propertyNames', 'patternProperties', 'minProperties', 'maxProperties', 'anyOf', 'oneOf', 'allOf', 'not', 'default', 'readOnly', 'id', 'description',
  'deprecated', 'examples',
]); // prettier-ignore

/** The formats of OpenAPI's registry that zod gives; zod's own others, such as `starts_with`, only say what the pattern says. */
const FORMATS = new Set([
  'date-time', 'date', 'time', 'duration', 'email', 'uri', 'uuid', 'ipv4', 'ipv6', 'hostname', 'byte', 'base64url', 'int64',
]); // prettier-ignore

/** The keywords of a schema that are not structure: equal in both views. */
export const SCALAR_KEYWORDS = [
  'type', 'format', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'enum', 'const', 'allOf',
]; // prettier-ignore

export type Notes = Omit<TypeUse, 'node' | 'nullable'>;

/** Keywords that restrict a value: a schema without any allows everything. */
const STRUCTURE = new Set(
  [...KEYWORDS].filter((key) => !['$schema', '$defs', 'default', 'readOnly', 'id', 'description', 'deprecated', 'examples'].includes(key)),
);

export function kindOf(schema: JsonSchema, at: string): SchemaNode['kind'] {
  if (schema['allOf'] && schema['type'] === undefined)
    throw new TypeError(`${at}: an intersection of named types cannot be described: write A.extend(B.shape)`);
  if (schema['not']) throw new TypeError(`${at}: z.never() cannot be described: leave the field out`);
  if (schema['anyOf'] || schema['oneOf'] || Array.isArray(schema['type'])) return 'union';
  if ('const' in schema) return schema['const'] === null ? 'null' : 'literal';
  if (Array.isArray(schema['enum'])) return schema['enum'].every((value) => typeof value === 'string') ? 'enum' : 'literal';
  switch (schema['type']) {
    case 'string':
      if (schema['contentEncoding'] === 'binary') throw new TypeError(`${at}: z.file() cannot be described: write z.base64()`);
      return 'string';
    case 'integer':
    case 'number':
    case 'boolean':
    case 'null':
      return schema['type'];
    case 'array':
      if (schema['prefixItems'])
        throw new TypeError(`${at}: a tuple cannot be described: write z.object() with a name for each position, or z.array()`);
      return 'list';
    case 'object':
      return objectKind(schema, at);
  }
  return 'any';
}

function objectKind(schema: JsonSchema, at: string): 'object' | 'record' {
  if (schema['patternProperties']) throw new TypeError(`${at}: a loose record cannot be described: write z.record(z.string(), …)`);
  if (schema['propertyNames']) return 'record';
  const others = schema['additionalProperties'];
  if (others !== undefined && others !== false) {
    throw new TypeError(
      `${at}: an object with unnamed members (z.looseObject, .catchall) cannot be described: put them into a field of z.record(z.string(), …)`,
    );
  }
  return 'object';
}

/** The schema without its null, and whether it had one. */
export function peelNull(schema: JsonSchema): [JsonSchema, boolean] {
  const { type } = schema;
  if (Array.isArray(type) && type.includes('null')) {
    const rest = type.filter((name) => name !== 'null');
    return [{ ...schema, type: rest.length === 1 ? rest[0] : rest }, true];
  }
  if (Array.isArray(schema['enum']) && schema['enum'].includes(null)) {
    return [{ ...schema, enum: schema['enum'].filter((value) => value !== null) }, true];
  }
  if (!schema['anyOf'] && !schema['oneOf']) return [schema, false];
  const flat = flatOptions(schema);
  const options = unlike(flat, bareType);
  const rest = options.filter((option) => !isNull(option));
  const hasNull = rest.length < options.length;
  const [only] = rest;
  if (!only) return [{ type: 'null' }, false];
  // A union that was written with one option stays one, because others may be added to it later. zod itself writes `z.union([z.string()])` as text.
  if (rest.length === 1 && (flat.length > 1 || bareType(only) !== undefined)) {
    // It may have a null of its own: `z.literal(['a', null]).nullable()`.
    const [inner, isNullable] = peelNull(only);
    return [inner, hasNull || isNullable];
  }
  const { anyOf: _, oneOf: __, ...others } = schema;
  return hasNull ? [{ ...others, anyOf: rest }, true] : [schema, false];
}

function isNull(schema: JsonSchema): boolean {
  return schema['type'] === 'null' || ('const' in schema && schema['const'] === null);
}

/** `z.json()`: every JSON value, whose lists and records hold every JSON value. */
export function isJson(schema: JsonSchema, definitions: Definitions): boolean {
  const inner = valueWithin(schema);
  if (inner === undefined) return false;
  let whole = definitions[inner];
  for (let ref = whole && refOf(whole); ref !== undefined && whole?.['anyOf'] === undefined; ref = whole && refOf(whole))
    whole = definitions[ref];
  return whole !== undefined && valueWithin(whole) === inner;
}

/** The definition that is both the items of lists and the members of records of a union as that of `z.json()`. */
function valueWithin({ anyOf }: JsonSchema): string | undefined {
  if (!Array.isArray(anyOf) || anyOf.length !== 6) return undefined;
  const options = anyOf as readonly JsonSchema[];
  const refs = ['items', 'additionalProperties'].map((key) => options.map((option) => refOf(memberOf(option, key))).find((ref) => ref));
  return refs[0] === refs[1] ? refs[0] : undefined;
}

/**
 * The members of a union. A union in it that has no name of its own is not one apart, and of two that say no more than the same type one
 * counts: newer releases of zod write them as one.
 */
export function optionsOf(schema: JsonSchema): readonly JsonSchema[] {
  return unlike(flatOptions(schema), bareType);
}

function flatOptions(schema: JsonSchema): readonly JsonSchema[] {
  const { type } = schema;
  if (Array.isArray(type)) return (type as readonly string[]).map((name) => ({ type: name }));
  const options = (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined;
  return options?.flatMap(flatOptions) ?? [schema];
}

/** The type of a schema that restricts nothing else. */
function bareType(schema: JsonSchema): unknown {
  return Object.keys(schema).every((key) => key === 'type' || !STRUCTURE.has(key)) ? BARE.get(schema['type']) : undefined;
}

const BARE = new Map<unknown, string>(['string', 'number', 'boolean'].map((type) => [type, type]));

/** The first text constant of an object's required fields, as a part of a name. */
export function tagName(schema: JsonSchema): string | undefined {
  const fields = Object.values((schema['properties'] ?? {}) as Definitions);
  const tag = fields.find((field) => typeof field['const'] === 'string')?.['const'];
  return typeof tag === 'string' ? pascal(tag) || undefined : undefined;
}

export function stringLimits(schema: JsonSchema): Partial<StringNode> {
  const format = schema['format'] === 'base64' ? 'byte' : schema['format'];
  return {
    ...(typeof format === 'string' && FORMATS.has(format) && { format }),
    ...(schema['format'] === 'byte' && { binary: true }),
    ...pick(schema, ['minLength', 'maxLength', 'pattern']),
  };
}

export { integerLimits } from './integer.ts';

export function annotations(schema: JsonSchema): Notes {
  return { ...(pick(schema, ['description', 'deprecated', 'examples']) as Partial<Notes>), meta: metaOf(schema) };
}

export function metaOf(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !KEYWORDS.has(key)));
}

/** The default of a field or of the named type that it is. */
export function defaultOf(schema: JsonSchema, definitions: Definitions): unknown {
  if ('default' in schema) return schema['default'];
  const ref = refOf(schema);
  return ref === undefined ? undefined : definitions[ref]?.['default'];
}

export function refOf(schema: JsonSchema): string | undefined {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? ref.slice('#/$defs/'.length) : undefined;
}

export function memberOf(schema: JsonSchema, key: string): JsonSchema {
  return (schema[key] ?? {}) as JsonSchema;
}

export function pick(schema: JsonSchema, keys: readonly string[]): JsonSchema {
  return Object.fromEntries(keys.flatMap((key) => (key in schema ? [[key, schema[key]]] : [])));
}

/** Whether a schema restricts nothing. */
export function isAnything(schema: JsonSchema): boolean {
  return Object.keys(schema).every((key) => !STRUCTURE.has(key));
}
