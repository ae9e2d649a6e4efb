import type { IntegerNode, LiteralNode, SchemaNode, StringNode } from '../../schema/node.ts';
import { SCALARS, type Conversion, type ProtoType, type ScalarType } from './proto.ts';

const TEXT: ReadonlySet<string> = new Set(['string']);
const INTEGERS: ReadonlySet<string> = new Set(SCALARS.filter((scalar) => /int|fixed/.test(scalar)));
const NUMBERS: ReadonlySet<string> = new Set(['double', 'float']);

/** The types of nodes that are not messages or enums; `undefined` for the others. Throws a `TypeError` if `asked` does not fit. */
export function scalarType(node: SchemaNode, asked: string | undefined, at: string): ProtoType | undefined {
  switch (node.kind) {
    case 'string':
      return stringType(node, asked, at);
    case 'integer':
      if (asked === undefined) return scalar(node.int32 ? 'int32' : 'int64');
      return integerType(node, asked, at);
    case 'number':
      if (asked === undefined) return scalar('double');
      if (NUMBERS.has(asked)) return scalar(asked as ScalarType);
      return asked === 'string' ? scalar('string', 'number-text') : refuse(asked, 'double, float, string', at);
    case 'boolean':
      return only('bool', scalar('bool'), asked, at);
    case 'null':
      return only('google.protobuf.NullValue', { kind: 'null' }, asked, at);
    case 'any':
      return only('google.protobuf.Value', { kind: 'value' }, asked, at);
    case 'literal':
      return literalType(node);
    default:
      return undefined;
  }
}

/** 64 bits with a sign; the unsigned ones would take half of the values only. */
const INT64: ReadonlySet<string> = new Set(['int64', 'sint64', 'sfixed64']);

function stringType(node: StringNode, asked: string | undefined, at: string): ProtoType {
  if (node.binary) return only('bytes', scalar('bytes'), asked, at);
  if (node.format === 'int64') {
    if (asked === undefined || INT64.has(asked)) return scalar((asked ?? 'int64') as ScalarType, 'int64-text');
    return asked === 'string' ? scalar('string') : refuse(asked, ['string', ...INT64].join(', '), at);
  }
  const digits = node.format === 'date-time' ? timestampDigits(node.pattern) : undefined;
  if (asked === undefined) return digits === undefined ? scalar('string') : { kind: 'timestamp', digits };
  if (asked === 'string') return scalar('string');
  if (asked === 'bytes' && node.format === 'byte') return scalar('bytes', 'base64');
  if (asked === 'google.protobuf.Timestamp' && digits !== undefined) return { kind: 'timestamp', digits };
  return refuse(
    asked,
    node.format === 'byte' ? 'string, bytes' : digits === undefined ? 'string' : 'string, google.protobuf.Timestamp',
    at,
  );
}

/**
 * The number of digits after the second that a schema of an instant wants; `undefined` if an instant does not tell its text, as in local
 * times, so that the text itself has to travel.
 */
export function timestampDigits(pattern: string | undefined): number | undefined {
  if (pattern === undefined) return 0;
  const allowed = new RegExp(pattern);
  if (allowed.test('2024-01-15T09:30:00')) return undefined;
  const found = [0, 3, 6, 9].find((digits) => allowed.test(`2024-01-15T09:30:00${digits > 0 ? `.${'0'.repeat(digits)}` : ''}Z`));
  // A schema that wants a fixed number of digits has to be given exactly these, which a timestamp does not promise for 0.
  return found === 0 && !allowed.test('2024-01-15T09:30:00.000Z') ? undefined : found;
}

function integerType(node: IntegerNode, asked: string, at: string): ProtoType {
  if (TEXT.has(asked)) return scalar('string', 'number-text');
  const allowed = [...INTEGERS].filter((name) => {
    if (/^u|^fixed/.test(name) && !((node.minimum ?? -1) >= 0)) return false;
    return node.int32 || name.endsWith('64');
  });
  if (allowed.includes(asked)) return scalar(asked as ScalarType);
  return refuse(asked, ['string', ...allowed].join(', '), at);
}

/** Values of one JSON type are a scalar; others can be anything. */
function literalType({ values }: LiteralNode): ProtoType {
  const [kind, ...others] = new Set(values.map((value) => typeof value));
  if (others.length > 0) return { kind: 'value' };
  if (kind === 'string') return scalar('string');
  if (kind === 'boolean') return scalar('bool');
  if (values.every((value) => Number.isInteger(value) && value === (Number(value) | 0))) return scalar('int32');
  return scalar(values.every((value) => Number.isSafeInteger(value)) ? 'int64' : 'double');
}

function scalar(name: ScalarType, conversion: Conversion = 'none'): ProtoType {
  return { kind: 'scalar', scalar: name, conversion };
}

function only(name: string, type: ProtoType, asked: string | undefined, at: string): ProtoType {
  return asked === undefined || asked === name ? type : refuse(asked, name, at);
}

function refuse(asked: string, allowed: string, at: string): never {
  throw new TypeError(`${at}: .meta({ grpc: { type: '${asked}' } }) does not fit the schema: take one of ${allowed}`);
}
