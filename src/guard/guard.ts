import type { Contract, EventDefinition, Operation, Schema } from '../core/contract.ts';
import { ApiError, type ErrorCode, type Issue } from '../core/errors.ts';
import type {
  Adapter,
  CallRequest,
  EventMessage,
  EventSink,
  Selection,
  StreamRequest,
  SubscribeRequest,
  Transport,
} from '../core/transport.ts';
import { Call } from '../life/call.ts';
import { onAbort } from '../life/lifetime.ts';
import type { Maybe } from '../life/maybe.ts';
import { DeclaredChecks, type DeclaredOptions } from './declared.ts';
import { planSelection } from './select.ts';
import { checkSubscription } from '../events/check.ts';
import { wireOf } from '../schema/codec/codec.ts';
import { compileCheck, issuesError, type Check, type Checked } from '../schema/validate.ts';

/** Transports whose inputs and outputs are validated already: nothing is validated twice. */
const guarded = new WeakSet<Transport>();

/** The checks of one operation, made at its first call. */
export interface OperationChecks {
  readonly input: Check | undefined;
  readonly output: Check | undefined;
  readonly item: Check | undefined;
  readonly breach: Breach;
  readonly errors: DeclaredChecks;
  /** Of frozen selections, which are the same ones again and again, by the object itself. */
  readonly selections: WeakMap<Selection, Check>;
}

/**
 * Makes an adapter from a function that makes a raw transport: what it returns validates inputs before they are sent
 * (INVALID_ARGUMENT) and outputs before anyone sees them (DATA_LOSS). Use it to write an adapter for a protocol of your own.
 */
export function defineAdapter<V extends string = 'call' | 'subscribe'>(make: (contract: Contract) => Transport): Adapter<V> {
  return (contract) => guard(make(contract), 'DATA_LOSS');
}

/** The transport of an adapter, or a given one, with the guard around it. */
export function connect(source: Adapter<never> | Transport, contract: Contract): Transport {
  const transport = typeof source === 'function' ? source(contract) : source;
  if (typeof (transport as Partial<Transport> | undefined)?.call !== 'function')
    throw new TypeError(`transport must be an adapter such as rest({ url }), a service, or another Transport, not ${nameOf(transport)}`);
  return guard(transport, 'DATA_LOSS');
}

/** What JavaScript programs pass instead: text in quotes, else its type. */
function nameOf(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 100)}'` : value === null ? 'null' : typeof value;
}

/** Says that a transport hands everything on to guarded ones, so that it needs no guard of its own. */
export function markGuarded<T extends Transport>(transport: T): T {
  guarded.add(transport);
  return transport;
}

/** Puts validation around a transport, once. `breach` is the code of an output that breaks the contract. */
export function guard(inner: Transport, breach: ErrorCode): Transport {
  return guarded.has(inner) ? inner : markGuarded(new Guard(inner, breach));
}

/** A transport whose peer is not trusted. */
class Guard implements Transport {
  readonly contract: Contract;
  readonly name: string;
  readonly #checks: Checks;
  readonly #open = new Set<OpenSink>();
  declare readonly identify?: NonNullable<Transport['identify']>;

  private readonly inner: Transport;

  constructor(inner: Transport, breach: ErrorCode) {
    this.inner = inner;
    this.contract = inner.contract;
    this.name = inner.name;
    if (inner.identify) this.identify = inner.identify.bind(inner);
    this.#checks = new Checks(({ name }) => (issues, output) => {
      const what = output === undefined ? 'the reply is empty, which' : 'the reply';
      return issuesError(breach, `${name}: ${what} breaks the contract`, issues);
    });
  }

  call(request: CallRequest): Promise<unknown> {
    try {
      const checks = this.#checks.of(request.operation);
      if (!checks.input) {
        checkInput(undefined, request);
        return this.#send(request, checks);
      }
      const input = checkInput(checks.input, request);
      // Unknown members were dropped and defaults filled in, so the request is made anew.
      if (input instanceof Promise) return input.then((settled) => this.#send(withInput(request, settled), checks));
      return this.#send(withInput(request, input), checks);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #send(request: CallRequest, { output, breach, errors }: OperationChecks): Promise<unknown> {
    const { operation, select } = request;
    const wanted = select && output ? this.#checks.ofSelection(this.contract, operation, select) : output;
    return this.inner.call(request).then((result) => checkOutput(wanted, result, breach), errors.reject);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    if (request.operation) return this.#stream(request, sink);
    checkSubscription(request);
    const open = new OpenSink(sink, request.signal, this.#open);
    try {
      await this.inner.subscribe(request, checkedSink(this.#checks.ofEvent(request.event), request.event.name, open));
    } catch (error) {
      open.release();
      throw error;
    }
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const { operation } = request;
    const checks = this.#checks.of(operation);
    const input = await checkInput(checks.input, request);
    const open = new OpenSink(sink, request.signal, this.#open);
    const declared = declaredSink(checks.errors, open);
    try {
      await this.inner.subscribe({ ...request, input }, checks.item ? checkedSink(checks.item, operation.name, declared) : declared);
    } catch (error) {
      open.release();
      throw await checks.errors.of(error);
    }
  }

  /** Whoever uses an adapter without a client hears that its subscriptions are over. */
  close(): Promise<void> {
    for (const open of [...this.#open]) open.end(new ApiError('CANCELLED', 'the transport was closed'));
    return this.inner.close();
  }
}

/** The sink of a subscription, one of `all` for as long as it may get more. */
class OpenSink implements EventSink {
  readonly #unlink: () => void;

  private readonly sink: EventSink;
  private readonly all: Set<OpenSink>;

  constructor(sink: EventSink, signal: AbortSignal, all: Set<OpenSink>) {
    this.sink = sink;
    this.all = all;
    all.add(this);
    this.#unlink = onAbort(signal, () => all.delete(this));
  }

  next(message: EventMessage): void | Promise<void> {
    if (this.all.has(this)) return this.sink.next(message);
  }

  gap(): void {
    if (this.all.has(this)) this.sink.gap();
  }

  place(id: string): void {
    if (this.all.has(this)) this.sink.place?.(id);
  }

  end(error?: ApiError): void {
    if (!this.all.has(this)) return;
    this.release();
    this.sink.end(error);
  }

  release(): void {
    this.all.delete(this);
    this.#unlink();
  }
}

/** How a service's checks differ from those of a transport to a peer. */
interface ChecksOptions extends DeclaredOptions {
  /** May make a schema's check faster. */
  readonly prepare?: (schema: Schema) => Schema;
}

/** The checks of a contract's operations and events by the wire side of their schemas, each compiled at its first use. */
export class Checks {
  readonly #operations = new Map<Operation, OperationChecks>();
  readonly #events = new Map<EventDefinition, Check>();
  readonly #selections = new WeakMap<Schema, Check>();

  private readonly breachOf: (operation: Operation) => Breach;
  private readonly more: ChecksOptions;
  private readonly prepare: (schema: Schema) => Schema;

  /** `breachOf` makes what an output that breaks the contract is for the caller of an operation. */
  constructor(breachOf: (operation: Operation) => Breach, more: ChecksOptions = {}) {
    this.breachOf = breachOf;
    this.more = more;
    this.prepare = more.prepare ?? ((schema) => schema);
  }

  of(operation: Operation): OperationChecks {
    let checks = this.#operations.get(operation);
    if (!checks) {
      checks = {
        input: operation.input && compileCheck(this.prepare(wireOf(operation.input))),
        output: operation.output && compileCheck(this.prepare(wireOf(operation.output))),
        item: operation.item && compileCheck(this.prepare(wireOf(operation.item))),
        breach: this.breachOf(operation),
        errors: new DeclaredChecks(operation, this.more),
        selections: new WeakMap(),
      };
      this.#operations.set(operation, checks);
    }
    return checks;
  }

  /** The check of an output of which some fields were asked for: the others may be absent or anything, and are dropped. */
  ofSelection(contract: Contract, operation: Operation, select: Selection): Check {
    const { selections } = this.of(operation);
    const known = selections.get(select);
    if (known) return known;
    const { schema } = planSelection(contract, operation, select);
    let check = this.#selections.get(schema);
    if (!check) this.#selections.set(schema, (check = compileCheck(this.prepare(wireOf(schema)))));
    if (Object.isFrozen(select)) selections.set(select, check);
    return check;
  }

  ofEvent(event: EventDefinition): Check {
    let check = this.#events.get(event);
    if (!check) this.#events.set(event, (check = compileCheck(this.prepare(wireOf(event.payload)))));
    return check;
  }
}

/** The validated input: `undefined` where the operation takes none. Throws INVALID_ARGUMENT. */
export function checkInput(check: Check | undefined, request: Pick<CallRequest, 'operation' | 'input'>): Maybe<unknown> {
  const { operation, input } = request;
  if (!check) {
    if (input === undefined || (typeof input === 'object' && input !== null && !Array.isArray(input))) return undefined;
    throw new ApiError('INVALID_ARGUMENT', `${operation.name} takes no input`, { sent: false });
  }
  const checked = check(input === undefined ? {} : input);
  if (checked instanceof Promise) return checked.then((settled) => inputOf(settled, operation));
  return checked.issues ? inputOf(checked, operation) : checked.value;
}

/** The value that was found; throws INVALID_ARGUMENT if there are issues. */
export function inputOf(checked: Checked, { name }: { readonly name: string }): unknown {
  if (checked.issues) throw issuesError('INVALID_ARGUMENT', `${name}: invalid input`, checked.issues, { sent: false });
  return checked.value;
}

/** What an output that breaks the contract is for its caller. */
export type Breach = (issues: readonly Issue[], output: unknown) => Error;

/** The validated output: `undefined` where the operation gives none. Throws what `breach` makes of the issues. */
export function checkOutput(check: Check | undefined, output: unknown, breach: Breach): Maybe<unknown> {
  if (!check) return undefined;
  const checked = check(output);
  if (checked instanceof Promise) return checked.then((settled) => outputOf(settled, output, breach));
  return checked.issues ? outputOf(checked, output, breach) : checked.value;
}

function outputOf(checked: Checked, output: unknown, breach: Breach): unknown {
  if (checked.issues) throw breach(checked.issues, output);
  return checked.value;
}

function withInput(request: CallRequest, input: unknown): CallRequest {
  return new Call(request, request.operation, input, request.headers, request.deadline, request.select, request.peer);
}

/** Hands on the end of a stream with its error as the operation declares it. */
function declaredSink(errors: DeclaredChecks, sink: EventSink): EventSink {
  return {
    next: (message) => sink.next(message),
    gap: () => sink.gap(),
    end: (error) => {
      if (!error) return sink.end();
      void Promise.resolve(errors.of(error)).then((declared) => sink.end(declared as ApiError));
    },
  };
}

/** Hands on what `check` makes of events, in their order; ends a subscription with DATA_LOSS at the first that breaks the contract. */
export function checkedSink(check: Check, name: string, sink: EventSink): EventSink {
  let ended = false;
  const end = (error?: ApiError) => {
    if (ended) return;
    ended = true;
    sink.end(error);
  };
  const take = (message: EventMessage, result: Checked): void | Promise<void> => {
    if (ended) return;
    if (!result.issues) return sink.next({ id: message.id, time: message.time, data: result.value });
    end(issuesError('DATA_LOSS', `${name}: an event breaks the contract`, result.issues));
  };
  // Thrown at whoever reads the wire, it would look like a broken connection, after which the same event comes again.
  const fail = (cause: unknown) => end(new ApiError('DATA_LOSS', `${name}: an event breaks the contract`, { cause }));
  // Asynchronous checks are chained, so that events keep their order.
  let last: Promise<unknown> | undefined;
  return {
    next(message) {
      let checked: Checked | Promise<Checked>;
      try {
        checked = last ? last.then(() => check(message.data)) : check(message.data);
      } catch (error) {
        return fail(error);
      }
      if (!(checked instanceof Promise)) return take(message, checked);
      const mine = checked.then((result) => take(message, result), fail);
      const settled = mine
        .catch(() => {})
        .then(() => {
          if (last === settled) last = undefined;
        });
      last = settled;
      return mine;
    },
    gap: () => void (last ? last.then(() => !ended && sink.gap()) : ended || sink.gap()),
    place: (id) => void (last ? last.then(() => !ended && sink.place?.(id)) : ended || sink.place?.(id)),
    end: (error) => void (last ? last.then(() => end(error)) : end(error)),
  };
}
