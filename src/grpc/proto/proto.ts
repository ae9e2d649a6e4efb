import type { OutlinedEvent, OutlinedOperation } from '../../schema/outline/outline.ts';
import type { ValueCodec } from '../codec/value.ts';
import { checkName } from './names.ts';
import type { Scalar, SchemaNode, TypeUse, Variant } from '../../schema/node.ts';

/** Types that a field may have on the wire without being a message. Source: https://protobuf.dev/programming-guides/proto3/#scalar */
export const SCALARS = [
  'double', 'float', 'int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64', 'sfixed32', 'sfixed64', 'bool', 'string', 'bytes',
] as const; // prettier-ignore

export type ScalarType = (typeof SCALARS)[number];

/**
 * The JSON value that a scalar stands for, if it is not the scalar itself: a number written as text, base64 as bytes, or the text of
 * `int64()` as a number.
 */
export type Conversion = 'none' | 'number-text' | 'base64' | 'int64-text';

/** A type of a field. */
export type ProtoType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType; readonly conversion: Conversion }
  | { readonly kind: 'message'; readonly message: ProtoMessage }
  | { readonly kind: 'enum'; readonly enum: ProtoEnum }
  /** `google.protobuf.Timestamp`; `digits` is how many the schema wants behind the second at least. */
  | { readonly kind: 'timestamp'; readonly digits: number }
  /** `google.protobuf.Value`: any JSON value. */
  | { readonly kind: 'value' }
  /** `google.protobuf.NullValue`. */
  | { readonly kind: 'null' }
  /** A type of a foreign .proto, with the codec that makes the contract's values of it. */
  | { readonly kind: 'coded'; readonly codec: ValueCodec; readonly name: string };

export type Label = 'one' | 'repeated' | 'map';

/** A field of a message, as the .proto has it. */
export interface ProtoField {
  readonly name: string;
  readonly number: number;
  readonly type: ProtoType;
  readonly label: Label;
  /** True if `optional` stands before it. */
  readonly optional: boolean;
  /** The oneof that it is in. */
  readonly oneof?: string | undefined;
  /** The codec of a map's keys, if they are not text. */
  readonly mapKey?: ValueCodec | undefined;
  readonly comment?: string | undefined;
  readonly deprecated?: boolean | undefined;
}

/** A property of a JSON value, and the field or the two fields that carry it. */
export interface ProtoEntry {
  readonly property: string;
  readonly field: ProtoField;
  /** Stands for null, in one oneof with `field`. */
  readonly nullField: ProtoField | undefined;
  /** The value of an object without the field: the only value of a literal, null of a foreign Value. */
  readonly implied: Scalar | null | undefined;
  /** True if a value without it is broken. */
  readonly required: boolean;
  /** Of a field that has no word for null: null is not sent, and a field that was not sent is null (`true`) or absent. */
  readonly absentIsNull?: boolean | undefined;
  /** The node behind it, for a union to tell which variant a value is. */
  readonly node: SchemaNode | undefined;
}

/**
 * A message. An `object` has one entry for each property; a `wrapper` holds what a field cannot (a list in a list, an optional list,
 * null in a list) in its one entry; a `union` has one entry for each variant.
 */
export interface ProtoMessage {
  readonly name: string;
  readonly shape: 'object' | 'wrapper' | 'union';
  readonly comment: string | undefined;
  readonly deprecated: boolean;
  readonly entries: readonly ProtoEntry[];
  /** Of a union: the property that tells the variants apart, and the variants, in the order of the entries. */
  readonly discriminator: string | undefined;
  readonly variants: readonly Variant[];
  /** Numbers and names that were used before and never may be again. */
  readonly reserved: readonly number[];
  readonly reservedNames: readonly string[];
  /**
   * The property of each name that a member may have, if no schema has checked the value: a member of another name is refused, because it would
   * be lost in silence.
   */
  readonly strictNames?: ReadonlyMap<string, string> | undefined;
  /** Throws a `TypeError` for members, by the names of their properties, that a message cannot have together. */
  readonly check?: ((members: Readonly<Record<string, unknown>>) => void) | undefined;
  /** The other members of its oneof, for the property of each: they end when it comes. */
  readonly rivals?: ReadonlyMap<string, readonly string[]> | undefined;
}

export interface ProtoEnumValue {
  readonly name: string;
  readonly value: string;
  readonly number: number;
}

export interface ProtoEnum {
  readonly name: string;
  readonly comment: string | undefined;
  readonly values: readonly ProtoEnumValue[];
  readonly reserved: readonly number[];
  readonly reservedNames: readonly string[];
}

/** One rpc. */
export interface ProtoMethod {
  readonly name: string;
  /** `UserService`. */
  readonly service: string;
  /** `/blog.v1.UserService/GetUser`. */
  readonly path: string;
  /** `undefined` is `google.protobuf.Empty`. */
  readonly request: ProtoMessage | undefined;
  readonly response: ProtoMessage | undefined;
  readonly serves: 'operation' | 'event' | 'channel';
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly comment: string | undefined;
  readonly deprecated: boolean;
  /** Whether Connect may send its calls with GET. Source: google/protobuf/descriptor.proto, MethodOptions.idempotency_level */
  readonly hasNoSideEffects?: boolean | undefined;
}

export interface OperationMethod extends ProtoMethod {
  readonly view: OutlinedOperation;
  /** True if the output is not an object of its own: then the response's one entry holds it. */
  readonly wrapsOutput: boolean;
}

export interface EventMethod extends ProtoMethod {
  readonly view: OutlinedEvent;
  readonly payload: ProtoMessage;
}

/** The plain channel of an event that an operation writes to. */
export interface ChannelMethod extends ProtoMethod {
  readonly view: OutlinedEvent;
  readonly operation: OutlinedOperation;
  readonly payload: ProtoMessage;
}

export interface ProtoService {
  readonly name: string;
  readonly methods: readonly ProtoMethod[];
}

/** A contract as a .proto file. */
export interface ProtoFile {
  readonly package: string;
  readonly comment: string | undefined;
  readonly services: readonly ProtoService[];
  /** In order of first use. */
  readonly messages: readonly ProtoMessage[];
  readonly enums: readonly ProtoEnum[];
  /** By the operation's or event's name. */
  readonly operations: ReadonlyMap<string, OperationMethod>;
  readonly events: ReadonlyMap<string, EventMethod>;
  readonly channels: ReadonlyMap<string, ChannelMethod>;
}

/** A request's or response's name as a .proto writes it. */
export function nameOfMessage(message: ProtoMessage | undefined): string {
  return message?.name ?? 'google.protobuf.Empty';
}

/** A type's name as a .proto writes it. */
export function typeName(type: ProtoType): string {
  switch (type.kind) {
    case 'scalar':
      return type.scalar;
    case 'message':
      return type.message.name;
    case 'enum':
      return type.enum.name;
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'value':
      return 'google.protobuf.Value';
    case 'null':
      return 'google.protobuf.NullValue';
    case 'coded':
      return type.name;
  }
}

/** As a field's type is written: `map<string, int32>`, `repeated string`. */
export function fieldType({ type, label }: Pick<ProtoField, 'type' | 'label'>): string {
  return label === 'map' ? `map<string, ${typeName(type)}>` : `${label === 'repeated' ? 'repeated ' : ''}${typeName(type)}`;
}

/** The members of `.meta({ grpc: … })` for a field, a type, an operation or an event. */
export interface GrpcMeta {
  readonly name?: string;
  readonly number?: number;
  readonly type?: string;
  /** Of an event: the name of its plain channel's rpc. */
  readonly channel?: string;
}

export function grpcMeta(at: { readonly meta: Readonly<Record<string, unknown>> }): GrpcMeta {
  return at.meta['grpc'] ?? {};
}

export function isNamed(node: SchemaNode): node is SchemaNode & { readonly name: string } {
  return node.name !== undefined;
}

/** The name of a type in a .proto: the author's, or its name in the contract. */
export function messageName(node: SchemaNode & { readonly name: string }): string {
  const { name } = node.derived === true ? {} : grpcMeta(node);
  return name === undefined ? node.name : checkName(name, node.name);
}

/** Of a field: its own meta over that of its type. */
export function fieldMeta(use: TypeUse): GrpcMeta {
  return { ...(use.node.name === undefined ? grpcMeta(use.node) : {}), ...grpcMeta(use) };
}
