import { discriminatorOf } from './discriminator.ts';
import type { SchemaNode, TypeUse, UnionNode, Variant } from '../node.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The unions of a contract while its types are read. The schema view and the outline finish them here, so that both give the same
 * variants, tags and nulls.
 */
export class Unions {
  readonly #options = new Map<Mutable<UnionNode>, { readonly options: readonly TypeUse[]; readonly at: string }>();

  /** Notes the types that a union is made of; `at` begins the message if it contains itself. */
  add(node: Mutable<UnionNode>, options: readonly TypeUse[], at: string): void {
    this.#options.set(node, { options, at });
  }

  /**
   * Finds the variants of each union and what tells them apart, and gives null to each use of a union with a variant that includes it.
   * Called when all types are known. Throws a `TypeError` for a union that contains itself.
   */
  finish(roots: readonly TypeUse[]): void {
    const nullable = this.#nullable();
    for (const [node, { at }] of this.#options) {
      const nodes = this.#flatten(node, at, new Set());
      const found = discriminatorOf(nodes);
      if (found) node.discriminator = found.property;
      node.variants = nodes.map((variant, index): Variant => ({ node: variant, tags: found?.tags[index] ?? [] }));
    }
    const seen = new Set<SchemaNode>();
    const mark = (use: Mutable<TypeUse>) => {
      if (nullable.has(use.node)) use.nullable = true;
      if (seen.has(use.node)) return;
      seen.add(use.node);
      for (const inner of usesIn(use.node)) mark(inner);
    };
    for (const root of roots) mark(root);
  }

  /** Unions with a variant that includes null, by itself or as a union. */
  #nullable(): ReadonlySet<SchemaNode> {
    const found = new Set<SchemaNode>();
    for (let before = -1; before < found.size;) {
      before = found.size;
      for (const [node, { options }] of this.#options) if (options.some((use) => use.nullable || found.has(use.node))) found.add(node);
    }
    return found;
  }

  #flatten(node: SchemaNode, at: string, seen: Set<SchemaNode>): SchemaNode[] {
    const made = this.#options.get(node as UnionNode);
    if (!made) return [node];
    if (seen.has(node)) throw new TypeError(`${at}: the union contains itself without a field in between`);
    const inside = new Set(seen).add(node);
    return made.options.flatMap((use) => this.#flatten(use.node, at, inside));
  }
}

function usesIn(node: SchemaNode): readonly TypeUse[] {
  if (node.kind === 'object') return node.fields;
  if (node.kind === 'union') return node.variants.map((variant) => ({ node: variant.node, nullable: false, meta: {} }));
  return node.kind === 'list' ? [node.items] : node.kind === 'record' ? [node.values] : [];
}

/** The options whose bare type, if they have one, no other before them has. */
export function unlike<T>(options: readonly T[], bareType: (option: T) => unknown): T[] {
  const types = options.map(bareType);
  return options.filter((_, index) => types[index] === undefined || types.indexOf(types[index]) === index);
}
