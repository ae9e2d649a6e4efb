import type { JsonObject } from '../core/errors.ts';

/** A JSON scalar that a literal may be. */
export type Scalar = string | number | boolean;

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = JsonObject;

/** The members of every node. */
interface NodeBase {
  /**
   * The schema's `.meta({ id })`; objects, unions and enums without one have a derived name: parent + property.
   * A name stands for one node in the whole contract.
   */
  readonly name?: string;
  /** True if the name is derived and not the author's. */
  readonly derived?: boolean;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly examples?: readonly unknown[];
  /** The members of the schema's `.meta()` beside those above: `{ grpc: { type: 'string' } }`. */
  readonly meta: JsonObject;
}

/** Text, with its format and limits. */
export interface StringNode extends NodeBase {
  readonly kind: 'string';
  /** `date-time`, `date`, `time`, `duration`, `email`, `uri`, `uuid`, `ipv4`, `ipv6`, `byte` (base64), `int64` and such; none for plain text. */
  readonly format?: string;
  /** True for `bytes()`: the value at the seam is a `Uint8Array`, and text only on wires that have nothing else. */
  readonly binary?: boolean;
  /** Lengths in UTF-16 code units. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** An ECMAScript regular expression; zod gives one with most formats too. Absent if there are several. */
  readonly pattern?: string;
}

/** A whole number: 32 bits or a safe integer. */
export interface IntegerNode extends NodeBase {
  readonly kind: 'integer';
  /** True if the bounds fit 32 bits. Otherwise it is a safe integer (53 bits). */
  readonly int32: boolean;
  /** Inclusive; absent if they say no more than `int32` does. */
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Any number. */
export interface NumberNode extends NodeBase {
  readonly kind: 'number';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** True or false. */
export interface BooleanNode extends NodeBase {
  readonly kind: 'boolean';
}

/** Nothing but null. */
export interface NullNode extends NodeBase {
  readonly kind: 'null';
}

/** One of several texts. */
export interface EnumNode extends NodeBase {
  readonly kind: 'enum';
  readonly values: readonly string[];
}

/** One fixed value, or several that are not all text. */
export interface LiteralNode extends NodeBase {
  readonly kind: 'literal';
  readonly values: readonly Scalar[];
}

/** A list of one type. */
export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: TypeUse;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** An object of named fields. */
export interface ObjectNode extends NodeBase {
  readonly kind: 'object';
  readonly name: string;
  /** In the order in which the schema has them. */
  readonly fields: readonly Field[];
}

/** Text keys to values. */
export interface RecordNode extends NodeBase {
  readonly kind: 'record';
  readonly values: TypeUse;
}

/** One of several types. */
export interface UnionNode extends NodeBase {
  readonly kind: 'union';
  readonly name: string;
  /** The property whose value tells the variants apart; only if all of them are objects. */
  readonly discriminator?: string;
  readonly variants: readonly Variant[];
}

/** One type of a union. */
export interface Variant {
  readonly node: SchemaNode;
  /** The discriminator's values that stand for this variant; empty without a discriminator. */
  readonly tags: readonly Scalar[];
}

/** Any JSON value, null included. */
export interface AnyNode extends NodeBase {
  readonly kind: 'any';
}

/**
 * One type of a contract. Nodes form a graph that may be cyclic: a named type is the same node wherever it is used.
 * Null is never a type of its own beside others but a flag on each use.
 */
export type SchemaNode =
  | StringNode
  | IntegerNode
  | NumberNode
  | BooleanNode
  | NullNode
  | EnumNode
  | LiteralNode
  | ListNode
  | ObjectNode
  | RecordNode
  | UnionNode
  | AnyNode;

/** A type at one place. Description and meta are those of the place, such as `User.meta({ … })` on a field; the type's own are on the node. */
export interface TypeUse {
  readonly node: SchemaNode;
  readonly nullable: boolean;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly examples?: readonly unknown[];
  readonly meta: JsonObject;
}

/** One property of an object. */
export interface Field extends TypeUse {
  readonly name: string;
  /** True if inputs and outputs may leave it out. A field with a default is not optional, because only inputs may leave it out. */
  readonly optional: boolean;
  /** The value of the field if an input leaves it out. */
  readonly default?: unknown;
}

/** Tells whether a type is that of `file()`. */
export function isFileNode(node: SchemaNode): boolean {
  return (
    node.kind === 'object' &&
    node.name === 'FileBody' &&
    node.fields.some(({ name, node: inner }) => name === 'content' && inner.kind === 'string' && inner.binary === true)
  );
}

/** Tells whether an input may come without this field. */
export function mayLeaveOut(field: Field): boolean {
  return field.optional || 'default' in field;
}
