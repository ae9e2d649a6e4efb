import type { Contract, EventDefinition, Operation, Relation } from '../../core/contract.ts';
import { isFileNode, mayLeaveOut, type Field, type ObjectNode, type SchemaNode, type TypeUse, type UnionNode } from '../../schema/node.ts';
import type { Outline } from '../../schema/outline/outline.ts';

/** An argument of a field. */
export interface Argument {
  readonly name: string;
  readonly type: string;
  readonly field: Field;
}

/** A field of Query, Mutation or Subscription. */
export interface RootField {
  readonly name: string;
  readonly member: Operation | EventDefinition;
  readonly args: readonly Argument[];
  readonly type: string;
  /** The type that it gives, a stream item by item; `undefined` for an operation without output. */
  readonly output: TypeUse | undefined;
}

/** A field of an object that is another query. */
export interface RelationField {
  readonly name: string;
  readonly relation: Relation;
  readonly operation: Operation;
  readonly args: readonly Argument[];
  readonly type: string;
  readonly output: TypeUse;
}

/** A contract as GraphQL has it: the names of its fields and types. */
export interface GraphqlTypes<V extends Outline = Outline> {
  readonly contract: Contract;
  readonly view: V;
  /** By the names of operations and events. */
  readonly queries: ReadonlyMap<string, RootField>;
  readonly mutations: ReadonlyMap<string, RootField>;
  readonly subscriptions: ReadonlyMap<string, RootField>;
  relationsOf(node: ObjectNode): readonly RelationField[];
  /** The type of an output's field; `owner` is the object that has it. */
  fieldType(field: Field, owner: ObjectNode): string;
  /** The type of an input's field. */
  inputType(field: Field): string;
  /** The name of an object as an input. */
  inputName(node: ObjectNode): string;
  /** The object or union whose fields a selection must name; `undefined` if the value is a scalar, whole JSON included. */
  composite(node: SchemaNode, owner?: ObjectNode): ObjectNode | UnionNode | undefined;
}

const NAME = /^(?!__)[_A-Za-z][_A-Za-z0-9]*$/;

/** Makes the types of a kind of view, once per contract. */
export function typesBy<V extends Outline>(view: (contract: Contract) => V): (contract: Contract) => GraphqlTypes<V> {
  const made = new WeakMap<Contract, GraphqlTypes<V>>();
  return (contract) => {
    let types = made.get(contract);
    if (!types) made.set(contract, (types = new Types(view(contract))));
    return types;
  };
}

/** Whether a value may be null: a type of nothing but null has no flag. */
export function mayBeNull({ node, nullable }: TypeUse): boolean {
  return nullable || node.kind === 'null';
}

/** The name of an operation's field: a query's without a leading `get`. */
function fieldName({ name, kind }: Operation): string {
  const match = kind === 'query' ? /^get([A-Z0-9].*)$/.exec(name) : null;
  return match?.[1] === undefined ? name : match[1].charAt(0).toLowerCase() + match[1].slice(1);
}

/** Whether an enum's values can stand in a schema; text otherwise. */
export function isEnum(node: SchemaNode): boolean {
  return node.kind === 'enum' && node.values.every((value) => NAME.test(value) && !['true', 'false', 'null'].includes(value));
}

/** Whether an object's fields can be named; any JSON otherwise. */
function isNameable(node: ObjectNode): boolean {
  return node.fields.length > 0 && node.fields.every(({ name }) => NAME.test(name));
}

class Types<V extends Outline> implements GraphqlTypes<V> {
  readonly contract: Contract;
  readonly queries = new Map<string, RootField>();
  readonly mutations = new Map<string, RootField>();
  readonly subscriptions = new Map<string, RootField>();
  readonly #outputs = new Set<SchemaNode>();
  readonly #relations = new Map<ObjectNode, readonly RelationField[]>();
  /** Types of the fields that tell the variants of a union apart, if they differ by variant otherwise. */
  readonly #tags = new Map<Field, string>();
  readonly #reach = new Map<SchemaNode, ReadonlySet<SchemaNode>>();

  readonly view: V;

  constructor(view: V) {
    this.view = view;
    this.contract = view.contract;
    for (const { output, item } of view.operations.values()) for (const use of [output, item]) if (use) this.#collect(use.node);
    for (const { payload } of view.events.values()) this.#collect(payload);
    for (const node of this.#outputs) if (node.kind === 'union') this.#joinTags(node);
    for (const { operation, output, item } of view.operations.values()) {
      const fields = item ? this.subscriptions : operation.kind === 'query' ? this.queries : this.mutations;
      const name = this.#free(fields, fieldName(operation), operation);
      // A stream that fails gives no response to put null into.
      const type = item ? this.#type(item, false, undefined) : output ? nullable(this.#type(output, false, undefined)) : 'Boolean!';
      fields.set(operation.name, { name, member: operation, args: this.#args(operation), type, output: item ?? output });
    }
    for (const { event, payload } of view.events.values()) {
      const params = payload.fields.filter(({ name }) => event.params.includes(name));
      const args = params.map((field) => ({ name: field.name, type: nullable(this.#type(field, true, undefined)), field }));
      const output: TypeUse = { node: payload, nullable: false, meta: {} };
      const name = this.#free(this.subscriptions, event.name, event);
      this.subscriptions.set(event.name, { name, member: event, args, type: this.#type(output, false, undefined), output });
    }
  }

  /** The name, which no other field of its root may have. */
  #free(fields: ReadonlyMap<string, RootField>, name: string, member: Operation | EventDefinition): string {
    for (const other of fields.values())
      if (other.name === name) throw new TypeError(`graphql: ${other.member.name} and ${member.name} would both be the field '${name}'`);
    return name;
  }

  relationsOf(node: ObjectNode): readonly RelationField[] {
    let fields = this.#relations.get(node);
    if (!fields) {
      const named = !node.derived && Object.hasOwn(this.contract.relations, node.name) ? this.contract.relations[node.name] : undefined;
      this.#relations.set(node, (fields = Object.entries(named ?? {}).map(([name, relation]) => this.#relation(name, relation))));
    }
    return fields;
  }

  fieldType(field: Field, owner: ObjectNode): string {
    const type = this.#tags.get(field) ?? this.#type(field, false, owner);
    return field.optional ? nullable(type) : type;
  }

  inputType(field: Field): string {
    const type = this.#type(field, true, undefined);
    return field.optional ? nullable(type) : type;
  }

  inputName(node: ObjectNode): string {
    // A name that was derived from an operation's input says so already.
    return node.derived && !this.#outputs.has(node) ? node.name : `${node.name}Input`;
  }

  composite(node: SchemaNode, owner?: ObjectNode): ObjectNode | UnionNode | undefined {
    if (node.kind === 'list') return this.composite(node.items.node, owner);
    if (node.kind === 'object') return isNameable(node) && !this.#leadsTo(node, owner) ? node : undefined;
    if (node.kind !== 'union' || this.#leadsTo(node, owner)) return undefined;
    return node.variants.every((variant) => variant.node.kind === 'object' && isNameable(variant.node)) ? node : undefined;
  }

  /**
   * Gives the field that tells variants apart one type in all of them: fields of like name and unlike type cannot be asked for in one document
   * without an alias. Source: https://spec.graphql.org/October2021/#sec-Field-Selection-Merging
   */
  #joinTags({ discriminator, variants }: UnionNode): void {
    if (discriminator === undefined) return;
    const fields = variants.flatMap(({ node }) => (node.kind === 'object' ? node.fields.filter(({ name }) => name === discriminator) : []));
    if (new Set(fields.map((field) => this.#type(field, false, undefined))).size < 2) return;
    const type = `${literalType(variants.flatMap(({ tags }) => tags))}!`;
    for (const field of fields) this.#tags.set(field, type);
  }

  #args(operation: Operation): Argument[] {
    const input = this.view.operations.get(operation.name)?.input;
    if (!input || input.fields.length === 0) return [];
    if (operation.kind === 'mutation') {
      const use: Field = { name: 'input', node: input, nullable: false, optional: false, meta: {} };
      const all = input.fields.every(mayLeaveOut);
      return [{ name: 'input', type: all ? nullable(this.inputType(use)) : this.inputType(use), field: use }];
    }
    return input.fields.map((field) => {
      if (!NAME.test(field.name))
        throw new TypeError(`graphql: operation ${operation.name}: '${field.name}' cannot be the name of an argument`);
      return { name: field.name, type: this.inputType(field), field };
    });
  }

  #relation(name: string, relation: Relation): RelationField {
    const view = this.view.operations.get(relation.operation);
    if (!view?.output) throw new TypeError(`graphql: the relation ${name} leads to ${relation.operation}, which gives no output`);
    const args = this.#args(view.operation).filter((arg) => !Object.hasOwn(relation.input, arg.name));
    const type = nullable(this.#type(view.output, false, undefined));
    return { name, relation, operation: view.operation, args, type, output: view.output };
  }

  #type({ node, nullable: isNullable }: TypeUse, isInput: boolean, owner: ObjectNode | undefined): string {
    const name = node.kind === 'list' ? `[${this.#type(node.items, isInput, owner)}]` : this.#name(node, isInput, owner);
    return isNullable || node.kind === 'null' ? name : `${name}!`;
  }

  #name(node: SchemaNode, isInput: boolean, owner: ObjectNode | undefined): string {
    switch (node.kind) {
      case 'string':
        return node.binary ? 'Bytes' : node.format === 'date-time' ? 'DateTime' : 'String';
      case 'integer':
        return node.int32 ? 'Int' : 'SafeInt';
      case 'number':
        return 'Float';
      case 'boolean':
        return 'Boolean';
      case 'enum':
        return isEnum(node) && node.name !== undefined ? node.name : 'String';
      case 'literal':
        return literalType(node.values);
      case 'object':
        if (isInput && isFileNode(node)) return 'Upload';
        if (isInput) return isNameable(node) ? this.inputName(node) : 'JSON';
        return this.composite(node, owner) ? node.name : 'JSON';
      case 'union':
        return !isInput && this.composite(node, owner) ? node.name : 'JSON';
      default:
        return 'JSON';
    }
  }

  /** A field that leads back to the type that has it would need a selection without end: it is JSON. */
  #leadsTo(node: SchemaNode, owner: ObjectNode | undefined): boolean {
    return owner !== undefined && (node === owner || this.#reachable(node).has(owner));
  }

  #reachable(node: SchemaNode): ReadonlySet<SchemaNode> {
    let found = this.#reach.get(node);
    if (!found) {
      const all = new Set<SchemaNode>();
      walk(node, all);
      this.#reach.set(node, (found = all));
    }
    return found;
  }

  #collect(node: SchemaNode): void {
    walk(node, this.#outputs);
    this.#outputs.add(node);
  }
}

/** Adds all nodes that a node is made of, the node itself only if it contains itself. */
function walk(node: SchemaNode, seen: Set<SchemaNode>): void {
  for (const inner of partsOf(node)) {
    if (seen.has(inner)) continue;
    seen.add(inner);
    walk(inner, seen);
  }
}

function partsOf(node: SchemaNode): readonly SchemaNode[] {
  if (node.kind === 'object') return node.fields.map((field) => field.node);
  if (node.kind === 'list') return [node.items.node];
  if (node.kind === 'union') return node.variants.map((variant) => variant.node);
  return node.kind === 'record' ? [node.values.node] : [];
}

function literalType(values: readonly unknown[]): string {
  if (values.every((value) => typeof value === 'string')) return 'String';
  if (values.every((value) => typeof value === 'boolean')) return 'Boolean';
  if (values.every((value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31)) return 'Int';
  return values.every((value) => typeof value === 'number') ? 'Float' : 'JSON';
}

function nullable(type: string): string {
  return type.endsWith('!') ? type.slice(0, -1) : type;
}
