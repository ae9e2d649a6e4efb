import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';
import { ApiError } from '../../core/errors.ts';
import { count, type OptionsInForce } from '../../core/options.ts';
import { complexityOf } from './complexity.ts';

/** Limits on the cost of a document. */
export interface GraphqlLimits {
  /** Lexical tokens. @default 2_000 */
  readonly maxTokens?: number;
  /** Characters. @default 65_536 */
  readonly maxDocumentChars?: number;
  /** Levels of selections, fragments spread out. @default 20 */
  readonly maxDepth?: number;
  /** Aliases, fragments spread out. @default 50 */
  readonly maxAliases?: number;
  /** Fields, fragments spread out. @default 1_000 */
  readonly maxFields?: number;
  /** Steps of validation: tokens, selections with fragments spread out, and pairs of fields that stand in the same place. @default 6_000 */
  readonly maxComplexity?: number;
}

/** Readers of these options. */
export const LIMIT_READERS = {
  maxTokens: count(2000),
  maxDocumentChars: count(65_536),
  maxDepth: count(20),
  maxAliases: count(50, { zero: true }),
  maxFields: count(1000),
  maxComplexity: count(6000),
};
export type LimitsInForce = OptionsInForce<GraphqlLimits, typeof LIMIT_READERS>;

/** The cost of running a part of a document, with its fragments spread out. */
interface Cost {
  readonly depth: number;
  readonly aliases: number;
  readonly fields: number;
}

const NONE: Cost = { depth: 0, aliases: 0, fields: 0 };

/** The cost of a document that is within its limits. */
export interface DocumentCost {
  /** The cost of checking it: see `GraphqlLimits.maxComplexity`. */
  readonly complexity: number;
  /** The cost of compiling and running it. */
  readonly fields: number;
}

/**
 * Throws INVALID_ARGUMENT if a document costs too much. It runs before validation, whose rules are quadratic. The document must have no
 * fragment cycles.
 */
export function checkCost(document: DocumentNode, limits: LimitsInForce): DocumentCost {
  const fields = checkSize(document, limits);
  return { fields, complexity: complexityOf(document, limits.maxComplexity) };
}

/** Each fragment is counted once and then remembered, so that it takes as long as the document is, however often fragments spread each other. */
function checkSize(document: DocumentNode, { maxDepth, maxAliases, maxFields }: LimitsInForce): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, Cost>();
  const costOf = (set: SelectionSetNode | undefined): Cost => {
    if (!set) return NONE;
    let [depth, aliases, fields] = [0, 0, 0];
    for (const node of set.selections) {
      const inner = node.kind === Kind.FRAGMENT_SPREAD ? fragmentCost(node.name.value) : costOf(node.selectionSet);
      const isField = node.kind === Kind.FIELD;
      depth = Math.max(depth, inner.depth + (isField ? 1 : 0));
      aliases += inner.aliases + (isField && node.alias ? 1 : 0);
      fields += inner.fields + (isField ? 1 : 0);
    }
    return { depth, aliases, fields };
  };
  const fragmentCost = (name: string): Cost => {
    let cost = known.get(name);
    if (!cost) known.set(name, (cost = costOf(fragments.get(name)?.selectionSet)));
    return cost;
  };
  let most = 0;
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue;
    const { depth, aliases, fields } = costOf(node.selectionSet);
    if (depth > maxDepth) throw refuse(`is nested ${depth} levels deep`, maxDepth);
    if (aliases > maxAliases) throw refuse(`has ${aliases} aliases`, maxAliases);
    if (fields > maxFields) throw refuse(`has ${fields} fields`, maxFields);
    most = Math.max(most, fields);
  }
  return most;
}

function refuse(what: string, limit: number): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the document ${what}, and the limit is ${limit}`);
}
