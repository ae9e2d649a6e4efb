import {
  getNamedType, getNullableType, isInputObjectType, isListType, isObjectType, parse, validate,
  type GraphQLArgument, type GraphQLField, type GraphQLSchema,
} from 'graphql'; // prettier-ignore
import type { Choice } from '../draft/choice.ts';
import type { Draft, DraftEvent, DraftOperation } from '../draft/draft.ts';
import type { Findings } from '../draft/findings.ts';
import { contractName, memberName, MemberNames } from '../draft/names.ts';
import type { Field, Type } from '../draft/type.ts';
import type { Location } from '../load/location.ts';
import { Selections } from './selections.ts';
import { GraphqlTypeReader } from './types.ts';

/** Fields that say themselves that they fetch something. */
const VERB = /^(get|list|find|search|all|fetch|query|count|lookup|is|has|my|current|check|read|load|resolve|validate|verify)(?=[A-Z_]|$)/;

type RootKind = 'query' | 'mutation' | 'subscription';

/** A field of Query, Mutation or Subscription. */
interface Root {
  readonly kind: RootKind;
  readonly name: string;
  readonly field: GraphQLField<unknown, unknown>;
}

/** Reads a GraphQL schema: fields of its roots as operations and events, each with the document that asks for it. */
export function readGraphql(schema: GraphQLSchema, location: Location, choice: Choice, findings: Findings): Draft {
  const names = new MemberNames();
  const roots = rootsOf(schema).map((root) => ({ ...root, name: names.take(root.name) }));
  const chosen = choice.of(roots, ({ name, field, kind }) => [name, field.name, `${kind} ${field.name}`]);
  const selections = new Selections(findings);
  const selected = chosen.map((root) => ({ ...root, selection: selections.of(root.field.type, root.field.name) }));
  const reader = new GraphqlTypeReader(Object.values(schema.getTypeMap()), selections, findings);
  const operations: DraftOperation[] = [];
  const events: DraftEvent[] = [];
  for (const { kind, name, field, selection } of selected) {
    const { fields, variables, values } = inputsOf(field, reader);
    const asked = `${field.name}${values === '' ? '' : `(${values})`}${selection ? ` ${selections.print(selection)}` : ''}`;
    const document = `${kind}${variables === '' ? '' : ` (${variables})`} { ${asked} }`;
    const [problem] = validate(schema, parse(document));
    if (problem) {
      findings.add(`${kind} ${field.name}`, problem.message, 'left out');
      continue;
    }
    const notes = {
      name,
      description: field.description ?? undefined,
      deprecated: field.deprecationReason !== undefined && field.deprecationReason !== null,
      mapping: document,
    };
    const output = reader.output(field.type);
    const input: Type | undefined = fields.length > 0 ? { kind: 'object', fields } : undefined;
    if (kind === 'subscription') {
      const isEvent = !input && isObjectType(getNamedType(field.type)) && !isListType(getNullableType(field.type));
      if (isEvent) events.push({ ...notes, channel: field.name, payload: { ...output, nullable: undefined } });
      else operations.push({ ...notes, kind: 'query', input, item: output, errors: [] });
    } else operations.push({ ...notes, kind, input, output, errors: [] });
  }
  const title = /([^/\\]+?)(\.\w+)?$/.exec(location)?.[1];
  return {
    name: contractName(title === undefined || /^(schema|graphql|description)$/i.test(title) ? 'service' : title),
    version: '1.0.0',
    title: undefined,
    description: schema.description ?? undefined,
    types: reader.types,
    operations,
    events,
    connection: {
      adapter: { name: 'graphql', from: 'multi-api-sdk/graphql', options: 'GraphqlOptions' },
      url: urlOf(location),
      fixed: {},
      credentials: [{ name: 'token', place: 'bearer', key: 'authorization', description: 'Sent as `Authorization: Bearer …`.' }],
    },
  };
}

function rootsOf(schema: GraphQLSchema): Root[] {
  const fieldsOf = (kind: RootKind, type: ReturnType<GraphQLSchema['getQueryType']>) =>
    Object.values(type?.getFields() ?? {}).map((field): Root => ({ kind, field, name: nameOf(kind, field.name) }));
  return [
    ...fieldsOf('query', schema.getQueryType()),
    ...fieldsOf('mutation', schema.getMutationType()),
    ...fieldsOf('subscription', schema.getSubscriptionType()),
  ].filter(({ field }) => field.name !== '_empty');
}

/** The field `user` is called `getUser`, as this library prints it the other way. */
function nameOf(kind: RootKind, field: string): string {
  const name = memberName(field, 'call');
  return kind === 'query' && !VERB.test(name) ? `get${name.charAt(0).toUpperCase()}${name.slice(1)}` : name;
}

interface InputsOfField {
  readonly fields: readonly Field[];
  /** `$id: ID!`. */
  readonly variables: string;
  /** `id: $id`. */
  readonly values: string;
}

function inputsOf({ args }: GraphQLField<unknown, unknown>, reader: GraphqlTypeReader): InputsOfField {
  const [only] = args;
  const whole = only && getNullableType(only.type);
  // Its members are the operation's inputs: a caller does not write `{ input: { … } }`.
  if (only && args.length === 1 && only.name === 'input' && isInputObjectType(whole) && Object.keys(whole.getFields()).length > 0) {
    const members = Object.values(whole.getFields());
    return {
      fields: reader.inputFields(whole),
      variables: members.map(({ name, type, defaultValue }) => `$${name}: ${variableType(String(type), defaultValue)}`).join(', '),
      values: `input: { ${members.map(({ name }) => `${name}: $${name}`).join(', ')} }`,
    };
  }
  return {
    fields: args.map((argument) => fieldOf(argument, reader)),
    variables: args.map(({ name, type, defaultValue }) => `$${name}: ${variableType(String(type), defaultValue)}`).join(', '),
    values: args.map(({ name }) => `${name}: $${name}`).join(', '),
  };
}

/** An argument with a default may be left out, so its variable may be too. */
function variableType(type: string, fallback: unknown): string {
  return fallback === undefined ? type : type.replace(/!$/, '');
}

function fieldOf({ name, type, defaultValue, description, deprecationReason }: GraphQLArgument, reader: GraphqlTypeReader): Field {
  const read = reader.input(type);
  return {
    name,
    type: description === undefined || description === null ? read : { ...read, description },
    optional: defaultValue !== undefined || !String(type).endsWith('!'),
    deprecated: deprecationReason !== undefined && deprecationReason !== null,
  };
}

/** The address of the endpoint, if the schema came from it or from beside it. */
function urlOf(location: Location): string | undefined {
  if (!/^https?:/.test(location)) return undefined;
  return /\.(graphqls?|gql|json)$/.test(new URL(location).pathname) ? new URL('graphql', location).href : location;
}
