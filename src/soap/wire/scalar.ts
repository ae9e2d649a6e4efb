import type { SchemaNode } from '../../schema/node.ts';
import { parseJson } from '../../peer/json.ts';
import { compileTextReader } from '../../schema/text.ts';
import { escapeText, jsonText } from '../../xml/text.ts';

/** A type that is text in XML. */
export interface ScalarType {
  readonly kind: 'text';
  readonly node: SchemaNode;
  /** Its type in XML Schema: `xs:dateTime`. */
  readonly xsd: string;
  /** What does not fit is handed on as text, for the schema to refuse. */
  readonly read: (text: string) => unknown;
  /** Escaped. Throws `UnwritableText`, and a `TypeError` for what is no scalar. */
  readonly write: (value: unknown) => string;
}

/** The text form of a scalar, or of any JSON value; `undefined` for types that are elements. */
export function scalarType(node: SchemaNode): ScalarType | undefined {
  switch (node.kind) {
    case 'string':
      return stringType(node, node.format);
    case 'integer':
      return { kind: 'text', node, xsd: node.int32 ? 'xs:int' : 'xs:long', read: readNumber(node), write: writePlain };
    case 'number':
      return { kind: 'text', node, xsd: 'xs:decimal', read: readNumber(node), write: writeDecimal };
    case 'boolean':
      return { kind: 'text', node, xsd: 'xs:boolean', read: readBoolean, write: writePlain };
    case 'enum':
    case 'null':
      return { kind: 'text', node, xsd: 'xs:string', read: asText, write: writeText };
    case 'literal':
      return { kind: 'text', node, xsd: literalXsd(node.values), read: compileTextReader({ node, nullable: false }), write: writeText };
    case 'any':
      return { kind: 'text', node, xsd: 'xs:string', read: (text) => parseJson(text), write: (value) => escapeText(jsonText(value)) };
    default:
      return undefined;
  }
}

/** Formats whose text XML Schema has a type for; of the others (`time`, `duration`) it takes less than JSON Schema does. */
function stringType(node: SchemaNode, format: string | undefined): ScalarType {
  switch (format) {
    case 'date-time':
      return { kind: 'text', node, xsd: 'xs:dateTime', read: readInstant, write: (value) => escapeText(withSeconds(scalarText(value))) };
    case 'date':
      return { kind: 'text', node, xsd: 'xs:date', read: onOneLine, write: writeText };
    case 'byte':
      return { kind: 'text', node, xsd: 'xs:base64Binary', read: (text) => text.replace(/\s+/g, ''), write: writeText };
    case 'uri':
      return { kind: 'text', node, xsd: 'xs:anyURI', read: onOneLine, write: writeText };
    default:
      return { kind: 'text', node, xsd: 'xs:string', read: asText, write: writeText };
  }
}

function literalXsd(values: readonly unknown[]): string {
  if (values.every((value) => typeof value === 'boolean')) return 'xs:boolean';
  return values.every((value) => typeof value === 'number') ? 'xs:decimal' : 'xs:string';
}

const asText = (text: string): string => text;

/** A value that a printer of XML put on a line of its own stands there without the whitespace. */
function onOneLine(text: string): string {
  return text.includes('\n') ? text.trim() : text;
}

function readNumber(node: SchemaNode): (text: string) => unknown {
  const read = compileTextReader({ node, nullable: false });
  return (text) => read(onOneLine(text));
}

/** https://www.w3.org/TR/xmlschema-2/#boolean has `1` and `0` too. */
function readBoolean(text: string): unknown {
  const word = onOneLine(text);
  return word === 'true' || word === '1' ? true : word === 'false' || word === '0' ? false : text;
}

const OFFSET = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d:\d\d)$/;

/** An instant with an offset, which `xs:dateTime` has and this library's dates have not, is the same instant in UTC. */
function readInstant(text: string): string {
  const word = onOneLine(text);
  const [, seconds, fraction = '', offset] = OFFSET.exec(word) ?? [];
  if (seconds === undefined) return word;
  const at = Date.parse(seconds + offset);
  return Number.isNaN(at) ? word : `${new Date(at).toISOString().slice(0, 19)}${fraction}Z`;
}

/** `xs:dateTime` must have seconds. */
function withSeconds(text: string): string {
  return /T\d\d:\d\dZ$/.test(text) ? `${text.slice(0, -1)}:00Z` : text;
}

function writeText(value: unknown): string {
  return escapeText(scalarText(value));
}

/** Numbers and booleans have nothing to escape. */
function writePlain(value: unknown): string {
  return typeof value === 'string' ? escapeText(value) : scalarText(value);
}

function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TypeError('a text, number or boolean is expected');
}

/** `xs:decimal` has no exponent: 1e-7 is 0.0000001. */
function writeDecimal(value: unknown): string {
  const text = writePlain(value);
  const [, sign = '', whole = '', fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Text that is nothing else. */
export const PLAIN_TEXT: ScalarType = {
  kind: 'text',
  node: { kind: 'string', meta: {} },
  xsd: 'xs:string',
  read: asText,
  write: writeText,
};
