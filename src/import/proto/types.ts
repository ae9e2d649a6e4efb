import type { ForeignEnum, ForeignField, ForeignMessage, ForeignType } from '../../grpc/foreign/descriptors.ts';
import type { Findings } from '../draft/findings.ts';
import { shortNames } from '../draft/names.ts';
import { describeValues } from '../draft/values.ts';
import { ANY, type Field, type NamedType, type Type } from '../draft/type.ts';

/** Whether values are what callers send or what they get. */
export type Side = 'input' | 'output';

/** Messages of google.protobuf that are one value. Source: https://protobuf.dev/programming-guides/json/ */
const WELL_KNOWN: Readonly<Record<string, Type>> = {
  Timestamp: { kind: 'text', format: 'date-time' },
  Duration: { kind: 'text', pattern: '^-?\\d+(\\.\\d{1,9})?s$', description: 'Seconds: `1.5s`.' },
  FieldMask: { kind: 'text', description: 'Paths with commas between them: `name,address.city`.' },
  Struct: { kind: 'record', value: ANY },
  ListValue: { kind: 'list', item: ANY },
  Value: ANY,
  Any: ANY,
  Empty: { kind: 'object', fields: [] },
  StringValue: { kind: 'text' },
  BytesValue: { kind: 'bytes' },
  BoolValue: { kind: 'boolean' },
  DoubleValue: { kind: 'number' },
  FloatValue: { kind: 'number' },
  Int32Value: { kind: 'number', width: 'int32' },
  UInt32Value: { kind: 'number', width: 'int', min: 0, max: 4_294_967_295 },
  Int64Value: { kind: 'int64' },
  UInt64Value: { kind: 'int64' },
};

/** The value that a message of google.protobuf is; `undefined` for messages as others are. */
export function wellKnownType({ name }: ForeignMessage): Type | undefined {
  const short = name.startsWith('google.protobuf.') ? name.slice('google.protobuf.'.length) : '';
  return Object.hasOwn(WELL_KNOWN, short) ? WELL_KNOWN[short] : undefined;
}

/**
 * Reads messages and enums as types. Members that callers may leave out are always there in answers, so a message that goes both ways is
 * two types.
 */
export class ProtoTypeReader {
  readonly types = new Map<string, NamedType>();
  /** Full names of what was read. */
  readonly used = new Set<string>();
  readonly #names: ReadonlyMap<string, string>;
  readonly #answered = new Set<string>();

  private readonly findings: Findings;
  private readonly comments: ReadonlyMap<string, string>;

  /** All names of the description at once, so that a type is called the same whatever is imported; `answers` are all messages of answers, `taken` the names that the contract's own messages have. */
  constructor(all: readonly string[], answers: readonly ForeignMessage[], taken: ReadonlySet<string>, findings: Findings, comments: ReadonlyMap<string, string>) {
    this.#names = new Map([...shortNames(all)].map(([full, name]) => [full, taken.has(name) ? `${name}Message` : name]));
    this.findings = findings;
    this.comments = comments;
    for (const message of answers) this.#reach(message);
  }

  fields(message: ForeignMessage, side: Side): Field[] {
    this.used.add(message.name);
    return message.fields.map((field) => ({
      name: field.jsonName,
      type: this.#described(this.#fieldType(field, side), `${message.name}.${field.name}`),
      optional: field.hasPresence || side === 'input',
      deprecated: field.deprecated,
    }));
  }

  message(message: ForeignMessage, side: Side): Type {
    const known = wellKnownType(message);
    if (known) return known;
    const name = this.#nameOf(message.name) + (side === 'input' && this.#answered.has(message.name) ? 'Input' : '');
    if (!this.types.has(name)) {
      this.types.set(name, { name, id: name, type: ANY });
      this.types.set(name, { name, id: name, type: this.#described({ kind: 'object', fields: this.fields(message, side) }, message.name) });
    }
    return { kind: 'ref', name };
  }

  #fieldType({ label, type, mapKey }: ForeignField, side: Side): Type {
    const one = this.#type(type, side);
    if (label === 'repeated') return { kind: 'list', item: one };
    return mapKey === undefined ? one : { kind: 'record', value: one };
  }

  #type(type: ForeignType, side: Side): Type {
    if (type.kind === 'message') return this.message(type.message, side);
    if (type.kind === 'enum') return this.#enum(type.enum);
    switch (type.scalar) {
      case 'string':
        return { kind: 'text' };
      case 'bool':
        return { kind: 'boolean' };
      case 'bytes':
        return { kind: 'bytes' };
      case 'double':
      case 'float':
        return { kind: 'number' };
      case 'uint32':
      case 'fixed32':
        return { kind: 'number', width: 'int', min: 0, max: 4_294_967_295 };
      case 'int32':
      case 'sint32':
      case 'sfixed32':
        return { kind: 'number', width: 'int32' };
      default:
        return { kind: 'int64' };
    }
  }

  #enum({ name: full, values }: ForeignEnum): Type {
    if (full === 'google.protobuf.NullValue') return { kind: 'literal', values: ['NULL_VALUE'] };
    this.used.add(full);
    const name = this.#nameOf(full);
    const names = [...new Set(values.map((value) => value.name))];
    if (!this.types.has(name)) {
      const said = names.map((value) => [value, this.comments.get(`${full}.${value}`)] as const);
      this.types.set(name, { name, id: name, type: { kind: 'literal', values: names, description: describeValues(this.comments.get(full), said) } });
    }
    if (names.length === 0) this.findings.add(full, 'an enum without values', 'as it is');
    return { kind: 'ref', name };
  }

  #described(type: Type, full: string): Type {
    const description = this.comments.get(full);
    return description === undefined ? type : { ...type, description };
  }

  #nameOf(full: string): string {
    return this.#names.get(full) ?? full;
  }

  #reach(message: ForeignMessage): void {
    if (this.#answered.has(message.name)) return;
    this.#answered.add(message.name);
    for (const { type } of message.fields) if (type.kind === 'message') this.#reach(type.message);
  }
}
