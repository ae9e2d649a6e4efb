import { $ZodObject, $ZodOptional, clone, type $ZodType } from 'zod/v4/core';
import type { Contract, Operation, Relation } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { CallRequest, Headers, Selection, Transport } from '../core/transport.ts';
import { changed } from '../life/call.ts';
import { own } from '../core/own.ts';
import { RelationLoader } from './relation-loader.ts';
import { isCodec, isPreprocess, shapeOf } from '../core/shape.ts';
import { ownDef } from '../core/shape/walk.ts';
import type { Check } from '../schema/check/issues.ts';
import type { Checks } from './checks.ts';

export { hasField } from '../core/shape.ts';

/** A selection, compiled for an operation's output. */
export interface SelectPlan {
  /** The output's own fields that a peer must give: those selected, and those that relations start from. */
  readonly ownFields: readonly string[];
  /**
   * The part of an output that a peer may answer: only the selected fields, and relations only if the peer can select them. With its
   * codecs.
   */
  readonly schema: $ZodType;
  readonly node: SelectNode;
}

/** The wanted fields of one type. */
export type SelectNode =
  | { readonly kind: 'whole' }
  | { readonly kind: 'list'; readonly item: SelectNode }
  | {
      readonly kind: 'fields';
      readonly fields: readonly (readonly [string, SelectNode])[];
      readonly relations: readonly SelectedRelation[];
    };

interface SelectedRelation {
  readonly name: string;
  readonly relation: Relation;
  readonly operation: Operation;
  readonly selection: Selection | undefined;
  readonly node: SelectNode;
}

const WHOLE: SelectNode = { kind: 'whole' };
const MAX_PLANS = 1000;
const plans = new WeakMap<Contract, Map<string, SelectPlan>>();

/** Compiles a selection, once. Throws INVALID_ARGUMENT that names the field that cannot be selected. */
export function planSelection(contract: Contract, operation: Operation, selection: Selection): SelectPlan {
  let known = plans.get(contract);
  if (!known) plans.set(contract, (known = new Map<string, SelectPlan>()));
  const key = `${operation.name}:${JSON.stringify(selection)}`;
  let plan = known.get(key);
  if (!plan) {
    plan = new Planner(contract).plan(operation, selection);
    if (known.size >= MAX_PLANS) known.clear();
    known.set(key, plan);
  }
  return plan;
}

/** The check of an output of which some fields were asked for: the others may be absent or anything, and are dropped. */
export function checkOfSelection(checks: Checks, contract: Contract, operation: Operation, select: Selection): Check {
  const { selections } = checks.of(operation);
  let check = selections.get(select);
  if (check) return check;
  check = checks.ofSchema(planSelection(contract, operation, select).schema);
  if (Object.isFrozen(select)) selections.set(select, check);
  return check;
}

/**
 * Makes a call that selects, over any transport: relations that the answer lacks are fetched by their own operations,
 * several at a time, and what was not asked for is dropped.
 */
export async function callSelected(contract: Contract, transport: Transport, request: CallRequest): Promise<unknown> {
  const { operation, select } = request;
  if (!select) return transport.call(request);
  const plan = planSelection(contract, operation, select);
  const output = await transport.call(request);
  const headers = withoutKey(request.headers);
  const loader = new RelationLoader(transport.contract, (related, input, selection) =>
    transport.call(changed(request, { operation: related, input, headers, select: selection, onResponse: undefined })),
  );
  const pending: Promise<void>[] = [];
  const result = build(plan.node, output, loader, pending);
  try {
    while (pending.length > 0) await Promise.all(pending.splice(0));
  } finally {
    loader.stop();
  }
  return result;
}

/** An idempotency key belongs to one call, and relations are calls of their own. */
function withoutKey(headers: Headers): Headers {
  if (!('idempotency-key' in headers)) return headers;
  const { 'idempotency-key': _, ...rest } = headers;
  return rest;
}

/** A copy with only the wanted fields; `pending` gets what still fills in relations. */
function build(node: SelectNode, value: unknown, loader: RelationLoader, pending: Promise<void>[]): unknown {
  if (node.kind === 'whole' || typeof value !== 'object' || value === null) return value;
  if (node.kind === 'list') return Array.isArray(value) ? value.map((item) => build(node.item, item, loader, pending)) : value;
  const source = value as Readonly<Record<string, unknown>>;
  const result: Record<string, unknown> = {};
  for (const [name, inner] of node.fields) if (Object.hasOwn(source, name)) result[name] = build(inner, source[name], loader, pending);
  for (const { name, relation, selection, node: inner } of node.relations) {
    if (Object.hasOwn(source, name)) {
      result[name] = build(inner, source[name], loader, pending);
      continue;
    }
    const loading = loader.load(relation, source, undefined, selection).then((related) => {
      if (related !== undefined) result[name] = build(inner, related, loader, pending);
    });
    // Code that waits for the others has stopped listening as soon as one has failed.
    loading.catch(() => {});
    pending.push(loading);
  }
  return result;
}

class Planner {
  private readonly contract: Contract;

  constructor(contract: Contract) {
    this.contract = contract;
  }

  plan(operation: Operation, selection: Selection): SelectPlan {
    if (!operation.output) throw refuse(`${operation.name} gives no output to select from`, []);
    const { node, schema } = this.#compile(operation.output as $ZodType, selection, [operation.name]);
    const inner = node.kind === 'list' ? node.item : node;
    const needed = inner.kind === 'fields' ? inner.relations.flatMap(({ relation }) => Object.values(relation.input)) : [];
    const names = inner.kind === 'fields' ? inner.fields.map(([name]) => name) : [];
    return { node, schema, ownFields: [...new Set([...names, ...needed])] };
  }

  #compile(schema: $ZodType, selection: unknown, path: readonly string[]): { readonly node: SelectNode; readonly schema: $ZodType } {
    if (selection === true) return { node: WHOLE, schema };
    if (typeof selection !== 'object' || selection === null || Array.isArray(selection))
      throw refuse(`select: ${path.join('.')} must be true, or an object with the fields wanted of it`, path);
    const def = ownDef(schema);
    if (isCodec(schema)) throw refuse(`select: ${path.join('.')} is one value: write true`, path);
    if (def.innerType) {
      const inner = this.#compile(def.innerType, selection, path);
      return { node: inner.node, schema: rewrap(schema, def.type, inner.schema) };
    }
    if (def.getter) return this.#compile(def.getter(), selection, path);
    const shape = shapeOf(schema);
    if (shape.kind === 'list') {
      const item = this.#compile(shape.item, selection, path);
      return { node: { kind: 'list', item: item.node }, schema: likewise(listOf(schema), { type: 'array', element: item.schema }) };
    }
    if (shape.kind === 'object') return this.#fields(shape.fields, shape.id, selection as Selection, path);
    if (shape.kind === 'union') return { node: this.#variants(shape.options, selection as Selection, path), schema };
    throw refuse(`select: ${path.join('.')} has no fields: write true`, path);
  }

  #fields(fields: Fields, id: string | undefined, selection: Selection, path: readonly string[]) {
    const known = id === undefined ? {} : (own(this.contract.relations, id) ?? {});
    const shape: Record<string, $ZodType> = {};
    const selected: [string, SelectNode][] = [];
    const relations: SelectedRelation[] = [];
    // One that is undefined is left out, as JSON does, by which plans are known.
    const names = Object.keys(selection).filter((name) => selection[name] !== undefined);
    if (names.length === 0) throw refuse(`select: ${path.join('.')} selects nothing: name at least one field`, path);
    for (const name of names) {
      const inner = [...path, name];
      const field = own(fields, name);
      const relation = own(known, name);
      const wanted = selection[name];
      if (field) {
        const compiled = this.#compile(field, wanted, inner);
        shape[name] = compiled.schema;
        selected.push([name, compiled.node]);
      } else if (relation) {
        const operation = own(this.contract.operations, relation.operation);
        if (!operation?.output) throw refuse(`select: ${relation.operation} gives no output`, inner);
        const compiled = this.#compile(operation.output as $ZodType, wanted, inner);
        shape[name] = new $ZodOptional({ type: 'optional', innerType: compiled.schema });
        relations.push({ name, relation, operation, node: compiled.node, selection: wanted === true ? undefined : wanted });
      } else {
        const all = [...Object.keys(fields), ...Object.keys(known)].join(', ');
        throw refuse(`select: '${name}' is not a field of ${id ?? path.join('.')}: it has ${all}`, inner);
      }
    }
    // The fields that relations start from. A peer that gives the relation itself need not give them.
    for (const { relation } of relations) {
      for (const name of Object.values(relation.input)) {
        const field = own(fields, name);
        if (field && !Object.hasOwn(shape, name)) shape[name] = new $ZodOptional({ type: 'optional', innerType: field });
      }
    }
    return { node: { kind: 'fields' as const, fields: selected, relations }, schema: new $ZodObject({ type: 'object', shape }) };
  }

  /** Peers give a union's variants whole; each keeps the fields that it has. */
  #variants(options: readonly $ZodType[], selection: Selection, path: readonly string[]): SelectNode {
    const fields = new Map<string, SelectNode>();
    for (const name of Object.keys(selection)) {
      if (selection[name] === undefined) continue;
      const holders = options
        .map((option) => shapeOf(option))
        .flatMap((shape) => (shape.kind === 'object' ? (own(shape.fields, name) ?? []) : []));
      if (holders.length === 0) throw refuse(`select: '${name}' is not a field of any variant of ${path.join('.')}`, [...path, name]);
      for (const holder of holders) fields.set(name, this.#compile(holder, selection[name], [...path, name]).node);
    }
    return { kind: 'fields', fields: [...fields], relations: [] };
  }
}

type Fields = Readonly<Record<string, $ZodType>>;

function rewrap(schema: $ZodType, type: string, innerType: $ZodType): $ZodType {
  return type === 'optional' || type === 'nullable' ? likewise(schema, { type, innerType }) : innerType;
}

/** The list that a schema is on the wire side. */
function listOf(schema: $ZodType): $ZodType {
  const def = ownDef(schema);
  const inner = def.innerType ?? def.getter?.() ?? (isPreprocess(schema) ? (def.out ?? def.in) : def.in);
  return inner ? listOf(inner) : schema;
}

/** A schema of the same class, without its checks: naming the classes here would put them into every page's bundle. */
function likewise(schema: $ZodType, def: Readonly<Record<string, unknown>>): $ZodType {
  return clone(schema, def as never);
}

function refuse(message: string, [, ...path]: readonly string[]): ApiError {
  return new ApiError('INVALID_ARGUMENT', message, { sent: false, details: { issues: [{ path: ['select', ...path], message }] } });
}
