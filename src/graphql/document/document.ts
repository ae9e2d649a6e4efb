import type { EventDefinition, Operation } from '../../core/contract.ts';
import type { ReadContext } from '../../guard/mapped-sink.ts';
import type { Field, ObjectNode, SchemaNode, TypeUse, UnionNode } from '../../schema/node.ts';
import { compileTextReader } from '../../schema/text.ts';
import type { JsonObject } from '../../core/errors.ts';
import type { Selection } from '../../core/transport.ts';
import { mayBeNull, type GraphqlTypes, type RootField } from '../engine/types.ts';
import { isObject } from '../wire.ts';

/** A document that asks for one operation or event, with what it takes and gives. */
export interface ClientDocument {
  readonly text: string;
  variables(input: unknown): Readonly<Record<string, unknown>> | undefined;
  /** The output in `data`, as the contract has it. `absent` are paths from the response's extensions. */
  read(data: unknown, absent: unknown, context?: ReadContext): unknown;
  /** Whether the response must tell absent members from null ones. */
  readonly tellsAbsent: boolean;
}

/** Puts right what GraphQL changes in a value: null for what is absent, aliases in unions. Returns the value, changed in place. */
type Repair = (value: unknown) => unknown;

/** Builds the document of an operation, with a selection or with all that its output has; of a streamed one it is a subscription. */
export function operationDocument(types: GraphqlTypes, operation: Operation, select: Selection | undefined): ClientDocument {
  const roots = operation.item ? types.subscriptions : operation.kind === 'query' ? types.queries : types.mutations;
  const root = roots.get(operation.name);
  if (!root) throw new TypeError(`graphql: the contract has no operation '${operation.name}'`);
  const wraps = operation.kind === 'mutation';
  return build(types, root, operation.item ? 'subscription' : operation.kind, select, (input) => {
    if (root.args.length === 0) return undefined;
    return wraps ? { input: input ?? {} } : (input as Readonly<Record<string, unknown>> | undefined);
  });
}

/** Builds the document of an event's subscription. */
export function eventDocument(types: GraphqlTypes, event: EventDefinition): ClientDocument {
  const root = types.subscriptions.get(event.name);
  if (!root) throw new TypeError(`graphql: the contract has no event '${event.name}'`);
  // A gateway may have read them from a path, in which all is text.
  const readers = root.args.map(({ name, field }) => [name, compileTextReader(field)] as const);
  return build(types, root, 'subscription', undefined, (params) => {
    const values = { ...(params as Readonly<Record<string, unknown>>) };
    for (const [name, read] of readers) {
      const value = values[name];
      if (typeof value === 'string') values[name] = read(value);
    }
    return values;
  });
}

/** How a foreign document is used. */
interface ForeignUse {
  readonly document: string;
  readonly result?: string;
  readonly input?: (input: unknown) => JsonObject;
  readonly output?: (result: unknown) => unknown;
  readonly read?: (result: unknown, context: ReadContext) => unknown;
}

/** A document that someone else designed, if the mapping has one of this name. */
export function foreignDocument(
  mapping: Readonly<Record<string, string | ForeignUse>> | undefined,
  name: string,
  hasOutput: boolean,
): ClientDocument | undefined {
  const given = mapping && Object.hasOwn(mapping, name) ? mapping[name] : undefined;
  if (given === undefined) return undefined;
  const { document, result, input, output, read }: ForeignUse = typeof given === 'string' ? { document: given } : given;
  const path = result === '' ? [] : result?.split('.');
  return {
    text: document,
    tellsAbsent: false,
    variables: (value) => (input ? input(value) : (value as JsonObject | undefined)),
    read(data, _, context) {
      if (!hasOutput) return undefined;
      // Without a path the result is the one field that was asked for.
      const keys = path ?? (isObject(data) ? Object.keys(data).slice(0, 1) : []);
      const found = keys.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), data);
      if (read && context) return read(found, context);
      return output ? output(found) : found;
    },
  };
}

function build(
  types: GraphqlTypes,
  { name, member, args, output }: RootField,
  kind: string,
  select: Selection | undefined,
  variables: ClientDocument['variables'],
): ClientDocument {
  const writer = new Writer(types);
  const part = output ? writer.part(output, select ?? true, undefined) : { text: '', repair: undefined };
  const declared = args.length > 0 ? `(${args.map((arg) => `$${arg.name}: ${arg.type}`).join(', ')})` : '';
  const given = args.length > 0 ? `(${args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')})` : '';
  const text = `${kind} ${member.name}${declared} { ${name}${given}${part.text} }`;
  const { tellsAbsent } = writer;
  return {
    text,
    tellsAbsent,
    variables,
    read(data, absent) {
      if (tellsAbsent && Array.isArray(absent)) for (const path of absent) remove(data, path);
      const value = isObject(data) ? data[name] : undefined;
      if (!output) return undefined;
      return part.repair ? part.repair(value) : value;
    },
  };
}

/** Takes out what was absent, and stands in the response as null. */
function remove(data: unknown, path: unknown): void {
  if (!Array.isArray(path)) return;
  const last: unknown = path.at(-1);
  const holder = path
    .slice(0, -1)
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[String(key)] : undefined), data);
  if (isObject(holder) && typeof last === 'string') delete (holder as Record<string, unknown>)[last];
}

interface Part {
  /** A selection set with a space before it; empty for what is a scalar. */
  readonly text: string;
  readonly repair: Repair | undefined;
}

const SCALAR: Part = { text: '', repair: undefined };

class Writer {
  tellsAbsent = false;

  private readonly types: GraphqlTypes;

  constructor(types: GraphqlTypes) {
    this.types = types;
  }

  part(use: TypeUse, select: true | Selection, owner: ObjectNode | undefined): Part {
    const composite = this.types.composite(use.node, owner);
    if (!composite) return SCALAR;
    const { text, repair } = composite.kind === 'union' ? this.#union(composite) : this.#object(composite, select);
    return { text, repair: repair && throughLists(use.node, repair) };
  }

  #object(node: ObjectNode, select: true | Selection): Part {
    const repairs: [string, Repair][] = [];
    const nullless: string[] = [];
    const texts: string[] = [];
    for (const field of node.fields) {
      const wanted = select === true ? true : select[field.name];
      if (wanted === undefined) continue;
      const { text, repair } = this.part(field, wanted, node);
      texts.push(field.name + text);
      if (repair) repairs.push([field.name, repair]);
      if (field.optional && !mayBeNull(field)) nullless.push(field.name);
      if (field.optional && mayBeNull(field)) this.tellsAbsent = true;
    }
    if (select !== true) {
      for (const { name, output } of this.types.relationsOf(node)) {
        const wanted = select[name];
        if (wanted === undefined) continue;
        const { text, repair } = this.part(output, wanted, undefined);
        texts.push(name + text);
        if (repair) repairs.push([name, repair]);
        if (!mayBeNull(output)) nullless.push(name);
      }
    }
    return {
      text: ` { ${texts.join(' ')} }`,
      repair: repairs.length + nullless.length === 0 ? undefined : repairObject(repairs, nullless),
    };
  }

  /** All of each variant, because the core drops the rest of a selection. Fields of like name and unlike type need an alias. */
  #union(node: UnionNode): Part {
    const variants = node.variants.map((variant) => variant.node as ObjectNode);
    const kinds = new Map<string, Set<string>>();
    for (const variant of variants)
      for (const field of variant.fields)
        kinds.set(field.name, (kinds.get(field.name) ?? new Set()).add(this.types.fieldType(field, variant)));
    const repairs: [string, Repair][] = [];
    const nullless = new Set<string>();
    const renamed: [string, string][] = [];
    const texts = variants.map((variant, index) => {
      const fields = variant.fields.map((field: Field) => {
        const { text, repair } = this.part(field, true, variant);
        const alias = (kinds.get(field.name)?.size ?? 0) > 1 ? `${field.name}_${index}` : field.name;
        if (alias !== field.name) renamed.push([alias, field.name]);
        if (repair) repairs.push([alias, repair]);
        if (field.optional && !mayBeNull(field)) nullless.add(alias);
        if (field.optional && mayBeNull(field)) this.tellsAbsent = true;
        return `${alias === field.name ? '' : `${alias}: `}${field.name}${text}`;
      });
      return `... on ${variant.name} { ${fields.join(' ')} }`;
    });
    const inner = repairObject(repairs, [...nullless]);
    const repair: Repair = (value) => {
      const members = inner(value);
      if (isObject(members))
        for (const [alias, name] of renamed) {
          if (!Object.hasOwn(members, alias)) continue;
          (members as Record<string, unknown>)[name] = members[alias];
          delete (members as Record<string, unknown>)[alias];
        }
      return members;
    };
    return { text: ` { ${texts.join(' ')} }`, repair };
  }
}

function repairObject(repairs: readonly (readonly [string, Repair])[], nullless: readonly string[]): Repair {
  return (value) => {
    if (!isObject(value)) return value;
    const members = value as Record<string, unknown>;
    for (const name of nullless) if (members[name] === null) delete members[name];
    for (const [name, repair] of repairs) if (members[name] !== undefined) members[name] = repair(members[name]);
    return members;
  };
}

function throughLists(node: SchemaNode, repair: Repair): Repair {
  if (node.kind !== 'list') return repair;
  const inner = throughLists(node.items.node, repair);
  return (value) => (Array.isArray(value) ? value.map(inner) : value);
}
