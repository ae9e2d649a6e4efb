import { checkContract, checkParts, checkRoutes } from '#contract-check';
import type {
  Contract,
  ContractSpec,
  Declared,
  DeclaredErrors,
  ErrorsSpec,
  EventDefinition,
  Events,
  EventSpec,
  InStrict,
  MutationSpec,
  Operation,
  Operations,
  OperationSpec,
  Joined,
  Parts,
  QuerySpec,
  Relations,
  Schema,
} from './contract.ts';
import type { ErrorCode } from './errors.ts';
import { namedBindings, readHttpBindings } from './http-binding.ts';
import { joinParts } from './parts/join.ts';
import { securityOf } from './security/security.ts';

/**
 * An option as it was given. Within `defineContract` TypeScript takes the widest type for an option that was left out, since that fits a contract.
 * Then an editor would show it, and errors that no operation declares could be thrown.
 */
type Given<T> = undefined extends T ? undefined : T;
type DeclaredIn<X extends ErrorsSpec> = string extends keyof X ? {} : Declared<X>;

/** An operation that reads and changes nothing. */
export function query<
  I extends Schema | undefined = undefined,
  O extends Schema | undefined = undefined,
  const P extends string | undefined = undefined,
  const X extends ErrorsSpec = readonly [],
  S extends Schema | undefined = undefined,
>(spec: QuerySpec<I, O, P, X, S>): Operation<I, O, Given<P>, DeclaredIn<X>, Given<S>> {
  // The operation has the types of `spec`, which TypeScript cannot follow. So have the others below.
  return operation('query', spec, true, spec.pagedBy) as never;
}

/** An operation that changes something. */
export function mutation<
  I extends Schema | undefined = undefined,
  O extends Schema | undefined = undefined,
  const X extends ErrorsSpec = readonly [],
  S extends Schema | undefined = undefined,
>(spec: MutationSpec<I, O, X, S>): Operation<I, O, undefined, DeclaredIn<X>, Given<S>> {
  return operation('mutation', spec, spec.idempotent ?? false, undefined) as never;
}

/** A query whose answer comes in pieces: `query({ input, item })`. One that changes something is `mutation({ input, item })`. */
export function stream<
  I extends Schema | undefined = undefined,
  S extends Schema | undefined = undefined,
  const X extends ErrorsSpec = readonly [],
>(spec: Omit<OperationSpec<I, undefined, X, S>, 'output'> & { readonly item: S }): Operation<I, undefined, undefined, DeclaredIn<X>, S> {
  return operation('query', spec, true, undefined) as never;
}

/** Something that happens, which clients can listen to. */
export function event<P extends Schema, const C extends string, const W extends string = never>(
  spec: EventSpec<P, C, W>,
): EventDefinition<P, C, W> {
  const params = [...spec.channel.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
  const { security, ...rest } = spec;
  return {
    ...rest,
    ...securityOf(security),
    name: '',
    service: spec.service ?? '',
    params,
    type: spec.type ?? defaultType(spec.channel),
    meta: spec.meta ?? {},
  };
}

/**
 * Defines a contract from its operations and events.
 * @throws TypeError that names the mistake if names, paths or parameters do not fit together
 */
export function defineContract<
  const O extends Operations = {},
  const E extends Events = {},
  const R extends Relations = {},
  const P extends Parts = {},
>(spec: InStrict<ContractSpec<O, E, R, P>>): Contract<Joined<O, P, 'operations'>, Joined<E, P, 'events'>, Joined<R, P, 'relations'>> {
  if (typeof spec?.name !== 'string') throw new TypeError("defineContract: a contract has a name: defineContract({ name: 'tasks', … })");
  const security = securityOf(spec.security);
  const service = spec.service ?? spec.name.charAt(0).toUpperCase() + spec.name.slice(1);
  const own = {
    operations: named(spec.operations ?? {}, spec.name, service, (operation, name) => ({
      ...security,
      ...operation,
      http: namedBindings(operation.http, name),
    })),
    events: named(spec.events ?? {}, spec.name, service, (definition) => ({ ...security, ...definition })),
    relations: spec.relations ?? {},
  };
  const parts: Parts = spec.parts ?? {};
  checkParts(spec.name, { ...own, ...(spec.securitySchemes && { securitySchemes: spec.securitySchemes }) }, parts);
  const { operations, events, relations } = joinParts(own, parts, security);
  const schemes = [spec.securitySchemes, ...Object.values(parts).map((part) => part.securitySchemes)];
  const securitySchemes = schemes.some(Boolean) && (Object.assign({}, ...schemes) as NonNullable<Contract['securitySchemes']>);
  const contract: Contract = {
    name: spec.name,
    version: spec.version ?? '1.0.0',
    ...(spec.description !== undefined && { description: spec.description }),
    namespace: spec.namespace ?? 'http://example.com/',
    ...(securitySchemes && { securitySchemes }),
    operations,
    events,
    relations,
    services: [...new Set([...Object.values(operations), ...Object.values(events)].map((member) => member.service))],
  };
  checkContract(contract);
  return contract as never;
}

function operation<
  I extends Schema | undefined,
  O extends Schema | undefined,
  P extends string | undefined,
  X extends ErrorsSpec,
  S extends Schema | undefined,
>(kind: Operation['kind'], spec: OperationSpec<I, O, X, S>, idempotent: boolean, pagedBy: P): Operation<I, O, P, Declared<X>, S> {
  const { http = [], security, ...rest } = spec;
  checkRoutes(http);
  return {
    ...rest,
    ...securityOf(security),
    name: '',
    kind,
    service: spec.service ?? '',
    input: spec.input as I,
    output: spec.output as O,
    item: spec.item as S,
    http: readHttpBindings(http),
    errors: declared(spec.errors ?? []) as Declared<X>,
    idempotent,
    pagedBy,
    meta: spec.meta ?? {},
  };
}

/** The errors by name. A value of another kind is kept as it is, so that the check of the contract names it. */
function declared(errors: ErrorsSpec): DeclaredErrors {
  const named = Array.isArray(errors) ? errors.map((code: ErrorCode) => [code, true] as const) : Object.entries(errors);
  return Object.fromEntries(named.map(([name, error]) => [name, error === true ? { code: name as ErrorCode } : error]));
}

/** Gives every member its key as name, and a service if it has none. */
function named<T extends { readonly name: string; readonly service: string }>(
  members: Readonly<Record<string, T>>,
  contractName: string,
  service: string,
  finish: (member: T, name: string) => T,
): Record<string, T> {
  const isMade = (member: T) => typeof (member as Partial<T> | undefined)?.name === 'string';
  const stray = Object.entries(members).find(([, member]) => !isMade(member))?.[0];
  if (stray !== undefined) throw new TypeError(`contract ${contractName}: '${stray}' is not made by query(), mutation() or event()`);
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, finish({ ...member, name, service: member.service || service }, name)]),
  );
}

function defaultType(channel: string): string {
  return channel
    .replace(/\/?\{[^{}]*\}/g, '')
    .replaceAll('/', '.')
    .replace(/^\./, '');
}
