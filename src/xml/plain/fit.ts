import type { Field, ObjectNode, RecordNode, SchemaNode, TypeUse, UnionNode } from '../../schema/node.ts';
import { setOwn } from '../../core/own.ts';
import { isObject } from '../../peer/error-body.ts';
import { attributeLocal } from '../attribute.ts';
import { foldName } from '../name.ts';
import { scalarPlan } from '../scalar.ts';
import { tablesOf } from './data-set.ts';
import { isOpenField, openElements } from './open.ts';

/** A plain value of XML: text, elements by local name (attributes as `@name`, text beside them as `#text`), elements that may repeat as a list, nil as null. */
export type XmlValue = string | null | XmlObject | readonly XmlValue[];

/** An element's children and attributes. */
export interface XmlObject {
  readonly [name: string]: XmlValue;
}

type Values = Readonly<Record<string, unknown>>;

/** The content at a path of element names: `GetWeatherResult.Forecast`. Of an element that repeats, all that stand there. */
export function atPath(value: unknown, path: string): unknown {
  let at = value;
  for (const name of path.split('.')) {
    if (Array.isArray(at)) {
      const found = (at as unknown[])
        .map((each) => (isObject(each) ? memberOf(each, name) : undefined))
        .filter((each) => each !== undefined);
      at = found.length === 1 && at.length === 1 ? found[0] : found.flat();
    } else at = isObject(at) ? (memberOf(at, name) ?? memberIn(tablesOf(at), name)) : undefined;
  }
  return at;
}

/**
 * A plain value as the contract has it. Values are read by the contract, never by how they look: `007` stays text if the contract has text.
 * Fields are found by their names: exactly first, else without case and separators if only one is so. A misfit is handed on, for the
 * contract to refuse.
 */
export function fitTo(use: TypeUse, given: unknown): unknown {
  const { node, nullable } = use;
  const value = readsTables(node) ? (tablesOf(given) ?? given) : given;
  if (value === null || value === undefined) {
    if (value === null && nullable) return null;
    return node.kind === 'list' ? [] : value;
  }
  switch (node.kind) {
    case 'list':
      return itemsIn(value, node.items.node).map((item) => fitTo(node.items, item));
    case 'object':
      return fitObject(node, one(value));
    case 'record':
      return fitRecord(node, one(value));
    case 'union':
      return fitUnion(node, one(value));
    case 'any':
      return value;
    case 'null':
      return value === '' ? null : value;
    default: {
      const text = textIn(one(value));
      return typeof text === 'string' ? readScalar(node, text) : text;
    }
  }
}

/** Whether a type has the tables of a DataSet, and not the diffgram that they are in. */
function readsTables(node: SchemaNode): boolean {
  return (
    node.kind === 'list' ||
    node.kind === 'record' ||
    (node.kind === 'object' && !node.fields.some(({ name }) => foldName(name) === 'diffgram'))
  );
}

const readers = new WeakMap<SchemaNode, ((text: string) => unknown) | undefined>();

function readScalar(node: SchemaNode, text: string): unknown {
  let read = readers.get(node);
  if (!read) readers.set(node, (read = scalarPlan(node)?.read));
  return read?.(text);
}

/** The output in a response whose element is only around it: its one element, if the contract has no such field. */
export function unwrapFor({ node }: TypeUse, value: unknown): unknown {
  if (!isObject(value)) return value;
  const names = Object.keys(value).filter((name) => !name.startsWith('@'));
  const [only = ''] = names;
  if (names.length !== 1 || only === '#text') return value;
  if (node.kind === 'any' || node.kind === 'list') return value;
  // A record of texts is not one of elements.
  if (node.kind === 'record')
    return isScalar(node.values.node) && (isObject(value[only]) || (value[only] === '' && node.values.node.kind !== 'string'))
      ? value[only]
      : value;
  const variants = node.kind === 'union' ? node.variants.map((each) => each.node) : [node];
  const hasField = variants.some((each) => each.kind === 'object' && each.fields.some((field) => foldName(field.name) === foldName(only)));
  return hasField || variants.some((each) => each.kind === 'any' || each.kind === 'record') ? value : value[only];
}

/** An element that may repeat, and stands there once. */
function one(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function textIn(value: unknown): unknown {
  return isObject(value) && Object.hasOwn(value, '#text') ? value['#text'] : value;
}

function fitObject(node: ObjectNode, value: unknown): unknown {
  if (value === '') return fitObject(node, {});
  if (typeof value === 'string') {
    // Text for which the contract has an object with a place for it.
    const field = node.fields.find(isTextField);
    return field ? { [field.name]: fitTo(field, value) } : value;
  }
  if (!isObject(value)) return value;
  const fitted: Record<string, unknown> = {};
  const { matched, taken } = matchFields(node.fields, value);
  for (const field of node.fields) {
    let member = matched.get(field);
    if (member === undefined && isOpenField(field)) {
      const elements = openElements(value, taken);
      if (!field.optional || Object.keys(elements).length > 0) setOwn(fitted, field.name, fitTo(field, elements));
      continue;
    }
    if (member === undefined) {
      const literal = typeName(field, value);
      if (literal !== undefined) member = literal;
    }
    if (member === undefined) {
      if (field.node.kind === 'list' && !field.optional && !field.nullable) setOwn(fitted, field.name, []);
      continue;
    }
    const read = fitTo(field, member);
    // Many services write nil, or an empty element, for a value that is absent.
    if (read === null && !field.nullable && field.optional) continue;
    if (member === '' && field.optional && isUnreadable(field.node)) {
      if (field.nullable) setOwn(fitted, field.name, null);
      continue;
    }
    setOwn(fitted, field.name, read);
  }
  return fitted;
}

/** Whether an empty text can be no value of a type. */
function isUnreadable({ kind }: SchemaNode): boolean {
  return kind === 'integer' || kind === 'number' || kind === 'boolean';
}

/** The value of a literal that says which type an object is, if the XML says so by `xsi:type`. Without that it is of the type of its place. */
function typeName({ name, node }: Field, value: Values): string | undefined {
  const type = value['@xsi:type'];
  const values = node.kind === 'literal' || node.kind === 'enum' ? node.values : [];
  if (type === undefined && name === '@xsi:type' && values.length === 1) return String(values[0]);
  if (typeof type !== 'string') return undefined;
  return values.find((each): each is string => typeof each === 'string' && foldName(each) === foldName(type));
}

function isTextField({ name }: Field): boolean {
  return name === '#text' || name === 'text' || name === 'value';
}

interface Matched {
  readonly matched: ReadonlyMap<Field, unknown>;
  /** The names whose values have a field. */
  readonly taken: ReadonlySet<string>;
}

/** The values of fields. A name counts once: a name that one field has exactly belongs to no other. */
function matchFields(all: readonly Field[], value: Values): Matched {
  const fields = all.filter((field) => !isOpenField(field));
  const matched = new Map<Field, unknown>();
  const taken = new Set<string>();
  const take = (field: Field, name: string | undefined): void => {
    if (name === undefined || taken.has(name)) return;
    taken.add(name);
    matched.set(field, value[name]);
  };
  for (const field of fields) if (Object.hasOwn(value, field.name)) take(field, field.name);
  if (matched.size === fields.length) return { matched, taken };
  const folded = foldedNames(value);
  for (const field of fields) if (!matched.has(field)) take(field, onlyOf(folded.get(foldName(field.name)), taken));
  if (Object.hasOwn(value, '#text')) for (const field of fields) if (!matched.has(field) && isTextField(field)) take(field, '#text');
  return { matched, taken };
}

/** Elements before those of the same name in another namespace, these before attributes, and those before attributes with a namespace. */
function foldedNames(value: Values): Map<string, string[]> {
  const folded = new Map<string, string[]>();
  for (const name of Object.keys(value).sort((left, right) => rankOf(left) - rankOf(right))) {
    const key = foldName(name.startsWith('@') ? attributeLocal(name).local : name.replace(/^\{.*\}/, ''));
    const names = folded.get(key);
    if (!names) folded.set(key, [name]);
    else if (rankOf(name) === rankOf(names[0] ?? '')) names.push(name);
  }
  return folded;
}

function rankOf(name: string): number {
  if (name.startsWith('@')) return attributeLocal(name).isQualified ? 3 : 2;
  return name.startsWith('{') ? 1 : 0;
}

function onlyOf(names: readonly string[] | undefined, taken: ReadonlySet<string>): string | undefined {
  const free = names?.filter((name) => !taken.has(name)) ?? [];
  return free.length === 1 && names?.length === 1 ? free[0] : undefined;
}

function memberOf(value: Values, name: string): unknown {
  if (Object.hasOwn(value, name)) return value[name];
  const names = foldedNames(value).get(foldName(name));
  return names?.length === 1 ? value[names[0] ?? ''] : undefined;
}

function memberIn(value: unknown, name: string): unknown {
  return isObject(value) ? memberOf(value, name) : undefined;
}

function fitRecord(node: RecordNode, value: unknown): unknown {
  if (value === '') return {};
  if (!isObject(value)) return value;
  const fitted: Record<string, unknown> = {};
  for (const [name, member] of entriesOf(value)) if (!name.startsWith('@')) setOwn(fitted, name, fitTo(node.values, member));
  return fitted;
}

/** The entries of a record. Axis writes a map as items, each with a key and a value: the type `Map` of http://xml.apache.org/xml-soap */
function entriesOf(value: Values): readonly (readonly [name: string, member: unknown])[] {
  const entries = Object.entries(value);
  const others = entries.filter(([name]) => name !== 'item' && !name.startsWith('@'));
  const items = [value['item']].flat();
  const isMap = others.length === 0 && items.every((each) => isObject(each) && Object.keys(each).sort().join(' ') === 'key value');
  return isMap ? (items as Values[]).map(({ key, value: member }) => [String(textIn(one(key))), member]) : entries;
}

/** The variant that a value is: by its discriminator, by its `xsi:type`, else the one whose fields are those that there are. */
function fitUnion({ discriminator, variants }: UnionNode, value: unknown): unknown {
  if (isObject(value) && discriminator !== undefined) {
    const tag = textIn(one(memberOf(value, discriminator)));
    const said = value['@xsi:type'];
    const named =
      variants.find(({ tags }) => tags.some((each) => String(each) === tag)) ??
      variants.find(({ tags }) => tags.some((each) => typeof said === 'string' && foldName(String(each)) === foldName(said)));
    if (named) return fitTo({ node: named.node, nullable: false, meta: {} }, value);
  }
  const scored = variants.map(({ node }) => ({ node, score: scoreOf(node, value) })).filter(({ score }) => score > 0);
  const best = scored.reduce<(typeof scored)[number] | undefined>(
    (before, each) => (before && before.score >= each.score ? before : each),
    undefined,
  );
  return best ? fitTo({ node: best.node, nullable: false, meta: {} }, value) : value;
}

/** How well a value fits a type: not at all, or the more the better. */
function scoreOf(node: SchemaNode, value: unknown): number {
  switch (node.kind) {
    case 'object': {
      if (!isObject(value)) return value === '' && node.fields.every((field) => field.optional) ? 1 : 0;
      const { matched } = matchFields(node.fields, value);
      // An object that does not say its type is of the one of its place.
      const isMissing = (field: Field): boolean =>
        !matched.has(field) && !field.optional && field.node.kind !== 'list' && field.name !== '@xsi:type';
      if (node.fields.some(isMissing)) return 0;
      return 2 + matched.size;
    }
    case 'list':
      return Array.isArray(value) ? 3 : 0;
    case 'record':
      return isObject(value) ? 1 : 0;
    case 'any':
      return 1;
    case 'null':
      return value === null || value === '' ? 1 : 0;
    case 'union':
      return Math.max(0, ...node.variants.map((variant) => scoreOf(variant.node, value)));
    default: {
      const text = textIn(value);
      if (typeof text !== 'string') return 0;
      const read = readScalar(node, text);
      if (node.kind === 'string') return 1;
      if (node.kind === 'enum' || node.kind === 'literal') return (node.values as readonly unknown[]).includes(read) ? 3 : 0;
      return typeof read === 'string' ? 0 : 2;
    }
  }
}

/**
 * The items of a list: elements that repeat, or those in an element of their own (`<Items><Item/><Item/></Items>`), which a schema tells
 * apart. If none does, the contract decides: an element is an item if it has an item's fields, else it is the wrapper around them.
 */
function itemsIn(value: unknown, item: SchemaNode): readonly unknown[] {
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    return items.length === 1 && isWrapper(items[0], item) ? itemsIn(items[0], item) : items;
  }
  if (value === '') return [];
  return isObject(value) && isWrapper(value, item) ? inside(value, item) : [value];
}

function isWrapper(value: unknown, item: SchemaNode): boolean {
  if (!isObject(value)) return false;
  const names = Object.keys(value).filter((name) => !name.startsWith('@'));
  if (names.length === 0) return Object.keys(value).length === 0 && item.kind !== 'object';
  switch (item.kind) {
    case 'object':
      return (
        !item.fields.some(isOpenField) && !Object.keys(value).some((name) => item.fields.some((field) => isFor(field, name, value[name])))
      );
    case 'union':
      return !item.variants.some(({ node }) => scoreOf(node, value) > 1);
    case 'record':
      return names.length === 1 && (Array.isArray(value[names[0] ?? '']) || isObject(value[names[0] ?? ''])) && isScalar(item.values.node);
    case 'any':
      return names.length === 1 && names[0] !== '#text';
    case 'list':
      return false;
    default:
      return !names.includes('#text');
  }
}

/** Whether a value can be that of a field: a list is not text, and elements are not. */
function isFor(field: Field, name: string, value: unknown): boolean {
  if (foldName(field.name) !== foldName(name) && !(name === '#text' && isTextField(field))) return false;
  return !isScalar(field.node) || !(Array.isArray(value) || (isObject(value) && !Object.hasOwn(value, '#text')));
}

function isScalar({ kind }: SchemaNode): boolean {
  return kind !== 'object' && kind !== 'record' && kind !== 'list' && kind !== 'union' && kind !== 'any';
}

/** The items in the element around them: the ones that repeat, else those that can be items. */
function inside(value: Values, item: SchemaNode): readonly unknown[] {
  const members = Object.entries(value).filter(([name]) => !name.startsWith('@') && name !== '#text');
  const lists = members.filter(([, member]) => Array.isArray(member));
  if (lists.length === 1) return lists[0]?.[1] as readonly unknown[];
  const [[, only] = ['', undefined]] = members;
  if (members.length === 1)
    return isWrapper(only, item) && isObject(only) ? inside(only, item) : Array.isArray(only) ? (only as unknown[]) : [only];
  const fitting = members.filter(([, member]) => (isScalar(item) ? !isObject(member) : isObject(member)));
  return fitting.flatMap(([, member]) => member);
}
