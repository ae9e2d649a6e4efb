import { $ZodObject, toJSONSchema, type $ZodType } from 'zod/v4/core';
import type { Contract, ErrorSpec, EventDefinition, Operation, Schema } from '../core/contract.ts';
import { isErrorCode, type ErrorCode } from '../core/errors.ts';
import { SchemaBuilder } from './build.ts';
import { wireOf } from './codec/codec.ts';
import type { JsonSchema, ObjectNode, SchemaNode, TypeUse } from './node.ts';
import { pascal } from './pascal.ts';

export * from './node.ts';

/** An operation with its types. */
export interface OperationView {
  readonly operation: Operation;
  /** The input; `undefined` if the operation takes none. */
  readonly input: ObjectNode | undefined;
  /** The output; `undefined` if the operation returns none. */
  readonly output: TypeUse | undefined;
  /** The JSON Schemas; their references are to `ContractView.definitions` of the same view. */
  readonly inputSchema: JsonSchema | undefined;
  readonly outputSchema: JsonSchema | undefined;
  /** The item of a streamed operation; `undefined` for other operations. */
  readonly item: TypeUse | undefined;
  readonly itemSchema: JsonSchema | undefined;
  /** The errors that it declares by a name of their own, in the contract's order. */
  readonly errors: readonly ErrorView[];
}

/** A declared error with the type of its details. */
export interface ErrorView {
  readonly name: string;
  readonly code: ErrorCode;
  readonly description: string | undefined;
  readonly details: ObjectNode | undefined;
  /** JSON Schema; its references are to `ContractView.definitions.output`. */
  readonly detailsSchema: JsonSchema | undefined;
}

/** An event with its type. */
export interface EventView {
  readonly event: EventDefinition;
  readonly payload: ObjectNode;
  /** JSON Schema; its references are to `ContractView.definitions.output`. */
  readonly payloadSchema: JsonSchema;
}

/** A contract as the protocols describe it. */
export interface ContractView {
  readonly contract: Contract;
  /** In the contract's order. */
  readonly operations: ReadonlyMap<string, OperationView>;
  readonly events: ReadonlyMap<string, EventView>;
  /** Every type that has a name, its author's or a derived one, in order of first use. */
  readonly types: ReadonlyMap<string, SchemaNode>;
  /** JSON Schemas of the types that are referred to (`#/$defs/User`): those that callers send, and those that the service gives. */
  readonly definitions: { readonly input: Readonly<Record<string, JsonSchema>>; readonly output: Readonly<Record<string, JsonSchema>> };
  /** The type's name by the name of its definition, in each view. A definition that is absent here is any JSON value. */
  readonly definitionNames: { readonly input: ReadonlyMap<string, string>; readonly output: ReadonlyMap<string, string> };
}

const views = new WeakMap<Contract, ContractView>();

/**
 * Describes a contract's types for the protocols; made once per contract.
 * Throws a `TypeError` that names the operation or event and the field if a schema cannot be described on every protocol,
 * if the sent input and the handler's input differ by more than defaults, or if two types have the same name.
 */
export function describeContract(contract: Contract): ContractView {
  let view = views.get(contract);
  if (!view) views.set(contract, (view = describe(contract)));
  return view;
}

/** The place of a schema in a contract; the text begins every message about it. */
interface Root {
  readonly at: string;
  /** The name of its type if it is unnamed. */
  readonly name: string;
  readonly schema: Schema;
}

function describe(contract: Contract): ContractView {
  const members = [...Object.values(contract.operations), ...Object.values(contract.events)];
  const roots = new Map(members.flatMap(rootsOf).map((root) => [root.at, root]));
  const input = jsonSchemas(contract, roots, 'input');
  const output = jsonSchemas(contract, roots, 'output');
  const builder = new SchemaBuilder({ input: input.definitions, output: output.definitions });
  const uses = new Map<string, TypeUse>();
  for (const { at, name } of roots.values()) {
    const here = { input: input.schemas[at] ?? {}, output: output.schemas[at] ?? {} };
    if (!input.required.has(at) || !output.required.has(at)) {
      throw new TypeError(`${at}: must not be optional or have a default as a whole: leave it out of the contract, or write .nullable()`);
    }
    uses.set(at, builder.use(here, at, name));
  }
  builder.finish(uses.values());

  const objectAt = (at: string): ObjectNode => {
    const use = uses.get(at);
    if (use?.node.kind !== 'object' || use.nullable) throw new TypeError(`${at}: must be an object`);
    return use.node;
  };
  const operationView = (operation: Operation): OperationView => ({
    operation,
    input: operation.input && objectAt(inputOf(operation)),
    output: uses.get(outputOf(operation)),
    inputSchema: input.schemas[inputOf(operation)],
    outputSchema: output.schemas[outputOf(operation)],
    item: uses.get(itemOf(operation)),
    itemSchema: output.schemas[itemOf(operation)],
    errors: namedErrors(operation).map(([name, { code, description, details }]) => {
      const at = detailsOf(operation, name);
      return { name, code, description, details: details && objectAt(at), detailsSchema: output.schemas[at] };
    }),
  });
  const eventView = (event: EventDefinition): EventView => ({
    event,
    payload: objectAt(payloadOf(event)),
    payloadSchema: output.schemas[payloadOf(event)] ?? {},
  });
  return {
    contract,
    operations: new Map(Object.values(contract.operations).map((operation) => [operation.name, operationView(operation)])),
    events: new Map(Object.values(contract.events).map((event) => [event.name, eventView(event)])),
    types: builder.types,
    definitions: { input: input.definitions, output: output.definitions },
    definitionNames: builder.names,
  };
}

function rootsOf(member: Operation | EventDefinition): Root[] {
  const name = pascal(member.name);
  if ('payload' in member) return [{ at: payloadOf(member), name: `${name}Payload`, schema: wireOf(member.payload) }];
  return [
    ...(member.input ? [{ at: inputOf(member), name: `${name}Input`, schema: wireOf(member.input) }] : []),
    ...(member.output ? [{ at: outputOf(member), name: `${name}Result`, schema: wireOf(member.output) }] : []),
    ...(member.item ? [{ at: itemOf(member), name: `${name}Item`, schema: wireOf(member.item) }] : []),
    ...namedErrors(member).flatMap(([error, { details }]) =>
      details ? [{ at: detailsOf(member, error), name: `${name}${pascal(error.toLowerCase())}`, schema: wireOf(details) }] : [],
    ),
  ];
}

/** Those that are not plain codes. */
function namedErrors({ errors }: Operation): [string, ErrorSpec][] {
  return Object.entries(errors).filter(([name]) => !isErrorCode(name));
}

const inputOf = ({ name }: Operation) => `operation ${name}: input`;
const outputOf = ({ name }: Operation) => `operation ${name}: output`;
const detailsOf = ({ name }: Operation, error: string) => `operation ${name}: details of ${error}`;
const itemOf = ({ name }: Operation) => `operation ${name}: item`;
const payloadOf = ({ name }: EventDefinition) => `event ${name}: payload`;

interface JsonSchemas {
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  readonly required: ReadonlySet<string>;
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** All schemas of a contract in one go, so that a named type is the same definition everywhere. */
function jsonSchemas(contract: Contract, roots: ReadonlyMap<string, Root>, io: 'input' | 'output'): JsonSchemas {
  const shape = Object.fromEntries([...roots].map(([at, { schema }]) => [at, schema as $ZodType]));
  const all = toJson(contract, new $ZodObject({ type: 'object', shape }), io);
  return {
    schemas: all['properties'] as Record<string, JsonSchema>,
    required: new Set(all['required'] as string[] | undefined),
    definitions: (all['$defs'] ?? {}) as Record<string, JsonSchema>,
  };
}

function toJson(contract: Contract, schema: Schema, io: 'input' | 'output'): JsonSchema {
  try {
    return toJSONSchema(schema as $ZodType, {
      io,
      target: 'draft-2020-12',
      unrepresentable: ({ zodSchema, path }) => {
        throw new Unrepresentable(`${placeOf(path)}: ${instead(zodSchema._zod.def.type)}`);
      },
    });
  } catch (error) {
    if (error instanceof Unrepresentable) throw new TypeError(error.message, { cause: error });
    const twice = /Duplicate schema id "(.*?)"/.exec((error as Error).message)?.[1];
    if (twice === undefined) {
      const hint = 'a schema or its .meta() has what JSON cannot write, such as a bigint or an object that contains itself';
      throw new TypeError(`contract ${contract.name}: ${(error as Error).message} (${hint})`, { cause: error });
    }
    throw new TypeError(
      `contract ${contract.name}: two different schemas have .meta({ id: '${twice}' }): use one schema in both places, or give one of them another id`,
      { cause: error },
    );
  }
}

class Unrepresentable extends Error {}

/** The replacement for a schema that JSON has no value for. */
const INSTEAD: Readonly<Record<string, string>> = {
  bigint: 'z.bigint() has no JSON value: write int64() of this package, or z.int()',
  date: 'z.date() has no JSON value: write instant() of this package, or z.iso.datetime()',
  map: 'z.map() has no JSON value: write z.record(z.string(), …)',
  set: 'z.set() has no JSON value: write z.array(…)',
  transform: 'a transform works one way only: write z.codec(…), which works both ways',
  undefined: 'z.undefined() has no JSON value: write .optional()',
  void: 'z.void() has no JSON value: leave it out',
  nan: 'z.nan() has no JSON value: write z.number()',
  literal: 'a bigint or undefined literal has no JSON value: write a string, number or boolean',
  custom: 'z.custom() cannot be described: write the JSON value with .refine() for what it must satisfy',
};

function instead(type: string): string {
  return INSTEAD[type] ?? `z.${type}() cannot be described: write a schema of a JSON value`;
}

/** A path in JSON Schema as messages have it: `operation getUser: input.address[].zip`. */
function placeOf(path: readonly (string | number)[]): string {
  let place = '';
  for (let at = 0; at < path.length; at++) {
    const step = path[at];
    if (step === 'properties') place += `${place === '' ? '' : '.'}${path[++at]}`;
    else if (step === 'items' || step === 'prefixItems') place += '[]';
    else if (step === 'additionalProperties') place += '{}';
    else if (typeof step === 'number') place += `|${step + 1}`;
  }
  return place;
}
