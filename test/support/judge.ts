import { isDeepStrictEqual } from 'node:util';
import { createService, type Contract, type Service } from '../../src/core.ts';
import { isErrorCode } from '../../src/core/errors.ts';
import { converterOf } from '../../src/schema/codec/codec.ts';
import { seededRandom, type Random } from '../../src/schema/sample/random.ts';
import { describeContract } from '../../src/schema/view.ts';
import type { TypeUse } from '../../src/schema/node.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { mayMend } from '../../src/life/mending.ts';
import {
  anyClient,
  callingClients,
  isHard,
  outcomeOfError,
  plain,
  webhookClient,
  wholeAdapters,
  wholeClients,
  type AnyClient,
} from './law.ts';
import { randomContract } from './random-contract.ts';
import { EDGES, randomValue } from './random-value.ts';
import { until } from './until.ts';

const CALLS = 3;
const EVENTS = 3;
/** Webhooks need a service that tells callers apart: they have a dispatcher of their own. */
const FRONT = ['rest', 'graphql', 'websocket', 'soap', 'grpc', 'mqtt', 'mcp'] as const;
const ports = { port: 0, grpcPort: 0, mqttPort: 0, playground: false } as const;

/** What a handler is to do: give values, or throw a declared error. */
interface Plan {
  readonly values: readonly unknown[];
  readonly error?: readonly [name: string, details: unknown];
}

/** The events that a client got, and how often it was told of a gap. */
interface Heard {
  readonly events: { readonly data: unknown; readonly id: string }[];
  gaps: number;
}

/** A difference from what the service itself does. */
export interface Loss {
  readonly seed: number;
  readonly at: string;
  readonly sent: unknown;
  readonly got: unknown;
  readonly wanted: unknown;
}

export interface Verdict {
  readonly outcome: 'judged' | 'refused';
  readonly why?: string;
  readonly calls: number;
  readonly events: number;
  readonly losses: readonly Loss[];
}

/**
 * Makes a contract of random members from a seed, and compares what each protocol does with what the service does: calls, streams, declared
 * errors, events and their resumption. With `gateway` each protocol stands in front of a random other one.
 */
export async function judge(seed: number, gateway = false): Promise<Verdict> {
  const random = seededRandom(seed);
  let contract: Contract;
  try {
    contract = randomContract(random);
    describeContract(contract);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { outcome: 'refused', why: error.message, calls: 0, events: 0, losses: [] };
  }
  const judged = new Judged(seed, random, contract);
  const why = await judged.open(gateway);
  if (why !== undefined) return { outcome: 'refused', why, calls: 0, events: 0, losses: [] };
  try {
    await judged.calls();
    await judged.events();
  } finally {
    await judged.close();
  }
  return { outcome: 'judged', calls: judged.called, events: judged.heard, losses: judged.losses };
}

class Judged {
  called = 0;
  heard = 0;
  readonly losses: Loss[] = [];
  readonly #closes: (() => Promise<void>)[] = [];
  #seen: unknown;
  #runs = 0;
  #plan: Plan = { values: [] };
  #service!: Service;
  #direct!: AnyClient;
  #whole: AnyClient[] = [];
  #calling: AnyClient[] = [];
  #hooked!: AnyClient;

  private readonly seed: number;
  private readonly random: Random;
  private readonly contract: Contract;

  constructor(seed: number, random: Random, contract: Contract) {
    this.seed = seed;
    this.random = random;
    this.contract = contract;
  }

  /** Serves the contract; the reason if a protocol refuses its names. */
  async open(gateway: boolean): Promise<string | undefined> {
    const { contract } = this;
    this.#service = createService(contract, this.#handlers() as never, { onError: () => {} });
    this.#closes.push(() => this.#service.close());
    let at: Served;
    const modes = [undefined, 'structured', 'binary'] as const;
    const cloudEvents = modes[Math.floor(this.random() * modes.length)];
    const structured = cloudEvents && ({ cloudEvents: 'structured' } as const);
    const mode = cloudEvents && { cloudEvents };
    const settings = { ...ports, rest: { ...structured }, websocket: { ...structured }, mqtt: { ...mode }, onError: () => {} };
    try {
      at = await serve(this.#service, settings);
      this.#closes.push(() => at.close());
      if (gateway) {
        const adapters = Object.values(wholeAdapters);
        const adapter = adapters[Math.floor(this.random() * adapters.length)] as (typeof wholeAdapters)['rest'];
        const middle = adapter(at, structured?.cloudEvents)(contract);
        const front = await serve(middle, { ...settings, protocols: FRONT });
        this.#closes.push(
          () => middle.close(),
          () => front.close(),
        );
        at = front;
        this.#hooked = await webhookClient(contract, middle, cloudEvents);
      } else this.#hooked = await webhookClient(contract, this.#service, cloudEvents);
    } catch (error) {
      await this.close();
      if (error instanceof TypeError) return error.message;
      throw error;
    }
    this.#direct = anyClient('service', contract, this.#service);
    this.#whole = wholeClients(contract, at, structured?.cloudEvents);
    this.#calling = callingClients(contract, at);
    for (const client of [this.#direct, ...this.#whole, ...this.#calling, this.#hooked]) this.#closes.push(() => client.close());
    return undefined;
  }

  async close(): Promise<void> {
    for (const close of this.#closes.splice(0).reverse()) await close();
  }

  #handlers(): Record<string, unknown> {
    type Errors = Readonly<Record<string, (details?: unknown) => Error>>;
    const act = (input: unknown, errors: Errors) => {
      this.#seen = input;
      this.#runs++;
      const { error } = this.#plan;
      if (error) throw errors[error[0]]?.(error[1]) ?? new Error('no such error');
    };
    const items = () => this.#plan.values;
    return Object.fromEntries(
      Object.values(this.contract.operations).map((operation) => [
        operation.name,
        operation.item
          ? async function* (input: unknown, { errors }: { errors: Errors }) {
              await Promise.resolve();
              act(input, errors);
              yield* items();
            }
          : (input: unknown, { errors }: { errors: Errors }) => {
              act(input, errors);
              return items()[0];
            },
      ]),
    );
  }

  async calls(): Promise<void> {
    const view = describeContract(this.contract);
    for (const { operation, input, output, item, errors } of view.operations.values()) {
      for (let index = 0; index < CALLS; index++) {
        const sent = input ? await this.#value({ node: input, nullable: false, meta: {} }, operation.input) : undefined;
        if (input && sent === undefined) continue;
        const of = item ?? output;
        const values: unknown[] = [];
        for (let left = item ? 2 : 1; left > 0 && of; left--)
          values.push((await this.#value(of, item ? operation.item : operation.output))?.value);
        const failing = Object.keys(operation.errors).filter((name) => !isErrorCode(name));
        const name = this.random() < 0.3 ? failing[Math.floor(this.random() * failing.length)] : undefined;
        const declared = errors.find((each) => each.name === name);
        const details =
          declared?.details &&
          (await this.#value({ node: declared.details, nullable: false, meta: {} }, operation.errors[name ?? '']?.details));
        this.#plan = { values, ...(name !== undefined && { error: [name, details?.value] }) };
        const wanted = await this.#outcome(this.#direct, operation.name, item !== undefined, sent?.value);
        for (const client of item ? this.#whole : [...this.#whole, ...this.#calling]) {
          const got = await this.#outcome(client, operation.name, item !== undefined, sent?.value);
          this.called++;
          // A URL has no empty part and none of dots, and some texts cannot be written in XML or UTF-8.
          const isEmptyPart = operation.http.some(({ params }) =>
            params.some((param) => ['', '.', '..'].includes((sent?.value as Record<string, string> | undefined)?.[param] ?? '-')),
          );
          const mayRefuse = isEmptyPart || isHard([sent?.value, values, details?.value]);
          const isRefused = mayRefuse && 'code' in got && !('reason' in got && got.reason);
          if (!isRefused && !isDeepStrictEqual(got, wanted))
            this.#lose(`${operation.name} over ${client.name}`, [sent?.value, this.#plan], got, wanted);
        }
        if (item) continue;
        const isFinal = name === undefined || mayMend[operation.errors[name]?.code ?? 'UNKNOWN'].keepOutcome;
        if (operation.kind === 'mutation' && isFinal) await this.#keyed(operation.name, sent?.value);
        if (operation.kind === 'query' && output && name === undefined) await this.#selected(operation.name, output, sent?.value);
      }
    }
  }

  /** A key's second call gets the first one's outcome, and is not run. */
  async #keyed(operation: string, input: unknown): Promise<void> {
    for (const client of [this.#direct, ...this.#whole, ...this.#calling]) {
      this.#runs = 0;
      const options = { idempotencyKey: crypto.randomUUID() };
      const [wanted, got] = [
        await this.#outcome(client, operation, false, input, options),
        await this.#outcome(client, operation, false, input, options),
      ].map((outcome) => ({ ...outcome, seen: undefined }));
      if (this.#runs > 1 || !isDeepStrictEqual(got, wanted))
        this.#lose(`${operation} with a key over ${client.name}, run ${this.#runs} times`, [input, this.#plan], got, wanted);
    }
  }

  /** Some fields of an output are those of the whole. */
  async #selected(operation: string, { node }: TypeUse, input: unknown): Promise<void> {
    if (node.kind !== 'object' || node.fields.length === 0) return;
    const names = node.fields.map(({ name }) => name).filter((_, index) => index === 0 || this.random() < 0.5);
    const select = Object.fromEntries(names.map((name): [string, true] => [name, true]));
    const wanted = await this.#outcome(this.#direct, operation, false, input, { select });
    for (const client of [...this.#whole, ...this.#calling]) {
      const got = await this.#outcome(client, operation, false, input, { select });
      const isRefused = isHard([input, this.#plan.values]) && 'code' in got;
      if (!isRefused && !isDeepStrictEqual(got, wanted))
        this.#lose(`${operation} of ${names.join()} over ${client.name}`, [input, this.#plan], got, wanted);
    }
  }

  #lose(at: string, sent: unknown, got: unknown, wanted: unknown): void {
    this.losses.push({ seed: this.seed, at, sent, got, wanted });
  }

  async #value(use: TypeUse, schema: Parameters<typeof converterOf>[0]): Promise<{ readonly value: unknown } | undefined> {
    const wire = randomValue(use, this.random, EDGES);
    const decoded = (await converterOf(schema)?.decode(wire)) ?? { value: wire };
    return decoded.issues ? undefined : { value: decoded.value };
  }

  async #outcome(client: AnyClient, operation: string, isStream: boolean, input: unknown, options?: object): Promise<object> {
    this.#seen = undefined;
    const given: unknown[] = [];
    try {
      if (isStream) for await (const item of client.items(operation, input)) given.push(plain(item));
      else given.push(plain(await client.call(operation, input, options)));
      return { given, seen: plain(this.#seen) };
    } catch (error) {
      return { given, ...(plain(outcomeOfError(error)) as object) };
    }
  }

  async events(): Promise<void> {
    const clients = [this.#direct, ...this.#whole, this.#hooked];
    for (const { event, payload } of describeContract(this.contract).events.values()) {
      const hear = async (from: readonly Heard[] | undefined, publish: () => Promise<number>): Promise<Heard[]> => {
        const all = clients.map((): Heard => ({ events: [], gaps: 0 }));
        const ends = await Promise.all(
          clients.map((client, index) => {
            const heard = all[index] as Heard;
            const onGap = () => void heard.gaps++;
            const lastEventId = from?.[index]?.events[0]?.id;
            return client.listen(event.name, (data, { id }) => heard.events.push({ data: plain(data), id }), { onGap, lastEventId });
          }),
        );
        const count = await publish();
        await until(() => all.every(({ events, gaps }) => events.length >= count || gaps > 0)).catch(() => {});
        for (const end of ends) await end();
        return all;
      };
      const sent: unknown[] = [];
      const live = await hear(undefined, async () => {
        for (let left = EVENTS; left > 0; left--) {
          const made = await this.#value({ node: payload, nullable: false, meta: {} }, event.payload);
          if (!made || isHard(made.value)) continue;
          const took = await this.#service.publish(event.name as never, made.value as never).then(
            () => true,
            () => false,
          );
          if (took) sent.push(made.value);
        }
        return sent.length;
      });
      this.#compare(event.name, clients, live, sent);
      if (live[0]?.events.length !== sent.length) this.#lose(`${event.name} of the service`, sent, live[0], sent);
      if (sent.length < 2) continue;
      const resumed = await hear(live, () => Promise.resolve(sent.length - 1));
      // A broker keeps no past, and says so.
      this.#compare(`${event.name} resumed`, clients, resumed, sent, 'mqtt');
    }
  }

  /** Each heard the same as the service's own client, and none was told of a gap, except those that cannot resume. */
  #compare(at: string, clients: readonly AnyClient[], all: readonly Heard[], sent: unknown, forgetful?: string): void {
    const heard = all.map(({ events, gaps }) => ({ datas: events.map(({ data }) => data), gaps }));
    heard.forEach((got, index) => {
      this.heard += got.datas.length;
      const wanted = clients[index]?.name === forgetful ? { datas: [], gaps: 1 } : { datas: heard[0]?.datas, gaps: 0 };
      if (!isDeepStrictEqual(got, wanted)) this.#lose(`${at} over ${clients[index]?.name}`, sent, got, wanted);
    });
  }
}
