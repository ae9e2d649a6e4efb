import type { output as OutputOf } from 'zod/v4/core';
import type { AppInput } from '../core/application.ts';
import type { Contract, DeclaredErrors, EventDefinition, Events, Operation, Schema } from '../core/contract.ts';
import type { Headers, Peer, Transport } from '../core/transport.ts';
import type { EventHub } from '../events/hub.ts';
import type { ErrorMakers } from './error-makers.ts';
import type { IdempotencyStore } from '../stores/idempotency.ts';
import type { HandlerResponse } from './response.ts';
import { type Closable } from '../life/closable.ts';

type Awaitable<T> = T | Promise<T>;

/** The first argument of a handler: the validated input with defaults filled in. */
export type HandlerInput<O extends Operation> = O['input'] extends Schema ? OutputOf<O['input']> : undefined;
/** The result of a handler. It is validated, and unknown members are dropped. */
export type HandlerOutput<O extends Operation> = O['item'] extends Schema ? AsyncIterable<AppInput<O['item']>> : OneOutput<O>;
type OneOutput<O extends Operation> = O['output'] extends Schema ? AppInput<O['output']> : void;

/** One function per operation of the contract. It throws an `ApiError` to give its caller an error. */
export type Handlers<C extends Contract, T = unknown> = {
  readonly [N in keyof C['operations']]: (
    input: HandlerInput<C['operations'][N]>,
    call: HandlerCall<C['events'], T, C['operations'][N]['errors'], HandlerOutput<C['operations'][N]>>,
  ) => Awaitable<HandlerOutput<C['operations'][N]>>;
};

/** The second argument of a handler. */
export interface HandlerCall<E extends Events = Events, T = unknown, X extends DeclaredErrors = DeclaredErrors, O = never> {
  /** The result of the service's `context` function. */
  readonly context: T;
  /** Aborts when the caller cancels, leaves, or its deadline passes. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds, if the caller set a deadline. */
  readonly deadline: number | undefined;
  readonly headers: Headers;
  readonly requestId: string;
  readonly peer: Peer | undefined;
  /** Headers of the answer, cookies over HTTP, a status over REST. They can be set until the handler has settled. */
  readonly response: HandlerResponse;
  /** The errors that the operation declares, one function each: `throw call.errors.OUT_OF_STOCK({ left: 3 })`. */
  readonly errors: ErrorMakers<X>;
  /** As `Service.publish`. An event that it wrote in a transaction is not published again because the operation writes it. */
  readonly publish: Publish<E>;
  /**
   * Keeps the output for the call's idempotency key within a transaction of your database, so that the changes of the call and its outcome are kept
   * together or not at all. Return the same output. Without a key it only checks the output.
   * @throws TypeError if the store takes part in no transactions, or the output breaks the contract
   * @throws ApiError ABORTED if another process has the key by now: roll back
   */
  readonly finish: (output: O, options: InTransaction) => Promise<void>;
}

/** Options for a handler with a transaction of its own database. */
export interface InTransaction {
  /** The transaction as the hub or store knows it: for Postgres the client that runs it, for stores in memory `memoryTransaction()`. */
  readonly transaction: unknown;
}

/**
 * Publishes an event to the subscribers on every protocol; with `transaction` after its commit, and never after a rollback. Rejects with a `TypeError`
 * if the data breaks the contract, or the hub takes part in no transactions.
 */
export type Publish<E extends Events> = <N extends keyof E & string>(
  event: N,
  data: AppInput<E[N]['payload']>,
  options?: Partial<InTransaction>,
) => Promise<void>;

/** The argument of `context`. */
export interface ContextInfo {
  readonly headers: Headers;
  readonly peer: Peer | undefined;
  readonly signal: AbortSignal;
  /** The operation or event asked for; none if only the caller is asked for, as at the CONNECT of a broker or by webhooks' subscriptions. */
  readonly member: Operation | EventDefinition | undefined;
  /** The caller that something is done for in their absence, such as a delivery of webhooks. Throw to refuse it. */
  readonly onBehalfOf: string | undefined;
  /** The results of the verifiers of `security`, by the name of the scheme. Absent if the member needs no credentials. */
  readonly granted?: Readonly<Record<string, object>> | undefined;
}

/** A caller's credentials for one scheme. */
export interface Credentials {
  /** The scheme's name in the contract. */
  readonly scheme: string;
  /** The bearer token or the API key; of `basic` the user name and the password with a colon between; empty for a certificate and for a caller in absence. */
  readonly token: string;
  /** Of `basic`. */
  readonly username?: string;
  /** Of `basic`. */
  readonly password?: string;
  /** The scopes that the member needs. The verifier's result must list them as `scopes`. */
  readonly scopes: readonly string[];
  /** The caller for whom something is done in their absence, such as a delivery of webhooks. There is no token then. */
  readonly onBehalfOf?: string;
}

/** The result of a verifier: nothing or `false` to refuse, else the caller. */
export type Grant = object | boolean | null | undefined;

/**
 * Verifies credentials of one scheme. Return who the caller is, with `scopes` if the contract asks for some, `caller` for idempotency keys, and
 * `expiresAtMs` if subscriptions end then; or throw an `ApiError`.
 */
export type Verifier = (credentials: Credentials, info: ContextInfo) => Grant | Promise<Grant>;

/** An exception or a broken output that callers see as INTERNAL with a neutral message. */
export interface ErrorReport {
  readonly error: unknown;
  /** Name of the operation or event. */
  readonly member: string;
  readonly requestId?: string;
}

/** Options of `createService`. */
export interface ServiceOptions<T> {
  /**
   * Makes what handlers get as `call.context`, for each call and subscription, alike on all protocols. Throw an
   * `ApiError` (UNAUTHENTICATED, PERMISSION_DENIED) to reject. A returned `expiresAtMs` (epoch milliseconds) ends subscriptions then.
   * TypeScript must know its type before it reads handlers that are written in the same call: let it stand before them in one object (see
   * `ServiceSpec`), or write the type of its parameter, `({ headers }: ContextInfo) => …`.
   */
  readonly context?: ((info: ContextInfo) => Awaitable<T>) | undefined;
  /**
   * Verifies the credentials of callers, by the names of the contract's `securitySchemes`, before `context` and the handler:
   * `{ token: async ({ token }) => ({ user: await userOf(token) }) }`. `context` gets what they return as `granted`; without `context` it is
   * `call.context`. Every scheme that the contract asks for needs one.
   */
  readonly security?: Readonly<Record<string, Verifier>> | undefined;
  /** The hub of events. @default memoryHub() */
  readonly hub?: EventHub | undefined;
  /** Keeps outcomes of calls with idempotency keys. @default memoryIdempotencyStore() */
  readonly idempotencyStore?: IdempotencyStore | undefined;
  /** How long the outcome of a call with an idempotency key is kept, in milliseconds. @default 86_400_000 (24 h) */
  readonly idempotencyTtlMs?: number | undefined;
  /** After how many milliseconds a key may be taken again whose process died; while the handler runs it is kept. @default 60_000 */
  readonly idempotencyLeaseMs?: number | undefined;
  /**
   * How long a `hub` or an `idempotencyStore` that was given may take for an answer, in milliseconds; then it failed. A call waits as long for a hub
   * that is away once 1,000 events wait for it. @default 30_000
   */
  readonly storeTimeoutMs?: number | undefined;
  /**
   * Tells who a caller is. Idempotency keys, webhook subscriptions and quotas belong to their caller, and fail with FAILED_PRECONDITION if there is a
   * `context` and nothing tells its callers apart. Without `context` all callers are one.
   * @default the member `caller` of the result of `context`
   */
  readonly caller?: (call: { readonly context: T; readonly headers: Headers; readonly peer: Peer | undefined }) => string | undefined;
  /** Gets what callers must not see. @default console.error */
  readonly onError?: ((report: ErrorReport) => void) | undefined;
  /** How long `close` lets calls in flight finish, in milliseconds. @default 10_000 */
  readonly graceMs?: number | undefined;
}

/** All arguments of `createService` as one object. With `context` before `handlers`, TypeScript knows `call.context` in them by itself. */
export interface ServiceSpec<C extends Contract, T = undefined> extends ServiceOptions<T> {
  readonly contract: C;
  /** A function for each operation. */
  readonly handlers: Handlers<C, T>;
}

/** A contract with its handlers: a `Transport` that any protocol can serve, and that a client can use in process. */
export interface Service<C extends Contract = Contract> extends Transport, Closable {
  readonly contract: C;
  readonly publish: Publish<C['events']>;
  /** Ends subscriptions, lets calls in flight finish for `graceMs`, and frees what the service made. Idempotent. @default graceMs the option's */
  close(graceMs?: number): Promise<void>;
}

declare const none: unique symbol;

/**
 * Any type. It is here to be inferred from: TypeScript looks into both branches of a condition, so `N` becomes the context that handlers were
 * written for before this call, such as those of a contract's parts. Handlers written in the call leave it `undefined` or `never`.
 */
export type Reads<N> = [N] extends [never]
  ? unknown
  : N extends typeof none
    ? { readonly [name: string]: (input: never, call: { readonly context: N }) => unknown }
    : unknown;

/**
 * Demands `context` if handlers need one, or `security`, whose grants are the context otherwise. `T` itself begins as `never`, which fits all handlers: TypeScript compares them before it reads a `context`
 * whose parameter has no type, and would not read it if they did not fit.
 */
export type Needs<T, N> = [N] extends [never]
  ? unknown
  : undefined extends N
    ? unknown
    : { readonly context: (info: ContextInfo) => T | Promise<T> } | { readonly security: Readonly<Record<string, Verifier>> };
