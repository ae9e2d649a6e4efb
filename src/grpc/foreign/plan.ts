import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { nearest } from '../../core/nearest.ts';
import { mayLeaveOut, type Field, type ObjectNode, type TypeUse } from '../../schema/node.ts';
import { integerText, SCALAR } from '../codec/scalar.ts';
import type { ValueCodec } from '../codec/value.ts';
import type { ProtoEntry, ProtoMessage, ProtoType, ScalarType } from '../proto/proto.ts';
import { anyCodec, type AnyContent } from './any.ts';
import type { Descriptors, ForeignField, ForeignMessage, ForeignType } from './descriptors.ts';
import { coded, enumLeaf, scalarLeaf } from './leaf.ts';
import { defaultOf, groupCodec, messageSetCodec } from './proto2.ts';
import { isWrapper, wellKnown } from './well-known.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Values that no schema describes are as protobuf's JSON has them. */
const ANY: TypeUse = { node: { kind: 'any', meta: {} }, nullable: false, meta: {} };

/** One value to be carried: its type in the contract, and whether it may be left out. */
interface Wanted {
  readonly use: TypeUse;
  readonly property: string;
  readonly optional: boolean;
}

/**
 * Makes messages for the codec out of a foreign description and the contract's types. Misfits are kept in `problems`, so that all of them
 * can be told at once.
 */
export class Planner {
  readonly problems: string[] = [];
  readonly #json = new Map<ForeignMessage, ProtoMessage>();
  readonly #typed = new Map<ForeignMessage, Map<ObjectNode, ProtoMessage>>();

  readonly #any: ValueCodec;

  constructor(descriptors: Descriptors) {
    this.#any = anyCodec(
      (name) => descriptors.message(name),
      (message) => this.#ofAny(message),
    );
  }

  /** A message whose fields the properties of an object are. */
  object(message: ForeignMessage, node: ObjectNode, at: string): ProtoMessage {
    let byNode = this.#typed.get(message);
    if (!byNode) this.#typed.set(message, (byNode = new Map<ObjectNode, ProtoMessage>()));
    let plan = byNode.get(node);
    if (!plan) {
      const made = emptyPlan(message.name, 'object');
      // Before its fields, which may lead back to it.
      byNode.set(node, (plan = made));
      made.entries = node.fields.flatMap((field) => this.#property(message, field, at));
      Object.assign(made, oneofsOf(message, made.entries));
    }
    return plan;
  }

  /** A message in which a value that is not an object is the only field, or for a list the only list. */
  sole(message: ForeignMessage, use: TypeUse, at: string): ProtoMessage {
    const plan = emptyPlan(message.name, 'wrapper');
    const lists = message.fields.filter(({ label }) => label === 'repeated');
    const maps = message.fields.filter(({ label }) => label === 'map');
    const isOne = (fields: readonly ForeignField[]) => (fields.length === 1 ? fields[0] : undefined);
    const { kind } = use.node;
    const field = kind === 'list' ? isOne(lists) : kind === 'record' ? isOne(maps) : isOne(message.fields);
    if (field) plan.entries = [this.#entry(field, { use, property: field.jsonName, optional: false }, at)];
    else this.#problem(at, `${message.name} has not one field that the ${kind} could be: ${namesOf(message)}`);
    return plan;
  }

  /** The type of a whole message, whatever the contract's type is. */
  value(message: ForeignMessage, use: TypeUse, at: string): ProtoType {
    return this.#type({ kind: 'message', message, isGroup: false }, use, at, false);
  }

  /** A message as protobuf's JSON has it. Source: https://protobuf.dev/programming-guides/json/ */
  json(message: ForeignMessage): ProtoMessage {
    let plan = this.#json.get(message);
    if (!plan) {
      const made = emptyPlan(message.name, 'object');
      this.#json.set(message, (plan = made));
      made.strictNames = new Map(
        message.fields.flatMap(({ name, jsonName }) => [[name, jsonName] as const, [jsonName, jsonName] as const]),
      );
      made.entries = message.fields.map((field) =>
        this.#entry(field, { use: { ...ANY, nullable: true }, property: field.jsonName, optional: true }, message.name),
      );
      Object.assign(made, oneofsOf(message, made.entries));
    }
    return plan;
  }

  #property(message: ForeignMessage, field: Field, at: string): ProtoEntry[] {
    const named = (field.meta['grpc'] as { readonly name?: string } | undefined)?.name;
    const found = fieldOf(message, named ?? field.name);
    if (!found) {
      const like = nearest(field.name, message.fields.map(({ jsonName }) => jsonName)); // prettier-ignore
      const hint = like === undefined ? `it has ${namesOf(message)}` : `did you mean '${like}'?`;
      this.#problem(at, `${message.name} has no field for '${field.name}': ${hint}`);
      return [];
    }
    return [this.#entry(found, { use: field, property: field.name, optional: mayLeaveOut(field) }, `${at}.${field.name}`)];
  }

  #entry(field: ForeignField, { use, property, optional }: Wanted, at: string): ProtoEntry {
    const { name, number, label, hasPresence } = field;
    const { node } = use;
    let type: ProtoType;
    if (label === 'one') type = this.#type(field.type, use, at, optional || use.nullable);
    else {
      const items = node.kind === 'any' || node.kind === 'union' ? ANY : itemsOf(label, node);
      if (!items) this.#problem(at, `${field.name} is a ${label === 'map' ? 'map' : 'list'} and the contract has ${article(node.kind)}`);
      type = this.#type(field.type, items ?? ANY, `${at}[]`, false);
    }
    if (field.type.kind === 'message' && field.type.isGroup) type = coded(field.type.message.name, groupCodec(number, type));
    const isValue = label === 'one' && type.kind === 'coded' && type.name === 'google.protobuf.Value';
    return {
      property,
      field: {
        name,
        number,
        type,
        label,
        optional: hasPresence || (optional && label === 'one' && !fitsZero(use, field.type)),
        mapKey: field.mapKey === undefined || field.mapKey === 'string' ? undefined : textKey(field.mapKey),
      },
      nullField: undefined,
      // A Value has a word for null.
      implied: isValue && !optional ? null : optional || use.nullable ? undefined : defaultOf(field, type),
      required: false,
      absentIsNull: use.nullable && !isValue ? !optional : undefined,
      node,
    };
  }

  #type(type: ForeignType, use: TypeUse, at: string, mayBeAbsent: boolean): ProtoType {
    const { node } = use;
    if (type.kind === 'scalar') {
      const leaf = scalarLeaf(type.scalar, node);
      return leaf ?? this.#misfit(at, `${type.scalar} cannot carry the contract's ${node.kind}`);
    }
    if (type.kind === 'enum') {
      const leaf = enumLeaf(type.enum, use, mayBeAbsent);
      return typeof leaf === 'string' ? this.#misfit(at, leaf) : leaf;
    }
    const { message } = type;
    const known = wellKnown(message.name, node);
    if (known !== undefined) return typeof known === 'string' ? this.#misfit(at, known) : known;
    if (message.name === 'google.protobuf.Any') return coded(message.name, this.#any);
    const made: ProtoType = { kind: 'message', message: this.#message(message, use, at) };
    return message.typeIds ? coded(message.name, messageSetCodec(message.typeIds, made)) : made;
  }

  #message(message: ForeignMessage, use: TypeUse, at: string): ProtoMessage {
    const { node } = use;
    if (node.kind === 'object') return this.object(message, node, at);
    if (node.kind !== 'any' && node.kind !== 'union') return this.sole(message, use, at);
    return isWrapper(message.name) ? this.sole(message, ANY, at) : this.json(message);
  }

  #ofAny(message: ForeignMessage): AnyContent {
    const type = this.value(message, ANY, message.name);
    return { isValue: type.kind === 'message' ? type.message.shape === 'wrapper' : !message.typeIds, type };
  }

  #misfit(at: string, what: string): ProtoType {
    this.#problem(at, what);
    return coded('nothing', SCALAR.bool);
  }

  #problem(at: string, what: string): void {
    this.problems.push(`${at}: ${what}`);
  }
}

/**
 * The members of oneofs: of several that came the last counts, as the specification has it, and several that are given are refused, because the
 * peer would keep the last in silence. Source: https://protobuf.dev/programming-guides/proto3/#oneof
 */
function oneofsOf({ fields }: ForeignMessage, entries: readonly ProtoEntry[]): Pick<ProtoMessage, 'check' | 'rivals'> {
  const oneofs = new Map(fields.map(({ number, oneof }) => [number, oneof]));
  const members = entries.flatMap(({ property, field }) => {
    const oneof = oneofs.get(field.number);
    return oneof === undefined ? [] : [{ property, oneof }];
  });
  if (new Set(members.map(({ oneof }) => oneof)).size === members.length) return {};
  const rivalsOf = ({ property, oneof }: (typeof members)[number]) =>
    members.filter((other) => other.oneof === oneof && other.property !== property).map((other) => other.property);
  return {
    rivals: new Map(members.map((member) => [member.property, rivalsOf(member)])),
    check: (values) => {
      const taken = new Map<string, string>();
      for (const { property, oneof } of members) {
        if (values[property] === undefined || values[property] === null) continue;
        const first = taken.get(oneof);
        if (first !== undefined)
          throw new TypeError(`'${first}' and '${property}' exclude each other: the oneof '${oneof}' has one of them`);
        taken.set(oneof, property);
      }
    },
  };
}

function emptyPlan(name: string, shape: 'object' | 'wrapper'): Mutable<ProtoMessage> {
  return { name, shape, comment: undefined, deprecated: false, entries: [], discriminator: undefined, variants: [], reserved: [], reservedNames: [] }; // prettier-ignore
}

function itemsOf(label: 'repeated' | 'map', node: TypeUse['node']): TypeUse | undefined {
  if (label === 'repeated') return node.kind === 'list' ? node.items : undefined;
  return node.kind === 'record' ? node.values : undefined;
}

/** The field that a property means: by its exact name, else by one that differs in case and underscores only. */
function fieldOf({ fields }: ForeignMessage, property: string): ForeignField | undefined {
  const exact = fields.find(({ name, jsonName }) => name === property || jsonName === property);
  if (exact) return exact;
  const plain = (text: string) => text.replaceAll('_', '').toLowerCase();
  // An extension may be called by the last part of its name too.
  const lastOf = (name: string) => (name.startsWith('[') ? name.slice(Math.max(1, name.lastIndexOf('.') + 1), -1) : name);
  const alike = fields.filter(({ name }) => plain(lastOf(name)) === plain(property));
  return alike.length === 1 ? alike[0] : undefined;
}

function namesOf({ fields }: ForeignMessage): string {
  return fields.length === 0 ? 'no fields' : someOf(fields.map(({ jsonName }) => jsonName));
}

/** Names in a message, as many as its reader can use. */
export function someOf(names: readonly string[]): string {
  const first = names.slice(0, 20).join(', ') || 'none';
  return names.length > 20 ? `${first} and ${names.length - 20} more` : first;
}

function article(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

/**
 * Whether the value of a scalar that was not sent may be a value of the contract's type: the empty text is not a date, and 0 not a page
 * from 1 on.
 */
function fitsZero({ node }: TypeUse, type: ForeignType): boolean {
  if (type.kind !== 'scalar') return true;
  if (node.kind === 'string' && type.scalar === 'string') {
    return node.format === undefined && node.pattern === undefined && !((node.minLength ?? 0) > 0);
  }
  if (node.kind === 'integer' || node.kind === 'number') return !((node.minimum ?? 0) > 0) && !((node.maximum ?? 0) < 0);
  return true;
}

/** Keys of a map are text in JSON: https://protobuf.dev/programming-guides/json/ */
function textKey(scalar: ScalarType): ValueCodec {
  if (scalar !== 'bool') return integerText(scalar);
  return {
    ...SCALAR.bool,
    zero: 'false',
    write(writer: BinaryWriter, value: unknown) {
      if (value !== 'true' && value !== 'false') throw new TypeError("a key is neither 'true' nor 'false'");
      writer.bool(value === 'true');
    },
    read: (reader) => String(reader.bool()),
  };
}
