import { scalarType } from '../wire/scalar.ts';
import type { SchemaNode, TypeUse } from '../../schema/node.ts';
import type { XmlElement } from '../../xml/tree.ts';
import { XSI } from '../wire/xml-type.ts';

/** XML without a schema: text, elements by local name (attributes as `@name`, text beside them as `#text`), several of a name as a list, nil as null. */
export type XmlValue = string | null | XmlObject | readonly XmlValue[];

/** An element's children and attributes. */
export interface XmlObject {
  readonly [name: string]: XmlValue;
}

/** An element as a plain value. What is a list, a number or an object is up to the schema that reads it: see `fitTo`. */
export function plainOf({ attributes, children, text }: XmlElement): XmlValue {
  const nil = attributes.get(`${XSI} nil`);
  if (nil === 'true' || nil === '1') return null;
  const found = new Map<string, XmlValue>();
  const lists = new Map<string, XmlValue[]>();
  for (const [name, value] of attributes) if (!name.includes(' ') && name !== 'xmlns') found.set(`@${name}`, value);
  if (found.size === 0 && children.length === 0) return text;
  if (children.length === 0) found.set('#text', text);
  for (const child of children) {
    const value = plainOf(child);
    const before = found.get(child.local);
    const list = lists.get(child.local);
    if (before === undefined) found.set(child.local, value);
    else if (list) list.push(value);
    else {
      const made = [before, value];
      lists.set(child.local, made);
      found.set(child.local, made);
    }
  }
  return Object.fromEntries(found);
}

/** What stands at a path of element names: `GetWeatherResult.Forecast`. */
export function atPath(value: XmlValue, path: string): XmlValue | undefined {
  let at: XmlValue | undefined = value;
  for (const name of path.split('.')) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return at;
}

/**
 * A plain value as a schema has it, never as the XML looks: one element is a list of one where the schema has a list, `007` stays text where it has text.
 * Fields are found by their names, whatever their case. What does not fit is handed on, for the schema to refuse.
 */
export function fitTo({ node, nullable }: TypeUse, value: unknown): unknown {
  if (value === undefined || (value === null && nullable)) return value;
  switch (node.kind) {
    case 'list':
      return listFrom(value, node.items.node).map((item) => fitTo(node.items, item));
    case 'object': {
      if (value === '') return fitTo({ node, nullable, meta: {} }, {});
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      const byName = new Map(Object.entries(value).map(([name, member]) => [plainName(name), member as unknown]));
      return Object.fromEntries(
        node.fields.flatMap((field) => {
          const member = byName.get(plainName(field.name));
          const isEmptyList = member === undefined && field.node.kind === 'list' && !field.optional && !field.nullable;
          return member === undefined && !isEmptyList ? [] : [[field.name, fitTo(field, isEmptyList ? [] : member)]];
        }),
      );
    }
    case 'record':
    case 'union':
    case 'any':
      return value;
    default: {
      const text = isObject(value) ? value['#text'] : value;
      return typeof text === 'string' ? scalarType(node)?.read(text) : value;
    }
  }
}

/** The items of a list: repeated elements, or those in an element of their own (`<Items><Item/><Item/></Items>`). */
function listFrom(value: unknown, item: SchemaNode): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  if (value === '') return item.kind === 'string' ? [value] : [];
  if (isObject(value) && !isItem(value, item)) {
    const names = Object.keys(value).filter((name) => !name.startsWith('@'));
    const [only = ''] = names;
    const inside = value[only];
    if (names.length === 1 && only !== '#text' && inside !== undefined) return isList(inside) ? inside : [inside];
  }
  return [value];
}

/** Whether an object has what an item must have: else it is the element around the items. */
function isItem(value: XmlObject, item: SchemaNode): boolean {
  if (item.kind !== 'object') return false;
  const byName = new Map(Object.entries(value).map(([name, member]) => [plainName(name), member]));
  return item.fields.every((field) => {
    const member = byName.get(plainName(field.name));
    if (member === undefined) return field.optional || field.node.kind === 'list';
    return !scalarType(field.node) || typeof member === 'string' || member === null || (isObject(member) && '#text' in member);
  });
}

/** A name without what languages write differently: `created_at`, `createdAt` and `CreatedAt` are the same. An attribute is found by its name alone. */
export function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9#]/g, '').toLowerCase();
}

function isList(value: unknown): value is readonly XmlValue[] {
  return Array.isArray(value);
}

export function isObject(value: unknown): value is XmlObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
