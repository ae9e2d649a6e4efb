import { mayLeaveOut, type Field, type ObjectNode, type SchemaNode, type TypeUse, type UnionNode } from '../schema/node.ts';
import { compileChoice } from './choice.ts';
import { isName } from './name.ts';
import { xmlTags, type ChoicePlan, type ItemsPlan, type Member, type ObjectPlan, type Plan, type RecordPlan, type Slot } from './plan.ts';
import { PLAIN_TEXT, scalarPlan } from './scalar.ts';
import { pascal } from '../schema/pascal.ts';

/** The key of a record's entry. */
export const KEY: Slot = makeSlot('Key', { node: { kind: 'string', meta: {} }, nullable: false, meta: {} }, PLAIN_TEXT);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Makes the plans of a contract's types, each once. Throws a `TypeError` if two fields would be the same element. */
export class ContractPlans {
  readonly #made = new Map<SchemaNode, Plan>();

  of(node: SchemaNode): Plan {
    const known = this.#made.get(node);
    if (known) return known;
    const scalar = scalarPlan(node);
    if (scalar) return this.#keep(node, scalar);
    switch (node.kind) {
      case 'object': {
        const type: Mutable<ObjectPlan> = { kind: 'object', node, members: [], byElement: new Map() };
        this.#keep(node, type);
        type.members = node.fields.map((field) => this.#member(node, field));
        type.byElement = byElement(type.members, node.name);
        return type;
      }
      case 'list': {
        const type = this.#keep(node, { kind: 'items', node } as Mutable<ItemsPlan>);
        type.item = this.slot('Items', node.items);
        return type;
      }
      case 'record': {
        const type = this.#keep(node, { kind: 'record', node } as Mutable<RecordPlan>);
        type.value = this.slot('Value', node.values);
        return type;
      }
      case 'union': {
        const type = this.#keep(node, { kind: 'choice', node } as Mutable<ChoicePlan>);
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
  message(member: Member | undefined): ObjectPlan {
    const members = member ? [member] : [];
    return { kind: 'object', node: undefined, members, byElement: byElement(members, '') };
  }

  /** A member that repeats its element if it is a list that is neither optional nor null. */
  member(name: string, element: string, use: TypeUse, optional: boolean): Member {
    const { node } = use;
    const repeated = node.kind === 'list' && !optional && !use.nullable;
    return { ...this.slot(element, repeated ? node.items : use), name, property: use, repeated, optional };
  }

  #member(object: ObjectNode, field: Field): Member {
    return this.member(field.name, elementName(object, field), field, mayLeaveOut(field));
  }

  #keep<T extends Plan>(node: SchemaNode, type: T): T {
    this.#made.set(node, type);
    return type;
  }
}

function makeSlot(element: string, use: TypeUse, plan: Plan): Slot {
  return { element, use, plan, ...xmlTags(element) };
}

function elementName(object: ObjectNode, field: Field): string {
  const given = (field.meta['soap'] as { readonly name?: unknown } | undefined)?.name;
  const name = typeof given === 'string' ? given : pascal(field.name);
  if (isName(name)) return name;
  throw new TypeError(
    `soap: the field '${field.name}' of ${object.name} would be the element '${name}', which is not a name in XML: give it a .meta({ soap: { name: '…' } })`,
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

/** A variant's element is named after its type, or after its kind and its place if that is taken. */
function variantNames(union: UnionNode): string[] {
  const names: string[] = [];
  for (const { node } of union.variants) {
    const name = node.name ?? KIND_NAMES[node.kind];
    names.push(names.includes(name) ? `${name}${names.length + 1}` : name);
  }
  return names;
}
