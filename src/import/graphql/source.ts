import {
  buildASTSchema, buildClientSchema, Kind, parse, specifiedScalarTypes, validateSchema, visit,
  type DefinitionNode, type DocumentNode, type EnumValueDefinitionNode, type FieldDefinitionNode, type GraphQLSchema, type IntrospectionQuery, type TypeDefinitionNode, type TypeExtensionNode,
} from 'graphql'; // prettier-ignore
import { isObject } from '../../peer/error-body.ts';
import type { Findings } from '../draft/findings.ts';
import { ImportError } from '../load/error.ts';
import { shown, type Location } from '../load/location.ts';

const MAX_TOKENS = 3_000_000;
/** Directives that say something about calls. Those of federation and of single products are for their servers. */
const KNOWN_DIRECTIVES: ReadonlySet<string> = new Set(['deprecated', 'specifiedBy', 'oneOf']);
/** Mistakes that change no call: servers publish schemas with them. */
const HARMLESS = /cannot be deprecated|must not begin with "__"|^Interface field|must implement/;
const DEFINITIONS = {
  [Kind.SCALAR_TYPE_EXTENSION]: Kind.SCALAR_TYPE_DEFINITION,
  [Kind.OBJECT_TYPE_EXTENSION]: Kind.OBJECT_TYPE_DEFINITION,
  [Kind.INTERFACE_TYPE_EXTENSION]: Kind.INTERFACE_TYPE_DEFINITION,
  [Kind.UNION_TYPE_EXTENSION]: Kind.UNION_TYPE_DEFINITION,
  [Kind.ENUM_TYPE_EXTENSION]: Kind.ENUM_TYPE_DEFINITION,
  [Kind.INPUT_OBJECT_TYPE_EXTENSION]: Kind.INPUT_OBJECT_TYPE_DEFINITION,
} as const;

/** The schema in SDL, or in the answer to an introspection query. */
export function schemaOf(source: string | object, location: Location, findings: Findings): GraphQLSchema {
  try {
    const make = typeof source === 'string' ? fromText(source, findings) : fromIntrospection(source);
    const errors = validateSchema(make(false));
    const fatal = errors.find(({ message }) => !HARMLESS.test(message));
    if (fatal) throw fatal;
    for (const { message } of errors) findings.add(shown(location), message, 'taken as it is');
    return make(true);
  } catch (cause) {
    const why = cause instanceof RangeError ? 'it is nested too deeply' : (cause as Error).message.slice(0, 300);
    throw new ImportError(`${shown(location)} is not a GraphQL schema: ${why}`, { cause });
  }
}

type MakeSchema = (assumeValid: boolean) => GraphQLSchema;

function fromText(source: string, findings: Findings): MakeSchema {
  const document = parse(source, { maxTokens: MAX_TOKENS, noLocation: true });
  const complete = withTypes(withDefinitions(readable(document, findings)), findings);
  return (assumeValid) => buildASTSchema(complete, { assumeValid });
}

/** Servers of all ages describe directives differently, and no call depends on them. */
function fromIntrospection(source: object): MakeSchema {
  const { data } = source as { readonly data?: unknown };
  const result = isObject(data) ? data : source;
  const { __schema: schema } = result as { readonly __schema?: unknown };
  // The functions of graphql refuse what it is not.
  const plain = (isObject(schema) ? { __schema: { ...schema, directives: [] } } : result) as unknown as IntrospectionQuery;
  return (assumeValid) => buildClientSchema(plain, { assumeValid });
}

/** The document without foreign directives, and without members that a type defines again, as GitHub's has had. */
function readable(document: DocumentNode, findings: Findings): DocumentNode {
  const first = <T extends { readonly name: { readonly value: string } }>(type: string, members: readonly T[] | undefined): T[] => {
    const seen = new Set<string>();
    return (members ?? []).filter(({ name: { value } }) => {
      if (seen.has(value)) findings.add(`${type}.${value}`, 'a member that a type defines twice', 'the first one counts');
      return !seen.has(value) && seen.add(value);
    });
  };
  const definitions = document.definitions.map((definition): DefinitionNode => {
    const { fields, values } = definition as {
      readonly fields?: readonly FieldDefinitionNode[];
      readonly values?: readonly EnumValueDefinitionNode[];
    };
    const type = 'name' in definition ? (definition.name?.value ?? '') : '';
    return {
      ...definition,
      ...(fields && { fields: first(type, fields) }),
      ...(values && { values: first(type, values) }),
    } as DefinitionNode;
  });
  const Directive = {
    enter: ({ name }: { readonly name: { readonly value: string } }) => (KNOWN_DIRECTIVES.has(name.value) ? undefined : null),
  };
  return visit({ ...document, definitions }, { Directive });
}

/** A part of a federation extends types of others: the extension is all that it knows of them. */
function withDefinitions(document: DocumentNode): DocumentNode {
  const defined = new Set(document.definitions.filter(isType).map(({ name }) => name.value));
  const hasSchema = document.definitions.some(({ kind }) => kind === Kind.SCHEMA_DEFINITION);
  const definitions = document.definitions.flatMap((definition): DefinitionNode[] => {
    if (definition.kind === Kind.SCHEMA_EXTENSION && !hasSchema) {
      const { operationTypes = [] } = definition;
      return operationTypes.length === 0 ? [] : [{ ...definition, kind: Kind.SCHEMA_DEFINITION, operationTypes }];
    }
    if (!isExtension(definition) || defined.has(definition.name.value)) return [definition];
    defined.add(definition.name.value);
    return [{ ...definition, kind: DEFINITIONS[definition.kind] } as TypeDefinitionNode];
  });
  return { ...document, definitions };
}

/** A type that nothing defines is a scalar: products such as AppSync bring some along. */
function withTypes(document: DocumentNode, findings: Findings): DocumentNode {
  const defined = new Set(specifiedScalarTypes.map(({ name }) => name));
  for (const definition of document.definitions) if (isType(definition)) defined.add(definition.name.value);
  const missing = new Set<string>();
  visit(document, { NamedType: ({ name: { value } }) => void (defined.has(value) || missing.add(value)) });
  for (const name of missing) findings.add(name, `the type ${name}, which is not defined`, 'any value');
  const scalars = [...missing].map((value): DefinitionNode => ({ kind: Kind.SCALAR_TYPE_DEFINITION, name: { kind: Kind.NAME, value } }));
  return { ...document, definitions: [...document.definitions, ...scalars] };
}

function isType(definition: DefinitionNode): definition is TypeDefinitionNode {
  return (Object.values(DEFINITIONS) as string[]).includes(definition.kind);
}

function isExtension(definition: DefinitionNode): definition is TypeExtensionNode {
  return Object.hasOwn(DEFINITIONS, definition.kind);
}
