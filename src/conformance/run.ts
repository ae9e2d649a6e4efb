import { createClient } from '../client/client.ts';
import type { Client } from '../client/types.ts';
import type { Contract } from '../core/contract.ts';
import type { Transport } from '../core/transport.ts';
import { pause, settled, until, watched } from './assert.ts';
import { conformanceContract } from './contract.ts';
import type { Probe } from './probe.ts';
import { createConformanceService } from './service.ts';
import type { Bench, BenchOptions, CaseContext, ConformanceCase, ConformanceTarget } from './types.ts';

/**
 * Runs one case over one protocol. Rejects if the rule is broken, if an error was reported that the case did not expect, and if a
 * subscription is left open at the service after the client was closed.
 */
export async function runCase(target: ConformanceTarget, each: ConformanceCase): Promise<void> {
  const context = new Context(target);
  try {
    await each.run(context);
  } catch (error) {
    // The reports often say why the case failed, so closing must not hide them.
    await context.close().catch(() => {});
    const [reported] = context.reported;
    if (reported !== undefined && (error as Error).cause === undefined) (error as Error).cause = reported;
    throw error;
  }
  await context.close();
  const [unexpected] = context.reported;
  if (unexpected !== undefined)
    throw new Error(`an error was reported that the case did not expect: ${describe(unexpected)}`, { cause: unexpected });
}

/** The options that a case asks of the opened pair. */
type Given = { readonly [K in 'headers' | 'maxMessageBytes' | 'maxBufferedBytes']?: BenchOptions[K] | undefined };

class Context implements CaseContext {
  readonly reported: unknown[] = [];
  readonly #probes: Probe[] = [];
  readonly #clients: Client<Contract>[] = [];
  readonly #servers: (() => Promise<void>)[] = [];

  private readonly target: ConformanceTarget;

  constructor(target: ConformanceTarget) {
    this.target = target;
  }

  async open(options: BenchOptions = {}): Promise<Bench> {
    const { headers, maxMessageBytes, maxBufferedBytes, client, ...serviceOptions } = options;
    const stores = await this.target.stores?.(options.history);
    const { hub, idempotencyStore } = stores ?? {};
    const given = { ...(hub && { hub }), ...(idempotencyStore && { idempotencyStore }) };
    const { service, probe } = createConformanceService({ ...given, ...serviceOptions, onError: this.#report });
    this.#probes.push(probe);
    const connect = await this.#serve(service, { headers, maxMessageBytes, maxBufferedBytes });
    this.#servers.push(async () => {
      await service.close();
      await stores?.close();
    });
    const make = (clientOptions: BenchOptions['client']) => this.#track(connect(conformanceContract, clientOptions));
    return { client: make(client), service, probe, another: make, as: (contract) => this.#track(connect(contract, client)) };
  }

  async connect<C extends Contract>(
    contract: C,
    transport: Transport,
    options: Pick<BenchOptions, 'headers' | 'client'> = {},
  ): Promise<Client<C>> {
    const connect = await this.#serve(transport, options);
    return this.#track(connect(contract, options.client));
  }

  async takeErrors(count = 0): Promise<readonly unknown[]> {
    await until(() => this.reported.length >= count, `${count} errors were reported (there are ${this.reported.length})`);
    return this.reported.splice(0);
  }

  async close(): Promise<void> {
    try {
      await settled(Promise.all(this.#clients.map((client) => client.close())), 'the clients to close');
      for (const probe of this.#probes)
        await until(() => probe.subscriptions === 0, `the service was left by all subscribers (${probe.subscriptions} are there)`);
    } finally {
      // Whatever failed: a port that stays open would keep the process that runs the cases.
      for (const stop of this.#servers) await settled(stop(), 'the server to close');
    }
    // Reports of what was closed may come a moment later.
    await pause(0);
  }

  async #serve(transport: Transport, { headers, maxMessageBytes, maxBufferedBytes }: Given) {
    const opened = await this.target.open(transport, {
      onError: this.#report,
      ...(headers !== undefined && { headers }),
      ...(maxMessageBytes !== undefined && { maxMessageBytes }),
      ...(maxBufferedBytes !== undefined && { maxBufferedBytes }),
    });
    this.#servers.push(() => opened.close());
    return <C extends Contract>(contract: C, options: BenchOptions['client']): Client<C> =>
      createClient({
        contract,
        reconnect: { baseDelayMs: 5, maxDelayMs: 50 },
        ...options,
        onError: this.#report,
        // Cases that need what it cannot do are left out.
        transport: opened.transport as Transport,
      });
  }

  #track<C extends Contract>(client: Client<C>): Client<C> {
    this.#clients.push(client);
    return watchedClient(client);
  }

  readonly #report = (error: unknown): void => {
    this.reported.push(error);
  };
}

/** The same client, whose pending calls are not unhandled rejections if a case fails before it waits for them. */
function watchedClient<C extends Contract>(client: Client<C>): Client<C> {
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || !Object.prototype.propertyIsEnumerable.call(target, name)) return member;
      return new Proxy(member as (...args: unknown[]) => unknown, {
        apply(method, _, args): unknown {
          const result: unknown = Reflect.apply(method, target, args);
          return result instanceof Promise ? watched(result) : result;
        },
      });
    },
  });
}

function describe(reported: unknown): string {
  const error = (reported as { readonly error?: unknown }).error ?? reported;
  return error instanceof Error ? error.message : String(error);
}
