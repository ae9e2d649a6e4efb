import { SaxesParser } from 'saxes';
import type { Contract } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { MAX_DEPTH, parseJson } from '../../peer/json.ts';
import { describeContract, type ObjectNode, type SchemaNode, type UnionNode } from '../../schema/view.ts';
import { compileTextReader } from '../../schema/text.ts';
import { instantOf, type ReceivedEnvelope } from '../wire.ts';
import { isRepeated } from './xml.ts';

interface Element {
  readonly name: string;
  readonly isNil: boolean;
  readonly isJson: boolean;
  readonly children: Element[];
  text: string;
}

type Reader = (element: Element) => unknown;

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** Makes what reads `<webhook>`. It throws INVALID_ARGUMENT for another document; values that do not fit are left for the schema to refuse. */
export function compileXmlDecoder(contract: Contract): (text: string) => ReceivedEnvelope {
  const view = describeContract(contract);
  const nodes = new WeakMap<SchemaNode, Reader>();
  const readers = new Map([...view.events.values()].map(({ event, payload }) => [event.type, readerOf(payload, nodes)]));
  return (source) => {
    const root = parse(source);
    const [event, timestamp, data] = ['event', 'timestamp', 'data'].map((name) => root.children.find((child) => child.name === name));
    if (root.name !== 'webhook' || !event) throw refuse('a webhook is <webhook> with <event>, <timestamp> and <data>');
    const read = data?.isJson ? readJson : readers.get(event.text);
    return { event: event.text, timestamp: instantOf(timestamp?.text), data: data && read ? read(data) : undefined };
  };
}

function readerOf(node: SchemaNode, known: WeakMap<SchemaNode, Reader>): Reader {
  const found = known.get(node);
  if (found) return found;
  const compiled: { read?: Reader } = {};
  const read: Reader = (element) => {
    if (element.isNil) return null;
    return element.isJson ? readJson(element) : compiled.read?.(element);
  };
  // Before it is compiled: a type may contain itself.
  known.set(node, read);
  compiled.read = compile(node, known);
  return read;
}

function compile(node: SchemaNode, known: WeakMap<SchemaNode, Reader>): Reader {
  switch (node.kind) {
    case 'object':
      return compileObject(node, known);
    case 'list': {
      const item = readerOf(node.items.node, known);
      return ({ children }) => children.filter(({ name }) => name === 'item').map(item);
    }
    case 'record': {
      const value = readerOf(node.values.node, known);
      return ({ children }) => {
        const entries = children
          .filter(({ name }) => name === 'entry')
          .map((entry): [string, unknown] => {
            const part = (name: string) => entry.children.find((child) => child.name === name);
            const [key, each] = [part('key'), part('value')];
            if (!key || !each) throw refuse('an <entry> has a <key> and a <value>');
            return [key.isJson ? String(readJson(key)) : key.text, value(each)];
          });
        return Object.fromEntries(entries);
      };
    }
    case 'union':
      return compileUnion(node, known);
    case 'any':
    case 'null':
      return ({ text }) => text;
    case 'string':
    case 'enum':
    case 'literal':
    case 'integer':
    case 'number':
    case 'boolean': {
      const read = compileTextReader({ node, nullable: false });
      return ({ text }) => read(text);
    }
  }
}

function compileObject(node: ObjectNode, known: WeakMap<SchemaNode, Reader>): Reader {
  const fields = node.fields.map((field) => {
    const items = isRepeated(field) && field.node.kind === 'list' ? field.node.items.node : undefined;
    return { name: field.name, isRepeated: items !== undefined, read: readerOf(items ?? field.node, known) };
  });
  return ({ children }) => {
    const value: [string, unknown][] = [];
    for (const { name, isRepeated, read } of fields) {
      const found = children.filter((child) => child.name === name);
      if (isRepeated) value.push([name, found.map(read)]);
      else if (found[0]) value.push([name, read(found[0])]);
    }
    return Object.fromEntries(value);
  };
}

function compileUnion({ discriminator, variants }: UnionNode, known: WeakMap<SchemaNode, Reader>): Reader {
  const readers = new Map(variants.flatMap(({ node, tags }) => tags.map((tag) => [String(tag), readerOf(node, known)] as const)));
  return (element) => {
    const tag = element.children.find(({ name }) => name === discriminator)?.text;
    const read = tag === undefined ? undefined : readers.get(tag);
    return read ? read(element) : element.text;
  };
}

function readJson({ text }: Element): unknown {
  return parseJson(text);
}

/** Without document types, and so without entities that grow. Each level of JSON is at most two of XML. */
function parse(source: string): Element {
  const parser = new SaxesParser({ xmlns: true });
  const open: Element[] = [];
  let root: Element | undefined;
  parser.on('error', (error) => {
    throw refuse(`this is not XML: ${error.message}`);
  });
  parser.on('doctype', () => {
    throw refuse('document types are not allowed');
  });
  parser.on('opentag', ({ local, attributes }) => {
    if (open.length > 2 * MAX_DEPTH + 3) throw refuse(`the XML is nested more than ${2 * MAX_DEPTH} levels deep`);
    const all = Object.values(attributes);
    const valueOf = (name: string, uri: string) => all.find((attribute) => attribute.local === name && attribute.uri === uri)?.value;
    const element: Element = {
      name: local === 'field' ? (valueOf('name', '') ?? local) : local,
      isNil: /^(true|1)$/.test(valueOf('nil', XSI) ?? ''),
      isJson: valueOf('json', '') === 'true',
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  const addText = (text: string) => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(source).close();
  if (!root) throw refuse('this is not XML: there is no element');
  return root;
}

function refuse(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}
