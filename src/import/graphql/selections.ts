import {
  getNamedType, isAbstractType, isInterfaceType, isLeafType, isObjectType, isRequiredArgument, isUnionType,
  type GraphQLField, type GraphQLInterfaceType, type GraphQLNamedType, type GraphQLObjectType, type GraphQLOutputType,
  type GraphQLUnionType,
} from 'graphql'; // prettier-ignore
import type { Findings } from '../draft/findings.ts';

/** A type whose fields a document names. */
export type Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType;

/** The part of a type that a document asks for. */
export interface Selection {
  readonly type: Composite;
  readonly fields: Map<string, SelectedField>;
  /** Of a union: the parts of each of its types. */
  readonly variants: readonly Selection[];
}

interface SelectedField {
  readonly field: GraphQLField<unknown, unknown>;
  readonly inner: Selection | undefined;
}

/** Levels of objects that a document asks for, and fields in all: servers refuse documents that cost too much. */
const MAX_LEVELS = 3;
const MAX_VALUE_LEVELS = 8;
/** Types that an object may lead to and still be a value. */
const MAX_VALUE_TYPES = 8;
const MAX_FIELDS = 400;
const MAX_VARIANTS = 12;

/** Chooses the fields that a document asks for: all scalars, and objects in objects for a few levels. */
export class Selections {
  /** How often a type is selected, and each of its fields. */
  readonly counts = new Map<string, { all: number; readonly fields: Map<string, number> }>();
  /** Types that stand in a union: there they are told apart by their names. */
  readonly tagged = new Set<string>();

  private readonly findings: Findings;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  /** The selection of the result of a field; `undefined` for a scalar. */
  of(output: GraphQLOutputType, at: string): Selection | undefined {
    const named = getNamedType(output);
    if (!isComposite(named)) return undefined;
    const budget = { left: MAX_FIELDS };
    const root = this.#shallow(named, budget);
    // Level by level, so that what is near comes first. Objects that lead to no other type than values come whole.
    let level: readonly Selection[] = [root];
    for (let depth = 1; depth < MAX_VALUE_LEVELS && level.length > 0; depth++)
      level = level.flatMap((each) => this.#deepen(each, budget, at, depth >= MAX_LEVELS));
    prune(root);
    this.#count(root);
    return root;
  }

  /** The scalars of a type. */
  #shallow(type: Composite, budget: { left: number }): Selection {
    if (isUnionType(type)) {
      const members = type.getTypes().slice(0, MAX_VARIANTS);
      if (type.getTypes().length > MAX_VARIANTS)
        this.findings.add(type.name, `a union of more than ${MAX_VARIANTS} types`, 'the others come without fields');
      for (const member of type.getTypes()) this.tagged.add(member.name);
      const variants = members.map((member) => this.#shallow(member, budget));
      this.#withoutClashes(variants, []);
      return { type, fields: new Map(), variants };
    }
    const fields = Object.values(type.getFields()).filter(
      (field) => isLeafType(getNamedType(field.type)) && this.#isFree(field, type.name),
    );
    budget.left -= fields.length;
    return { type, fields: new Map(fields.map((field) => [field.name, { field, inner: undefined }])), variants: [] };
  }

  /** Adds objects to a selection; gives those that were added. A connection and its edges are on the level of their nodes. */
  #deepen(selection: Selection, budget: { left: number }, at: string, valuesOnly: boolean): readonly Selection[] {
    const { type, variants } = selection;
    if (isUnionType(type)) {
      const added = variants.flatMap((variant) => this.#deepen(variant, budget, at, valuesOnly));
      return this.#withoutClashes(variants, added);
    }
    return Object.values(type.getFields()).flatMap((field) => {
      const named = getNamedType(field.type);
      if (!isComposite(named) || !this.#isFree(field, type.name)) return [];
      if (valuesOnly && !isValue(named)) {
        this.findings.add(`${type.name}.${field.name}`, `an object more than ${MAX_LEVELS} levels deep`, 'left out of the documents');
        return [];
      }
      if (field.args.length > 0) {
        this.findings.add(
          `${type.name}.${field.name}`,
          'an object within an object, with arguments of its own',
          'left out of the documents',
        );
        return [];
      }
      if (budget.left <= 0) {
        this.findings.add(at, `more than ${MAX_FIELDS} fields for one document`, 'the others are left out');
        return [];
      }
      const inner = this.#shallow(named, budget);
      selection.fields.set(field.name, { field, inner });
      return isPassage(named) ? this.#deepen(inner, budget, at, valuesOnly) : [inner];
    });
  }

  /** Takes out fields of variants that are of another type in a variant before; gives of those that were added what is left. */
  #withoutClashes(variants: readonly Selection[], added: readonly Selection[]): readonly Selection[] {
    const seen = new Map<string, string>();
    const gone = new Set<Selection | undefined>();
    for (const { type, fields } of variants) {
      for (const [name, { field, inner }] of fields) {
        const known = seen.get(name) ?? String(field.type);
        seen.set(name, known);
        if (known === String(field.type)) continue;
        fields.delete(name);
        gone.add(inner);
        this.findings.add(`${type.name}.${name}`, 'a field that is of another type in another variant of its union', 'left out');
      }
    }
    return added.filter((each) => !gone.has(each));
  }

  #isFree({ name, args }: GraphQLField<unknown, unknown>, type: string): boolean {
    if (!args.some(isRequiredArgument)) return true;
    this.findings.add(`${type}.${name}`, 'a field with an argument that it needs', 'left out of the documents');
    return false;
  }

  #count({ type, fields, variants }: Selection): void {
    for (const variant of variants) this.#count(variant);
    let known = this.counts.get(type.name);
    if (!known) this.counts.set(type.name, (known = { all: 0, fields: new Map() }));
    known.all++;
    for (const [name, { inner }] of fields) {
      known.fields.set(name, (known.fields.get(name) ?? 0) + 1);
      if (inner) this.#count(inner);
    }
  }

  /** Whether a type is one of several, so that its name must be asked for. */
  isTagged(type: GraphQLNamedType): boolean {
    return isAbstractType(type) ? isInterfaceType(type) : this.tagged.has(type.name);
  }

  /** A selection as the text of a document. */
  print({ type, fields, variants }: Selection): string {
    const parts = [
      ...(isUnionType(type) || this.isTagged(type) ? ['__typename'] : []),
      ...[...fields].map(([name, { inner }]) => (inner ? `${name} ${this.print(inner)}` : name)),
      ...variants.map((variant) => `... on ${variant.type.name} ${this.print(variant)}`),
    ];
    return `{ ${parts.length > 0 ? parts.join(' ') : '__typename'} }`;
  }
}

function isComposite(type: GraphQLNamedType): type is Composite {
  return isObjectType(type) || isInterfaceType(type) || isUnionType(type);
}

/** A connection, or one of its edges: https://relay.dev/graphql/connections.htm */
function isPassage(type: Composite): boolean {
  return isObjectType(type) && (/Connection$/.test(type.name) || /Edge$/.test(type.name));
}

const values = new WeakMap<Composite, boolean>();

/** Whether an object leads to few other types and never back to itself, so that all of it can be asked for. */
function isValue(type: Composite): boolean {
  const known = values.get(type);
  if (known !== undefined) return known;
  const seen = new Set<Composite>();
  const follow = (each: Composite, above: ReadonlySet<Composite>): boolean => {
    if (above.has(each) || isAbstractType(each)) return false;
    seen.add(each);
    if (seen.size > MAX_VALUE_TYPES) return false;
    const within = new Set([...above, each]);
    return Object.values(each.getFields()).every((field) => {
      const named = getNamedType(field.type);
      return !isComposite(named) || (field.args.length === 0 && follow(named, within));
    });
  };
  const found = follow(type, new Set());
  values.set(type, found);
  return found;
}

/** Takes objects out of which nothing is asked. */
function prune(selection: Selection): boolean {
  for (const [name, { inner }] of selection.fields) if (inner && !prune(inner)) selection.fields.delete(name);
  selection.variants.forEach(prune);
  return selection.fields.size > 0 || selection.variants.length > 0;
}
