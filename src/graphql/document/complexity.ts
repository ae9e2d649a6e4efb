import { Kind, type DocumentNode, type FieldNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';
import { ApiError } from '../../core/errors.ts';
import { RequestError } from './request-error.ts';

/**
 * How much work a document makes for validation: its tokens, its selections with fragments spread out, and the pairs of fields and of
 * fragments that stand in the same place, each of which the rule that fields can be merged compares. That rule is quadratic: 220 times the
 * same field are 24,090 pairs in 1,500 tokens. Throws INVALID_ARGUMENT as soon as it is more than `max`, so that the count itself takes no
 * longer than that. The document must have no fragment cycles.
 * Source: https://spec.graphql.org/October2021/#sec-Field-Selection-Merging
 */
export function complexityOf(document: DocumentNode, max: number): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const unused = new Set(fragments.values());
  let complexity = 0;
  const add = (steps: number): void => {
    complexity += steps;
    if (complexity > max)
      throw new ApiError('INVALID_ARGUMENT', `the document is too complex to check: it repeats too many fields or fragments, and the limit is ${max}`); // prettier-ignore
  };
  /** Selections whose results are merged. */
  const merge = (sets: readonly SelectionSetNode[]): void => {
    const named = new Map<string, FieldNode[]>();
    const spread = new Set<FragmentDefinitionNode>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const node of selections) {
        add(1);
        if (node.kind === Kind.FIELD) {
          const name = (node.alias ?? node.name).value;
          const same = named.get(name);
          if (same) same.push(node);
          else named.set(name, [node]);
        } else if (node.kind === Kind.INLINE_FRAGMENT) {
          collect(node.selectionSet);
        } else {
          const fragment = fragments.get(node.name.value);
          if (!fragment || spread.has(fragment)) continue;
          spread.add(fragment);
          unused.delete(fragment);
          collect(fragment.selectionSet);
        }
      }
    };
    for (const set of sets) collect(set);
    add(pairs(spread.size, spread.size));
    for (const nodes of named.values()) {
      // Of a pair the arguments are compared, too.
      if (nodes.length > 1) add(pairs(nodes.length, nodes.reduce((sum, { arguments: args = [] }) => sum + 1 + args.length, 0))); // prettier-ignore
      const inner = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (inner.length > 0) merge(inner);
    }
  };
  add(document.tokenCount ?? 0);
  for (const node of document.definitions) if (node.kind === Kind.OPERATION_DEFINITION) merge([node.selectionSet]);
  // Nobody runs them, but validation looks at them all the same.
  for (const fragment of unused) merge([fragment.selectionSet]);
  return complexity;
}

/** How many pairs `count` things make, each of which weighs what it has of `weight` in all. */
function pairs(count: number, weight: number): number {
  return Math.ceil((weight * (count - 1)) / 2);
}

/** The common cost limit of the documents of one batch, those included that were checked before: an answer depends only on the request. */
export class Allowance {
  #left: number;

  private readonly max: number;

  constructor(max: number) {
    this.max = max;
    this.#left = max;
  }

  /** Throws a `RequestError` if less is left, and from then on. */
  take(complexity: number): void {
    this.#left -= complexity;
    if (this.#left < 0)
      throw new RequestError(
        [],
        new ApiError(
          'INVALID_ARGUMENT',
          `the documents of the batch are too complex together: the limit is ${this.max}; send fewer at once`,
        ),
      );
  }
}
