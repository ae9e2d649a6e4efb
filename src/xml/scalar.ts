import type { SchemaNode } from '../schema/node.ts';
import { parseJson } from '../peer/json.ts';
import { compileTextReader } from '../schema/text.ts';
import type { TextPlan } from './plan.ts';
import { base64Text, collapse, dateText, decimalText, instantText, scalarText, timeText } from './lexical.ts';
import { escapeText, jsonText } from './text.ts';

/** A scalar of the contract. */
export interface ScalarPlan extends TextPlan {
  readonly node: SchemaNode;
}

/** The text form of a scalar, or of any JSON value; `undefined` for types that are elements. */
export function scalarPlan(node: SchemaNode): ScalarPlan | undefined {
  switch (node.kind) {
    case 'string':
      return stringPlan(node, node.format ?? (TIME_PATTERN.test(node.pattern ?? '') ? 'time' : undefined));
    case 'integer':
      return { kind: 'text', node, xsd: node.int32 ? 'xs:int' : 'xs:long', read: readInteger, write: writePlain };
    case 'number':
      return { kind: 'text', node, xsd: 'xs:decimal', read: readNumber, write: (value) => escapeText(decimalText(scalarText(value))) };
    case 'boolean':
      return { kind: 'text', node, xsd: 'xs:boolean', read: readBoolean, write: writePlain };
    case 'enum':
      return { kind: 'text', node, xsd: 'xs:string', read: readWord(node.values), write: writeText };
    case 'null':
      return { kind: 'text', node, xsd: 'xs:string', read: asText, write: writeText };
    case 'literal':
      return { kind: 'text', node, xsd: literalXsd(node.values), read: readLiteral(node), write: writeText };
    case 'any':
      return { kind: 'text', node, xsd: 'xs:string', read: (text) => parseJson(text), write: (value) => escapeText(jsonText(value)) };
    default:
      return undefined;
  }
}

/** How the pattern of `z.iso.time()` begins, which has no format in JSON Schema: there a time has a zone. */
const TIME_PATTERN = /^\^\(\?:\[01\]\\d\|2\[0-3\]\):\[0-5\]\\d/;

/** Formats whose text XML Schema has a type for; of the others (`time`, `duration`) it takes less than JSON Schema does. */
function stringPlan(node: SchemaNode, format: string | undefined): ScalarPlan {
  switch (format) {
    case 'date-time':
      return { kind: 'text', node, xsd: 'xs:dateTime', read: instantText, write: (value) => escapeText(withSeconds(scalarText(value))) };
    case 'date':
      return { kind: 'text', node, xsd: 'xs:date', read: dateText, write: writeText };
    case 'time':
      return { kind: 'text', node, xsd: 'xs:string', read: timeText, write: writeText };
    case 'byte':
      return { kind: 'text', node, xsd: 'xs:base64Binary', read: base64Text, write: writeText };
    case 'int64':
      return { kind: 'text', node, xsd: 'xs:long', read: collapse, write: writeText };
    case 'uri':
      return { kind: 'text', node, xsd: 'xs:anyURI', read: collapse, write: writeText };
    case 'uuid':
      return { kind: 'text', node, xsd: 'xs:string', read: collapse, write: writeText };
    default:
      return { kind: 'text', node, xsd: 'xs:string', read: asText, write: writeText };
  }
}

function literalXsd(values: readonly unknown[]): string {
  if (values.every((value) => typeof value === 'boolean')) return 'xs:boolean';
  return values.every((value) => typeof value === 'number') ? 'xs:decimal' : 'xs:string';
}

const asText = (text: string): string => text;

/** https://www.w3.org/TR/xmlschema-2/#decimal and #double: a sign and leading zeros are allowed, digits on both sides of the point are not demanded. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

function readNumber(text: string): unknown {
  const word = collapse(text);
  const value = NUMBER.test(word) ? Number(word) : NaN;
  // A whole number with more digits than a number holds would be another than the text says.
  if (!Number.isSafeInteger(value) && /^[+-]?\d+$/.test(word) && decimalText(String(value)) !== word.replace(/^(-?)[+]?0*(?=\d)/, '$1'))
    return text;
  // The sum makes 0 of -0.
  return Number.isFinite(value) ? value + 0 : text;
}

/** Without an exponent: https://www.w3.org/TR/xmlschema-2/#integer. Beyond 2^53 the number would be another than the text says. */
function readInteger(text: string): unknown {
  const value = /[eE]/.test(text) ? undefined : readNumber(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** https://www.w3.org/TR/xmlschema-2/#boolean has `1` and `0` too. */
function readBoolean(text: string): unknown {
  const word = collapse(text);
  return word === 'true' || word === '1' ? true : word === 'false' || word === '0' ? false : text;
}

/** One of some words: as it stands, else without the white space around it. */
function readWord(values: readonly string[]): (text: string) => string {
  const known = new Set(values);
  return (text) => (known.has(text) ? text : known.has(collapse(text)) ? collapse(text) : text);
}

function readLiteral(node: SchemaNode & { readonly kind: 'literal' }): (text: string) => unknown {
  const read = compileTextReader({ node, nullable: false });
  return (text) => {
    const value = read(text);
    if (typeof value !== 'string') return value;
    const number = readNumber(text);
    if ((node.values as readonly unknown[]).includes(number)) return number;
    const bool = readBoolean(text);
    if ((node.values as readonly unknown[]).includes(bool)) return bool;
    const word = collapse(text);
    return !node.values.includes(value) && node.values.includes(word) ? word : value;
  };
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

/** Text that is nothing else. */
export const PLAIN_TEXT: ScalarPlan = {
  kind: 'text',
  node: { kind: 'string', meta: {} },
  xsd: 'xs:string',
  read: asText,
  write: writeText,
};
