import { setOwn } from '../core/own.ts';
import type { JsonSchema } from './node.ts';
import type { ContractView } from './view.ts';

/** The values that callers send, or those that the service gives. The views differ if a type has defaults. */
export type Side = 'input' | 'output';

/** Named JSON Schemas of a document such as OpenAPI or AsyncAPI, and schemas that refer to them. */
export interface Components {
  /** `schema` of the view as it stands in the document: references go to the components, what other protocols' `.meta()` says is left out. */
  refer(schema: JsonSchema, side: Side): JsonSchema;
  /** An object type whose members may all be absent, `UserFields` of `User`: a component if the type has a name of its own. `make` gives its schema in the view. */
  partial(type: string, make: () => JsonSchema): JsonSchema;
  /** The components that `refer` has led to, in order of first use. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

export interface ComponentsOptions {
  /** Names that the document needs itself. */
  readonly taken?: readonly string[];
  /** Whether unions say which property tells their variants apart, as OpenAPI writes it. @default false */
  readonly discriminators?: boolean;
}

/**
 * Makes the components of a document. A type that is sent otherwise than it is given, because of defaults, is two components, `User` and
 * `UserInput`, in a document that has both. Throws a `TypeError` if such a name is taken.
 */
export function createComponents(view: ContractView, prefix: string, options: ComponentsOptions = {}): Components {
  const { taken = [] } = options;
  const isTwofold = compareSides(view);
  const schemas: Record<string, JsonSchema> = {};

  const component = (definition: string, side: Side): string | undefined => {
    const type = view.definitionNames[side].get(definition);
    if (type === undefined) return undefined;
    const name = side === 'input' && isTwofold(definition) ? `${type}Input` : type;
    const declared = view.types.get(name)?.derived ? undefined : view.types.get(name);
    if (taken.includes(name) || (name !== type && declared)) {
      throw new TypeError(`the type '${type}' would be described as '${name}', and that name is taken: give it another .meta({ id: '…' })`);
    }
    if (!Object.hasOwn(schemas, name)) {
      // Reserved before it is made, for types that contain themselves.
      schemas[name] = {};
      schemas[name] = refer(view.definitions[side][definition] ?? {}, side);
    }
    return name;
  };

  const refer = (schema: JsonSchema, side: Side): JsonSchema => {
    const result: Record<string, unknown> = {};
    for (const key in schema) {
      const value = schema[key];
      if (!KEYWORDS.has(key) && !key.startsWith('x-')) continue;
      if (typeof value !== 'object' && key !== '$ref') {
        // Other members are dropped, not refused: a closed schema would make every new field a breaking change.
        if (value !== false || key === 'items' || !SCHEMA_KEYWORDS.has(key)) result[key] = value;
      } else if (key === '$ref') {
        const name = component(definitionOf(String(value)), side);
        if (name !== undefined) result[key] = prefix + name;
      } else if (key === 'properties') {
        const members: Record<string, JsonSchema> = {};
        for (const name of Object.keys(value as object))
          setOwn(members, name, refer((value as Record<string, JsonSchema>)[name] ?? {}, side));
        result[key] = members;
      } else if (SCHEMA_KEYWORDS.has(key)) {
        result[key] = referAll(value, side);
      } else result[key] = value;
    }
    if (result['type'] === 'integer') result['format'] ??= integerFormat(result);
    const found = options.discriminators && discriminatorOf(schema, view.definitions[side]);
    if (found) {
      const mapping = Object.fromEntries(found.mapping.map(([tag, definition]) => [tag, prefix + component(definition, side)]));
      result['discriminator'] = { propertyName: found.property, mapping };
    }
    return result;
  };
  const referAll = (value: unknown, side: Side): unknown => {
    if (Array.isArray(value)) return value.map((item: unknown) => referAll(item, side));
    return typeof value === 'object' && value !== null ? refer(value as JsonSchema, side) : value;
  };

  const partial = (type: string, make: () => JsonSchema): JsonSchema => {
    const name = `${type}Fields`;
    const isTaken = taken.includes(name) || view.types.has(name) || view.types.get(type)?.derived === true;
    if (isTaken || !Object.hasOwn(schemas, name)) {
      const whole = (Object.hasOwn(schemas, type) ? schemas[type] : undefined) ?? refer(make(), 'output');
      // To take a member out of an object costs more than all else here; JSON has none that is undefined.
      const schema = { ...whole, required: undefined, description: 'The fields that were asked for.' };
      if (isTaken) return schema;
      schemas[name] = schema;
    }
    return { $ref: prefix + name };
  };

  return { refer, partial, schemas };
}

/** Keywords whose value is a schema or several. */
const SCHEMA_KEYWORDS = new Set(['items', 'additionalProperties', 'propertyNames', 'anyOf', 'oneOf', 'allOf', 'not']);

/**
 * https://json-schema.org/draft/2020-12/schema, as far as zod writes it or `.meta()` may. Not `readOnly`: zod's is about TypeScript,
 * OpenAPI's says that no request has the property.
 */
const KEYWORDS = new Set([
  ...SCHEMA_KEYWORDS, '$ref', 'type', 'format', 'contentEncoding', 'contentMediaType', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum',
  'exclusiveMaximum', 'multipleOf', 'enum', 'const', 'minItems', 'maxItems', 'uniqueItems', 'properties', 'required', 'minProperties', 'maxProperties',
  'default', 'title', 'description', 'deprecated', 'examples', 'writeOnly', '$comment',
]); // prettier-ignore

/** OpenAPI's formats of integers: https://spec.openapis.org/registry/format/ */
function integerFormat({ minimum = -Infinity, maximum = Infinity }: JsonSchema): string {
  return Number(minimum) >= -(2 ** 31) && Number(maximum) < 2 ** 31 ? 'int32' : 'int64';
}

/** The tags of the variants of a union, if each variant is a definition of its own, because OpenAPI cannot refer to others. */
function discriminatorOf(
  { oneOf, anyOf }: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
): { readonly property: string; readonly mapping: readonly (readonly [string, string])[] } | undefined {
  const options = (oneOf ?? anyOf) as readonly JsonSchema[] | undefined;
  if (!options || options.length < 2 || options.some((option) => typeof option['$ref'] !== 'string')) return undefined;
  const names = options.map((option) => definitionOf(String(option['$ref'])));
  const variants = names.map((name) => (definitions[name]?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  for (const property of Object.keys(variants[0] ?? {})) {
    const tags = variants.map((variant) => tagsOf(Object.hasOwn(variant, property) ? variant[property] : undefined));
    const isDistinct = new Set(tags.flat()).size === tags.flat().length;
    if (!isDistinct || tags.some((some) => some.length === 0)) continue;
    return { property, mapping: names.flatMap((name, index) => (tags[index] ?? []).map((tag) => [tag, name] as const)) };
  }
  return undefined;
}

/** OpenAPI's tags are text. */
function tagsOf(schema: JsonSchema | undefined): readonly string[] {
  const values = schema && 'const' in schema ? [schema['const']] : ((schema?.['enum'] ?? []) as readonly unknown[]);
  return values.every((value) => typeof value === 'string') ? values : [];
}

function definitionOf(ref: string): string {
  return ref.slice('#/$defs/'.length);
}

/** Finds the definitions that both sides of a contract use and that are not the same on both. */
function compareSides(view: ContractView): (definition: string) => boolean {
  const inputs = reached(view, 'input');
  if (inputs.size === 0) return () => false;
  const outputs = reached(view, 'output');
  const twofold = new Set<string>();
  const same = (definition: string) => isSame(view.definitions.input[definition], view.definitions.output[definition]);
  for (const definition of inputs) if (outputs.has(definition) && !same(definition)) twofold.add(definition);
  // A type that contains a twofold one is twofold too.
  for (let before = -1; before !== twofold.size;) {
    before = twofold.size;
    for (const definition of inputs) {
      if (outputs.has(definition) && refsOf(view.definitions.input[definition]).some((ref) => twofold.has(ref))) twofold.add(definition);
    }
  }
  return (definition) => twofold.has(definition);
}

function reached(view: ContractView, side: Side): ReadonlySet<string> {
  const found = new Set<string>();
  const follow = (schema: JsonSchema | undefined): void => {
    for (const ref of refsOf(schema)) {
      if (found.has(ref)) continue;
      found.add(ref);
      follow(view.definitions[side][ref]);
    }
  };
  for (const { inputSchema, outputSchema, itemSchema, errors } of view.operations.values()) {
    follow(side === 'input' ? inputSchema : outputSchema);
    if (side === 'output') follow(itemSchema);
    if (side === 'output') for (const { detailsSchema } of errors) follow(detailsSchema);
  }
  if (side === 'output') for (const { payloadSchema } of view.events.values()) follow(payloadSchema);
  return found;
}

/** Every reference in a schema. One in `examples` does no harm: it names nothing. */
function refsOf(schema: unknown, found: string[] = []): string[] {
  if (Array.isArray(schema)) for (const item of schema as readonly unknown[]) refsOf(item, found);
  else if (typeof schema === 'object' && schema !== null) {
    for (const key in schema) {
      const value = (schema as JsonSchema)[key];
      if (typeof value === 'object') refsOf(value, found);
      else if (key === '$ref' && typeof value === 'string' && value.startsWith('#/$defs/')) found.push(definitionOf(value));
    }
  }
  return found;
}

/** Whether two schemas are the same, apart from what only the output view says: that there are no other members. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return Object.is(one, other);
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = keysOf(one);
  return (
    keys.length === keysOf(other).length &&
    keys.every((key) => key in other && isSame((one as JsonSchema)[key], (other as JsonSchema)[key]))
  );
}

function keysOf(schema: object): string[] {
  return Object.keys(schema).filter((key) => {
    const value = (schema as JsonSchema)[key];
    return value !== undefined && !(key === 'additionalProperties' && value === false);
  });
}
