import { checkOf } from '#check';
import { declaring, filing, guarding, selecting } from '#guard-parts';
import type { Contract, Operation } from '../core/contract.ts';
import { isApiError, type ErrorCode } from '../core/errors.ts';
import type { Adapter, CallRequest, EventSink, SubscribeRequest, Transport } from '../core/transport.ts';
import { changed } from '../life/call.ts';
import { withPart } from '../life/lazy.ts';
import { issuesError, type Check } from '../schema/check/issues.ts';
import { hasFile } from '../schema/codec/has-file.ts';
import { checkInput, checkOutput, Checks, type OperationChecks } from './checks.ts';
import type { DeclaredChecks } from './declared.ts';
import type { GuardedEvents } from './guarded-events.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** Transports whose inputs and outputs are validated already: nothing is validated twice. */
const guarded = new WeakSet<Transport>();

/**
 * Makes an adapter from a function that makes a raw transport. The adapter validates inputs before they are sent
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

/** Values that JavaScript programs pass instead: text in quotes, else the type of the value. */
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
  #declared: DeclaredChecks | undefined;
  #events: GuardedEvents | undefined;
  declare readonly identify?: NonNullable<Transport['identify']>;
  declare readonly lease?: NonNullable<Transport['lease']>;
  readonly streamsFiles: boolean;

  private readonly inner: Transport;

  constructor(inner: Transport, breach: ErrorCode) {
    this.inner = inner;
    this.contract = inner.contract;
    this.name = inner.name;
    this.streamsFiles = inner.streamsFiles === true;
    if (inner.identify) this.identify = inner.identify.bind(inner);
    if (inner.lease) this.lease = inner.lease.bind(inner);
    this.#checks = new Checks(checkOf, ({ name }) => (issues, output) => {
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
      if (!this.streamsFiles && request.operation.input && hasFile(request.operation.input)) return this.#sendFiles(request, input, checks);
      if (isPromiseLike(input)) return Promise.resolve(input).then((settled) => this.#send(withInput(request, settled), checks));
      return this.#send(withInput(request, input), checks);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends an input with files to a transport that takes them in memory only. */
  async #sendFiles(request: CallRequest, input: unknown, checks: OperationChecks): Promise<unknown> {
    const { inMemory } = await filing();
    return this.#send(withInput(request, await inMemory(await input)), checks);
  }

  #send(request: CallRequest, { output, breach }: OperationChecks): Promise<unknown> {
    const { operation, select } = request;
    const send = (wanted: Check | undefined): Promise<unknown> =>
      this.inner.call(request).then(
        (result) => checkOutput(wanted, result, breach),
        (error: unknown) => this.#reject(operation, error),
      );
    if (!select || !output) return send(output);
    return Promise.resolve(
      withPart(selecting, ({ checkOfSelection }) => send(checkOfSelection(this.#checks, this.contract, operation, select))),
    );
  }

  async #reject(operation: Operation, error: unknown): Promise<never> {
    throw await this.#declare(operation, error);
  }

  /** The error as the operation declares it. */
  async #declare(operation: Operation, error: unknown): Promise<unknown> {
    if (!isApiError(error) || error.reason === undefined) return error;
    try {
      this.#declared ??= new (await declaring()).DeclaredChecks({ compileDetails: checkOf });
    } catch {
      // Without what knows its details it is just its code.
      return error.with({ reason: undefined });
    }
    return this.#declared.of(operation, error);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    const part = guarding();
    const { GuardedEvents } = isPromiseLike(part) ? await part : part;
    this.#events ??= new GuardedEvents(this.inner, this.#checks, (operation, error) => this.#declare(operation, error));
    return this.#events.subscribe(request, sink);
  }

  close(): Promise<void> {
    this.#events?.close();
    return this.inner.close();
  }
}

function withInput(request: CallRequest, input: unknown): CallRequest {
  return changed(request, { input });
}
