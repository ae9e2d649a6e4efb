import type { Contract, EventDefinition, Operation } from './contract.ts';
import type { ApiError } from './errors.ts';

/**
 * The seam between the core and a protocol: a protocol's client turns a peer into a `Transport`,
 * a protocol's server serves any `Transport`, and a service is one too.
 * The law: `xClient(xServer(T))` behaves as `T`.
 */
export interface Transport {
  readonly contract: Contract;
  /** Protocol name, used in errors and traces: `rest`, `grpc`, `service`. */
  readonly name: string;
  /** Sends one call; resolves with the output. Rejects with `ApiError` only. */
  call(request: CallRequest): Promise<unknown>;
  /**
   * Resolves when the peer has acknowledged; then `sink` gets the events until `request.signal` aborts or
   * `sink.end` is called. Rejects with `ApiError` only, and only before the acknowledgement.
   */
  subscribe(request: SubscribeRequest, sink: EventSink): Promise<void>;
  /**
   * Tells who a caller is, for surfaces that act for callers without calling an operation: webhooks' subscriptions, brokers, quotas.
   * Rejects with an `ApiError` if the service refuses them. A service has it; a transport to a peer has none.
   */
  identify?(who: IdentifyRequest): Promise<Identity>;
  /**
   * As `EventHub.lease`: a task that one of the processes does which share a service's hub, such as publishing its events elsewhere. A service whose
   * hub has it has it; a transport to a peer has none.
   */
  lease?(name: string, leaseMs: number): Promise<HubLease | undefined>;
  /** Whether files in inputs may be streams, and those in outputs are; a transport without it gets them in memory. */
  readonly streamsFiles?: boolean;
  /** Ends calls and subscriptions and frees sockets. Idempotent. */
  close(): Promise<void>;
}

/** A task that one process of several does while it renews the lease, and the place from which the next process continues. */
export interface HubLease {
  /** The place that the last holder kept: opaque text. */
  readonly cursor: string | undefined;
  /** Holds it for `leaseMs` from now on, and keeps a new `cursor` if one is given; false if somebody else may hold it by now. */
  renew(leaseMs: number, cursor?: string): Promise<boolean>;
  /** Lets the next process have it at once, and keeps a new `cursor` if one is given. */
  release(cursor?: string): Promise<void>;
}

/** The argument of `identify`. */
export interface IdentifyRequest {
  /** Lower-case names. */
  readonly headers: Headers;
  readonly peer?: Peer | undefined;
  readonly signal: AbortSignal;
  /** The caller that something is done for in their absence, such as a delivery of webhooks: the service may refuse it. */
  readonly onBehalfOf?: string | undefined;
}

/** The identity of a caller. */
export interface Identity {
  /** Tells callers apart; empty if the service asks nobody who they are, `undefined` if it asks and cannot tell them apart. */
  readonly caller?: string | undefined;
  /** When the credentials expire, in epoch milliseconds. */
  readonly expiresAtMs?: number | undefined;
}

/** One call, as it crosses the seam. */
export interface CallRequest {
  /** Name, input and output schemas, bindings. */
  readonly operation: Operation;
  /** JSON-safe; `undefined` if the operation takes none. */
  readonly input: unknown;
  /** The caller's signal joined with the deadline. Made on first use. */
  readonly signal: AbortSignal;
  /** Lower-case names. */
  readonly headers: Headers;
  /** On the monotonic clock (`performance.now()`), for protocols that carry the time that is left. */
  readonly deadline?: number | undefined;
  /** Fields wanted; a protocol that cannot select ignores it. */
  readonly select?: Selection | undefined;
  /** Set by handlers: protocol and address of the caller. */
  readonly peer?: Peer | undefined;
  /**
   * Is called with the status and headers of the answer, before the promise settles. It is not called if there are none. If there are several
   * calls, such as those of tries, the last one counts. It must not throw.
   */
  readonly onResponse?: OnResponse | undefined;
}

/** The type of `onResponse` of a call. */
export type OnResponse = (head: ResponseHead) => void;

/** The status and headers of an answer. */
export interface ResponseHead {
  /** The status over REST; other protocols have none of their own. */
  readonly status?: number | undefined;
  /** Lower-case names. Never those of one connection, of the content, or cookies. */
  readonly headers: Headers;
  /** Values of `Set-Cookie`, from a service to what serves it over HTTP. They do not pass gateways. */
  readonly cookies?: readonly string[] | undefined;
}

/** A request with many answers, as it crosses the seam: the events of a channel, or the items of a streamed operation. */
export type SubscribeRequest = EventRequest | StreamRequest;

/** One subscription to an event. */
export interface EventRequest {
  readonly operation?: undefined;
  readonly event: EventDefinition;
  /** Values of channel parameters that the subscriber fixes. Other parameters match all values. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Aborting it ends the subscription and releases the far side. */
  readonly signal: AbortSignal;
  readonly headers: Headers;
  /** Resume after this event. */
  readonly lastEventId?: string | undefined;
  readonly peer?: Peer | undefined;
  /**
   * Whether the publisher waits for what `sink.next` returns: for a subscriber that takes events into a durable store, and soon. It must not wait
   * for other events. Does not travel: a peer's events are published by then. @default false
   */
  readonly acknowledges?: boolean | undefined;
  /** The caller that the events are for, in their absence: the service's `context` is asked. Does not travel. */
  readonly onBehalfOf?: string | undefined;
}

/**
 * One run of a streamed operation. It is acknowledged once its caller and its input were accepted. An item's id is its number, from 1. A stream
 * neither resumes nor reconnects. `sink.next` may return a promise: the next item is made once it has settled.
 */
export interface StreamRequest {
  readonly event?: undefined;
  /** Has `item` instead of `output`. */
  readonly operation: Operation;
  /** As `CallRequest.input`. */
  readonly input: unknown;
  /** Aborting it ends the stream and releases the far side. */
  readonly signal: AbortSignal;
  readonly headers: Headers;
  /** As `CallRequest.deadline`; it covers the whole stream. */
  readonly deadline?: number | undefined;
  readonly peer?: Peer | undefined;
  /** As `CallRequest.onResponse`, before the acknowledgement. It is not called for a stream that is refused. */
  readonly onResponse?: OnResponse | undefined;
}

/** Receives the events of a subscription. After `end`, and after the signal aborted, calls have no effect. */
export interface EventSink {
  /** A returned promise settles when the consumer is done with the event, for transports that acknowledge, and once a stream may go on. */
  next(event: EventMessage): void | Promise<void>;
  /** Events may have been missed here: resuming was not possible. */
  gap(): void;
  /** The peer has moved on without an event: resume after this id from now on. */
  place?(id: string): void;
  /** Makes the guard report what breaks the contract, as a foreign peer's messages may, instead of ending with it. */
  misfits?(report: (error: ApiError) => void): void;
  /** With an error: why. Without: nothing more will come. */
  end(error?: ApiError): void;
}

/** One event. `id` is opaque and has no dots; `time` is an ISO 8601 instant. */
export interface EventMessage {
  readonly id: string;
  readonly time: string;
  readonly data: unknown;
  /** The id of the event that its publisher published before it on the same channel, if the source says so: one who has not seen it has missed something. */
  readonly after?: string | undefined;
  /** The span that published it, as in the header of a call: `00-<trace id>-<span id>-01`. */
  readonly traceparent?: string | undefined;
}

/** Headers of a call: lower-case names `[a-z0-9-]`, printable ASCII values. */
export type Headers = Readonly<Record<string, string>>;

/** The wanted fields of an object: `true` takes one whole, and an object selects within it. */
export interface Selection {
  readonly [field: string]: true | Selection;
}

/** The caller's protocol, and its network address if there is one. */
export interface Peer {
  readonly protocol: string;
  readonly address?: string | undefined;
  /** The caller as the host of a handler knows it, such as the user that its middleware found: `nodeListener(handler, { caller: (req) => req.user })`. */
  readonly caller?: unknown;
}

declare const CAPABILITY: unique symbol;

/**
 * The result of `rest(…)`, `grpc(…)` and the others: a transport as soon as it knows the contract. `V` lists its abilities, for the
 * client's type: the verbs `call`, `write` (operations that write to an event's channel) and `subscribe`, or names of single client
 * members. An adapter with more abilities fits a type with fewer. `Adapter<never>` is any adapter.
 */
export interface Adapter<in V extends string = 'call' | 'subscribe'> {
  (contract: Contract): Transport;
  readonly [CAPABILITY]?: (verb: V) => void;
}
