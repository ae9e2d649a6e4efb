import type { AppInput } from '../../core/application.ts';
import type { Contract, Operation } from '../../core/contract.ts';
import { ApiError, isApiError, isErrorCode, type ErrorCode, type JsonObject } from '../../core/errors.ts';
import { count, readOptions, type OptionReader } from '../../core/options.ts';
import { delay } from '../../life/lifetime.ts';
import { errorMakers } from '../../service/error-makers.ts';
import { createService } from '../../service/service.ts';
import type { HandlerCall, Handlers, Service, ServiceOptions, Verifier } from '../../service/types.ts';
import { span } from '../faults/options.ts';
import { Samples } from './samples.ts';

/** Options of `mockService`. */
export interface MockOptions {
  /** Other seeds give other values; the same seed and input give the same ones. @default 1 */
  readonly seed?: number | undefined;
  /** How long each call takes, in milliseconds: a time, or the least and the most. @default 0 */
  readonly delayMs?: number | readonly [least: number, most: number] | undefined;
  /** How many items a streamed operation without a handler gives. @default 3 */
  readonly items?: number | undefined;
  /** Options of the service. Without `security` any credentials are accepted. */
  readonly service?: ServiceOptions<unknown> | undefined;
}

/** A call that a mock has had. */
export interface MockCall<N extends string = string> {
  readonly operation: N;
  /** As the handler gets it: validated, with defaults. */
  readonly input: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** How often something fails, and with what. */
export interface FailOptions {
  /** How many calls fail; `Infinity` for all. @default 1 */
  readonly times?: number | undefined;
  /** The message of the error. @default the declared description, or a text that says that a test wants it */
  readonly text?: string | undefined;
  /** Of a declared error. @default a sample of its schema */
  readonly details?: JsonObject | undefined;
  /** How long the caller should wait before another try, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** A service whose answers come from its contract, and what a test does with it. */
export interface MockService<C extends Contract> extends Service<C> {
  /** The calls so far, in order. */
  readonly calls: readonly MockCall<keyof C['operations'] & string>[];
  /**
   * Makes the next calls of an operation fail: with a code, the name of a declared error, or an `ApiError`.
   * @throws TypeError for an operation or an error that is not in the contract
   */
  fail<N extends keyof C['operations'] & string>(
    operation: N,
    error: ErrorCode | (keyof C['operations'][N]['errors'] & string) | ApiError,
    options?: FailOptions,
  ): void;
  /** Publishes an event with a sample of its payload, in which the members of `data` are set; resolves with what was published. */
  emit<N extends keyof C['events'] & string>(event: N, data?: Partial<AppInput<C['events'][N]['payload']>>): Promise<unknown>;
  /** Forgets calls and failures. */
  reset(): void;
}

interface Failure {
  left: number;
  readonly make: () => Promise<ApiError>;
}

type AnyHandler = (input: unknown, call: HandlerCall) => unknown;

const whole: OptionReader<number> = (value, owner, name) => {
  if (value === undefined) return 1;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new TypeError(`${owner}: ${name} must be a whole number`);
};

/**
 * A service whose missing handlers are made from the contract: outputs, items and payloads are samples of the schemas, examples first, and always
 * valid. Members of an output that have the name of an input have its value, so that `getUser({ id: 7 })` gives a user with the id 7.
 * It is a service like any other: a transport for a client in the same process, or served over any protocol.
 * @throws TypeError for a handler that is not in the contract, and for an option that means nothing
 * @example const service = mockService(contract, { getUser: ({ id }) => ({ id, name: 'Ada' }) }, { delayMs: [5, 50] });
 */
export function mockService<C extends Contract>(
  contract: C,
  handlers: Partial<Handlers<C>> = {},
  options: MockOptions = {},
): MockService<C> {
  const read = readOptions('mockService', options, { seed: whole, delayMs: span, items: count(3, { zero: true }) }, ['service']);
  const mock = new Mock(contract, handlers as Readonly<Record<string, AnyHandler>>, read);
  // They are made from the contract, whose types are not known here.
  const service = createService(contract, mock.handlers() as never, { ...read.service, security: verifiersOf(contract, read.service) });
  return Object.assign(service, {
    calls: mock.calls,
    fail: (operation: string, error: string | ApiError, failOptions?: FailOptions) => mock.fail(operation, error, failOptions),
    emit: async (event: keyof C['events'] & string, data?: unknown) => {
      const payload = await mock.payload(event, data);
      await service.publish(event, payload as never);
      return payload;
    },
    reset: () => mock.reset(),
  });
}

class Mock {
  readonly calls: MockCall[] = [];
  readonly #failures = new Map<string, Failure>();
  readonly #samples: Samples;
  #emitted = 0;

  private readonly contract: Contract;
  private readonly given: Readonly<Record<string, AnyHandler>>;
  private readonly options: { readonly seed: number; readonly delayMs: readonly [number, number]; readonly items: number };

  constructor(contract: Contract, given: Readonly<Record<string, AnyHandler>>, options: Mock['options']) {
    this.contract = contract;
    this.given = given;
    this.options = options;
    this.#samples = new Samples(contract, options.seed);
  }

  /** One for each operation; those that name no operation are left for `createService` to refuse. */
  handlers(): Record<string, AnyHandler> {
    const made = Object.values(this.contract.operations).map((operation) => [operation.name, this.#handler(operation)] as const);
    return { ...this.given, ...Object.fromEntries(made) };
  }

  fail(name: string, error: string | ApiError, { times = 1, text, details, retryAfterMs }: FailOptions = {}): void {
    const operation = Object.hasOwn(this.contract.operations, name) ? this.contract.operations[name] : undefined;
    if (!operation) throw new TypeError(`mockService: the contract has no operation '${name}'`);
    if (!isApiError(error) && !isErrorCode(error) && !Object.hasOwn(operation.errors, error))
      throw new TypeError(`mockService: '${error}' is neither an error code nor an error that ${name} declares`);
    const make = async (): Promise<ApiError> => {
      if (isApiError(error)) return error;
      if (isErrorCode(error)) return new ApiError(error, text ?? 'the test wants this call to fail', { details, retryAfterMs });
      // By a name that the types do not know.
      const maker = errorMakers(operation)[error] as unknown as (...given: readonly unknown[]) => ApiError;
      const sample = details ?? (await this.#samples.details(operation, error, this.#samples.random(name, error)));
      const rest = { ...(text !== undefined && { text }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
      return sample === undefined ? maker(rest) : maker(sample, rest);
    };
    this.#failures.set(name, { left: times, make });
  }

  async payload(name: string, data: unknown): Promise<unknown> {
    const sample = await this.#samples.payload(name, this.#samples.random(name, String(this.#emitted++)));
    return { ...(sample as object), ...(data as object | undefined) };
  }

  reset(): void {
    this.calls.length = 0;
    this.#failures.clear();
  }

  #handler(operation: Operation): AnyHandler {
    const given = Object.hasOwn(this.given, operation.name) ? this.given[operation.name] : undefined;
    if (given !== undefined && typeof given !== 'function')
      throw new TypeError(`mockService: the handler of ${operation.name} is not a function`);
    let runs = 0;
    return async (input, call) => {
      // Queries answer alike; a mutation makes something new each time.
      const run = operation.kind === 'query' ? '' : String(runs++);
      this.calls.push({ operation: operation.name, input, headers: call.headers });
      const random = this.#samples.random(operation.name, textOf(input), run);
      const [least, most] = this.options.delayMs;
      if (most > 0) await delay(least + (most - least) * random(), call.signal);
      const failure = this.#failures.get(operation.name);
      if (failure && failure.left-- > 0) throw await failure.make();
      if (given) return given(input, call);
      return operation.item ? this.#items(operation, random) : this.#output(operation, input, random);
    };
  }

  async #output(operation: Operation, input: unknown, random: () => number): Promise<unknown> {
    const { output, pagedBy } = operation;
    const sample = await this.#samples.output(operation, random);
    if (!output) return undefined;
    if (pagedBy === undefined || !Array.isArray(sample)) return this.#samples.merged(output, sample, input);
    // One page, which is the last one, because it is not full.
    const { after, limit = Infinity } = (input ?? {}) as { readonly after?: unknown; readonly limit?: number };
    return after === undefined || after === null ? sample.slice(0, limit - 1) : [];
  }

  async *#items(operation: Operation, random: () => number): AsyncGenerator<unknown> {
    for (let made = 0; made < this.options.items; made++) yield await this.#samples.item(operation, random);
  }
}

/** Accepts whatever callers show, for the schemes that have no verifier. */
function verifiersOf(contract: Contract, options: ServiceOptions<unknown> | undefined): Readonly<Record<string, Verifier>> | undefined {
  const names = Object.keys(contract.securitySchemes ?? {});
  if (names.length === 0) return options?.security;
  const accept: Verifier = ({ scopes, username, token, onBehalfOf }) => ({ scopes, caller: username ?? onBehalfOf ?? token });
  return { ...Object.fromEntries(names.map((name) => [name, accept])), ...options?.security };
}

/** The same text for the same input. */
function textOf(input: unknown): string {
  return (
    JSON.stringify(input, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value instanceof Map ? [...value] : value)) ??
    ''
  );
}
