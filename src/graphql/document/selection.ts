import { Kind, type DocumentNode, type FieldNode, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'; // prettier-ignore
import type { Operation } from '../../core/contract.ts';
import type { ObjectNode, SchemaNode } from '../../schema/view.ts';
import { planSelection } from '../../guard/select.ts';
import type { Selection } from '../../core/transport.ts';
import type { DescribedTypes } from '../engine/described.ts';
import type { RootField } from '../engine/types.ts';

/**
 * The part of the calls' outputs that an operation of a document asks for, by the nodes of the fields that make them; a call that needs all
 * of its output is absent. A node that a fragment brings to several places has what all of them need, and conditions count as met: a call
 * may be asked for more than its place shows, never for less.
 */
export type Selections = ReadonlyMap<FieldNode, Selection>;

/** Finds the selections of one operation of a valid document. */
export function selectionsOf(types: DescribedTypes, document: DocumentNode, operation: OperationDefinitionNode): Selections {
  return new Finder(types, document).find(operation);
}

/** Fields by the names that they have in the response. */
type Fields = ReadonlyMap<string, readonly FieldNode[]>;

class Finder {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #calls = new Map<FieldNode, { readonly operation: Operation; readonly select: true | Selection }>();

  private readonly types: DescribedTypes;

  constructor(types: DescribedTypes, document: DocumentNode) {
    this.types = types;
    for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(node.name.value, node);
  }

  find({ operation: kind, selectionSet }: OperationDefinitionNode): Selections {
    const { queries, mutations, subscriptions } = this.types;
    const roots: ReadonlyMap<string, RootField> = { query: queries, mutation: mutations, subscription: subscriptions }[kind];
    const byField = new Map([...roots.values()].map((root) => [root.name, root]));
    for (const nodes of this.#collect([selectionSet], undefined).values()) {
      const root = byField.get(nodes[0]?.name.value ?? '');
      if (!root?.output) continue;
      const select = this.#select(root.output.node, undefined, nodes);
      if (roots !== subscriptions) this.#note(nodes, root.member as Operation, select);
    }
    const found = new Map<FieldNode, Selection>();
    for (const [node, { operation, select }] of this.#calls)
      if (select !== true && this.#isSelectable(operation, select)) found.set(node, freeze(select));
    return found;
  }

  #select(type: SchemaNode, owner: ObjectNode | undefined, nodes: readonly FieldNode[]): true | Selection {
    const composite = this.types.composite(type, owner);
    if (!composite) return true;
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    if (composite.kind === 'object') return this.#object(composite, this.#collect(sets, composite.name));
    // A selection cannot tell variants apart, so that they come whole; the relations of each are calls of their own.
    for (const { node } of composite.variants) this.#object(node as ObjectNode, this.#collect(sets, node.name));
    return true;
  }

  #object(node: ObjectNode, fields: Fields): true | Selection {
    const relations = this.types.relationsOf(node);
    const selection: Record<string, true | Selection> = {};
    for (const nodes of fields.values()) {
      const name = nodes[0]?.name.value;
      const field = node.fields.find((each) => each.name === name);
      const relation = relations.find((each) => each.name === name);
      if (field) selection[field.name] = join(selection[field.name], this.#select(field.node, node, nodes));
      if (!relation) continue;
      for (const start of Object.values(relation.relation.input)) selection[start] = true;
      this.#note(nodes, relation.operation, this.#select(relation.output.node, undefined, nodes));
    }
    const isWhole = node.fields.every(({ name }) => selection[name] === true);
    return isWhole || Object.keys(selection).length === 0 ? true : selection;
  }

  /** The fields of what is merged that an object of this type has. */
  #collect(sets: readonly SelectionSetNode[], type: string | undefined): Fields {
    const fields = new Map<string, FieldNode[]>();
    const seen = new Set<FragmentDefinitionNode>();
    const visit = ({ selections }: SelectionSetNode): void => {
      for (const node of selections) {
        if (node.kind === Kind.FIELD) {
          const name = (node.alias ?? node.name).value;
          const same = fields.get(name);
          if (same) same.push(node);
          else fields.set(name, [node]);
          continue;
        }
        const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : this.#fragments.get(node.name.value);
        if (!fragment || !this.#applies(fragment.typeCondition?.name.value, type)) continue;
        if (fragment.kind === Kind.FRAGMENT_DEFINITION) {
          if (seen.has(fragment)) continue;
          seen.add(fragment);
        }
        visit(fragment.selectionSet);
      }
    };
    for (const set of sets) visit(set);
    return fields;
  }

  #applies(condition: string | undefined, type: string | undefined): boolean {
    if (condition === undefined || type === undefined || condition === type) return true;
    return this.types.view.types.get(condition)?.kind === 'union';
  }

  #note(nodes: readonly FieldNode[], operation: Operation, select: true | Selection): void {
    for (const node of nodes) this.#calls.set(node, { operation, select: join(this.#calls.get(node)?.select, select) });
  }

  /** Some schemas are objects in their description, but not made as such. */
  #isSelectable(operation: Operation, select: Selection): boolean {
    try {
      planSelection(this.types.contract, operation, select);
      return true;
    } catch {
      return false;
    }
  }
}

/** They never change, so that what is made of one is made once. */
function freeze(select: Selection): Selection {
  for (const inner of Object.values(select)) if (typeof inner === 'object') freeze(inner);
  return Object.freeze(select);
}

function join(one: true | Selection | undefined, other: true | Selection): true | Selection {
  if (one === undefined) return other;
  if (one === true || other === true) return true;
  const joined: Record<string, true | Selection> = { ...one };
  for (const [name, inner] of Object.entries(other)) joined[name] = join(joined[name], inner);
  return joined;
}
