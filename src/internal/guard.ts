import type { Contract, EventDefinition, Operation, Schema } from '../contract.js';
import { ApiError, type ErrorCode, type Issue } from '../errors.js';
import type { Adapter, CallRequest, EventMessage, EventSink, Selection, SubscribeRequest, Transport } from '../transport.js';
import { Call } from './call.js';
import { planSelection } from './select.js';
import { checkSubscription } from './subscription-check.js';
import { compileCheck, issuesError, type Check, type Checked } from './validate.js';

/** Transports whose inputs and outputs are validated already: nothing is validated twice. */
const guarded = new WeakSet<Transport>();

/** The checks of one operation, made at its first call. */
interface OperationChecks {
  readonly input: Check | undefined;
  readonly output: Check | undefined;
}

/**
 * Makes an adapter from a function that makes a raw transport: what it returns validates inputs before they are sent
 * (INVALID_ARGUMENT) and outputs before anyone sees them (DATA_LOSS). Use it to write an adapter for a protocol of your own.
 */
export function defineAdapter<V extends string = 'call' | 'subscribe'>(make: (contract: Contract) => Transport): Adapter<V> {
  return (contract) => guard(make(contract), 'DATA_LOSS');
}

/** The transport of an adapter, or a given one, with the guard around it. */
export function connect(source: Adapter<string> | Transport, contract: Contract): Transport {
  return guard(typeof source === 'function' ? source(contract) : source, 'DATA_LOSS');
}

/** Says that a transport hands everything on to guarded ones, so that it needs no guard of its own. */
export function markGuarded<T extends Transport>(transport: T): T {
  guarded.add(transport);
  return transport;
}

/** Puts validation around a transport, once. `breach` is the code of an output that breaks the contract. */
export function guard(inner: Transport, breach: ErrorCode): Transport {
  if (guarded.has(inner)) return inner;
  const checks = new Checks();
  return markGuarded({
    contract: inner.contract,
    name: inner.name,
    close: () => inner.close(),
    async call(request) {
      const { input, output } = checks.of(request.operation);
      const checked = checkInput(input, request);
      const value: unknown = checked instanceof Promise ? await checked : checked;
      // Unknown members were dropped and defaults filled in, so the request is made anew only where a schema could do that.
      const result = await inner.call(input ? withInput(request, value) : request);
      const { select } = request;
      const wanted = select && output ? checks.ofSelection(inner.contract, request.operation, select) : output;
      return checkOutput(wanted, result, (issues) =>
        issuesError(
          breach,
          `${request.operation.name}: ${result === undefined ? 'the reply is empty, which' : 'the reply'} breaks the contract`,
          issues,
        ),
      );
    },
    async subscribe(request, sink) {
      checkSubscription(request);
      await inner.subscribe(request, checkedSink(checks.ofEvent(request.event), request, sink));
    },
  });
}

/** The checks of a contract's operations and events, each compiled at its first use. */
export class Checks {
  readonly #operations = new Map<Operation, OperationChecks>();
  readonly #events = new Map<EventDefinition, Check>();
  readonly #selections = new WeakMap<Schema, Check>();

  of(operation: Operation): OperationChecks {
    let checks = this.#operations.get(operation);
    if (!checks) {
      checks = {
        input: operation.input && compileCheck(operation.input),
        output: operation.output && compileCheck(operation.output),
      };
      this.#operations.set(operation, checks);
    }
    return checks;
  }

  /** The check of an output of which some fields were asked for: the others may be absent or anything, and are dropped. */
  ofSelection(contract: Contract, operation: Operation, select: Selection): Check {
    const { schema } = planSelection(contract, operation, select);
    let check = this.#selections.get(schema);
    if (!check) this.#selections.set(schema, (check = compileCheck(schema)));
    return check;
  }

  ofEvent(event: EventDefinition): Check {
    let check = this.#events.get(event);
    if (!check) this.#events.set(event, (check = compileCheck(event.payload)));
    return check;
  }
}

/** The validated input: `undefined` where the operation takes none. Throws INVALID_ARGUMENT. */
export function checkInput(check: Check | undefined, request: CallRequest): unknown {
  const { operation, input } = request;
  if (!check) {
    if (input === undefined || (typeof input === 'object' && input !== null && !Array.isArray(input))) return undefined;
    throw new ApiError('INVALID_ARGUMENT', `${operation.name} takes no input`, { sent: false });
  }
  const checked = check(input ?? (input === undefined ? {} : input));
  return checked instanceof Promise ? checked.then(take) : take(checked);

  function take(result: Checked): unknown {
    if (result.issues) throw issuesError('INVALID_ARGUMENT', `${operation.name}: invalid input`, result.issues, { sent: false });
    return result.value;
  }
}

/** The validated output: `undefined` where the operation gives none. Throws what `breach` makes of the issues. */
export function checkOutput(check: Check | undefined, output: unknown, breach: (issues: readonly Issue[]) => Error): unknown {
  if (!check) return undefined;
  const checked = check(output);
  return checked instanceof Promise ? checked.then(take) : take(checked);

  function take(result: Checked): unknown {
    if (result.issues) throw breach(result.issues);
    return result.value;
  }
}

function withInput(request: CallRequest, input: unknown): CallRequest {
  return new Call(request, request.operation, input, request.headers, request.deadline, request.select, request.peer);
}

/** Ends a subscription with DATA_LOSS at the first event that breaks the contract. */
function checkedSink(check: Check, request: SubscribeRequest, sink: EventSink): EventSink {
  let ended = false;
  const end = (error?: ApiError) => {
    if (ended) return;
    ended = true;
    sink.end(error);
  };
  const take = (message: EventMessage, result: Checked): void | Promise<void> => {
    if (ended) return;
    if (!result.issues) return sink.next({ id: message.id, time: message.time, data: result.value });
    end(issuesError('DATA_LOSS', `${request.event.name}: an event breaks the contract`, result.issues));
  };
  // Asynchronous checks are chained, so that events keep their order.
  let last: Promise<unknown> | undefined;
  return {
    next(message) {
      const checked = last ? last.then(() => check(message.data)) : check(message.data);
      if (!(checked instanceof Promise)) return take(message, checked);
      const mine = checked.then((result) => take(message, result));
      const settled = mine
        .catch(() => {})
        .then(() => {
          if (last === settled) last = undefined;
        });
      last = settled;
      return mine;
    },
    gap: () => void (last ? last.then(() => !ended && sink.gap()) : ended || sink.gap()),
    end: (error) => void (last ? last.then(() => end(error)) : end(error)),
  };
}
