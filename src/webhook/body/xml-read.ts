import type { Contract } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { MAX_DEPTH, parseJson } from '../../peer/json.ts';
import { describeContract, type ObjectNode, type SchemaNode, type UnionNode } from '../../schema/view.ts';
import { compileTextReader } from '../../schema/text.ts';
import { ParsedXml, parseXml, type ParseRules } from '../../xml/parse.ts';
import { isNil, type XmlElement } from '../../xml/tree.ts';
import { instantOf, type ReceivedEnvelope } from '../wire.ts';
import { isRepeated } from './xml.ts';

/** Each level of JSON is at most two of XML. */
const RULES: ParseRules = { what: 'webhook', maxDepth: 2 * MAX_DEPTH + 4, toldDepth: 2 * MAX_DEPTH };

type Reader = (element: XmlElement) => unknown;

/** Makes what reads `<webhook>`. It throws INVALID_ARGUMENT for another document; values that do not fit are left for the schema to refuse. */
export function compileXmlDecoder(contract: Contract): (text: string) => ReceivedEnvelope {
  const view = describeContract(contract);
  const nodes = new WeakMap<SchemaNode, Reader>();
  const readers = new Map([...view.events.values()].map(({ event, payload }) => [event.type, readerOf(payload, nodes)]));
  return (source) => {
    const root = parseXml(source, new ParsedXml(RULES));
    const [event, timestamp, data] = ['event', 'timestamp', 'data'].map((name) => named(root, name));
    if (root.local !== 'webhook' || !event) throw refuse('a webhook is <webhook> with <event>, <timestamp> and <data>');
    const read = data && isJson(data) ? readJson : readers.get(event.text);
    return { event: event.text, timestamp: instantOf(timestamp?.text), data: data && read ? read(data) : undefined };
  };
}

function readerOf(node: SchemaNode, known: WeakMap<SchemaNode, Reader>): Reader {
  const found = known.get(node);
  if (found) return found;
  const compiled: { read?: Reader } = {};
  const read: Reader = (element) => {
    if (isNil(element)) return null;
    return isJson(element) ? readJson(element) : compiled.read?.(element);
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
      return ({ children }) => children.filter((child) => nameOf(child) === 'item').map(item);
    }
    case 'record': {
      const value = readerOf(node.values.node, known);
      return ({ children }) => {
        const entries = children
          .filter((child) => nameOf(child) === 'entry')
          .map((entry): [string, unknown] => {
            const [key, each] = [named(entry, 'key'), named(entry, 'value')];
            if (!key || !each) throw refuse('an <entry> has a <key> and a <value>');
            return [isJson(key) ? String(readJson(key)) : key.text, value(each)];
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
      const found = children.filter((child) => nameOf(child) === name);
      if (isRepeated) value.push([name, found.map(read)]);
      else if (found[0]) value.push([name, read(found[0])]);
    }
    return Object.fromEntries(value);
  };
}

function compileUnion({ discriminator, variants }: UnionNode, known: WeakMap<SchemaNode, Reader>): Reader {
  const readers = new Map(variants.flatMap(({ node, tags }) => tags.map((tag) => [String(tag), readerOf(node, known)] as const)));
  return (element) => {
    const tag = named(element, discriminator ?? '')?.text;
    const read = tag === undefined ? undefined : readers.get(tag);
    return read ? read(element) : element.text;
  };
}

function readJson({ text }: XmlElement): unknown {
  return parseJson(text);
}

/** A member whose name is not a name in XML is a `<field>` that has it as an attribute. */
function nameOf({ local, attributes }: XmlElement): string {
  return local === 'field' ? (attributes.get('name') ?? local) : local;
}

function named(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((child) => nameOf(child) === name);
}

function isJson({ attributes }: XmlElement): boolean {
  return attributes.get('json') === 'true';
}

function refuse(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}
