import type { Field, SchemaNode } from '../../schema/node.ts';
import { setOwn } from '../../core/own.ts';
import { isObject } from '../../peer/error-body.ts';

/** Whether a field has the elements that the schema does not name (`xs:any`): a record with `.meta({ soap: { any: true } })`. */
export function isOpenField({ node, meta }: Field): boolean {
  return node.kind === 'record' && isObject(meta['soap']) && meta['soap']['any'] === true;
}

/** The elements that no other field has, without their namespaces if that leaves them apart. */
export function openElements(value: Readonly<Record<string, unknown>>, taken: ReadonlySet<string>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const isEmpty = Array.isArray(member) && member.length === 0;
    if (taken.has(name) || name.startsWith('@') || name === '#text' || isEmpty) continue;
    const local = name.replace(/^\{.*\}/, '');
    setOwn(found, Object.hasOwn(found, local) ? name : local, member);
  }
  return found;
}

const known = new WeakMap<SchemaNode, boolean>();

/** A value with the entries of such records beside the other fields, as it is written. */
export function withOpenElements(node: SchemaNode, value: unknown): unknown {
  let isOpen = known.get(node);
  if (isOpen === undefined) known.set(node, (isOpen = leadsToOpen(node)));
  return isOpen ? spread(node, value) : value;
}

function leadsToOpen(root: SchemaNode): boolean {
  const seen = new Set<SchemaNode>([root]);
  for (const node of seen) {
    if (node.kind === 'object' && node.fields.some(isOpenField)) return true;
    for (const inner of innerOf(node)) seen.add(inner);
  }
  return false;
}

function innerOf(node: SchemaNode): readonly SchemaNode[] {
  if (node.kind === 'object') return node.fields.map((field) => field.node);
  if (node.kind === 'list') return [node.items.node];
  if (node.kind === 'record') return [node.values.node];
  return node.kind === 'union' ? node.variants.map((variant) => variant.node) : [];
}

function spread(node: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) return node.kind === 'list' ? (value as unknown[]).map((item) => spread(node.items.node, item)) : value;
  if (!isObject(value)) return value;
  if (node.kind === 'union') {
    const { discriminator = '' } = node;
    const tag = value[discriminator];
    const objects = node.variants.filter((variant) => variant.node.kind === 'object');
    const variant =
      objects.find(({ tags }) => tags.some((each) => each === tag)) ??
      objects.find(
        (each) => each.node.kind === 'object' && each.node.fields.some((field) => isOpenField(field) && Object.hasOwn(value, field.name)),
      );
    return variant ? spread(variant.node, value) : value;
  }
  if (node.kind !== 'object' && node.kind !== 'record') return value;
  const written: Record<string, unknown> = {};
  const open: Record<string, unknown>[] = [];
  for (const [name, member] of Object.entries(value)) {
    const field = node.kind === 'object' ? node.fields.find((each) => each.name === name) : undefined;
    const inner = node.kind === 'record' ? node.values.node : field?.node;
    if (field && isOpenField(field) && isObject(member)) open.push(member);
    else setOwn(written, name, inner ? spread(inner, member) : member);
  }
  for (const elements of open)
    for (const [name, each] of Object.entries(elements)) if (!Object.hasOwn(written, name)) setOwn(written, name, each);
  return written;
}
