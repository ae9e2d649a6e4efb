import { fieldType, nameOfMessage, type ProtoFile } from './proto.ts';

/** One field, as deployed programs know it. */
export interface LockedField {
  readonly number: number;
  readonly type: string;
  /** Of an enum: the contract's name for it, because two values may differ by no more than case or punctuation. */
  readonly value?: string;
}

/** The numbers of one message or enum. */
export interface LockedType {
  readonly fields: Readonly<Record<string, LockedField>>;
  readonly reserved?: readonly number[];
  readonly reservedNames?: readonly string[];
}

/**
 * All names and numbers that were ever published. Keep it next to the .proto file and give it to `grpc`, `grpcHandler` and `printProto`,
 * so fields that move keep their number, removed ones are never used again, and rpcs stay in their service.
 */
export interface ProtoLock {
  readonly package: string;
  readonly messages: Readonly<Record<string, LockedType>>;
  readonly enums: Readonly<Record<string, LockedType>>;
  /** The response of each rpc, by service. A lock that has none was made by an older version. */
  readonly services?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Types of the same encoding: a field may change between them. Not `string` and `bytes`: here the one holds base64 and the other what it stands for.
 * Source: https://protobuf.dev/programming-guides/proto3/#updating
 */
const SAME = [
  ['int32', 'uint32', 'int64', 'uint64', 'bool'],
  ['sint32', 'sint64'],
  ['fixed32', 'sfixed32'],
  ['fixed64', 'sfixed64'],
];

/** Whether what was written as the one can be read as the other. */
export function isCompatible(a: string, b: string): boolean {
  const [labelA, typeA] = partsOf(a);
  const [labelB, typeB] = partsOf(b);
  return labelA === labelB && (typeA === typeB || SAME.some((group) => group.includes(typeA) && group.includes(typeB)));
}

/** `repeated Post` and `map<string, Post>` as their label and `Post`. */
export function partsOf(type: string): readonly [label: string, type: string] {
  const [, label = '', rest = type] = /^(repeated |map<string, )(.*?)>?$/.exec(type) ?? [];
  return [label, rest];
}

/** A field that is to get a number. */
export interface Unnumbered {
  readonly name: string;
  readonly type: string;
  /** Asked for by the contract. */
  readonly number: number | undefined;
}

export interface Numbered {
  readonly numbers: readonly number[];
  readonly reserved: readonly number[];
  readonly reservedNames: readonly string[];
}

const LARGEST = 2 ** 29 - 1;

/**
 * Gives numbers to the fields of one type: those of the contract, those of the lock, then the next ones in order. Throws a `TypeError` if a
 * number is not allowed, is taken, or another was published.
 */
export function assignNumbers(type: string, fields: readonly Unnumbered[], locked: LockedType | undefined, first = 1): Numbered {
  const reserved = new Set(locked?.reserved);
  const names = new Set(fields.map(({ name }) => name));
  const reservedNames = new Set((locked?.reservedNames ?? []).filter((name) => !names.has(name)));
  const kept = new Map<string, number>();
  for (const [name, was] of Object.entries(locked?.fields ?? {})) {
    const field = fields.find((each) => each.name === name);
    if (field && isCompatible(field.type, was.type)) {
      if (field.number !== undefined && field.number !== was.number) {
        throw new TypeError(`${type}.${name}: .meta({ grpc: { number: ${field.number} } }), but it was published with ${was.number}`);
      }
      kept.set(name, was.number);
    } else {
      reserved.add(was.number);
      if (!field) reservedNames.add(name);
    }
  }
  for (const { name, number } of fields) {
    if (number === undefined || kept.has(name)) continue;
    if (!Number.isInteger(number) || number < first || number > LARGEST || (number >= 19_000 && number <= 19_999)) {
      throw new TypeError(`${type}.${name}: ${number} is not a field number: take one of ${first} to ${LARGEST}, without 19000 to 19999`);
    }
    if (reserved.has(number)) throw new TypeError(`${type}.${name}: the number ${number} belonged to another field once and is reserved`);
    kept.set(name, number);
  }
  const used = new Set([...kept.values(), ...reserved]);
  if (new Set(kept.values()).size !== kept.size)
    throw new TypeError(`${type}: two fields have the same number in .meta({ grpc: { number } })`);
  let last = locked ? Math.max(first - 1, ...used) : first - 1;
  const next = (): number => {
    do last++;
    while (used.has(last) || (last >= 19_000 && last <= 19_999));
    if (last > LARGEST) throw new TypeError(`${type}: there is not a field number left above those that are used`);
    used.add(last);
    return last;
  };
  return {
    numbers: fields.map(({ name }) => kept.get(name) ?? next()),
    reserved: [...reserved].sort((a, b) => a - b),
    reservedNames: [...reservedNames].sort(),
  };
}

/** The lock of a file: its own members, and those that an older lock has beside. */
export function lockOf(file: ProtoFile, before: ProtoLock | undefined): ProtoLock {
  const messages = Object.fromEntries(
    file.messages.map((message) => [
      message.name,
      locked(
        message.entries
          .flatMap(({ field, nullField }) => (nullField ? [field, nullField] : [field]))
          .map((field) => [field.name, { number: field.number, type: fieldType(field) }]),
        message,
      ),
    ]),
  );
  const enums = Object.fromEntries(
    file.enums.map((each) => [
      each.name,
      locked(
        each.values.map(({ name, number, value }) => [name, { number, type: 'value', value }]),
        each,
      ),
    ]),
  );
  const services: Record<string, Readonly<Record<string, string>>> = { ...before?.services };
  for (const { name, methods } of file.services) {
    const responses = methods.map((method) => [method.name, nameOfMessage(method.response)] as const);
    services[name] = sorted({ ...services[name], ...Object.fromEntries(responses) });
  }
  return {
    package: file.package,
    messages: sorted({ ...before?.messages, ...messages }),
    enums: sorted({ ...before?.enums, ...enums }),
    services: sorted(services),
  };
}

function locked(
  fields: readonly (readonly [string, LockedField])[],
  { reserved, reservedNames }: { readonly reserved: readonly number[]; readonly reservedNames: readonly string[] },
): LockedType {
  return {
    fields: Object.fromEntries([...fields].sort(([, a], [, b]) => a.number - b.number)),
    ...(reserved.length > 0 && { reserved }),
    ...(reservedNames.length > 0 && { reservedNames }),
  };
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
