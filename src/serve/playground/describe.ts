import type { Contract } from '../../core/contract.ts';
import type { JsonObject } from '../../core/errors.ts';
import { PROTOCOLS, type ProtocolName, type Verb } from '../../protocols.ts';
import type { JsonSchema, ObjectNode } from '../../schema/node.ts';
import { seededRandom } from '../../schema/sample/random.ts';
import { sampleOf } from '../../schema/sample/sample.ts';
import { describeContract } from '../../schema/view.ts';

/** The facts of a service on the playground's page. */
export interface PlaygroundApi {
  readonly name: string;
  readonly protocols: readonly { readonly name: ProtocolName; readonly title: string; readonly verbs: readonly Verb[] }[];
  readonly members: readonly PlaygroundMember[];
  /** Descriptions of the service that a browser can show: paths of this server. */
  readonly links: readonly (readonly [title: string, path: string])[];
}

/** An operation or event. */
export interface PlaygroundMember {
  readonly name: string;
  readonly kind: 'query' | 'mutation' | 'event';
  readonly description: string;
  readonly isDeprecated: boolean;
  /** The schema of the input, or of an event's payload; absent if there is no input. */
  readonly schema?: JsonSchema;
  /** An input to begin with. */
  readonly example?: unknown;
}

const LINKS: Readonly<Partial<Record<ProtocolName, readonly (readonly [string, string])[]>>> = {
  rest: [
    ['OpenAPI', 'openapi.json'],
    ['AsyncAPI', 'asyncapi.json'],
  ],
  graphql: [
    ['GraphiQL', 'graphql'],
    ['GraphQL schema', 'schema.graphql'],
  ],
  soap: [['WSDL', 'soap?wsdl']],
};

/** Describes a contract for the page. `examples` are inputs by operation, used instead of samples that are made of the types. */
export function describePlayground(
  contract: Contract,
  protocols: readonly ProtocolName[],
  examples: Readonly<Record<string, unknown>>,
): PlaygroundApi {
  const view = describeContract(contract);
  const example = (name: string, node: ObjectNode): unknown =>
    Object.hasOwn(examples, name) ? examples[name] : sampleOf({ node, nullable: false, meta: {} }, seededRandom(0), name);
  const operations = [...view.operations].map(([name, { operation, input, inputSchema }]) => ({
    name,
    kind: operation.kind,
    description: operation.description ?? operation.summary ?? '',
    isDeprecated: Boolean(operation.deprecated),
    ...(input && { schema: withDefinitions(inputSchema ?? {}, view.definitions.input), example: example(name, input) }),
  }));
  const events = [...view.events].map(([name, { event, payloadSchema }]) => ({
    name,
    kind: 'event' as const,
    description: event.description ?? event.summary ?? '',
    isDeprecated: Boolean(event.deprecated),
    schema: withDefinitions(payloadSchema, view.definitions.output),
  }));
  return {
    name: contract.name,
    protocols: protocols.map((name) => ({ name, title: PROTOCOLS[name].title, verbs: PROTOCOLS[name].verbs })),
    members: [...operations, ...events],
    links: protocols.flatMap((name) => LINKS[name] ?? []),
  };
}

/** A schema with those definitions that it refers to, in however many steps. */
function withDefinitions(schema: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const found: Record<string, JsonSchema> = {};
  const follow = (value: JsonObject): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)) {
      const definition = definitions[name];
      if (definition === undefined || Object.hasOwn(found, name)) continue;
      found[name] = definition;
      follow(definition);
    }
  };
  follow(schema);
  return Object.keys(found).length === 0 ? schema : { ...schema, $defs: found };
}
