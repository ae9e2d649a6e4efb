import { mayLeaveOut, type SchemaNode, type TypeUse } from '../node.ts';

/** Of nodes that were asked for, and of all nodes that they lead to. */
const heights = new WeakMap<SchemaNode, number>();

/**
 * How many objects, lists and unions the smallest value of a type has within one another: a sample that takes the variant with the least height ends,
 * however its types refer to each other. `Infinity` for a type that has no value that ends.
 */
export function heightOf(node: SchemaNode): number {
  if (!heights.has(node)) measure(node);
  return knownOf(node);
}

/** Begins with `Infinity` for all, and lowers heights until none changes. */
function measure(root: SchemaNode): void {
  const nodes = new Set([root]);
  for (const node of nodes) for (const inner of neededBy(node)) nodes.add(inner);
  let isChanged = true;
  while (isChanged) {
    isChanged = false;
    for (const node of nodes) {
      const height = lowest(node);
      if (height === heights.get(node)) continue;
      heights.set(node, height);
      isChanged = true;
    }
  }
}

function lowest(node: SchemaNode): number {
  const inner = neededBy(node).map(knownOf);
  if (node.kind === 'union') return 1 + Math.min(...inner);
  return node.kind === 'object' || node.kind === 'list' ? 1 + Math.max(0, ...inner) : 0;
}

/** The members that a value cannot do without; of a union one is enough. */
function neededBy(node: SchemaNode): readonly SchemaNode[] {
  if (node.examples !== undefined && node.examples.length > 0) return [];
  if (node.kind === 'union') return node.variants.map((variant) => variant.node);
  if (node.kind === 'list') return (node.minItems ?? 0) > 0 && isNeeded(node.items) ? [node.items.node] : [];
  return node.kind === 'object' ? node.fields.filter((field) => !mayLeaveOut(field) && isNeeded(field)).map((field) => field.node) : [];
}

function isNeeded({ nullable, examples = [] }: TypeUse): boolean {
  return !nullable && examples.length === 0;
}

function knownOf(node: SchemaNode): number {
  return heights.get(node) ?? Infinity;
}
