import {
  buildSchema,
  GraphQLError,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLUnionType,
  Kind,
  validateSchema,
  valueFromASTUntyped,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type ValueNode,
} from 'graphql';
import type { Operation } from '../../core/contract.ts';
import type { ObjectNode, UnionNode } from '../../schema/view.ts';
import type { RelationLoader } from '../../guard/relation-loader.ts';
import type { Selection } from '../../core/transport.ts';
import { graphqlSchema } from '../schema.ts';
import type { Selections } from '../document/selection.ts';
import type { DescribedTypes } from './described.ts';
import type { RelationField, RootField } from './types.ts';

/** The context of resolvers: one request's way to the service. */
export interface Resolving {
  /** `field` is the name of a root field in the response. */
  call(operation: Operation, input: unknown, select: Selection | undefined, field?: string): Promise<unknown>;
  readonly loader: RelationLoader;
  /** The selections of calls, if the transport makes use of them. */
  readonly selections: Selections | undefined;
  /** The place where an absent member is told apart from null: the paths of those that were absent. */
  readonly absent?: (readonly (string | number)[])[] | undefined;
}

type Resolver = GraphQLFieldResolver<unknown, Resolving, Record<string, unknown>>;

/** Makes the schema that runs: the one that is printed, with what gives its fields their values. */
export function executableSchema(types: DescribedTypes): GraphQLSchema {
  const schema = buildSchema(graphqlSchema(types.contract), { assumeValidSDL: true });
  // Here, because the author sees it: a schema that is not valid answers every request with errors.
  const [invalid] = validateSchema(schema);
  if (invalid) throw new TypeError(`graphql: the contract makes no valid schema: ${invalid.message}`);
  for (const type of Object.values(schema.getTypeMap())) if (type instanceof GraphQLScalarType) scalar(type);
  const root = (name: string, fields: ReadonlyMap<string, RootField>, make: (field: RootField) => Resolver) => {
    const type = schema.getType(name);
    if (type instanceof GraphQLObjectType) for (const field of fields.values()) resolveWith(type, field.name, make(field));
  };
  root('Query', types.queries, callWith);
  root('Mutation', types.mutations, callWith);
  root('Subscription', types.subscriptions, () => (event) => (event as { readonly data: unknown }).data);
  for (const node of types.view.types.values()) {
    const type = 'name' in node && node.name !== undefined ? schema.getType(node.name) : undefined;
    if (node.kind === 'object' && type instanceof GraphQLObjectType) object(type, node, types);
    if (node.kind === 'union' && type instanceof GraphQLUnionType) type.resolveType = variantOf(node);
  }
  return schema;
}

function callWith(field: RootField): Resolver {
  const operation = field.member as Operation;
  const run: Resolver = (_, args, { call, selections }, info) =>
    call(operation, inputOf(field, args), selections && selectionOf(selections, info), fieldOf(info));
  return field.output ? run : async (...all) => (await run(...all), true);
}

/** The input that the arguments of an operation's field make. */
export function inputOf({ member, args }: RootField, given: Readonly<Record<string, unknown>>): unknown {
  const { kind, input } = member as Operation;
  if (kind === 'query') return args.length > 0 ? given : undefined;
  if (args.length > 0) return given['input'] ?? {};
  return input ? {} : undefined;
}

/** Its name in the response. */
function fieldOf({ fieldNodes: [first], fieldName }: GraphQLResolveInfo): string {
  return first?.alias?.value ?? fieldName;
}

/** The nodes of a field that is asked for several times have the same selection: the sum of theirs. */
function selectionOf(selections: Selections, { fieldNodes }: GraphQLResolveInfo): Selection | undefined {
  const [first] = fieldNodes;
  return first && selections.get(first);
}

function object(type: GraphQLObjectType, node: ObjectNode, types: DescribedTypes): void {
  for (const field of types.relationsOf(node)) resolveWith(type, field.name, relationWith(field));
  // Of what may be both absent and null the response has null for both.
  for (const { name, optional, nullable, node: inner } of node.fields) {
    if (!optional || !(nullable || inner.kind === 'null')) continue;
    resolveWith(type, name, (source, _, { absent }, { path }) => {
      const value = (source as Readonly<Record<string, unknown>>)[name];
      if (value === undefined && absent) absent.push(pathOf(path));
      return value;
    });
  }
}

function relationWith({ relation, args: known }: RelationField): Resolver {
  return (source, args, { loader, selections }, info) => {
    // With only its defaults a relation can be loaded for many at once.
    const isPlain = known.every(({ name, field }) => args[name] === undefined || ('default' in field && args[name] === field.default));
    return loader.load(
      relation,
      source as Readonly<Record<string, unknown>>,
      isPlain ? undefined : args,
      selections && selectionOf(selections, info),
    );
  };
}

function resolveWith(type: GraphQLObjectType, name: string, resolve: Resolver): void {
  const field = type.getFields()[name];
  if (field) field.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
}

function pathOf(path: { readonly prev?: unknown; readonly key: string | number } | undefined): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at = path; at; at = at.prev as typeof path) keys.unshift(at.key);
  return keys;
}

/** The variant that a value is of: by the discriminator, or the first whose required fields it all has. */
function variantOf({ discriminator, variants }: UnionNode): (value: unknown) => string | undefined {
  return (value) => {
    const members = value as Readonly<Record<string, unknown>>;
    const found = variants.find(({ node, tags }) =>
      discriminator === undefined
        ? (node as ObjectNode).fields.every((field) => field.optional || Object.hasOwn(members, field.name))
        : tags.some((tag) => tag === members[discriminator]),
    );
    return found?.node.name;
  };
}

/** Gives a declared scalar its meaning. The exact form of a text is for the contract's schema to check. */
function scalar(type: GraphQLScalarType): void {
  if (type.name === 'JSON') {
    type.parseLiteral = (node, variables) => valueFromASTUntyped(node, variables);
  } else if (type.name === 'DateTime') {
    type.parseValue = (value) =>
      typeof value === 'string' ? value : refuse(`DateTime cannot be ${JSON.stringify(value)}: write it like "2024-01-15T09:30:00Z"`);
    type.parseLiteral = (node) =>
      node.kind === Kind.STRING ? node.value : refuse('DateTime must be text, like "2024-01-15T09:30:00Z"', node);
  } else if (type.name === 'SafeInt') {
    type.parseValue = (value) => (Number.isSafeInteger(value) ? value : refuse(`SafeInt cannot represent ${JSON.stringify(value)}`));
    type.parseLiteral = (node) =>
      node.kind === Kind.INT && Number.isSafeInteger(Number(node.value))
        ? Number(node.value)
        : refuse('SafeInt must be an integer of 53 bits', node);
  }
}

function refuse(message: string, node?: ValueNode): never {
  throw new GraphQLError(message, node && { nodes: node });
}
