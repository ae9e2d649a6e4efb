import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { compareContracts } from '../../src/cli/check/compare.ts';
import { verdictOf, type Column, type RuleName, type Verdict } from '../../src/cli/check/rules.ts';
import { createClient } from '../../src/client/client.ts';
import type { Contract, Schema } from '../../src/core/contract.ts';
import { defineContract, event, mutation, query, stream } from '../../src/core/define.ts';
import { PROTOCOLS } from '../../src/protocols.ts';
import { serve } from '../../src/serve/index.ts';
import { createService } from '../../src/service/service.ts';

vi.setConfig({ testTimeout: 60_000 });

const PROTOCOLS_OF_CALLS = ['rest', 'graphql', 'websocket', 'soap', 'grpc', 'mqtt'] as const satisfies readonly Column[];

/** One side of a change: a contract with an operation `go`, what its handler answers, and what its client sends. */
interface Side {
  readonly contract: Contract;
  readonly answer: unknown;
  readonly send: Readonly<Record<string, unknown>> | undefined;
  /** What its client knows, if that is another program's. */
  readonly known?: Contract;
}

interface Spec {
  readonly input?: Schema;
  readonly output?: Schema;
  readonly answer?: unknown;
  readonly send?: Readonly<Record<string, unknown>>;
  readonly http?: string;
  readonly kind?: 'query' | 'mutation' | 'stream';
  readonly service?: string;
  readonly contract?: Partial<{ name: string; version: string; namespace: string }>;
  /** The input as a client knows it that fills in no defaults. */
  readonly known?: Schema;
  /** The operation's name. */
  readonly name?: string;
}

const Text = z.object({ text: z.string() });

function side({
  input,
  output = Text,
  answer = { text: 'yes' },
  send,
  http,
  kind = 'mutation',
  service,
  contract,
  name = 'go',
  known,
}: Spec): Side {
  const common = { ...(input && { input }), ...(http !== undefined && { http }), ...(service !== undefined && { service }) };
  const make = { query, mutation, stream: (of: typeof common) => stream({ ...of, item: output }) }[kind] as typeof mutation;
  const operation = make({ ...common, ...(kind !== 'stream' && { output }) });
  return {
    contract: defineContract({ name: 'shop', ...contract, operations: { stay: query({ output: Text }), [name]: operation } }),
    answer,
    send,
    ...(known && { known: side({ input: known }).contract }),
  };
}

const input = (shape: Readonly<Record<string, z.ZodType>>) => z.object(shape);
const result = (shape: Readonly<Record<string, z.ZodType>>) => z.object({ text: z.string(), ...shape });

const CASES: readonly (readonly [rule: RuleName, before: Spec, after: Spec])[] = [
  ['operation removed', {}, { name: 'went' }],
  ['operation added', { name: 'before' }, {}],
  ['route changed', { http: 'POST /go' }, { http: 'POST /goes' }],
  ['kind changed', { kind: 'query', http: 'GET /go' }, { kind: 'mutation', http: 'GET /go' }],
  ['service changed', { service: 'One' }, { service: 'Two' }],
  ['name changed', { service: 'Shop' }, { service: 'Shop', contract: { name: 'store' } }],
  ['major changed', {}, { contract: { version: '2.0.0' } }],
  ['namespace changed', {}, { contract: { namespace: 'http://shop.example/' } }],
  ['stream changed', {}, { kind: 'stream' }],
  ['input required', { input: input({ a: z.string() }), send: { a: 'x' } }, { input: input({ a: z.string(), b: z.enum(['p']) }), send: { a: 'x', b: 'p' } }], // prettier-ignore
  ['input added', { input: input({ a: z.string() }), send: { a: 'x' } }, { input: input({ a: z.string(), b: z.string().optional() }), send: { a: 'x', b: 'p' } }], // prettier-ignore
  ['input removed', { input: input({ a: z.string(), b: z.string() }), send: { a: 'x', b: 'y' } }, { input: input({ a: z.string() }), send: { a: 'x' } }], // prettier-ignore
  ['input optional', { input: input({ a: z.string(), b: z.enum(['p']) }), send: { a: 'x', b: 'p' } }, { input: input({ a: z.string(), b: z.enum(['p']).optional() }), send: { a: 'x' } }], // prettier-ignore
  [
    'input narrowed',
    { input: input({ a: z.string() }), send: { a: 'long' } },
    { input: input({ a: z.string().max(2) }), send: { a: 'x' } },
  ],
  ['input widened', { input: input({ a: z.string().max(2) }), send: { a: 'x' } }, { input: input({ a: z.string() }), send: { a: 'long' } }],
  [
    'input narrowed',
    { input: input({ a: z.enum(['p', 'q']) }), send: { a: 'q' } },
    { input: input({ a: z.enum(['p']) }), send: { a: 'p' } },
  ],
  [
    'input widened',
    { input: input({ a: z.enum(['p']) }), send: { a: 'p' } },
    { input: input({ a: z.enum(['p', 'q']) }), send: { a: 'q' } },
  ],
  ['input type changed', { input: input({ a: z.string() }), send: { a: 'x' } }, { input: input({ a: z.int32() }), send: { a: 1 } }],
  [
    'default changed',
    { input: input({ a: z.string().default('x') }), known: input({ a: z.string().optional() }), send: {} },
    { input: input({ a: z.string().default('y') }), send: {} },
  ],
  ['output removed', { output: result({ a: z.string() }), answer: { text: 't', a: 'x' } }, { output: result({}), answer: { text: 't' } }],
  ['output added', { output: result({}), answer: { text: 't' } }, { output: result({ a: z.string().optional() }), answer: { text: 't', a: 'x' } }], // prettier-ignore
  ['output optional', { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }, { output: result({ a: z.enum(['p']).optional() }), answer: { text: 't' } }], // prettier-ignore
  ['output required', { output: result({ a: z.enum(['p']).optional() }), answer: { text: 't' } }, { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }], // prettier-ignore
  ['output narrowed', { output: result({ a: z.enum(['p', 'q']) }), answer: { text: 't', a: 'q' } }, { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }], // prettier-ignore
  ['output widened', { output: result({ a: z.enum(['p']) }), answer: { text: 't', a: 'p' } }, { output: result({ a: z.enum(['p', 'q']) }), answer: { text: 't', a: 'q' } }], // prettier-ignore
  ['output type changed', { output: result({ a: z.string() }), answer: { text: 't', a: 'p' } }, { output: result({ a: z.int32() }), answer: { text: 't', a: 1 } }], // prettier-ignore
];

interface Met {
  readonly seen: string;
  readonly answer: unknown;
}

/** Whether what a client got is what the handler gave, or a part of it that the client knows. */
function isPart(got: unknown, given: unknown): boolean {
  const [part, whole] = [got, given] as Readonly<Record<string, unknown>>[];
  return Object.entries(part ?? {}).every(([name, value]) => value === whole?.[name]);
}

/** What a client of one side meets at the service of the other, over each protocol: what the handler saw and the answer, or nothing if it failed. */
async function meet(client: Side, server: Side): Promise<Readonly<Record<string, Met | undefined>>> {
  let seen: unknown;
  const operations = Object.entries(server.contract.operations).map(([name, { item }]) => {
    const take = (given: unknown) => ((seen = given), name === 'stay' ? { text: 'stays' } : server.answer);
    return [name, item ? async function* (given: unknown) { yield await Promise.resolve(take(given)); yield server.answer; } : take] as const; // prettier-ignore
  });
  const service = createService(server.contract, Object.fromEntries(operations) as never);
  const served = await serve(service, { port: 0, grpcPort: 0, protocols: [...PROTOCOLS_OF_CALLS], onError: () => undefined });
  try {
    const found = PROTOCOLS_OF_CALLS.map(async (name) => {
      const transport = await PROTOCOLS[name].connect({
        url: PROTOCOLS[name].urlOf({ http: served.http, grpc: served.grpc ?? '', mqtt: served.mqtt ?? '' }),
      });
      const made = createClient({ contract: client.known ?? client.contract, transport, timeoutMs: 3000 }) as unknown as Record<string, (given?: unknown) => Promise<unknown>> & { close(): Promise<void> }; // prettier-ignore
      seen = undefined;
      try {
        const answer = await made['go']?.(client.send);
        if (answer === undefined) throw new Error('there is no such operation');
        return [name, { seen: JSON.stringify(seen ?? {}), answer }] as const;
      } catch {
        return [name, undefined] as const;
      } finally {
        await made.close();
      }
    });
    const results: (readonly [string, Met | undefined])[] = [];
    for (const each of found) results.push(await each);
    return Object.fromEntries(results);
  } finally {
    await served.close();
  }
}

describe('the rules of check', () => {
  it.each(CASES)('%s: is what old and new peers meet', async (rule, before, after) => {
    const [old, now] = [side(before), side(after)];
    expect(compareContracts(old.contract, now.contract).map((change) => change.rule)).toContain(rule);
    const [same, forward, newest, back] = [await meet(old, old), await meet(old, now), await meet(now, now), await meet(now, old)];
    const observed = PROTOCOLS_OF_CALLS.map((name): readonly [string, Verdict] => {
      const [was, is] = [same[name], forward[name]];
      if (was && !is) return [name, 'breaks old clients'];
      if (was && is && (was.seen !== is.seen || !isPart(is.answer, now.answer))) return [name, 'changes meaning'];
      return [name, newest[name] !== undefined && back[name] === undefined ? 'breaks old servers' : 'safe'];
    });
    expect(Object.fromEntries(observed)).toEqual(Object.fromEntries(PROTOCOLS_OF_CALLS.map((name) => [name, verdictOf(rule, name)])));
  });
});

const PROTOCOLS_OF_EVENTS = ['rest', 'graphql', 'websocket', 'grpc', 'mqtt'] as const satisfies readonly Column[];

interface EventSide {
  readonly contract: Contract;
  readonly sent: Readonly<Record<string, unknown>>;
}

function events(
  shape: Readonly<Record<string, z.ZodType>>,
  sent: Readonly<Record<string, unknown>>,
  channel = 'go',
  name = 'go',
): EventSide {
  const [stay, go] = [event({ channel: 'stay', payload: Text }), event({ channel, type: 'shop.go', payload: result(shape) })];
  return { contract: defineContract({ name: 'shop', events: { stay, [name]: go } }), sent: { text: 't', ...sent } };
}

const EVENT_CASES: readonly (readonly [rule: RuleName, before: EventSide, after: EventSide])[] = [
  ['event removed', events({}, {}), events({}, {}, 'went', 'went')],
  ['event added', events({}, {}, 'before', 'before'), events({}, {})],
  ['channel changed', events({}, {}), events({}, {}, 'went')],
  ['payload removed', events({ a: z.string() }, { a: 'x' }), events({}, {})],
  ['payload added', events({}, {}), events({ a: z.string().optional() }, { a: 'x' })],
  ['payload optional', events({ a: z.enum(['p']) }, { a: 'p' }), events({ a: z.enum(['p']).optional() }, {})],
  ['payload required', events({ a: z.enum(['p']).optional() }, {}), events({ a: z.enum(['p']) }, { a: 'p' })],
  ['payload narrowed', events({ a: z.enum(['p', 'q']) }, { a: 'q' }), events({ a: z.enum(['p']) }, { a: 'p' })],
  ['payload widened', events({ a: z.enum(['p']) }, { a: 'p' }), events({ a: z.enum(['p', 'q']) }, { a: 'q' })],
  ['payload type changed', events({ a: z.string() }, { a: 'p' }), events({ a: z.int32() }, { a: 1 })],
];

/** What a listener of one side hears of the service of the other before the event that both know, over each protocol. */
async function hear(client: EventSide, server: EventSide): Promise<Readonly<Record<string, unknown>>> {
  const service = createService(server.contract, {});
  const publish = service.publish as (name: string, data: unknown) => Promise<unknown>;
  const served = await serve(service, { port: 0, grpcPort: 0, protocols: [...PROTOCOLS_OF_EVENTS], onError: () => undefined });
  try {
    const results: (readonly [string, unknown])[] = [];
    for (const name of PROTOCOLS_OF_EVENTS) {
      const transport = await PROTOCOLS[name].connect({
        url: PROTOCOLS[name].urlOf({ http: served.http, grpc: served.grpc ?? '', mqtt: served.mqtt ?? '' }),
      });
      const made = createClient({ contract: client.contract, transport, onError: () => undefined }) as unknown as Listening;
      try {
        let heard: unknown;
        const ended = new Promise<void>((resolve) => {
          const end = () => resolve();
          const listening = made.events['go']?.listen((data) => void ((heard ??= data), end()), { onError: end }).catch(end);
          // Each round trip gives the other event, which has a stream of its own over REST, time to arrive.
          let rounds = 0;
          const again = () => (++rounds > 20 ? end() : publish('stay', { text: 'stays' }).catch(end));
          const staying = made.events['stay']?.listen(() => void again(), { onError: end });
          void Promise.all([listening, staying]).then(async () => {
            for (const known of Object.keys(server.contract.events)) if (known !== 'stay') await publish(known, server.sent);
            await again();
          }, end);
        });
        await ended;
        results.push([name, heard]);
      } finally {
        await made.close();
      }
    }
    return Object.fromEntries(results);
  } finally {
    await served.close();
  }
}

interface Listening {
  readonly events: Readonly<
    Record<string, { listen(listener: (data: unknown) => void, options?: { readonly onError: () => void }): Promise<unknown> }>
  >;
  close(): Promise<void>;
}

describe('the rules of check for events', () => {
  it.each(EVENT_CASES)('%s: is what old and new peers hear', async (rule, old, now) => {
    expect(compareContracts(old.contract, now.contract).map((change) => change.rule)).toContain(rule);
    const [same, forward, newest, back] = [await hear(old, old), await hear(old, now), await hear(now, now), await hear(now, old)];
    const observed = PROTOCOLS_OF_EVENTS.map((name): readonly [string, Verdict] => {
      const [was, is] = [same[name], forward[name]];
      if (was !== undefined && is === undefined) return [name, 'breaks old clients'];
      if (was !== undefined && !isPart(is, now.sent)) return [name, 'changes meaning'];
      return [name, newest[name] !== undefined && back[name] === undefined ? 'breaks old servers' : 'safe'];
    });
    expect(Object.fromEntries(observed)).toEqual(Object.fromEntries(PROTOCOLS_OF_EVENTS.map((name) => [name, verdictOf(rule, name)])));
  });
});
