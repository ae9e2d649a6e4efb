import type { Field, ObjectNode, TypeUse } from '../../schema/node.ts';
import { setOwn } from '../../core/own.ts';
import { isClassMessage, shapeIn, shapeOf, type ForeignRpc, type Shape } from './generated-code.ts';

type Values = Record<string, unknown>;
/** Makes what generated code takes of a contract's value. */
type Adapt = (value: unknown) => unknown;

/**
 * Finds how generated code of which no descriptor is known wants each value of a request: each form that it may have is written and read again,
 * and the one that comes back is the right one.
 */
export function adaptRequest(rpc: ForeignRpc, input: ObjectNode, at: string, problems: string[]): Adapt {
  return adaptObject(input, shapeOf(rpc, 'request'), at, problems, 0);
}

/** Finds whether generated code has the members of an answer, and which of them cannot be read: those are problems. */
export function checkAnswer(rpc: ForeignRpc, { node }: TypeUse, at: string, problems: string[]): void {
  const shape = attempt(() => shapeOf(rpc, 'response'));
  if (node.kind === 'object' && shape) checkObject(node, shape as Shape, at, problems, 0);
}

function checkObject(node: ObjectNode, shape: Shape, at: string, problems: string[], depth: number): void {
  const empty = shape.decode(Buffer.alloc(0));
  for (const { name, node: inField } of node.fields) {
    const isList = inField.kind === 'list';
    const each = isList ? inField.items.node : inField;
    if (!shape.has(name)) problems.push(`${at}: the generated code has no field '${name}'`);
    else if (each.kind === 'enum' && typeof shape.get(empty, name) === 'number') problems.push(`${at}.${name}: ${NUMBERED}`);
    else if (each.kind === 'object' && depth < MOST_LEVELS) {
      const inner = shapeIn(shape, name, isList);
      if (inner) checkObject(each, inner, `${at}.${name}`, problems, depth + 1);
    }
  }
}

/** A type that contains itself is looked at so many levels deep. */
const MOST_LEVELS = 4;
const NUMBERED = 'the generated code has the numbers of the enum, and does not tell its names';

function adaptObject(node: ObjectNode, shape: Shape, at: string, problems: string[], depth: number): Adapt {
  const members = node.fields.map((field) => [field.name, adaptField(field, shape, `${at}.${field.name}`, problems, depth)] as const);
  return (value) => {
    const values: Values = {};
    for (const [name, adapt] of members) {
      const member = (value as Values)[name];
      // Messages have no word for null.
      if (member !== undefined && member !== null) setOwn(values, name, adapt(member));
    }
    return shape.make(values);
  };
}

function adaptField(field: Field, shape: Shape, at: string, problems: string[], depth: number): Adapt {
  const { node, name } = field;
  if (!shape.has(name)) {
    problems.push(`${at}: the generated code has no such field`);
    return (value) => value;
  }
  const inField = (value: unknown): unknown => shape.get(shape.roundTrip(shape.make({ [name]: value })), name);
  if (node.kind === 'list') {
    const item = adaptValue(
      node.items,
      shape,
      name,
      true,
      (value) => (inField([value]) as readonly unknown[] | undefined)?.[0],
      at,
      problems,
      depth,
    );
    return (value) => (value as unknown[]).map(item);
  }
  if (node.kind === 'record' && node.values.node.kind !== 'object') {
    const isMap = zeroOf(shape, name) instanceof Map;
    const collect = (entries: readonly (readonly [string, unknown])[]) => (isMap ? new Map(entries) : Object.fromEntries(entries));
    const inEntry = (value: unknown): unknown => {
      const record = inField(collect([['key', value]]));
      return record instanceof Map ? (record as Map<string, unknown>).get('key') : (record as Values | undefined)?.['key'];
    };
    const member = adaptValue(node.values, shape, name, false, inEntry, at, problems, depth);
    return (value) => collect(Object.entries(value as Values).map(([key, each]) => [key, member(each)] as const));
  }
  return adaptValue(field, shape, name, false, inField, at, problems, depth);
}

function adaptValue(
  use: TypeUse,
  shape: Shape,
  name: string,
  isList: boolean,
  inField: (value: unknown) => unknown,
  at: string,
  problems: string[],
  depth: number,
): Adapt {
  const { node } = use;
  const asIs: Adapt = (value) => value;
  if (node.kind === 'object') {
    // A type that contains itself is looked at a few levels deep.
    if (depth > MOST_LEVELS) return asIs;
    const inner = shapeIn(shape, name, isList);
    if (inner) return adaptObject(node, inner, at, problems, depth + 1);
    problems.push(`${at}: the generated code has no message there`);
    return asIs;
  }
  const [sample, forms] = formsOf(use);
  for (const form of [...forms, ...longForms(zeroOf(shape, name))]) if (comesBack(inField, form(sample))) return form;
  const inner = sample === INSTANT ? shapeIn(shape, name, isList) : undefined;
  if (inner) {
    const stamp: Adapt = (value) => inner.make(stampOf(value as string));
    const back = attempt(() => inner.roundTrip(stamp(sample)));
    if (Number(inner.get(back, 'seconds')) === stampOf(INSTANT).seconds) return stamp;
  }
  problems.push(
    `${at}: ${node.kind === 'enum' ? NUMBERED : `in which form the generated code has ${JSON.stringify(sample)} cannot be told`}`,
  );
  return asIs;
}

/** The value of a field in an empty message. */
function zeroOf(shape: Shape, name: string): unknown {
  return attempt(() => shape.get(shape.decode(Buffer.alloc(0)), name));
}

/** The class `Long` is only known by its zero. */
function longForms(zero: unknown): readonly Adapt[] {
  if (!isLong(zero)) return [];
  const { fromString } = zero.constructor as { fromString?: (text: string, unsigned: boolean) => unknown };
  return fromString ? [(value) => fromString(String(value), 'unsigned' in zero && zero.unsigned === true)] : [];
}

const INSTANT = '2024-01-15T09:30:00.500Z';

function stampOf(text: string): { seconds: number; nanos: number } {
  const ms = Date.parse(text);
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
}

/** A value of the type, and the forms that generated code may have it in, the likeliest first. */
function formsOf({ node }: TypeUse): readonly [sample: unknown, forms: readonly Adapt[]] {
  const asIs: Adapt = (value) => value;
  switch (node.kind) {
    case 'string': {
      if (node.format === 'date-time') return [INSTANT, [(value) => new Date(value as string), (value) => stampOf(value as string), asIs]];
      const bytes: Adapt = (value) => Buffer.from(value as string, 'base64');
      if (node.binary === true) return [new Uint8Array([1, 2]), [(value) => Buffer.from(value as Uint8Array)]];
      if (node.format === 'byte') return ['AQI=', [bytes, asIs]];
      const forms: readonly Adapt[] = [asIs, (value) => Number(value), (value) => BigInt(value as string)];
      return ['7', forms];
    }
    case 'integer':
    case 'number':
      return [7, [asIs, (value) => BigInt(value as number), (value) => String(value)]];
    case 'boolean':
      return [true, [asIs]];
    case 'enum':
    case 'literal':
      return [node.values.at(-1), [asIs]];
    default:
      return [{ key: 'value' }, [asIs, (value) => JSON.stringify(value)]];
  }
}

function attempt(make: () => unknown): unknown {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function comesBack(inField: (value: unknown) => unknown, form: unknown): boolean {
  return attempt(() => isAlike(inField(form), form)) === true;
}

function isAlike(back: unknown, sent: unknown): boolean {
  if (sent instanceof Date) return back instanceof Date && back.getTime() === sent.getTime();
  if (sent instanceof Uint8Array) return back instanceof Uint8Array && Buffer.compare(back, sent) === 0;
  if (typeof sent === 'object' && sent !== null) {
    if (typeof back !== 'object' || back === null) return false;
    return Object.entries(sent).every(([key, value]) => isAlike(plainNumber((back as Values)[key]), value));
  }
  return back === sent;
}

function plainNumber(value: unknown): unknown {
  return typeof value === 'bigint' || isLong(value) ? Number(value) : value;
}

function isLong(value: unknown): value is { readonly low: number; readonly high: number; toString(): string } {
  return typeof value === 'object' && value !== null && 'low' in value && 'high' in value;
}

/**
 * The value that generated code makes of a message, as the contract's type has it. A value that does not fit is left for the schema to
 * refuse.
 */
export function adaptMessage(message: unknown, use: TypeUse): unknown {
  const plain = isClassMessage(message) ? message.toObject() : message;
  return adapt(unwrap(plain, use), use);
}

/** A list is the one list of its message. */
function unwrap(message: unknown, { node }: TypeUse): unknown {
  if (node.kind !== 'list' || typeof message !== 'object' || message === null) return message;
  const lists = Object.values(message).filter(Array.isArray);
  return lists.length === 1 ? lists[0] : message;
}

function adapt(value: unknown, use: TypeUse): unknown {
  const { node } = use;
  if (value === undefined || value === null) return use.nullable ? null : undefined;
  switch (node.kind) {
    case 'string':
      if (node.binary === true) return value;
      return asText(value, node.format);
    case 'integer':
      return isNumberText(value) || typeof value === 'bigint' || isLong(value) ? Number(value) : value;
    case 'number':
      return exactNumber(value);
    case 'list':
      return Array.isArray(value) ? value.map((item) => adapt(item, node.items)) : value;
    case 'record':
      return mapOf(value, () => node.values);
    case 'object':
      return objectOf(value, node);
    default:
      return value;
  }
}

function asText(value: unknown, format: string | undefined): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  if (isLong(value)) return value.toString();
  if (typeof value === 'object' && value !== null && 'seconds' in value && 'nanos' in value) {
    const [seconds, nanos] = [Number(value.seconds), Number(value.nanos)];
    if (format === 'date-time') return new Date(seconds * 1000 + nanos / 1_000_000).toISOString();
    return `${seconds + nanos / 1e9}s`;
  }
  return value;
}

/** A number that a number cannot hold stays text, for the schema to refuse. */
function exactNumber(value: unknown): unknown {
  if (!isNumberText(value) && typeof value !== 'bigint' && !isLong(value)) return value;
  const number = Number(value);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? String(value) : number;
}

/** protoc's plugin calls the lists `tagsList`, and gives maps as pairs in `countsMap`. */
function objectOf(value: unknown, node: ObjectNode): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const object: Values = {};
  for (const field of node.fields) {
    const names = [field.name, `${field.name}List`, `${field.name}Map`];
    const found = names.map((name) => (value as Values)[name]).find((each) => each !== undefined);
    const adapted = adapt(found, field);
    if (adapted !== undefined) setOwn(object, field.name, adapted);
  }
  return object;
}

function mapOf(value: unknown, useOf: (key: string) => TypeUse | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = value instanceof Map || Array.isArray(value) ? [...(value as Iterable<[string, unknown]>)] : Object.entries(value);
  return Object.fromEntries(
    entries.flatMap(([key, member]): [string, unknown][] => {
      const use = useOf(String(key));
      const adapted = use && adapt(member, use);
      return adapted === undefined ? [] : [[String(key), adapted]];
    }),
  );
}

function isNumberText(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
}
