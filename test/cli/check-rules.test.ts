import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { compareContracts } from '../../src/cli/check/compare.ts';
import { verdictOf, type Column, type RuleName, type Verdict } from '../../src/cli/check/rules.ts';
import { createClient } from '../../src/client/client.ts';
import type { Contract } from '../../src/core/contract.ts';
import { defineContract, event } from '../../src/core/define.ts';
import { PROTOCOLS } from '../../src/protocols.ts';
import { serve } from '../../src/serve/index.ts';
import { createService } from '../../src/service/service.ts';
import { CHANGES, result, side, Text, type Side } from './changes.ts';

vi.setConfig({ testTimeout: 60_000 });

const PROTOCOLS_OF_CALLS = ['rest', 'graphql', 'websocket', 'soap', 'grpc', 'mqtt', 'mcp'] as const satisfies readonly Column[];

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
  it.each(CHANGES)('%s: is what old and new peers meet', async (rule, before, after) => {
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
