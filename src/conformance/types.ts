import type { Client, ClientOptions } from '../client/types.ts';
import type { Contract } from '../core/contract.ts';
import type { HeadersOption } from '../peer/headers.ts';
import type { Service } from '../service/types.ts';
import type { Adapter, Transport } from '../core/transport.ts';
import type { ConformanceContract } from './contract.ts';
import type { Probe } from './probe.ts';
import type { ConformanceServiceOptions } from './service.ts';

/** The abilities of a protocol. */
export type Verb = 'call' | 'subscribe' | 'stream';

/** How much a rule binds, as in RFC 2119. */
export type Level = 'MUST' | 'SHOULD' | 'MAY';

/** The arguments of `open` beside the transport to serve. */
export interface OpenOptions {
  /** The adapter's own `headers` option. */
  readonly headers?: HeadersOption;
  /** How many bytes of one event the adapter takes, if a case sets a limit: its option `maxMessageBytes` or `maxResponseBytes`. */
  readonly maxMessageBytes?: number;
  /** How many bytes the handler holds for a subscriber, if a case sets a limit: its option `maxBufferedBytes`. */
  readonly maxBufferedBytes?: number;
  /** The handler's `onError`, and that of whatever carries it. */
  readonly onError: (error: unknown) => void;
}

/** One protocol's client and server, connected. */
export interface Opened {
  /** The transport for `createClient`. */
  readonly transport: Adapter<never> | Transport;
  /** Stops the server. The client, and with it the adapter's transport, is closed before. */
  close(): Promise<void>;
}

/** Serves a transport over a protocol, and connects a client's adapter to it. */
export type Open = (transport: Transport, options: OpenOptions) => Promise<Opened>;

/** A case that a protocol does not pass, and why. */
export interface Skip {
  readonly id: string;
  readonly reason: string;
}

/** The stores that a service keeps outside of its memory, new and empty. */
export interface OpenedStores extends Pick<ConformanceServiceOptions, 'hub' | 'idempotencyStore'> {
  /** Called after the service was closed. */
  close(): Promise<void>;
}

/** A protocol under test. */
export interface ConformanceTarget {
  readonly name: string;
  readonly open: Open;
  /** Cases that need another verb are left out. @default ['call', 'subscribe', 'stream'] */
  readonly can?: readonly Verb[];
  readonly skips?: readonly Skip[];
  /** Makes the hub and the store of a service, which hold about `history` events. @default a hub and a store in memory */
  readonly stores?: (history: number | undefined) => Promise<OpenedStores>;
}

/** The result of opening a case. */
export interface BenchOptions extends Omit<ConformanceServiceOptions, 'onError'>, Omit<OpenOptions, 'onError'> {
  readonly client?: Omit<ClientOptions, 'onError'>;
}

/** A client of the conformance contract, connected over the protocol to a fresh service. */
export interface Bench {
  readonly client: Client<ConformanceContract>;
  readonly service: Service<ConformanceContract>;
  readonly probe: Probe;
  /** Another client of the same server. */
  another(options?: Omit<ClientOptions, 'onError'>): Client<ConformanceContract>;
  /** A client that believes in another contract than the service's: it sends what the service does not expect. */
  as<C extends Contract>(contract: C): Client<C>;
}

/** The tools of a case. All it opens is closed when it ends. */
export interface CaseContext {
  /** Opens the protocol over a fresh service. */
  open(options?: BenchOptions): Promise<Bench>;
  /** Serves any transport over the protocol; the client's contract is the transport's, unless told otherwise. */
  connect<C extends Contract>(contract: C, transport: Transport, options?: Pick<BenchOptions, 'headers' | 'client'>): Promise<Client<C>>;
  /** Takes what was reported to any `onError`, waiting until there are `count`. An error that is not taken fails the case. */
  takeErrors(count?: number): Promise<readonly unknown[]>;
}

/** One rule that every protocol keeps. */
export interface ConformanceCase {
  /** A stable slug: it never changes its meaning. */
  readonly id: string;
  readonly level: Level;
  /** One sentence. */
  readonly rule: string;
  /** The place of the rule. */
  readonly link: string;
  /** The abilities that the case needs. */
  readonly needs: readonly Verb[];
  /** Rejects if the rule is broken. */
  run(context: CaseContext): Promise<void>;
}

/** The result of one case. */
export interface ConformanceResult {
  readonly id: string;
  readonly level: Level;
  readonly rule: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed, or was skipped. */
  readonly reason?: string;
  readonly error?: unknown;
}
