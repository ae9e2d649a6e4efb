import type { $ZodType } from 'zod/v4/core';
import type { Contract, EventDefinition, Operation, Schema } from '../../core/contract.ts';
import type { JsonObject } from '../../core/errors.ts';
import { defOf } from '../../core/shape/intersect.ts';
import { isCodec, isOptional, isPreprocess, metaOf, ownDef, type Def } from '../../core/shape/walk.ts';
import type { Field, ObjectNode, Scalar, SchemaNode, TypeUse, UnionNode } from '../node.ts';
import { Unions, unlike } from '../union/unions.ts';
import { isBare, numberOf, textLimits } from './limits.ts';
import { pascal } from '../pascal.ts';

/** An operation with its types. */
export interface OutlinedOperation {
  readonly operation: Operation;
  readonly input: ObjectNode | undefined;
  readonly output: TypeUse | undefined;
  readonly item: TypeUse | undefined;
}

/** An event with its type. */
export interface OutlinedEvent {
  readonly event: EventDefinition;
  readonly payload: ObjectNode;
}

/** The types of a contract, as far as clients need them: `ContractView` without what only a description needs. */
export interface Outline {
  readonly contract: Contract;
  readonly operations: ReadonlyMap<string, OutlinedOperation>;
  readonly events: ReadonlyMap<string, OutlinedEvent>;
}

/**
 * Outlines a contract's types from its schemas themselves: the same names, kinds, formats and metadata as `describeContract`, without limits and
 * descriptions. A browser that only asks does not carry the whole schema view. A contract that the view refuses is for the server to refuse.
 */
export function outlineContract(contract: Contract): Outline {
  const outliner = new Outliner();
  const objectOf = (schema: Schema, name: string) => outliner.root(schema as $ZodType, name).node as ObjectNode;
  const operations = Object.values(contract.operations).map((operation) => {
    const { input, output, item } = operation;
    const name = pascal(operation.name);
    return [
      operation.name,
      {
        operation,
        input: input && objectOf(input, `${name}Input`),
        output: output && outliner.root(output as $ZodType, `${name}Result`),
        item: item && outliner.root(item as $ZodType, `${name}Item`),
      },
    ] as const;
  });
  const events = Object.values(contract.events).map(
    (event) => [event.name, { event, payload: objectOf(event.payload, `${pascal(event.name)}Payload`) }] as const,
  );
  outliner.finish();
  return { contract, operations: new Map(operations), events: new Map(events) };
}

type Meta = Readonly<Record<string, unknown>>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The wrappers around a schema. */
interface Wrapped {
  readonly node: SchemaNode;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  readonly value: unknown;
  /** The notes at this place, and for a type without a name those of the type too. */
  readonly meta: Meta;
}

class Outliner {
  /** By schema: those with an id, and those that contain themselves. */
  readonly #known = new Map<$ZodType, Wrapped>();
  readonly #byId = new Map<string, Wrapped>();
  readonly #open = new Map<$ZodType, Mutable<ObjectNode> | Mutable<UnionNode>>();
  readonly #unions = new Unions();
  readonly #roots: TypeUse[] = [];

  /** The type of an input, output or payload. `name` is what it is called if it needs a name and has none. */
  root(schema: $ZodType, name: string): TypeUse {
    const use = this.#use(schema, name);
    this.#roots.push(use);
    return use;
  }

  /** Finishes the unions; called once, when all is known. */
  finish(): void {
    this.#unions.finish(this.#roots);
  }

  #use(schema: $ZodType, name: string): TypeUse {
    return asUse(this.#wrapped(schema, name));
  }

  #wrapped(schema: $ZodType, name: string): Wrapped {
    const { id, ...notes } = metaOf(schema) ?? {};
    const known = this.#known.get(schema) ?? (id === undefined ? undefined : this.#byId.get(id));
    if (known) return known;
    // A schema that `.meta()` or a check made of a named type is that type.
    const parent = namedParent(schema);
    if (parent) return { ...this.#wrapped(parent, name), meta: without(notes, metaOf(parent)) };
    const open = this.#open.get(schema);
    if (open) {
      const cyclic = bare(open);
      this.#known.set(schema, cyclic);
      return cyclic;
    }
    const made = this.#make(schema, id ?? name, id !== undefined, notes);
    if (id === undefined) return { ...made, meta: { ...made.meta, ...notes } };
    const named = { ...made, meta: {} };
    this.#known.set(schema, named);
    this.#byId.set(id, named);
    return named;
  }

  #make(schema: $ZodType, name: string, isNamed: boolean, notes: Meta): Wrapped {
    const def = defOf(schema);
    const meta = notes as JsonObject;
    const own = isNamed ? { name, meta } : { meta };
    const named = isNamed ? { name, meta } : { name, derived: true, meta };
    switch (def.type) {
      case 'nullable':
        return { ...this.#inner(schema, name, isNamed, notes), nullable: true };
      case 'default':
      case 'prefault':
      case 'catch':
        return { ...this.#inner(schema, name, isNamed, notes), hasDefault: true, value: def.defaultValue ?? def.catchValue?.({}) };
      case 'object': {
        const node: Mutable<ObjectNode> = { kind: 'object', ...named, fields: [] };
        this.#within(schema, node, () => (node.fields = this.#fields(def.shape ?? {}, name)));
        return bare(node);
      }
      case 'array':
        return bare({ kind: 'list', ...own, items: this.#use(def.element as $ZodType, name) });
      case 'record':
        return bare({ kind: 'record', ...own, values: this.#use(def.valueType as $ZodType, name) });
      case 'enum':
        return bare({ kind: 'enum', ...named, values: Object.values(def.entries ?? {}) });
      case 'literal':
        return literal(def.values ?? [], own, named);
      case 'union':
        return this.#union(schema, def, name, named);
      case 'string':
      case 'template_literal':
        return bare({ kind: 'string', ...own, ...textLimits(schema) });
      case 'number':
        return bare(numberOf(schema, own));
      case 'boolean':
      case 'null':
        return bare({ kind: def.type, ...own });
      default:
        if (def.innerType ?? def.getter ?? def.in) return this.#inner(schema, name, isNamed, notes);
        return bare({ kind: 'any', ...own });
    }
  }

  /** The schema within another: one without a name of its own takes that of what stands around it. */
  #inner(given: $ZodType, name: string, isNamed: boolean, notes: Meta): Wrapped {
    const { _zod } = given;
    const def = ownDef(given);
    // zod keeps what a getter gave: it may give another schema each time.
    const schema = (def.innerType ?? (_zod as { readonly innerType?: $ZodType }).innerType ?? readBy(given)) as $ZodType;
    return this.#around(schema, name, isNamed, notes);
  }

  #around(schema: $ZodType, name: string, isNamed: boolean, notes: Meta): Wrapped {
    const isPlain = isNamed && metaOf(schema)?.id === undefined && !namedParent(schema) && !this.#open.has(schema);
    return isPlain ? this.#make(schema, name, true, { ...metaOf(schema), ...notes }) : this.#wrapped(schema, name);
  }

  #fields(shape: Readonly<Record<string, $ZodType>>, name: string): Field[] {
    return Object.entries(shape).map(([key, schema]) => {
      const wrapped = this.#wrapped(schema, name + pascal(key));
      const mayBeAbsent = isOptional(schema);
      return {
        name: key,
        ...asUse(wrapped),
        optional: mayBeAbsent && wireSide(schema)._zod.optout !== undefined,
        ...(mayBeAbsent && wrapped.hasDefault && { default: wrapped.value }),
      };
    });
  }

  #union(
    schema: $ZodType,
    def: Pick<Def, 'options'>,
    name: string,
    named: { readonly name: string; readonly derived?: boolean; readonly meta: Meta },
  ): Wrapped {
    const flat = flatOptions(def.options ?? []);
    const options = unlike(flat, bareTypeOf);
    if (isJson(options)) return bare({ kind: 'any', meta: {} });
    const rest = options.filter((option) => constantOf(option) !== null);
    const hasNull = rest.length < options.length;
    const [only] = rest;
    if (!only) return bare({ kind: 'null', meta: {} });
    if (rest.length === 1 && (flat.length > 1 || bareTypeOf(only) !== undefined)) {
      const made = this.#around(only, named.name, named.derived !== true, named.meta);
      return { ...made, nullable: hasNull || made.nullable };
    }
    const node: Mutable<UnionNode> = { kind: 'union', ...(named as { name: string; meta: Record<string, never> }), variants: [] };
    this.#within(schema, node, () => {
      const uses = rest.map((option, index) => this.#use(option, name + (tagName(option) || `Option${index + 1}`)));
      this.#unions.add(node, uses, name);
    });
    return { ...bare(node), nullable: hasNull };
  }

  #within(schema: $ZodType, node: Mutable<ObjectNode> | Mutable<UnionNode>, fill: () => void): void {
    this.#open.set(schema, node);
    fill();
    this.#open.delete(schema);
  }
}

/** The side of a codec that travels. */
function wireSide(schema: $ZodType): $ZodType {
  let side = schema;
  while (isCodec(side)) side = defOf(side).in as $ZodType;
  return side;
}

/** The schema within one that only stands around it. */
function withinOf(schema: $ZodType): $ZodType | undefined {
  const { innerType, getter, out } = defOf(schema);
  return innerType ?? getter?.() ?? (isPreprocess(schema) ? out : undefined);
}

/** The side of a pipe that says what travels: of a function before a schema, that schema. */
function readBy(pipe: $ZodType): $ZodType | undefined {
  const def = defOf(pipe);
  return isPreprocess(pipe) ? def.out : def.in;
}

function asUse({ node, nullable, meta }: Wrapped): TypeUse {
  return { node, nullable, meta: meta };
}

function bare(node: SchemaNode): Wrapped {
  return { node, nullable: node.kind === 'any' || node.kind === 'null', hasDefault: false, value: undefined, meta: {} };
}

/** The schema with an id that this one was made of, by a check or by notes. */
function namedParent(schema: $ZodType): $ZodType | undefined {
  for (let at = schema._zod.parent; at; at = at._zod.parent) if (metaOf(at)?.id !== undefined) return at;
  return undefined;
}

/** Notes without those that another has alike. */
function without(notes: Meta, others: Meta = {}): Meta {
  return Object.fromEntries(Object.entries(notes).filter(([name, value]) => JSON.stringify(others[name]) !== JSON.stringify(value)));
}

/** The option that `nullable` adds to those of a union. */
const NULL = { _zod: { def: { type: 'null' } } } as $ZodType;

/** The members of a union, as the schema view has them: those of unions in it that have no name, and one of each bare type. */
function bareTypeOf(option: $ZodType): string | undefined {
  const schema = plain(option);
  return schema && isBare(schema) ? defOf(schema).type : undefined;
}

function flatOptions(options: readonly $ZodType[]): $ZodType[] {
  return options.flatMap((option) => {
    if (hasName(option)) return [option];
    const { type, options: own } = defOf(option);
    if (type === 'union') return isJson(own ?? []) ? [option] : flatOptions(own ?? []);
    const inner = withinOf(option);
    const flat = inner ? flatOptions([inner]) : [];
    if (type === 'nullable') return [...flat, NULL];
    return flat.length < 2 ? [option] : flat;
  });
}

function hasName(schema: $ZodType): boolean {
  return metaOf(schema)?.id !== undefined || namedParent(schema) !== undefined;
}

/** `z.json()`: every JSON value. */
function isJson(options: readonly $ZodType[]): boolean {
  return options.map(({ _zod }) => _zod.def.type).join() === 'string,number,boolean,null,array,record';
}

/** The schema within those that only stand around it; `undefined` if one of them has a name or adds null. */
function plain(schema: $ZodType): $ZodType | undefined {
  if (hasName(schema) || defOf(schema).type === 'nullable') return undefined;
  const inner = withinOf(schema);
  return inner ? plain(inner) : schema;
}

/** The one value of a schema; `undefined` if there are several. */
function constantOf(schema: $ZodType): unknown {
  const inner = plain(schema);
  if (!inner) return undefined;
  const { type, values } = defOf(inner);
  return type === 'null' ? null : values?.length === 1 ? values[0] : undefined;
}

/** One value or several; texts are an enum, and null is a flag. */
function literal(values: readonly unknown[], own: { readonly meta: object }, named: object): Wrapped {
  const rest = values.filter((value) => value !== null);
  if (rest.length === 0) return bare({ kind: 'null', ...own } as SchemaNode);
  const isEnum = values.length > 1 && rest.every((value) => typeof value === 'string');
  const node = isEnum ? { kind: 'enum', ...named, values: rest } : { kind: 'literal', ...own, values: rest as Scalar[] };
  return { ...bare(node as SchemaNode), nullable: rest.length < values.length };
}

/** The first text constant of an object, as a part of a name. */
function tagName(option: $ZodType): string | undefined {
  const inner = plain(option);
  const tag = Object.values((inner && defOf(inner).shape) ?? {})
    .map(constantOf)
    .find((value) => typeof value === 'string');
  return tag && pascal(tag);
}
