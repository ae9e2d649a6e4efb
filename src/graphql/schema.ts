import type { Contract, Operation } from '../core/contract.ts';
import { deprecationNote } from '../peer/deprecation.ts';
import type { EnumNode, Field, ObjectNode, SchemaNode, TypeUse, UnionNode } from '../schema/view.ts';
import { hasFile } from '../schema/codec/has-file.ts';
import { memberNotes } from '../schema/member-notes.ts';
import { graphqlTypes } from './engine/described.ts';
import { isEnum, type Argument, type GraphqlTypes, type RootField } from './engine/types.ts';

/** Scalars that a schema declares if it uses them. Source: https://spec.graphql.org/October2021/#sec-Scalars */
const SCALARS: Readonly<Record<string, string>> = {
  DateTime:
    '"An instant, as in RFC 3339: `2024-01-15T09:30:00Z`."\nscalar DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339")',
  SafeInt: '"An integer between -(2^53 - 1) and 2^53 - 1."\nscalar SafeInt',
  Bytes: '"Bytes as base64."\nscalar Bytes @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc4648#section-4")',
  Upload:
    '"A file: an object of content in base64, name and type, or a part of a multipart request if the server takes those."\nscalar Upload @specifiedBy(url: "https://github.com/jaydenseric/graphql-multipart-request-spec")',
  JSON: '"Any JSON value."\nscalar JSON @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc8259")',
};

/**
 * Prints a contract as a GraphQL schema in SDL: queries and mutations from its operations, subscriptions from its events, relations as fields.
 * Throws a `TypeError` if two types would have the same name. Rules: docs/protocols/graphql.md.
 */
export function graphqlSchema(contract: Contract): string {
  return new Printer(graphqlTypes(contract)).print();
}

class Printer {
  readonly #definitions = new Map<string, string>();
  readonly #by = new Map<string, SchemaNode>();
  readonly #scalars = new Set<string>();

  private readonly types: GraphqlTypes;

  constructor(types: GraphqlTypes) {
    this.types = types;
    // Only a contract with files has no other type of that name.
    const scalars = Object.keys(SCALARS).filter((name) => name !== 'Upload' || takesFiles(types.contract));
    for (const name of ['Query', 'Mutation', 'Subscription', ...scalars, 'String', 'Int', 'Float', 'Boolean', 'ID'])
      this.#definitions.set(name, '');
  }

  print(): string {
    const { contract, queries, mutations, subscriptions } = this.types;
    const roots = [
      // A schema without queries is none.
      block('type Query', queries.size > 0 ? this.#roots(queries) : ['  "There are no queries."\n  _empty: Boolean']),
      ...(mutations.size > 0 ? [block('type Mutation', this.#roots(mutations))] : []),
      ...(subscriptions.size > 0 ? [block('type Subscription', this.#roots(subscriptions))] : []),
    ];
    const about = contract.description === undefined ? [] : [`${describe(contract.description, '')}schema {\n  query: Query\n${mutations.size > 0 ? '  mutation: Mutation\n' : ''}${subscriptions.size > 0 ? '  subscription: Subscription\n' : ''}}`]; // prettier-ignore
    const scalars = Object.entries(SCALARS).flatMap(([name, text]) => (this.#scalars.has(name) ? [text] : []));
    return `${[...about, ...roots, ...[...this.#definitions.values()].filter((text) => text !== ''), ...scalars].join('\n\n')}\n`;
  }

  #roots(fields: ReadonlyMap<string, RootField>): string[] {
    return [...fields.values()].map(({ name, member, args, type, output }) => {
      if (output) this.#output(output.node, undefined);
      const text = [member.summary, member.description, memberNotes(member)].filter((part) => part !== undefined).join('\n\n');
      return `${describe(text, '  ')}  ${name}${this.#args(args)}: ${this.#note(type)}${deprecate(member.deprecated)}`;
    });
  }

  #args(args: readonly Argument[]): string {
    if (args.length === 0) return '';
    const printed = args.map(({ name, type, field }) => {
      this.#input(field.node);
      return `${describe(field.description, '    ')}    ${name}: ${this.#note(type)}${this.#default(field)}${deprecate(field.deprecated && (type.at(-1) !== '!' || 'default' in field))}`;
    });
    const short = args.every(({ field }) => field.description === undefined);
    return short ? `(${printed.map((text) => text.trim()).join(', ')})` : `(\n${printed.join('\n')}\n  )`;
  }

  #output(node: SchemaNode, owner: ObjectNode | undefined): void {
    if (node.kind === 'list') return this.#output(node.items.node, owner);
    if (node.kind === 'enum') return this.#enum(node);
    const composite = this.types.composite(node, owner);
    if (!composite || !this.#claim(composite.name, composite)) return;
    if (composite.kind === 'union') return this.#union(composite);
    const fields = composite.fields.map((field) => {
      this.#output(field.node, composite);
      return this.#field(field, this.types.fieldType(field, composite));
    });
    for (const { name, args, type, operation, output } of this.types.relationsOf(composite)) {
      this.#output(output.node, undefined);
      fields.push(
        `${describe(operation.summary, '  ')}  ${name}${this.#args(args)}: ${this.#note(type)}${deprecate(operation.deprecated)}`,
      );
    }
    this.#definitions.set(composite.name, describe(composite.description, '') + block(`type ${composite.name}`, fields));
  }

  #union(node: UnionNode): void {
    for (const variant of node.variants) this.#output(variant.node, undefined);
    const names = node.variants.map((variant) => (variant.node as ObjectNode).name);
    this.#definitions.set(node.name, `${describe(node.description, '')}union ${node.name} = ${names.join(' | ')}`);
  }

  #input(node: SchemaNode): void {
    if (node.kind === 'list') return this.#input(node.items.node);
    if (node.kind === 'enum') return this.#enum(node);
    if (node.kind !== 'object' || ['JSON!', 'Upload!'].includes(this.types.inputType(asField(node)))) return;
    const name = this.types.inputName(node);
    if (!this.#claim(name, node)) return;
    const fields = node.fields.map((field) => {
      this.#input(field.node);
      const type = this.types.inputType(field);
      // GraphQL has no deprecated input that must be given: https://spec.graphql.org/October2021/#sec-Input-Objects.Type-Validation
      const isRequired = type.endsWith('!') && !('default' in field);
      return this.#field(isRequired ? { ...field, deprecated: false } : field, type, this.#default(field));
    });
    this.#definitions.set(name, describe(node.description, '') + block(`input ${name}`, fields));
  }

  #field(field: Field, type: string, value = ''): string {
    return `${describe(field.description, '  ')}  ${field.name}: ${this.#note(type)}${value}${deprecate(field.deprecated)}`;
  }

  #enum(node: EnumNode): void {
    if (!isEnum(node) || node.name === undefined || !this.#claim(node.name, node)) return;
    this.#definitions.set(
      node.name,
      describe(node.description, '') +
        block(
          `enum ${node.name}`,
          node.values.map((value) => `  ${value}`),
        ),
    );
  }

  /** True if the name is new; throws if another type has it. */
  #claim(name: string, node: SchemaNode): boolean {
    if (this.#by.get(name) === node) return false;
    if (this.#definitions.has(name))
      throw new TypeError(`graphql: two types would both be called '${name}': give one of them another .meta({ id: '…' })`);
    this.#by.set(name, node);
    this.#definitions.set(name, '');
    return true;
  }

  #note(type: string): string {
    const scalar = type.replace(/[[\]!]/g, '');
    if (Object.hasOwn(SCALARS, scalar)) this.#scalars.add(scalar);
    return type;
  }

  #default(field: Field): string {
    return 'default' in field ? ` = ${literal(field.default, field.node)}` : '';
  }
}

function takesFiles({ operations }: Contract): boolean {
  return Object.values(operations).some(({ input }) => input && hasFile(input));
}

function asField(node: ObjectNode): Field {
  return { name: '', node, nullable: false, optional: false, meta: {} };
}

/** A value as GraphQL writes it. */
function literal(value: unknown, node: SchemaNode): string {
  if (node.kind === 'enum' && isEnum(node) && typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, node.kind === 'list' ? node.items.node : node)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = node.kind === 'object' ? node.fields : [];
  const members = Object.entries(value).map(([name, inner]) => {
    const field: TypeUse | undefined = fields.find((each) => each.name === name);
    return `${name}: ${literal(inner, field?.node ?? { kind: 'any', meta: {} })}`;
  });
  return `{${members.join(', ')}}`;
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.join('\n')}\n}`;
}

function describe(text: string | undefined, indent: string): string {
  if (text === undefined || text === '') return '';
  if (!text.includes('\n')) return `${indent}${JSON.stringify(text)}\n`;
  return `${indent}"""\n${text.replaceAll('"""', '\\"""').split('\n').map((line) => (line === '' ? '' : indent + line)).join('\n')}\n${indent}"""\n`; // prettier-ignore
}

function deprecate(deprecated: Operation['deprecated']): string {
  if (deprecated === undefined || deprecated === false) return '';
  const reason = deprecationNote(deprecated);
  return reason === '' ? ' @deprecated' : ` @deprecated(reason: ${JSON.stringify(reason)})`;
}
