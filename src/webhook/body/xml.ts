import type { Contract } from '../../core/contract.ts';
import { parseJson } from '../../peer/json.ts';
import { describeContract, type Field, type ObjectNode, type SchemaNode, type UnionNode } from '../../schema/view.ts';
import type { StoredMessage } from '../store/store.ts';
import { escapeAttribute, escapeText, findUnwritable, jsonText } from '../../xml/text.ts';
import { XSI } from '../../xml/tree.ts';
import { isObject } from '../wire.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Writes the payload of one type as what stands between a start and an end tag, attributes first. */
type Writer = (value: unknown) => { readonly attributes?: string; readonly content: string };

/** Whether a list stands as repeated elements. If it may be absent or null, it needs an element of its own to tell that from empty. */
export function isRepeated({ node, nullable, optional }: Pick<Field, 'node' | 'nullable' | 'optional'>): boolean {
  return node.kind === 'list' && !nullable && !optional;
}

/** Makes what writes an event as `<webhook>`: elements in the order of the schema. */
export function compileXmlEncoder(contract: Contract): (message: StoredMessage) => string {
  const view = describeContract(contract);
  const nodes = new WeakMap<SchemaNode, Writer>();
  const writers = new Map<string, Writer>();
  for (const { event, payload } of view.events.values()) writers.set(event.type, writerOf(payload, nodes));
  return ({ type, time, data }) => {
    const value = parseJson(data, Infinity);
    const written = (writers.get(type) ?? noticeData)(value);
    return `<?xml version="1.0" encoding="UTF-8"?>\n<webhook>${element('event', text(type))}${element('timestamp', text(time))}${element('data', written)}</webhook>`;
  };
}

function writerOf(node: SchemaNode, known: WeakMap<SchemaNode, Writer>): Writer {
  const found = known.get(node);
  if (found) return found;
  const compiled: { write?: Writer } = {};
  // A type may contain itself.
  known.set(node, (value) => (compiled.write ?? asJson)(value));
  const write = (compiled.write = compile(node, known));
  known.set(node, write);
  return write;
}

function compile(node: SchemaNode, known: WeakMap<SchemaNode, Writer>): Writer {
  switch (node.kind) {
    case 'object':
      return compileObject(node, known);
    case 'list': {
      const item = writerOf(node.items.node, known);
      return (value) =>
        Array.isArray(value) ? { content: value.map((each) => element('item', nullOr(item, each))).join('') } : asJson(value);
    }
    case 'record': {
      const item = writerOf(node.values.node, known);
      const entry = ([key, each]: [string, unknown]) =>
        element('entry', { content: element('key', text(key)) + element('value', nullOr(item, each)) });
      return (value) => (isObject(value) ? { content: Object.entries(value).map(entry).join('') } : asJson(value));
    }
    case 'union':
      return compileUnion(node, known);
    case 'any':
    case 'null':
      return asJson;
    case 'string':
    case 'enum':
    case 'literal':
    case 'integer':
    case 'number':
    case 'boolean':
      return text;
  }
}

function compileObject(node: ObjectNode, known: WeakMap<SchemaNode, Writer>): Writer {
  const fields = node.fields.map((field) => {
    const repeated = isRepeated(field) && field.node.kind === 'list' ? field.node.items.node : undefined;
    return { name: field.name, isRepeated: repeated !== undefined, write: writerOf(repeated ?? field.node, known) };
  });
  return (value) => {
    if (!isObject(value)) return asJson(value);
    let content = '';
    for (const { name, isRepeated, write } of fields) {
      const member = Object.hasOwn(value, name) ? value[name] : undefined;
      if (member === undefined) continue;
      if (isRepeated && Array.isArray(member)) for (const each of member) content += element(name, nullOr(write, each));
      else content += element(name, nullOr(write, member));
    }
    return { content };
  };
}

/** The property that tells the variants apart is written with the others; variants that nothing tells apart are JSON. */
function compileUnion({ discriminator, variants }: UnionNode, known: WeakMap<SchemaNode, Writer>): Writer {
  if (discriminator === undefined) return asJson;
  const writers = new Map(variants.flatMap(({ node, tags }) => tags.map((tag) => [tag, writerOf(node, known)] as const)));
  return (value) => (isObject(value) ? (writers.get(value[discriminator] as string) ?? asJson)(value) : asJson(value));
}

const NIL = { attributes: ` xmlns:xsi="${XSI}" xsi:nil="true"`, content: '' };

function nullOr(write: Writer, value: unknown): ReturnType<Writer> {
  return value === null ? NIL : write(value);
}

function text(value: unknown): ReturnType<Writer> {
  const written = typeof value === 'string' ? value : String(value);
  return findUnwritable(written) ? asJson(value) : { content: escapeText(written) };
}

/** A value without a form in XML stands as JSON, and says so. */
function asJson(value: unknown): ReturnType<Writer> {
  return { attributes: ' json="true"', content: escapeText(jsonText(value)) };
}

/** The sender's own members, of which no schema knows. */
function noticeData(value: unknown): ReturnType<Writer> {
  return isObject(value) && Object.keys(value).length === 0 ? { content: '' } : asJson(value);
}

function element(name: string, { attributes = '', content }: ReturnType<Writer>): string {
  const [tag, all] = NAME.test(name) ? [name, attributes] : ['field', ` name="${escapeAttribute(name)}"${attributes}`];
  return content === '' ? `<${tag}${all}/>` : `<${tag}${all}>${content}</${tag}>`;
}
