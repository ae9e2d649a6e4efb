import { decodePercent } from '../peer/text/percent.ts';
import { ApiError } from '../core/errors.ts';
import type { Field, Scalar, SchemaNode } from './node.ts';

/** Reads the text of a path, a query or an XML element by its type. Text that does not match is handed on, and the schema refuses it. */
export type TextReader = (text: string) => unknown;

/** The source of readers: a `TypeUse` or a `Field`. */
interface Typed {
  readonly node: SchemaNode;
  readonly nullable: boolean;
}

const INTEGER = /^-?\d+$/;
/** https://www.rfc-editor.org/rfc/rfc8259#section-6 */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Makes the reader of one scalar. `null` is null only if the type is nullable and takes no text. */
export function compileTextReader({ node, nullable }: Typed): TextReader {
  const readers = readersOf(node);
  if (nullable && !takesText(node)) readers.push(readNull);
  const [only, ...others] = readers;
  if (!only) return asText;
  if (others.length === 0) return only;
  return (text) => {
    for (const read of readers) {
      const value = read(text);
      if (typeof value !== 'string') return value;
    }
    return text;
  };
}

/** The readers that can make something else than text of a text. */
function readersOf(node: SchemaNode): TextReader[] {
  switch (node.kind) {
    case 'integer':
      return [readInteger];
    case 'number':
      return [readNumber];
    case 'boolean':
      return [readBoolean];
    case 'null':
      return [readNull];
    case 'literal': {
      const values = new Map(node.values.map((value): [string, Scalar] => [String(value), value]));
      return [(text) => values.get(text) ?? text];
    }
    case 'union':
      return node.variants.flatMap((variant) => readersOf(variant.node));
    default:
      return [];
  }
}

/** Whether the text `null` may be meant as text. */
function takesText(node: SchemaNode): boolean {
  if (node.kind === 'union') return node.variants.some((variant) => takesText(variant.node));
  return node.kind === 'string' || node.kind === 'any' || (node.kind === 'enum' && node.values.includes('null'));
}

const asText: TextReader = (text) => text;
const readNull: TextReader = (text) => (text === 'null' ? null : text);
const readBoolean: TextReader = (text) => (text === 'true' ? true : text === 'false' ? false : text);

function readInteger(text: string): unknown {
  const value = INTEGER.test(text) ? Number(text) : NaN;
  // The sum makes 0 of -0. Beyond 2^53 the number would be another than the text says.
  return Number.isSafeInteger(value) ? value + 0 : text;
}

function readNumber(text: string): unknown {
  const value = NUMBER.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? value + 0 : text;
}

interface QueryField {
  readonly name: string;
  readonly isList: boolean;
  readonly nullable: boolean;
  readonly read: TextReader;
}

/**
 * Makes the reader of a query string (without the `?`), the inverse of `writeQuery`: lists collect repeated keys, `+` is a space, unknown
 * keys are dropped, a key without a value is null or the empty list if the schema allows it, and a required list that is absent is empty.
 * It throws INVALID_ARGUMENT for broken percent-encoding and for a second value of a member that is not a list.
 */
export function compileQueryReader(fields: readonly Field[]): (query: string) => Record<string, unknown> {
  const byName = new Map(fields.map((field) => [field.name, queryField(field)]));
  const requiredLists = fields.filter((field) => field.node.kind === 'list' && !field.optional && !field.nullable && !('default' in field));
  return (query) => {
    const values: Record<string, unknown> = {};
    for (let start = 0; start < query.length;) {
      let end = query.indexOf('&', start);
      if (end === -1) end = query.length;
      if (end > start) readPair(query.slice(start, end), byName, values);
      start = end + 1;
    }
    for (const { name } of requiredLists) if (!Object.hasOwn(values, name)) values[name] = [];
    return values;
  };
}

function queryField({ name, node, nullable }: Field): QueryField {
  const isList = node.kind === 'list';
  return {
    name,
    isList,
    nullable: nullable || node.kind === 'null',
    read: compileTextReader(node.kind === 'list' ? node.items : { node, nullable }),
  };
}

function readPair(pair: string, byName: ReadonlyMap<string, QueryField>, values: Record<string, unknown>): void {
  const equals = pair.indexOf('=');
  const field = byName.get(decode(equals === -1 ? pair : pair.slice(0, equals)));
  if (!field) return;
  const { name } = field;
  const known = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!field.isList) {
    if (known !== undefined) throw refuse(name, `the query has '${name}' twice, and it is not a list`);
    values[name] = equals === -1 && field.nullable ? null : field.read(equals === -1 ? '' : decode(pair.slice(equals + 1), name));
  } else if (equals === -1) {
    if (known === undefined) values[name] = field.nullable ? null : [];
  } else {
    const item = field.read(decode(pair.slice(equals + 1), name));
    if (Array.isArray(known)) known.push(item);
    else values[name] = [item];
  }
}

function decode(text: string, name?: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  const decoded = decodePercent(text.replaceAll('+', ' '));
  if (decoded !== undefined) return decoded;
  throw refuse(name, `the query has '${text.slice(0, 100)}', which is not percent-encoded UTF-8: write a percent sign as %25`);
}

function refuse(name: string | undefined, message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message, { details: { issues: [{ path: name === undefined ? [] : [name], message }] } });
}
