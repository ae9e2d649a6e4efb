import type { output as OutputOf } from 'zod/v4/core';
import type { AppInput } from '../core/application.ts';
import type { Contract, EventDefinition, Events, Operation, Operations, Schema } from '../core/contract.ts';
import type { ApiError, DeclaredError } from '../core/errors.ts';
import type { DeprecatedUse } from './deprecated.ts';
import type { Exactly, Item, Select, Selected } from '../core/selected.ts';
import type { Overflow } from '../events/push-stream.ts';
import type { Adapter, Headers, OnResponse } from '../core/transport.ts';
import type { HeadersSource } from '../peer/headers.ts';
import type { Closable } from '../life/closable.ts';

/** Options of every call. */
export interface CallOptions {
  /** Cancels the call, at the far side too. */
  readonly signal?: AbortSignal | undefined;
  /** For the whole call, retries included, in milliseconds. @default the client's */
  readonly timeoutMs?: number | undefined;
  /** Travel with the call on every protocol: names of letters, digits and `-`, printable ASCII values. */
  readonly headers?: HeadersSource | undefined;
  /** Lets a mutation be sent again without being done again; the service keeps outcomes for 24 h. */
  readonly idempotencyKey?: string | undefined;
  /** Is called with the headers of the answer, also if the call failed, and over REST with its status. After several tries it gets the last answer. If it throws, the client's `onError` is told, and the call goes on. */
  readonly onResponse?: OnResponse | undefined;
}

/** Options of every subscription. */
export interface SubscribeOptions<P = Readonly<Record<string, unknown>>> {
  /** Ends the subscription, at the far side too. */
  readonly signal?: AbortSignal | undefined;
  /** How long the start may take, tries included, in milliseconds. @default the client's */
  readonly timeoutMs?: number | undefined;
  readonly headers?: HeadersSource | undefined;
  /** Fixes channel parameters; those left out match all. */
  readonly params?: P | undefined;
  /** Resumes after this event. */
  readonly lastEventId?: string | undefined;
  /** Is called when events may have been missed, because resuming was not possible. */
  readonly onGap?: (() => void) | undefined;
}

/** Options of `onX(listener, options)`. */
export interface ListenOptions<P = Readonly<Record<string, unknown>>> extends SubscribeOptions<P> {
  /** Called when the subscription ended for good, and when the listener or `onGap` failed. @default the client's `onError` */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options of `onX(options)`. */
export interface StreamOptions<P = Readonly<Record<string, unknown>>> extends SubscribeOptions<P> {
  /** How many events wait for a slow loop. @default 100 */
  readonly bufferSize?: number | undefined;
  /**
   * The behaviour when the buffer is full: `resume` leaves the far side and comes back to the same place when the loop has caught up,
   * `drop-oldest` and `drop-newest` lose events (and call `onGap`), `error` ends the loop with RESOURCE_EXHAUSTED.
   * @default 'resume'
   */
  readonly overflow?: Overflow | undefined;
}

/** The origin of an event: its id and time. */
export interface EventInfo {
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
}

/** Ends a subscription; resolves when it is released. */
export type Unsubscribe = () => Promise<void>;

/** A subscription as an async iterable; `break`, `return`, `throw` and `await using` release the far side. */
export interface EventStream<T> extends AsyncIterableIterator<T> {
  /** The next event; waits until there is one. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the subscription, at the far side too. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** As `return`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The items of a streamed operation; `break`, `return`, `throw` and `await using` end it at the far side too. */
export interface ItemStream<T> extends AsyncIterableIterator<T> {
  /** The next item; waits until there is one. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the stream, at the far side too. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** As `return`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of a streamed operation. */
export type StreamCallOptions = Omit<CallOptions, 'idempotencyKey' | 'timeoutMs'> & {
  /** For the whole stream, in milliseconds. @default the client's, and only until the stream has started */
  readonly timeoutMs?: number;
};

/** The method of a streamed operation: the loop gets the items, and every failure. */
export type StreamMethod<O extends Operation, V extends string> = 'stream' extends V
  ? O['input'] extends Schema
    ? {} extends AppInput<O['input']>
      ? (input?: AppInput<O['input']>, options?: StreamCallOptions) => ItemStream<OutputOf<O['item'] & Schema>>
      : (input: AppInput<O['input']>, options?: StreamCallOptions) => ItemStream<OutputOf<O['item'] & Schema>>
    : (input?: undefined, options?: StreamCallOptions) => ItemStream<OutputOf<O['item'] & Schema>>
  : { readonly 'this transport cannot stream': never };

/** A page as a promise, and as an async iterable over this page's items and all that follow. */
export interface Paged<T extends readonly unknown[]> extends Promise<T>, AsyncIterable<T[number]> {}

/** `onX`: with a listener, or as an async iterable. */
export interface Subscribe<T, P> {
  /** Resolves when the peer has acknowledged; from then on every event reaches the listener. */
  (listener: (data: T, event: EventInfo) => unknown, options?: ListenOptions<P>): Promise<Unsubscribe>;
  /** Subscribes at once; the loop gets the events. */
  (options?: StreamOptions<P>): EventStream<T>;
}

/** The outcome of a call as a value, so that nothing is thrown. */
export type Outcome<T, E> =
  | { readonly ok: true; readonly output: T; readonly error?: undefined }
  | { readonly ok: false; readonly error: E; readonly output?: undefined };

/** The errors of a call: the declared ones, which `reason` and `code` tell apart, and any other. */
export type OperationError<O extends Operation> =
  { [N in keyof O['errors']]: DeclaredError<O['errors'], N> }[keyof O['errors']] | (ApiError & { readonly reason?: undefined });

/** The method of an operation; with `select` it gives just the fields named there. */
export type Method<O extends Operation, C extends Contract = Contract> = WithOptions<O, InputOf<O>, C> &
  ([] extends Arguments<O> ? (input?: InputOf<O>) => Result<O> : (input: InputOf<O>) => Result<O>) &
  SafeMethod<O>;

/** The arguments of a call of an operation. */
type InputOf<O extends Operation> = O['input'] extends Schema
  ? AppInput<O['input']> | ({} extends AppInput<O['input']> ? undefined : never)
  : undefined;
type Arguments<O extends Operation> = undefined extends InputOf<O> ? [] : [InputOf<O>];

/**
 * Apart from the call without options, so that a mistake in them is told in one line: of functions that differ in how many arguments they
 * take, the compiler speaks of the one that was meant. The call without options stands last, because `ReturnType` looks there.
 */
type WithOptions<O extends Operation, I, C extends Contract> = O['output'] extends Schema
  ? Item<OutputOf<O['output']>> extends object
    ? <const S extends Select<OutputOf<O['output']>, C> | undefined = undefined>(
        input: I,
        options: SelectOptions<S extends Exactly<S, OutputOf<O['output']>, C> ? S : Select<OutputOf<O['output']>, C>> | undefined,
      ) => [S] extends [undefined] ? Result<O> : SelectedResult<O, S, C>
    : (input: I, options: CallOptions | undefined) => Result<O>
  : (input: I, options: CallOptions | undefined) => Result<O>;

interface SafeMethod<O extends Operation> {
  /** As the method itself, but what fails is a value too: `{ ok, output }` or `{ ok: false, error }`. Never rejects. */
  readonly safe: Calling<O, Promise<Outcome<OneOutput<O>, OperationError<O>>>>;
  /** As the method itself, but with what the answer says beside its output: `{ output, status, headers }`. */
  readonly withResponse: Calling<O, Promise<Answer<OneOutput<O>>>>;
}

type Calling<O extends Operation, R> = O['input'] extends Schema
  ? {} extends AppInput<O['input']>
    ? (input?: AppInput<O['input']>, options?: CallOptions) => R
    : (input: AppInput<O['input']>, options?: CallOptions) => R
  : (input?: undefined, options?: CallOptions) => R;

type OneOutput<O extends Operation> = O['output'] extends Schema ? OutputOf<O['output']> : undefined;

/** The output of a call, with the status and headers of its answer. */
export interface Answer<T> {
  readonly output: T;
  /** Over REST. */
  readonly status: number | undefined;
  /** Lower-case names; empty if the answer has none. */
  readonly headers: Headers;
}

/** Options of a call that selects fields. */
export interface SelectOptions<S> extends CallOptions {
  /**
   * The wanted fields: `true` takes one whole, and an object selects within it, also within the items of a list. Relations of the
   * contract are fields too. Protocols that can select ask for only these. Over other protocols the client fetches the rest and drops it.
   */
  readonly select?: S | undefined;
}

type PagedOrPromise<O extends Operation, T> = O['pagedBy'] extends string ? (T extends readonly unknown[] ? Paged<T> : never) : Promise<T>;

type SelectedResult<O extends Operation, S, C extends Contract> = O['output'] extends Schema
  ? Selected<OutputOf<O['output']>, S, C> extends infer T
    ? PagedOrPromise<O, T>
    : never
  : never;

type Result<O extends Operation> = O['output'] extends Schema
  ? OutputOf<O['output']> extends infer T
    ? PagedOrPromise<O, T>
    : never
  : Promise<undefined>;

type ParamNames<C extends string> = C extends `${string}{${infer P}}${infer Rest}` ? P | ParamNames<Rest> : never;

/** The channel parameters of an event that a subscriber may fix. */
export type ChannelParams<E extends EventDefinition> = [ParamNames<E['channel']>] extends [never]
  ? { readonly [name: string]: never }
  : { readonly [P in ParamNames<E['channel']>]?: P extends keyof OutputOf<E['payload']> ? OutputOf<E['payload']>[P] : never };

type ListenerName<N extends string> = `on${Capitalize<N>}`;

/**
 * The members that every client has, besides those of its contract. `close` is a property: for a method, editors work out the type of the
 * member under the cursor before they list the others.
 */
export interface ClientLifecycle extends Closable {
  /** Ends calls and subscriptions, and the transport if the client made it. Idempotent. */
  readonly close: () => Promise<void>;
}

/** The operations that write to an event's channel: all that a transport with the verb `write` can call. */
type Writers<C extends Contract> = { [N in keyof C['events']]: Literal<C['events'][N]['writtenBy']> }[keyof C['events']];

/** Nothing for an event without a writer, whose type may be any text. */
type Literal<T> = T extends string ? (string extends T ? never : T) : never;

/** The operations that a transport with the verbs `V` can call. */
type Callable<C extends Contract, V extends string> = 'call' extends V
  ? keyof C['operations'] & string
  : keyof C['operations'] & (V | ('write' extends V ? Writers<C> : never));

/** The events that a transport with the verbs `V` can subscribe to. */
type Audible<C extends Contract, V extends string> = 'subscribe' extends V
  ? keyof C['events'] & string
  : { [N in keyof C['events'] & string]: ListenerName<N> extends V ? N : never }[keyof C['events'] & string];

/** Without `as`, so that an editor finds the contract's own member: definition, references, renaming and its comment. */
type Methods<O extends Operations, K extends keyof O, C extends Contract, V extends string> = {
  readonly [N in K]: O[N]['item'] extends Schema ? StreamMethod<O[N], V> : Method<O[N], C>;
};

type Listeners<E extends Events, K extends keyof E & string> = {
  readonly [N in K as ListenerName<N>]: Subscribe<OutputOf<E[N]['payload']>, ChannelParams<E[N]>>;
};

/** An event of a client by its own name: `client.events.message`. */
export interface ClientEvent<T, P> {
  /** As `onX`: with a listener, or as an async iterable. */
  readonly listen: Subscribe<T, P>;
}

type ClientEvents<E extends Events, K extends keyof E> = {
  readonly [N in K]: ClientEvent<OutputOf<E[N]['payload']>, ChannelParams<E[N]>>;
};

/** Not for a contract that has an operation of this name. */
type EventsMember<C extends Contract, V extends string> = 'events' extends keyof C['operations']
  ? unknown
  : { readonly events: ClientEvents<C['events'], Audible<C, V>> };

/**
 * The client of a contract. `V` lists the abilities of its transport (see `Adapter`). It has operations if `V` has the verb `call`, the verb `write`
 * and the operation writes to an event's channel, or the operation's name; streamed ones if it has `stream`; `onX` if it has `subscribe` or the name `onX`.
 * `events` has the same subscriptions by the names of the events, which editors can follow to the contract.
 */
export type Client<C extends Contract, V extends string = 'call' | 'subscribe' | 'stream'> = ClientLifecycle &
  Methods<C['operations'], Callable<C, V>, C, V> &
  Listeners<C['events'], Audible<C, V>> &
  EventsMember<C, V>;

/** The abilities of a transport. If one of several is chosen at run time, the abilities that all of them have. */
export type VerbsOf<T> = (T extends unknown ? (verbs: VerbsOfOne<T>) => void : never) extends (verbs: infer V extends string) => void
  ? V
  : never;

type VerbsOfOne<T> = T extends Adapter<infer V> ? V : string;

/** Options of `createClient` besides contract and transport. */
export interface ClientOptions {
  /** Time limit of each whole call and each start of a subscription, in milliseconds; `Infinity` for none. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  /** Waits between tries to connect a subscription: exponential with full jitter. */
  readonly reconnect?:
    | {
        /** Base of the waits, in milliseconds: the first is a random part of it, the later ones grow exponentially. @default 200 */
        readonly baseDelayMs?: number;
        /** Ceiling of every wait, in milliseconds. @default 30_000 */
        readonly maxDelayMs?: number;
      }
    | undefined;
  /**
   * Called once for each deprecated operation that is called: as the contract says, or as the peer says with an answer.
   * @default nobody is told
   */
  readonly onDeprecated?: ((use: DeprecatedUse) => void) | undefined;
  /** Gets failures of listeners, of `onGap`, `onResponse` and `onDeprecated`, and ends of subscriptions that have no `onError`. @default they are unhandled rejections */
  readonly onError?: ((error: unknown) => void) | undefined;
}
