import type { Contract, DeclaredErrors, EventDefinition, Events, Operation } from '../core/contract.ts';
import { ApiError, isApiError, internalError } from '../core/errors.ts';
import { HubLink } from './hub-link.ts';
import { memoryIdempotencyStore } from '../stores/idempotency.ts';
import { keyStoreInTime } from './key-store.ts';
import { Publisher } from './publisher.ts';
import type { ErrorReport, HandlerCall, Publish, ServiceOptions } from './types.ts';
import type {
  CallRequest,
  EventSink,
  Headers,
  Identity,
  IdentifyRequest,
  Selection,
  StreamRequest,
  SubscribeRequest,
  Transport,
} from '../core/transport.ts';
import { compiledSchema } from '../schema/compiled.ts';
import { InFlight } from '../life/drain.ts';
import { Lifetime } from '../life/lifetime.ts';
import { fromEpochMs } from '../life/now.ts';
import { Checks, checkInput, checkOutput, inputOf, type OperationChecks } from '../guard/checks.ts';
import { DeclaredChecks } from '../guard/declared.ts';
import { checkOfSelection, planSelection } from '../guard/select.ts';
import { compileSend, converterOf, wireOf, type Converter } from '../schema/codec/codec.ts';
import { deprecationHeaders } from '../peer/deprecation.ts';
import { makeRequestId } from '../peer/headers.ts';
import { CallContextInfo, ServiceCall, type Asked, type CallHost } from './call-info.ts';
import { Callers, expiryOf } from './callers.ts';
import type { ErrorMakers } from './error-makers.ts';
import { iteratorOf, runStream } from './stream-run.ts';
import { Call, changed } from '../life/call.ts';
import { callOnce, type KeyHold, type KeySettings } from './idempotent-call.ts';
import { arrived, breach, COMPLETED, expired, stopping, unknownMember } from './outcomes.ts';
import { present } from './present.ts';
import { KeptResponse } from './response.ts';
import { chain, isPromiseLike, type Maybe } from '../life/maybe.ts';
import { own } from '../core/own.ts';
import { checkSubscription } from '../events/check.ts';
import { jsonCheck } from '../schema/check/json-value.ts';
import { compileCheck } from '../schema/validate.ts';
import { report, reportToConsole } from '../life/report.ts';

type Numbers = 'graceMs' | 'storeTimeoutMs' | 'idempotencyTtlMs' | 'idempotencyLeaseMs';
type OptionsInForce = ServiceOptions<unknown> & { readonly [N in Numbers]: number };
type AnyHandler = (input: unknown, call: HandlerCall) => unknown;

/** The parts that a call of one operation needs. */
interface Action {
  readonly operation: Operation;
  readonly handler: AnyHandler;
  readonly checks: OperationChecks;
  /** With codecs: from the wire form of inputs and to the wire form of outputs. */
  readonly input: Converter | undefined;
  readonly output: Converter | undefined;
  /** The events that its output is. */
  readonly writes: readonly EventDefinition[];
  /** Headers of its answers, if it is deprecated. */
  readonly deprecation: Headers | undefined;
  /** Made when a handler first asks for them. */
  makers?: ErrorMakers<DeclaredErrors>;
}

/** The result of `createService`. It runs handlers for calls, and the hub for subscriptions. */
export class ContractService implements Transport {
  readonly name = 'service';
  readonly streamsFiles = true;
  readonly #checks = new Checks(
    (schema) => jsonCheck(schema, compileCheck(compiledSchema(wireOf(schema)))),
    ({ name }) =>
      (issues) =>
        breach(`the output of ${name} breaks the contract`, issues),
  );
  readonly #declared = new DeclaredChecks({
    compileDetails: (schema) => jsonCheck(schema, compileSend(schema)),
    onErrorBreach: (error, issues, { name }) => {
      const what = `the details of the error ${error.reason} of ${name} break the contract`;
      this.#report({ error: breach(what, issues, error), member: name });
      return error.with({ reason: undefined, details: undefined });
    },
  });
  readonly #hub: HubLink;
  /** As `Transport.lease`. */
  declare readonly lease?: NonNullable<Transport['lease']>;
  readonly #publisher: Publisher;
  readonly #keys: KeySettings;
  readonly #host: CallHost;
  readonly #callers: Callers;
  /** Errors that are as their caller sees them. */
  readonly #presented = new WeakSet<object>();
  readonly #subscriptions = new Set<Lifetime>();
  readonly #streams = new Set<Lifetime>();
  readonly #actions = new Map<string, Action>();
  readonly #running = new InFlight();
  #closing: Promise<void> | undefined;

  readonly contract: Contract;
  readonly publish: Publish<Events>;
  private readonly options: OptionsInForce;

  constructor(contract: Contract, handlers: Readonly<Record<string, AnyHandler>>, options: OptionsInForce) {
    this.contract = contract;
    this.options = options;
    this.#callers = new Callers(options, (error) => this.#report({ error, member: 'context' }));
    this.#hub = new HubLink(this, options, (error) => this.#report({ error, member: 'the event hub' }));
    this.#publisher = new Publisher(contract, this.#checks, this.#hub);
    const { lease } = this.#hub;
    if (lease) this.lease = lease;
    this.publish = this.#publisher.publish;
    this.#host = { publish: this.publish, encode: (made, output) => this.#encode(made as Action, output, undefined) };
    const { idempotencyStore: given, idempotencyTtlMs: ttlMs, idempotencyLeaseMs: leaseMs } = options;
    this.#keys = { store: given ? keyStoreInTime(given, options.storeTimeoutMs) : memoryIdempotencyStore(), ttlMs, leaseMs };
    const events = Object.values(contract.events);
    for (const operation of Object.values(contract.operations)) {
      this.#actions.set(operation.name, {
        operation,
        handler: handlers[operation.name] as AnyHandler,
        checks: this.#checks.of(operation),
        input: converterOf(operation.input),
        output: converterOf(operation.output),
        writes: events.filter((event) => event.writtenBy === operation.name),
        deprecation: deprecationHeaders(operation.deprecated),
      });
    }
  }

  async call(request: CallRequest): Promise<unknown> {
    const requestId = request.headers['x-request-id'] ?? makeRequestId();
    this.#running.enter();
    try {
      if (this.#closing) throw stopping();
      const output = this.#run(request, requestId);
      return isPromiseLike(output) ? await output : output;
    } catch (error) {
      const failure = this.#failure(error, request, requestId);
      throw isPromiseLike(failure) ? await failure : failure;
    } finally {
      this.#running.leave();
    }
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    const requestId = request.headers['x-request-id'] ?? makeRequestId();
    if (request.operation) return this.#stream(request, sink, requestId);
    const lifetime = new Lifetime(undefined, request.signal);
    try {
      if (this.#closing) throw stopping();
      const event = own(this.contract.events, request.event.name) ?? unknownMember('event', request.event.name);
      checkSubscription({ ...request, event });
      this.#subscriptions.add(lifetime);
      // Without a context nothing waits, so that a subscriber in this process hears what is published right after it subscribed.
      const context = this.options.context ? await this.#context(request, event) : undefined;
      const expiresAtMs = expiryOf(context);
      if (expiresAtMs !== undefined) lifetime.endAt(expiresAtMs, expired, Date.now);
      if (lifetime.reason) throw lifetime.reason;
      await this.#hub.subscribe({ ...request, event, signal: lifetime.signal }, this.#liveSink(lifetime, sink, event));
      lifetime.listen((reason) => {
        this.#subscriptions.delete(lifetime);
        if (!request.signal.aborted) sink.end(reason === COMPLETED ? undefined : reason);
      });
    } catch (error) {
      this.#subscriptions.delete(lifetime);
      lifetime.abort(COMPLETED);
      throw this.#present(error, request, request.event.name, requestId);
    }
  }

  async #stream(request: StreamRequest, sink: EventSink, requestId: string): Promise<void> {
    const { headers, deadline, peer, onResponse } = request;
    const lifetime = new Lifetime(deadline, request.signal, this.#streams);
    const call = new Call(lifetime, request.operation, request.input, headers, deadline, undefined, peer, onResponse);
    const leave = () => {
      lifetime.abort(COMPLETED);
      this.#running.leave();
    };
    this.#running.enter();
    try {
      if (this.#closing) throw stopping();
      const action = this.#actions.get(request.operation.name) ?? unknownMember('operation', request.operation.name);
      const { name, item } = action.operation;
      if (!item) throw new ApiError('UNIMPLEMENTED', `${name} gives one answer: call it`);
      if (headers['idempotency-key'] !== undefined)
        throw new ApiError('INVALID_ARGUMENT', `${name} is a stream: it takes no idempotency key`);
      const iterator = await lifetime.alive(this.#iterate(action, call, lifetime, requestId));
      const failed = (error: unknown) => this.#failure(arrived(error), call, requestId);
      const encoder = converterOf(item);
      const encode = (value: unknown): Maybe<unknown> =>
        chain(encoder ? checkOutput(encoder.encode, value, action.checks.breach) : value, (wire) =>
          checkOutput(action.checks.item, wire, action.checks.breach),
        );
      void runStream(iterator, { lifetime, sink, encode, present: failed, isLeft: () => request.signal.aborted }).finally(leave);
    } catch (error) {
      // Not left before, because then its signal would be the reason of the failure.
      throw await Promise.resolve(this.#failure(error, call, requestId)).finally(leave);
    }
  }

  /** The result of a stream's handler, after its caller and its input were accepted. */
  async #iterate(action: Action, call: CallRequest, lifetime: Lifetime, requestId: string): Promise<AsyncIterator<unknown>> {
    const context = this.options.context ? await this.#context(call, action.operation) : undefined;
    const expiresAtMs = expiryOf(context);
    if (expiresAtMs !== undefined && !(lifetime.deadline !== undefined && lifetime.deadline <= fromEpochMs(expiresAtMs)))
      lifetime.endAt(expiresAtMs, expired, Date.now);
    const wire = await checkInput(action.checks.input, call);
    const input = action.input ? await decodeInput(action.input, wire, action) : wire;
    const made = new ServiceCall(context, call, requestId, this.#host, action);
    const result = await made.toldAfter(() => action.handler(input, made));
    return iteratorOf(result, action.operation.name);
  }

  close(graceMs: number = this.options.graceMs): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    for (const lifetime of this.#subscriptions) lifetime.abort(stopping());
    await this.#running.idle(graceMs);
    for (const lifetime of [...this.#streams]) lifetime.abort(stopping());
    await this.#hub.close(graceMs);
  }

  /** Steps that need not wait do not: a promise for each would be a good part of what a call costs. */
  #run(request: CallRequest, requestId: string): Maybe<unknown> {
    const { name } = request.operation;
    const action = this.#actions.get(name) ?? unknownMember('operation', name);
    if (action.operation.item) throw new ApiError('UNIMPLEMENTED', `${name} is a stream: subscribe to it`);
    if (!this.options.context) return this.#accept(action, undefined, request, requestId);
    return chain(this.#context(request, action.operation), (context) => this.#accept(action, context, request, requestId));
  }

  #accept(action: Action, context: unknown, request: CallRequest, requestId: string): Maybe<unknown> {
    const input = checkInput(action.checks.input, request);
    const { input: converter } = action;
    if (converter)
      return chain(
        chain(input, (wire) => decodeInput(converter, wire, action)),
        (value) => this.#start(action, value, context, request, requestId),
      );
    if (isPromiseLike(input)) return input.then((settled) => this.#start(action, settled, context, request, requestId));
    return this.#start(action, input, context, request, requestId);
  }

  #start(action: Action, input: unknown, context: unknown, request: CallRequest, requestId: string): Maybe<unknown> {
    const key = action.operation.kind === 'query' ? undefined : request.headers['idempotency-key'];
    if (key === undefined) return this.#handle(action, input, context, request, requestId);
    // All calls whose key somebody forgot would be one.
    if (key === '') throw new ApiError('INVALID_ARGUMENT', 'the idempotency key is empty: make one for each new call, or send none');
    if (!action.input) return this.#handleOnce(key, action, input, input, context, request, requestId);
    // Encoded again: the same input may be received in several forms.
    return Promise.resolve(action.input.encode(input)).then((encoded) =>
      this.#handleOnce(key, action, encoded.issues ? undefined : encoded.value, input, context, request, requestId),
    );
  }

  /** `print` is the input in wire form, by which a repeat is known as the same call. */
  #handleOnce(
    key: string,
    action: Action,
    print: unknown,
    input: unknown,
    context: unknown,
    request: CallRequest,
    requestId: string,
  ): Promise<unknown> {
    const { name } = action.operation;
    const scope = { caller: this.#callers.require(context, request), operation: name, key };
    const response = new KeptResponse(request.onResponse);
    const heard = changed(request, { onResponse: response.hear });
    const run = async (hold: KeyHold) => {
      try {
        return await this.#handle(action, input, context, heard, requestId, hold);
      } catch (error) {
        throw await this.#failure(error, request, requestId);
      }
    };
    const failed = (error: unknown) => this.#report({ error, member: 'the idempotency store', requestId });
    return callOnce(this.#keys, scope, print, run, failed, response).catch((error: unknown) => {
      if (isApiError(error)) this.#presented.add(error);
      throw error;
    });
  }

  #handle(action: Action, input: unknown, context: unknown, request: CallRequest, requestId: string, hold?: KeyHold): Maybe<unknown> {
    const { select } = request;
    const call = new ServiceCall(context, request, requestId, this.#host, action, hold);
    let result: unknown;
    try {
      result = action.handler(input, call);
    } catch (error) {
      call.tell();
      throw arrived(error);
    }
    if (!isPromiseLike(result)) return this.#finish(action, result, select, call);
    return result.then(
      (settled) => this.#finish(action, settled, select, call),
      (error: unknown) => {
        call.tell();
        throw arrived(error);
      },
    );
  }

  #finish(action: Action, result: unknown, select: Selection | undefined, call: ServiceCall): Maybe<unknown> {
    call.tell();
    const output = this.#encode(action, result, select);
    if (action.writes.length === 0) return output;
    return chain(output, (value) => this.#publishWritten(action.writes, value, call));
  }

  /** The wire form of an output, checked. */
  #encode({ operation, checks, output: encoder }: Action, result: unknown, select: Selection | undefined): Maybe<unknown> {
    // Of a query no more is checked than was asked for. The output of a mutation is kept whole: for events, and for callers that repeat it.
    const check =
      select && checks.output && operation.kind === 'query'
        ? checkOfSelection(this.#checks, this.contract, operation, select)
        : checks.output;
    const isSelected = check !== checks.output;
    const converter = isSelected && select ? converterOf(planSelection(this.contract, operation, select).schema) : encoder;
    return converter
      ? chain(checkOutput(converter.encode, result, checks.breach), (wire) => checkOutput(check, wire, checks.breach))
      : checkOutput(check, result, checks.breach);
  }

  /** The caller is answered when the hub has the events. The call has succeeded by now, so a failure here is only reported. */
  async #publishWritten(events: readonly EventDefinition[], output: unknown, call: ServiceCall): Promise<unknown> {
    for (const event of events) {
      if (call.hasWritten(event.name)) continue;
      try {
        // In wire form already.
        await this.#publisher.publishWire(event, { value: output });
      } catch (error) {
        this.#report({ error, member: event.name });
      }
    }
    return output;
  }

  /** Lets nothing through once the subscription has ended. A sink that throws ends its own subscription, not the hub's delivery to others. */
  #liveSink(lifetime: Lifetime, sink: EventSink, { name }: EventDefinition): EventSink {
    const fail = (error: unknown) => {
      this.#report({ error, member: name });
      lifetime.abort(internalError());
    };
    const tell = <T>(telling: () => T): T | undefined => {
      try {
        return lifetime.reason ? undefined : telling();
      } catch (error) {
        return void fail(error);
      }
    };
    return {
      next: (message) => tell(() => sink.next(message)),
      gap: () => tell(() => sink.gap()),
      place: (id) => tell(() => sink.place?.(id)),
      end: (error) => lifetime.abort(error ?? COMPLETED),
    };
  }

  /** As `Transport.identify`. */
  async identify(who: IdentifyRequest): Promise<Identity> {
    const requestId = who.headers['x-request-id'] ?? makeRequestId();
    try {
      if (this.#closing) throw stopping();
      const context = await this.#context(who, undefined);
      return { caller: this.#callers.of(context, who), expiresAtMs: expiryOf(context) };
    } catch (error) {
      throw this.#present(error, who, 'context', requestId);
    }
  }

  #context(request: Asked, member: Operation | EventDefinition | undefined): unknown {
    return this.options.context?.(new CallContextInfo(request, member));
  }

  /** The part of an error that the caller of an operation may see: with the name of a declared error only if the operation declares it so. */
  #failure(error: unknown, request: CallRequest, requestId: string): Maybe<ApiError> {
    const { name } = request.operation;
    // A value that was kept for a key, or presented before it was, is in wire form.
    const action = this.#presented.has(error as object) ? undefined : this.#actions.get(name);
    const declared = action ? this.#declared.of(action.operation, error) : error;
    return chain(declared, (known) => this.#present(known, request, name, requestId));
  }

  #present(error: unknown, request: Asked, member: string, requestId: string): ApiError {
    return present(error, request.signal, requestId, (reported) => this.#report({ error: reported, member, requestId }));
  }

  #report(failure: ErrorReport): void {
    report(failure, this.options.onError ?? this.#print);
  }

  readonly #print = ({ error, member, requestId }: ErrorReport): void =>
    reportToConsole(`${this.contract.name}: ${member} failed${requestId ? ` (request ${requestId})` : ''}:`, error);
}

function decodeInput(converter: Converter, wire: unknown, { operation }: Action): Maybe<unknown> {
  const decoded = converter.decode(wire);
  return isPromiseLike(decoded) ? decoded.then((settled) => inputOf(settled, operation)) : inputOf(decoded, operation);
}
