import type { Field, Scalar, SchemaNode } from '../node.ts';

/** Finds the field by whose value objects can be told apart: the first that has a fixed value in each, and never the same. */
export function discriminatorOf(
  nodes: readonly SchemaNode[],
): { readonly property: string; readonly tags: readonly (readonly Scalar[])[] } | undefined {
  const objects = nodes.filter((node) => node.kind === 'object');
  if (objects.length !== nodes.length || nodes.length < 2) return undefined;
  for (const { name: property } of objects[0]?.fields ?? []) {
    const tags = objects.map((object) => tagsOf(object.fields.find((field) => field.name === property)));
    const all = tags.flat();
    if (tags.every((some) => some.length > 0) && new Set(all).size === all.length) return { property, tags };
  }
  return undefined;
}

function tagsOf(field: Field | undefined): readonly Scalar[] {
  if (!field || field.optional || field.nullable) return [];
  return field.node.kind === 'literal' || field.node.kind === 'enum' ? field.node.values : [];
}
