import type { EnumNode, Field, ObjectNode, SchemaNode, TypeUse, UnionNode } from '../../schema/node.ts';
import { mayLeaveOut } from '../../schema/node.ts';
import { scalarType } from './field-type.ts';
import { checkVariants, type TypeChange } from './lock-check.ts';
import { assignNumbers, isCompatible, type LockedType, type ProtoLock } from './lock.ts';
import { checkName, pascal, screaming, snake, unique, unspecified } from './names.ts';
import {
  fieldMeta,
  fieldType,
  isNamed,
  messageName,
  type Label,
  type ProtoEntry,
  type ProtoEnum,
  type ProtoField,
  type ProtoMessage,
  type ProtoType,
} from './proto.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** An entry whose fields have no numbers yet. */
interface Draft {
  readonly property: string;
  readonly name: string;
  readonly number: number | undefined;
  readonly type: ProtoType;
  readonly label: Label;
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly required?: boolean;
  readonly oneof?: string;
  readonly implied?: ProtoEntry['implied'];
  readonly use?: TypeUse | undefined;
  readonly node: SchemaNode | undefined;
}

/** Lowers the nodes of a contract to messages and enums, each once. Throws a `TypeError` if two of them get the same name. */
export class MessageBuilder {
  readonly messages: ProtoMessage[] = [];
  readonly enums: ProtoEnum[] = [];
  /** Fields that were published with a type of another name. */
  readonly changes: TypeChange[] = [];
  readonly #byNode = new Map<SchemaNode, ProtoType>();
  readonly #names = new Map<string, string>();

  private readonly lock: ProtoLock | undefined;

  constructor(lock: ProtoLock | undefined) {
    this.lock = lock;}

  /** The message of an object, under its own name or another. */
  object(node: ObjectNode, name: string = messageName(node)): ProtoMessage {
    const isOwn = name === messageName(node);
    const known = isOwn ? this.#byNode.get(node) : undefined;
    if (known?.kind === 'message') return known.message;
    const message = this.#message(name, 'object', node);
    if (isOwn) this.#byNode.set(node, { kind: 'message', message });
    this.#fill(
      message,
      node.fields.map((field) => this.#property(field, name)),
    );
    return message;
  }

  /** A message of its own, with one field, for a value that is not an object. */
  wrapper(name: string, property: string, use: TypeUse, isNamed = false): ProtoMessage {
    const message = this.#message(name, 'wrapper', undefined);
    // Before its fields, which may lead back to it.
    if (isNamed) this.#byNode.set(use.node, { kind: 'message', message });
    this.#fill(message, [this.#draft({ property, name: property, use, optional: false, owner: name, inWrapper: true })]);
    return message;
  }

  /** A message of the protocol's own: an event's request or envelope. */
  envelope(
    name: string,
    comment: string | undefined,
    fields: readonly (Omit<Draft, 'label' | 'nullable' | 'number' | 'node'> & { number?: number })[],
  ): ProtoMessage {
    const message = this.#message(name, 'object', { description: comment });
    this.#fill(
      message,
      fields.map((field) => ({ ...field, number: field.number, label: 'one', nullable: false, node: undefined })),
    );
    return message;
  }

  /** The type of one value that is not in a list or record. */
  type(use: TypeUse, at: string, name: string): ProtoType {
    const { node } = use;
    const known = this.#byNode.get(node);
    if (known) return known;
    const scalar = scalarType(node, fieldMeta(use).type, at);
    if (scalar) return scalar;
    switch (node.kind) {
      case 'object':
        return { kind: 'message', message: this.object(node) };
      case 'union':
        return { kind: 'message', message: this.#union(node) };
      case 'enum':
        return { kind: 'enum', enum: this.#enum(node, isNamed(node) ? messageName(node) : name) };
      default:
        return {
          kind: 'message',
          message: this.wrapper(isNamed(node) ? messageName(node) : name, 'items', { node, nullable: false, meta: {} }, isNamed(node)),
        };
    }
  }

  #property(field: Field, owner: string): Draft {
    const meta = fieldMeta(field);
    const at = `${owner}.${field.name}`;
    const name = meta.name === undefined ? snake(field.name) : checkName(meta.name, at);
    return this.#draft({ property: field.name, name, number: meta.number, use: field, optional: mayLeaveOut(field), owner });
  }

  #draft(of: {
    property: string;
    name: string;
    number?: number | undefined;
    use: TypeUse;
    optional: boolean;
    owner: string;
    inWrapper?: boolean;
  }): Draft {
    const { use, owner, property, inWrapper = false } = of;
    const { node, nullable: isNullable } = use;
    const at = `${owner}.${property}`;
    const typed = owner + (inWrapper ? '' : pascal(property));
    const base = { property, name: of.name, number: of.number, use, node, required: !of.optional };
    const isCollection = node.kind === 'list' || node.kind === 'record';
    // A value that may be absent or null has to be one field with presence, which repeated fields and maps lack.
    if (isCollection && !of.optional && !isNullable) {
      const item = node.kind === 'list' ? node.items : node.values;
      return {
        ...base,
        type: this.#item(item, `${at}[]`, `${typed}Item`),
        label: node.kind === 'list' ? 'repeated' : 'map',
        optional: false,
        nullable: false,
      };
    }
    const type = isCollection
      ? ({
          kind: 'message',
          message: this.wrapper(`${typed}${node.kind === 'list' ? 'List' : 'Map'}`, 'items', { ...use, nullable: false }),
        } as const)
      : this.type(use, at, typed);
    const nullable = isNullable && type.kind !== 'value' && type.kind !== 'null';
    const hasPresence = type.kind === 'message' || type.kind === 'timestamp' || type.kind === 'value';
    const implied = node.kind === 'literal' && node.values.length === 1 ? node.values[0] : undefined;
    // An enum and null have no default of their own, so their absence must show.
    const optional = !nullable && !hasPresence && (of.optional || type.kind === 'null');
    return {
      ...base,
      type,
      label: 'one',
      optional,
      nullable,
      ...(implied !== undefined && !of.optional && !nullable && { implied }),
    };
  }

  /** The type of what is in a list or record: it can be neither a list nor null, so these are wrapped. */
  #item(use: TypeUse, at: string, name: string): ProtoType {
    const { node } = use;
    const isAny =
      node.kind === 'any' || node.kind === 'null' || (node.kind === 'literal' && scalarType(node, undefined, at)?.kind === 'value');
    if (use.nullable && !isAny) return { kind: 'message', message: this.wrapper(name, 'value', use) };
    return this.type({ ...use, nullable: false }, at, name);
  }

  #union(node: UnionNode): ProtoMessage {
    const owner = messageName(node);
    const message = this.#message(owner, 'union', node);
    this.#byNode.set(node, { kind: 'message', message });
    message.discriminator = node.discriminator;
    message.variants = node.variants;
    const names = new Set<string>();
    this.#fill(
      message,
      node.variants.map((variant, index): Draft => {
        const use = { node: variant.node, nullable: false, meta: {} };
        const name = unique(variantName(variant.node, node.name, owner), names);
        names.add(name);
        const type = this.type(use, `${owner}.${name}`, `${owner}Option${index + 1}`);
        return {
          property: name,
          name,
          number: fieldMeta(use).number,
          type,
          label: 'one',
          optional: false,
          nullable: false,
          oneof: 'kind',
          node: variant.node,
        };
      }),
    );
    if (this.lock) checkVariants(message, this.lock);
    return message;
  }

  #enum(node: EnumNode, name: string): ProtoEnum {
    this.#claimType(name, 'an enum', this.lock?.messages);
    const published = new Map(Object.entries(this.lock?.enums[name]?.fields ?? {}).map(([valueName, { value }]) => [value, valueName]));
    const names = new Set([unspecified(name), ...published.values()]);
    const values = node.values.map((value) => {
      const valueName = published.get(value) ?? unique(screaming(name, value), names);
      names.add(valueName);
      return { value, name: valueName };
    });
    for (const each of [unspecified(name), ...values.map((value) => value.name)]) this.claim(each, `a value of ${name}`);
    const { numbers, reserved, reservedNames } = assignNumbers(
      name,
      values.map((value) => ({ name: value.name, type: 'value', number: undefined })),
      this.lock?.enums[name],
    );
    const made: ProtoEnum = {
      name,
      comment: node.description,
      values: values.map((value, index) => ({ ...value, number: numbers[index] ?? 0 })),
      reserved,
      reservedNames,
    };
    this.enums.push(made);
    this.#byNode.set(node, { kind: 'enum', enum: made });
    return made;
  }

  #message(
    name: string,
    shape: ProtoMessage['shape'],
    notes: { readonly description?: string | undefined; readonly deprecated?: boolean } | undefined,
  ): Mutable<ProtoMessage> {
    this.#claimType(name, 'a message', this.lock?.enums);
    const message: Mutable<ProtoMessage> = {
      name,
      shape,
      comment: notes?.description,
      deprecated: notes?.deprecated ?? false,
      entries: [],
      discriminator: undefined,
      variants: [],
      reserved: [],
      reservedNames: [],
    };
    this.messages.push(message);
    return message;
  }

  /** Takes a name of the file's scope, which services and the values of enums share. Throws a `TypeError` if it is taken. */
  claim(name: string, kind: string): void {
    const other = this.#names.get(name);
    if (other !== undefined)
      throw new TypeError(`gRPC: ${kind} and ${other} are both called '${name}': give one of the schemas another .meta({ id: '…' })`);
    this.#names.set(name, kind);
  }

  #claimType(name: string, kind: string, others: Readonly<Record<string, LockedType>> = {}): void {
    this.claim(name, kind);
    if (Object.hasOwn(others, name))
      throw new TypeError(`gRPC: '${name}' was published as something else than ${kind}: give the schema another .meta({ id: '…' })`);
  }

  /** Notes which fields have another type than the one that was published. */
  #compare(
    { name: owner, shape }: ProtoMessage,
    fields: readonly { readonly name: string; readonly type: string; readonly number: number | undefined }[],
    locked: LockedType | undefined,
  ): void {
    const published = Object.entries(locked?.fields ?? {});
    for (const { name, type, number } of fields) {
      // The one field of a wrapper may be named after its type.
      const [, was] = published.find(([each]) => each === name || (shape === 'wrapper' && published.length === 1)) ?? [];
      if (was && number === undefined && !isCompatible(type, was.type))
        this.changes.push({ at: `${owner}.${name}`, was: was.type, is: type });
    }
  }

  #fill(message: Mutable<ProtoMessage>, drafts: readonly Draft[]): void {
    // The fields for null come last, so that the numbers of the others follow the properties.
    const fields = [
      ...drafts.map(({ name, type, label, number }) => ({ name, type: fieldType({ type, label }), number })),
      ...drafts.flatMap(({ name, nullable }) =>
        nullable ? [{ name: `${name}_null`, type: 'google.protobuf.NullValue', number: undefined }] : [],
      ),
    ];
    const twice = fields.find(({ name }, index) => fields.findIndex((field) => field.name === name) !== index);
    if (twice)
      throw new TypeError(`gRPC: ${message.name} would have two fields '${twice.name}': give one of them a .meta({ grpc: { name: '…' } })`);
    const locked = this.lock?.messages[message.name];
    this.#compare(message, fields, locked);
    const { numbers, reserved, reservedNames } = assignNumbers(message.name, fields, locked);
    message.reserved = reserved;
    message.reservedNames = reservedNames;
    // Fields and oneofs share a scope; a oneof's name is not on the wire.
    const taken = new Set(fields.map(({ name }) => name));
    let nullAt = drafts.length;
    message.entries = drafts.map((draft, index): ProtoEntry => {
      const { property, name, type, label, optional, nullable, use, node } = draft;
      const group = nullable ? `${name}_or_null` : draft.oneof;
      const oneof = group === undefined ? undefined : unique(group, taken);
      const field: ProtoField = {
        name,
        number: numbers[index] ?? 0,
        type,
        label,
        optional,
        oneof,
        comment: use?.description === message.comment ? undefined : use?.description,
        deprecated: use?.deprecated,
      };
      const nullField: ProtoField | undefined = nullable
        ? { name: `${name}_null`, number: numbers[nullAt++] ?? 0, type: { kind: 'null' }, label: 'one', optional: false, oneof }
        : undefined;
      return { property, field, nullField, implied: draft.implied, required: draft.required ?? false, node };
    });
  }
}

/** The name of a variant in its union: its type, without the union's name before it if that is not the author's. */
function variantName(node: SchemaNode, union: string, owner: string): string {
  if (node.kind === 'integer') return 'int_value';
  if (!isNamed(node)) return `${node.kind}_value`;
  const name = messageName(node);
  // A name of the .proto's own is one that was derived once.
  const before = node.derived === true ? union : name === node.name ? undefined : owner;
  return snake(before !== undefined && name.startsWith(before) ? name.slice(before.length) : name);
}
