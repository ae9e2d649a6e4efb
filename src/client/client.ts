import { converting, streaming } from '#client-parts';
import { checkServes, checkSignal } from '#contract-check';
import { selecting } from '#guard-parts';
import type { Answer, CallOptions, Client, ClientOptions, Outcome, VerbsOf } from './types.ts';
import type { Contract, EventDefinition, InStrict, Operation } from '../core/contract.ts';
import { ApiError, clientClosed } from '../core/errors.ts';
import { ms, readOptions } from '../core/options.ts';
import { backoff } from '../life/backoff.ts';
import { Call } from '../life/call.ts';
import { now } from '../life/now.ts';
import { bothParts } from '../life/lazy.ts';
import { Lifetime } from '../life/lifetime.ts';
import { connect } from '../guard/guard.ts';
import { checkHeaders } from '../peer/headers.ts';
import { listenerName } from '../core/listener-name.ts';
import { paged } from './paging.ts';
import { attempt, report, unhandled } from '../life/report.ts';
import { retrace } from '../life/traced.ts';
import { LEFT } from './left.ts';
import { PushStream } from '../events/push-stream.ts';
import { hasCodec } from '../schema/codec/has-codec.ts';
import { Subscriber } from './subscriber.ts';
import type { Adapter, CallRequest, Headers, OnResponse, ResponseHead, Selection, Transport } from '../core/transport.ts';
import { isPromiseLike } from '../life/maybe.ts';

const NO_HEADERS: Headers = Object.freeze({});
const NO_OPTIONS: CallOptions = Object.freeze({});
const NO_HEAD: ResponseHead = { headers: NO_HEADERS };

/** Options of `createClient` for your own contract. */
export type ContractClientOptions<C extends Contract, T extends Adapter<never> | Transport> = ClientOptions & {
  readonly contract: InStrict<C>;
  readonly transport: T;
};

/**
 * Makes the client of a contract over a transport: an adapter such as `rest({ url })`, a service of this process, or any `Transport`.
 * Every failed call rejects with an `ApiError`.
 * @throws TypeError if the transport serves another contract, or an option is unknown or has a value that it cannot have.
 */
export function createClient<C extends Contract, T extends Adapter<never> | Transport>(
  options: ContractClientOptions<C, T>,
): Client<C, VerbsOf<T>> {
  const given: AnyClientOptions = options;
  const read = readOptions('createClient', given, { timeoutMs: ms(30_000), reconnect: backoff }, [
    'contract', 'transport', 'onError', 'onDeprecated',
  ]); // prettier-ignore
  const { contract } = options;
  const isOwn = typeof options.transport === 'function';
  const transport = connect(options.transport, contract);
  if (!isOwn) checkServes(transport, contract);
  return new ContractClient(contract, transport, read, isOwn).members() as Client<C, VerbsOf<T>>;
}

type AnyClientOptions = ClientOptions & { readonly contract: unknown; readonly transport: unknown };
type OptionsInForce = ClientOptions & { readonly timeoutMs: number };
/** Functions that run a streamed operation, and convert its values if it has codecs. */
type StreamParts = ReturnType<typeof bothParts<Awaited<ReturnType<typeof streaming>>, Awaited<ReturnType<typeof converting>>>>;
type AnyCallOptions = CallOptions & { readonly select?: Selection | undefined };

/** One client's state: its calls in flight and its subscriptions. */
class ContractClient {
  readonly #lifetimes = new Set<Lifetime>();
  #closing: Promise<void> | undefined;
  /** Deprecated operations that were told. */
  readonly #deprecated = new Set<string>();

  private readonly contract: Contract;
  private readonly transport: Transport;
  private readonly options: OptionsInForce;
  private readonly ownsTransport: boolean;

  constructor(contract: Contract, transport: Transport, options: OptionsInForce, ownsTransport: boolean) {
    this.contract = contract;
    this.transport = transport;
    this.options = options;
    this.ownsTransport = ownsTransport;
  }

  /** One function per member, made once, so that a call only runs. */
  members(): Record<string | symbol, unknown> {
    const members: Record<string | symbol, unknown> = {};
    for (const operation of Object.values(this.contract.operations))
      members[operation.name] = operation.item ? this.#streamed(operation) : this.#method(operation);
    const events: Record<string, { readonly listen: unknown }> = {};
    for (const event of Object.values(this.contract.events)) {
      const listen = this.#listen(event);
      members[listenerName(event.name)] = listen;
      events[event.name] = { listen };
    }
    if (!Object.hasOwn(members, 'events')) Object.defineProperty(members, 'events', { value: events });
    const close = () => (this.#closing ??= this.#close());
    Object.defineProperty(members, 'close', { value: close });
    // Node 20 lacks the symbol in places.
    if (Symbol.asyncDispose) Object.defineProperty(members, Symbol.asyncDispose, { value: close });
    return members;
  }

  #streamed(operation: Operation): (input?: unknown, options?: AnyCallOptions) => PushStream<unknown> {
    const parts = bothParts(streaming, converts(operation) ? converting : undefined);
    return (input, options) => this.#stream(operation, parts, input, options);
  }

  /** Runs a streamed operation; failures come out of the loop. */
  #stream(operation: Operation, parts: StreamParts, input: unknown, options: AnyCallOptions = NO_OPTIONS): PushStream<unknown> {
    let lifetime: Lifetime | undefined;
    const stream = new PushStream<unknown>(() => lifetime?.abort(LEFT));
    const finish = (error?: unknown) => {
      stream.end(error === undefined || error === LEFT ? undefined : this.#failed(operation, error));
      lifetime?.abort(LEFT);
    };
    try {
      const headers = callHeaders(options);
      if (options.select !== undefined || options.idempotencyKey !== undefined) throw notForStreams(operation);
      lifetime = this.#begin(operation.name, options.timeoutMs, options.signal);
      // The reason comes out of the loop, also if the far side is not there to say it.
      lifetime.listen((reason) => stream.end(reason === LEFT ? undefined : reason));
      const { transport } = this;
      const onResponse = this.#watch(operation, options.onResponse);
      const run = { transport, operation, input, headers, lifetime, isTimed: options.timeoutMs !== undefined, onResponse };
      const part = parts();
      const start = ([{ runItems }, form]: Awaited<typeof part>) => runItems(run, form, stream, finish);
      const running = isPromiseLike(part) ? lifetime.alive(part).then(start) : start(part);
      running.catch(finish);
    } catch (error) {
      finish(error);
    }
    return stream;
  }

  #method(operation: Operation): (input?: unknown, options?: AnyCallOptions) => Promise<unknown> {
    const isConverted = converts(operation);
    const call = (input: unknown, options?: AnyCallOptions): Promise<unknown> => this.#call(operation, isConverted, input, options);
    const method = operation.pagedBy === undefined ? call : paged(operation, operation.pagedBy, call);
    return Object.assign(method, { safe: safely(call), withResponse: withResponse(call) });
  }

  #call(operation: Operation, isConverted: boolean, input: unknown, options: AnyCallOptions = NO_OPTIONS): Promise<unknown> {
    const fail = (error: unknown) => this.#failed(operation, error);
    try {
      const { select, onResponse } = options;
      const headers = callHeaders(options);
      const lifetime = this.#begin(operation.name, options.timeoutMs, options.signal);
      const heard = this.#watch(operation, onResponse);
      const send = (wire: unknown): Promise<unknown> => {
        const request = new Call(lifetime, operation, wire, headers, lifetime.deadline, select, undefined, heard);
        return select ? this.#callSelected(request) : this.transport.call(request);
      };
      const work = () => (isConverted ? this.#callConverted(operation, input, select, send, options.signal) : send(input));
      return lifetime.settle(work, fail).catch(retrace);
    } catch (error) {
      return Promise.reject(fail(error));
    }
  }

  async #callSelected(request: CallRequest): Promise<unknown> {
    const { callSelected } = await selecting();
    return callSelected(this.contract, this.transport, request);
  }

  async #callConverted(
    operation: Operation,
    input: unknown,
    select: Selection | undefined,
    send: (wire: unknown) => Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { callInApplicationForm } = await converting();
    return callInApplicationForm(this.contract, operation, select, input, send, signal);
  }

  #failed(operation: Operation, error: unknown): ApiError {
    return ApiError.from(error, 'UNKNOWN', `${operation.name} failed in the transport ${this.transport.name}`);
  }

  /** Looks for what answers say of a deprecated operation, until it has been told. */
  #watch(operation: Operation, onResponse: OnResponse | undefined): OnResponse | undefined {
    const { onDeprecated, onError } = this.options;
    if (!onResponse && !onDeprecated) return undefined;
    const fail = (error: unknown): void => report(error, onError ?? unhandled);
    // If it fails, it is not the answer that failed, nor the connection that it came by.
    const heard = onResponse && ((head: ResponseHead): void => attempt(() => onResponse(head), fail));
    if (!onDeprecated || this.#deprecated.has(operation.name)) return heard;
    const tell = (headers: Headers): void =>
      void import('./deprecated.ts')
        .then(({ tellDeprecated }) => tellDeprecated(operation, headers, this.#deprecated, onDeprecated))
        .catch(fail);
    if (operation.deprecated !== undefined) tell(NO_HEADERS);
    return (head) => {
      heard?.(head);
      tell(head.headers);
    };
  }

  #listen(event: EventDefinition): Subscriber['subscribe'] {
    const begin = this.#begin.bind(this, listenerName(event.name));
    return new Subscriber(event, this.transport, this.options, begin).subscribe;
  }

  #begin(what: string, timeoutMs: number = this.options.timeoutMs, signal?: AbortSignal): Lifetime {
    if (this.#closing) throw clientClosed(false);
    // A program without types may give text, which would be joined to the time.
    if (!(typeof timeoutMs === 'number' && timeoutMs > 0))
      throw refused(`timeoutMs must be a positive number of milliseconds, not ${String(timeoutMs)}`);
    checkSignal(signal);
    const at = now();
    return new Lifetime(timeoutMs === Infinity ? undefined : at + timeoutMs, signal, this.#lifetimes, at, what);
  }

  async #close(): Promise<void> {
    // Whether they were sent is not known here.
    for (const lifetime of this.#lifetimes) lifetime.abort(clientClosed());
    if (this.ownsTransport) await this.transport.close();
  }
}

/** Whether application values differ from what goes over the wire. */
function converts({ input, output, item, errors }: Operation): boolean {
  const details = Object.values(errors).map((error) => error.details);
  return [input, output, item, ...details].some((schema) => schema && hasCodec(schema));
}

/** As the method itself, but with what the answer says beside its output. */
function withResponse(call: (input: unknown, options: AnyCallOptions | undefined) => Promise<unknown>) {
  return async (input?: unknown, options?: AnyCallOptions): Promise<Answer<unknown>> => {
    let head: ResponseHead = NO_HEAD;
    const onResponse = (told: ResponseHead) => {
      head = told;
      return options?.onResponse?.(told);
    };
    const output = await call(input, { ...options, onResponse });
    return { output, status: head.status, headers: head.headers };
  };
}

/** As the method itself, but with what fails as a value. */
function safely(call: (input: unknown, options: AnyCallOptions | undefined) => Promise<unknown>) {
  return (input?: unknown, options?: AnyCallOptions): Promise<Outcome<unknown, unknown>> =>
    call(input, options).then(
      (output) => ({ ok: true, output }),
      (error: unknown) => ({ ok: false, error }),
    );
}

function callHeaders({ headers, idempotencyKey }: CallOptions): Headers {
  if (headers === undefined && idempotencyKey === undefined) return NO_HEADERS;
  const checked = checkHeaders(headers);
  return idempotencyKey === undefined ? checked : { ...checked, ...checkHeaders({ 'idempotency-key': idempotencyKey }) };
}

function notForStreams({ name }: Operation): ApiError {
  return refused(`${name} is a stream: it takes no 'select' and no 'idempotencyKey'`);
}

function refused(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message, { sent: false });
}
