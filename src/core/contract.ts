import type { $ZodTypeInternals } from 'zod/v4/core';
import type { HttpBinding, HttpSpec } from './http-binding.ts';
import type { ErrorCode } from './errors.ts';
import type { SecurityRequirement, SecurityScheme, SecuritySpec } from './security/security.ts';

/**
 * Any zod 4 schema, written with `zod` or `zod/mini`, typed by its inside only. Comparing each schema of a contract with the
 * whole of zod's `$ZodType` took a third of the time that checking a large contract does.
 */
export interface Schema {
  readonly _zod: $ZodTypeInternals<unknown, unknown>;
}

/** An error that an operation gives on purpose, under a name of its own. */
export interface ErrorSpec {
  /** The code of the error on every protocol, also for callers that do not know its name. */
  readonly code: ErrorCode;
  /** An object schema of the error's `details`. Leave it out if the name says everything. */
  readonly details?: Schema;
  /** One sentence for descriptions; also the error's text unless a handler gives another. */
  readonly description?: string;
}

/** The errors of an operation: a list of codes, or a record of names. The name of a code stands for the code itself. */
export type ErrorsSpec = readonly ErrorCode[] | { readonly [name: string]: ErrorSpec | true };

/** The errors of an operation by name. A plain code has its own name. */
export interface DeclaredErrors {
  readonly [name: string]: ErrorSpec;
}

/** The errors of an operation as a record, whatever form the author wrote. */
export type Declared<X extends ErrorsSpec> = X extends readonly (infer C extends ErrorCode)[]
  ? { readonly [N in C]: { readonly code: N } }
  : { readonly [N in keyof X]: X[N] extends ErrorSpec ? X[N] : { readonly code: N & ErrorCode } };

/** Since when something is deprecated, and until when it works. Answers say it in headers, of which clients with `onDeprecated` hear. */
export interface Deprecation {
  /** A day, `2026-01-31`, or an instant, `2026-01-31T12:00:00Z`. */
  readonly since?: string;
  /** When it stops to work: a day or an instant. */
  readonly sunset?: string;
  /** A page that says more: a URL. */
  readonly link?: string;
  /** Why, and what to use instead. */
  readonly note?: string;
}

/** Options of `query` and `mutation`. */
export interface OperationSpec<
  I extends Schema | undefined,
  O extends Schema | undefined,
  X extends ErrorsSpec = ErrorsSpec,
  S extends Schema | undefined = Schema | undefined,
> {
  /** Groups operations: a gRPC or SOAP service, an OpenAPI tag. @default the contract's name */
  readonly service?: string;
  /** One line for descriptions. */
  readonly summary?: string;
  /** Markdown for descriptions. */
  readonly description?: string;
  /** True, or why and what to use instead, or since when and until when. */
  readonly deprecated?: boolean | string | Deprecation;
  /** An object schema. Leave it out if the operation takes no input. */
  readonly input?: I;
  /** The schema of the output. Leave it out if the operation returns nothing. */
  readonly output?: O;
  /** Instead of `output`: the schema of each piece of an answer that comes in pieces, such as tokens of a model or rows of an export. */
  readonly item?: S;
  /** Method and path, `GET /users/{id}`, or more than that; of several, the first is what clients use. @default `POST /<name>` */
  readonly http?: string | HttpSpec | readonly (string | HttpSpec)[];
  /**
   * The errors this operation gives on purpose: codes, `['NOT_FOUND']`, or names, `{ NOT_FOUND: true, OUT_OF_STOCK: { code: 'FAILED_PRECONDITION', details } }`.
   * A handler throws `call.errors.OUT_OF_STOCK(details)`; a caller narrows with `isApiError(error, operation, 'OUT_OF_STOCK')`.
   */
  readonly errors?: X;
  /** The credentials for a call, by the names of the contract's `securitySchemes`: `'token'`, `{ oauth: ['write'] }`, a list of which one is enough, or `false` for none. @default the contract's */
  readonly security?: SecuritySpec;
  /** Options for one protocol only: `{ grpc: { … } }`. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** Options of `query` besides those of `OperationSpec`. */
export interface QuerySpec<
  I extends Schema | undefined,
  O extends Schema | undefined,
  P extends string | undefined,
  X extends ErrorsSpec = ErrorsSpec,
  S extends Schema | undefined = Schema | undefined,
> extends OperationSpec<I, O, X, S> {
  /**
   * The property of an item that orders the list, for a query whose output is a list and whose input has
   * `limit` and `after`. A page starts after the item with that key, and a page shorter than `limit` is the last.
   */
  readonly pagedBy?: P;
}

/** Options of `mutation` besides those of `OperationSpec`. */
export interface MutationSpec<
  I extends Schema | undefined,
  O extends Schema | undefined,
  X extends ErrorsSpec = ErrorsSpec,
  S extends Schema | undefined = Schema | undefined,
> extends OperationSpec<I, O, X, S> {
  /** True if running it twice has the same effect as running it once. @default false */
  readonly idempotent?: boolean;
}

/** Options of `event`. */
export interface EventSpec<P extends Schema, C extends string, W extends string = string> {
  /** Groups events as it does operations. @default the contract's name */
  readonly service?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly deprecated?: boolean | string | Deprecation;
  /** The path under which it is published: `rooms/{room}/messages`. Each `{parameter}` names a property of the payload. */
  readonly channel: C;
  /** Its type in webhooks and CloudEvents: `article.published`. @default the channel, with dots */
  readonly type?: string;
  /** An object schema of the payload. */
  readonly payload: P;
  /** The operation whose output is published here each time it succeeds: writing to the channel means calling it. */
  readonly writtenBy?: W;
  /** The credentials for a subscription, by the names of the contract's `securitySchemes`: `'token'`, `{ oauth: ['write'] }`, a list of which one is enough, or `false` for none. @default the contract's */
  readonly security?: SecuritySpec;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** One operation of a contract. */
export interface Operation<
  I extends Schema | undefined = Schema | undefined,
  O extends Schema | undefined = Schema | undefined,
  P extends string | undefined = string | undefined,
  E extends DeclaredErrors = DeclaredErrors,
  S extends Schema | undefined = Schema | undefined,
> {
  readonly name: string;
  readonly kind: 'query' | 'mutation';
  readonly service: string;
  readonly summary?: string;
  readonly description?: string;
  readonly deprecated?: boolean | string | Deprecation;
  readonly input: I;
  readonly output: O;
  /** The schema of each piece of the answer. Only streamed operations have it. */
  readonly item: S;
  /** At least one; clients use the first. */
  readonly http: readonly HttpBinding[];
  readonly errors: E;
  readonly idempotent: boolean;
  readonly pagedBy: P;
  /** The credentials for a call: one of these is enough. Absent or empty: none are needed. */
  readonly security?: readonly SecurityRequirement[];
  readonly meta: Readonly<Record<string, unknown>>;
}

/** One event of a contract. */
export interface EventDefinition<P extends Schema = Schema, C extends string = string, W extends string = string> {
  readonly name: string;
  readonly service: string;
  readonly summary?: string;
  readonly description?: string;
  readonly deprecated?: boolean | string | Deprecation;
  readonly channel: C;
  /** The parameters in the channel, in order; each names a property of the payload. */
  readonly params: readonly string[];
  readonly type: string;
  readonly payload: P;
  readonly writtenBy?: W;
  /** The credentials for a subscription: one of these is enough. Absent or empty: none are needed. */
  readonly security?: readonly SecurityRequirement[];
  readonly meta: Readonly<Record<string, unknown>>;
}

/** A field of a named type that another query gives: `User.posts` is `getUserPosts({ userId: user.id })`. */
export interface Relation {
  /** The query that gives it. */
  readonly operation: string;
  /** The query's inputs, each by the name of the property of this type that fills it: `{ userId: 'id' }`. */
  readonly input: Readonly<Record<string, string>>;
  /** The query that returns it for many rows at once, so a list of this type costs one call instead of one per row. */
  readonly batch?: RelationBatch;
}

/** A query that takes a list of what a relation starts from. */
export interface RelationBatch {
  readonly operation: string;
  /** The query's input that takes the list: `ids`. */
  readonly input: string;
  /** The property of the items it gives that says to which of them each belongs: `id`. */
  readonly key: string;
  /** True if the relation is a list of all items that belong to the row, false if it is one item. @default false */
  readonly many?: boolean;
}

/** Relations by the name of the type (its `.meta({ id })`) and of the field. */
export type Relations = Readonly<Record<string, Readonly<Record<string, Relation>>>>;

/** Operations by name, as `defineContract` takes them. Only the keys are the names. */
export type Operations = Readonly<Record<string, Operation>>;
/** Events by name, as `defineContract` takes them. */
export type Events = Readonly<Record<string, EventDefinition>>;

/** The operations and events of an API, without any protocol. Made by `defineContract`. */
export interface Contract<O extends Operations = Operations, E extends Events = Events, R extends Relations = Relations> {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** XML namespace for SOAP. */
  readonly namespace: string;
  readonly operations: O;
  readonly events: E;
  readonly relations: R;
  /** How callers show who they are, by name. */
  readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  /** The services' names, in order of first use. */
  readonly services: readonly string[];
}

/** Contracts that another one is made of, by any names. */
export type Parts = Readonly<Record<string, Contract>>;

/** The members of one kind that parts have, together with the contract's own. */
export type Joined<T, P extends Parts, K extends 'operations' | 'events' | 'relations'> = [keyof P] extends [never]
  ? T
  : T & Intersection<P[keyof P][K]>;

type Intersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never;

/**
 * `T`, or without `strict` a type that says what is needed: zod's types are not what they say then, and every result would be `never`.
 * TypeScript tells it at the first use of the package.
 */
export type InStrict<T> = [undefined] extends [string] ? { readonly 'multi-api-sdk needs "strict": true in tsconfig.json': never } : T;

/** Options of `defineContract`. */
export interface ContractSpec<O extends Operations, E extends Events, R extends Relations, P extends Parts = {}> {
  /** Lower-case, `[a-z][a-z0-9]*`: topic prefix, proto package. */
  readonly name: string;
  /** Semantic version; its major is in topics and packages. @default '1.0.0' */
  readonly version?: string;
  readonly description?: string;
  /** XML namespace for SOAP. @default 'http://example.com/' */
  readonly namespace?: string;
  /** The service of operations and events that name none. @default the name, capitalised */
  readonly service?: string;
  /** How callers show who they are, by names that `security` uses: `{ token: { type: 'http', scheme: 'bearer' } }`. */
  readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  /** The credentials for members without a `security` of their own. @default none are needed */
  readonly security?: SecuritySpec;
  readonly operations?: O;
  readonly events?: E;
  readonly relations?: R;
  /** Contracts whose operations, events and relations this one has too, under the same names: `{ users, posts }`. Each keeps the services of its own. */
  readonly parts?: P;
}
