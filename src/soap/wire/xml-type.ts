import {
  mayLeaveOut,
  type Field,
  type ListNode,
  type ObjectNode,
  type RecordNode,
  type SchemaNode,
  type TypeUse,
  type UnionNode,
} from '../../schema/node.ts';
import { pascal } from '../../schema/read.ts';
import { PLAIN_TEXT, scalarType, type ScalarType } from './scalar.ts';
import { compileChoice } from './choice.ts';

/** How a type of the contract stands in XML. Types form a graph that may be cyclic. */
export type XmlType = ScalarType | ObjectType | ItemsType | RecordType | ChoiceType;

/** One element in another: its name, its type, and its tags ready to be written. */
export interface Slot {
  readonly element: string;
  readonly use: TypeUse;
  readonly type: XmlType;
  readonly open: string;
  readonly close: string;
  readonly empty: string;
  readonly nil: string;
}

/** A property of an object. */
export interface Member extends Slot {
  /** The property's name. */
  readonly name: string;
  /** The property's type; where it repeats its element, `use` is that of one item. */
  readonly property: TypeUse;
  /** A list whose items repeat the element; other lists are wrapped in one, so that absent, null and empty stay apart. */
  readonly repeated: boolean;
  /** Whether an input may come without it. */
  readonly optional: boolean;
}

export interface ObjectType {
  readonly kind: 'object';
  /** None for the content of a message that is no type of the contract. */
  readonly node: ObjectNode | undefined;
  /** In the schema's order, which is the order of the elements. */
  readonly members: readonly Member[];
  readonly byElement: ReadonlyMap<string, Member>;
}

/** A list in an element of its own: `<Tags><Items>a</Items><Items>b</Items></Tags>`. */
export interface ItemsType {
  readonly kind: 'items';
  readonly node: ListNode;
  readonly item: Slot;
}

/** Text keys to values: `<Entry><Key>a</Key><Value>1</Value></Entry>`. */
export interface RecordType {
  readonly kind: 'record';
  readonly node: RecordNode;
  readonly value: Slot;
}

/** One of several: the variant's element in the union's. */
export interface ChoiceType {
  readonly kind: 'choice';
  readonly node: UnionNode;
  readonly options: readonly Slot[];
  readonly byElement: ReadonlyMap<string, Slot>;
  /** The option that a value is. Throws a `TypeError` where it is none. */
  readonly choose: (value: unknown) => Slot;
}

export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** The key of a record's entry. */
export const KEY: Slot = makeSlot('Key', { node: { kind: 'string', meta: {} }, nullable: false, meta: {} }, PLAIN_TEXT);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** https://www.w3.org/TR/xml-names/#NT-NCName, as far as people use it. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Makes the XML types of a contract's types, each once. Throws a `TypeError` where two fields would be the same element. */
export class XmlTypes {
  readonly #made = new Map<SchemaNode, XmlType>();

  of(node: SchemaNode): XmlType {
    const known = this.#made.get(node);
    if (known) return known;
    const scalar = scalarType(node);
    if (scalar) return this.#keep(node, scalar);
    switch (node.kind) {
      case 'object': {
        const type: Mutable<ObjectType> = { kind: 'object', node, members: [], byElement: new Map() };
        this.#keep(node, type);
        type.members = node.fields.map((field) => this.#member(node, field));
        type.byElement = byElement(type.members, node.name);
        return type;
      }
      case 'list': {
        const type = this.#keep(node, { kind: 'items', node } as Mutable<ItemsType>);
        type.item = this.slot('Items', node.items);
        return type;
      }
      case 'record': {
        const type = this.#keep(node, { kind: 'record', node } as Mutable<RecordType>);
        type.value = this.slot('Value', node.values);
        return type;
      }
      case 'union': {
        const type = this.#keep(node, { kind: 'choice', node, options: [] as Slot[] } as unknown as Mutable<ChoiceType>);
        const names = variantNames(node);
        type.options = node.variants.map((variant, index) =>
          this.slot(names[index] ?? '', { node: variant.node, nullable: false, meta: {} }),
        );
        type.byElement = byElement(type.options, node.name);
        type.choose = compileChoice(node, type.options);
        return type;
      }
      default:
        throw new TypeError(`no XML type is known for ${node.kind}`);
    }
  }

  slot(element: string, use: TypeUse): Slot {
    return makeSlot(element, use, this.of(use.node));
  }

  /** The content of a message: an operation's output as the one member `output`. */
  message(member: Member | undefined): ObjectType {
    const members = member ? [member] : [];
    return { kind: 'object', node: undefined, members, byElement: byElement(members, '') };
  }

  /** A member that repeats its element where it is a list that is neither optional nor null. */
  member(name: string, element: string, use: TypeUse, optional: boolean): Member {
    const { node } = use;
    const repeated = node.kind === 'list' && !optional && !use.nullable;
    return { ...this.slot(element, repeated ? node.items : use), name, property: use, repeated, optional };
  }

  #member(object: ObjectNode, field: Field): Member {
    return this.member(field.name, elementName(object, field), field, mayLeaveOut(field));
  }

  #keep<T extends XmlType>(node: SchemaNode, type: T): T {
    this.#made.set(node, type);
    return type;
  }
}

function makeSlot(element: string, use: TypeUse, type: XmlType): Slot {
  return {
    element,
    use,
    type,
    open: `<${element}>`,
    close: `</${element}>`,
    empty: `<${element}/>`,
    nil: `<${element} xmlns:xsi="${XSI}" xsi:nil="true"/>`,
  };
}

function elementName(object: ObjectNode, field: Field): string {
  const given = (field.meta['soap'] as { readonly name?: unknown } | undefined)?.name;
  const name = typeof given === 'string' ? given : pascal(field.name);
  if (NAME.test(name)) return name;
  throw new TypeError(
    `soap: the field '${field.name}' of ${object.name} would be the element '${name}', which is no XML name: give it a .meta({ soap: { name: '…' } })`,
  );
}

function byElement<S extends Slot>(slots: readonly S[], of: string): ReadonlyMap<string, S> {
  const found = new Map<string, S>();
  for (const slot of slots) {
    if (found.has(slot.element)) {
      throw new TypeError(`soap: ${of} has the element '${slot.element}' twice: give one of the fields a .meta({ soap: { name: '…' } })`);
    }
    found.set(slot.element, slot);
  }
  return found;
}

const KIND_NAMES: Readonly<Record<SchemaNode['kind'], string>> = {
  string: 'String',
  integer: 'Integer',
  number: 'Number',
  boolean: 'Boolean',
  null: 'Null',
  enum: 'Enum',
  literal: 'Literal',
  list: 'List',
  object: 'Object',
  record: 'Record',
  union: 'Union',
  any: 'Json',
};

/** A variant's element is named after its type, or after its kind and its place where that is taken. */
function variantNames(union: UnionNode): string[] {
  const names: string[] = [];
  for (const { node } of union.variants) {
    const name = node.name ?? KIND_NAMES[node.kind];
    names.push(names.includes(name) ? `${name}${names.length + 1}` : name);
  }
  return names;
}
