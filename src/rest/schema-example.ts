import type { JsonSchema } from '../schema/view.ts';

type Definitions = Readonly<Record<string, JsonSchema>>;

/** A schema, or the definition that it refers to. */
export function resolve(schema: JsonSchema, definitions: Definitions): JsonSchema {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? resolve(definitions[ref.slice('#/$defs/'.length)] ?? {}, definitions) : schema;
}

/**
 * The first of a schema's examples, as the member `example` that tools fill forms and requests with. An object without examples has one that is made
 * of those of its members, if each that it requires has one. Source: https://spec.openapis.org/oas/v3.1.1.html#parameter-object
 */
export function exampleOf(schema: JsonSchema, definitions: Definitions): { readonly example?: unknown } {
  const own = examplesOf(schema, definitions);
  if (own.length > 0) return { example: own[0] };
  const { properties, required = [] } = resolve(schema, definitions) as {
    readonly properties?: Definitions;
    readonly required?: readonly string[];
  };
  if (properties === undefined || required.some((name) => examplesOf(properties[name] ?? {}, definitions).length === 0)) return {};
  const made: Record<string, unknown> = {};
  for (const name in properties) {
    const [example] = examplesOf(properties[name] ?? {}, definitions);
    if (example !== undefined) made[name] = example;
  }
  return Object.keys(made).length > 0 ? { example: made } : {};
}

function examplesOf(schema: JsonSchema, definitions: Definitions): readonly unknown[] {
  return (schema['examples'] ?? resolve(schema, definitions)['examples'] ?? []) as readonly unknown[];
}
