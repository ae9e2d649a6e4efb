import mqttjs from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  ApiError,
  createClient,
  createService,
  defineContract,
  event,
  memoryIdempotencyStore,
  mutation,
  query,
  type ContextInfo,
} from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { rest } from '../../src/rest/client.ts';
import { serve } from '../../src/serve/index.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { startEndpoint } from '../support/webhooks.ts';

const Room = z.object({ room: z.string(), text: z.string() });
type Room = z.infer<typeof Room>;

const contract = defineContract({
  name: 'flood',
  operations: {
    save: mutation({ input: Room, output: Room }),
    wait: query({ output: z.string() }),
  },
  events: { saved: event({ type: 'room.saved', channel: 'rooms/{room}', payload: Room, writtenBy: 'save' }) },
});

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server with small pools, and two callers: Mallory, who takes all that she can get, and Ann, who comes after her. */
async function open() {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const broker = await mqttBroker({ port: 0, maxConnectionsPerCaller: 20, maxHeldBytes: 100_000, onError: () => {} });
  const handlers = { save: (input: Room) => input, wait: () => gate.then(() => 'done') };
  const service = createService(contract, handlers, {
    context: ({ headers }: ContextInfo) => ({ caller: headers['authorization'] ?? '' }),
    idempotencyStore: memoryIdempotencyStore({ maxBytes: 200_000 }),
    onError: () => {},
  });
  const server = await serve(service, {
    port: 0,
    protocols: ['rest', 'graphql', 'websocket', 'webhook', 'mqtt'],
    mqttBroker: broker,
    mqttEventHeaders: { authorization: 'the service' },
    mqtt: { maxCallsPerCaller: 5 },
    websocket: { maxCalls: 5, maxSubscriptions: 5 },
    graphql: { maxSubscriptions: 5 },
    webhook: { maxSubscriptionsPerCaller: 3, allowPrivate: true },
    onError: () => {},
  });
  cleanups.push(
    () => broker.close(),
    () => service.close(),
    () => server.close(),
    () => go(),
  );
  const url = server.http;
  const clientOf = (name: string, kind: 'rest' | 'graphql' | 'websocket' | 'mqtt') => {
    const headers = { authorization: `Basic ${btoa(`${name}:x`)}` };
    const transport = {
      rest: () => rest({ url, headers }),
      graphql: () => graphql({ url: `${url}/graphql`, headers }),
      websocket: () => webSocket({ url: url.replace('http', 'ws'), headers }),
      mqtt: () => mqtt({ url: broker.url, headers }),
    }[kind]();
    const client = createClient({ contract, transport });
    cleanups.push(() => client.close());
    return client;
  };
  return { url, broker, clientOf, go };
}

/** Asks again and again, until it is refused. Gives the code of the refusal. */
async function flood(most: number, ask: (n: number) => Promise<unknown>): Promise<string> {
  for (let n = 0; n < most; n++) {
    try {
      await ask(n);
    } catch (error) {
      return (error as ApiError).code;
    }
  }
  return 'never';
}

const ROOM = { room: 'hall', text: 'hello' };

describe('a caller who fills a pool is refused, and another one is served', () => {
  it('outcomes of idempotency keys', async () => {
    const { clientOf } = await open();
    const [mallory, ann] = [clientOf('mallory', 'rest'), clientOf('ann', 'rest')];
    await ann.save(ROOM, { idempotencyKey: 'early' });
    const text = 'x'.repeat(5000);
    expect(await flood(200, (n) => mallory.save({ ...ROOM, text }, { idempotencyKey: `m-${n}` }))).toBe('RESOURCE_EXHAUSTED');
    expect(await ann.save(ROOM, { idempotencyKey: 'late' })).toEqual(ROOM);
    expect(await ann.save(ROOM, { idempotencyKey: 'early' })).toEqual(ROOM);
  });

  it('webhook subscriptions', async () => {
    const { url } = await open();
    const endpoint = await startEndpoint();
    cleanups.push(() => endpoint.close());
    const subscribe = async (name: string) => {
      const response = await fetch(`${url}/webhooks/subscriptions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Basic ${btoa(`${name}:x`)}` },
        body: JSON.stringify({ url: endpoint.url, events: ['room.saved'] }),
      });
      if (!response.ok) throw new ApiError(response.status === 429 ? 'RESOURCE_EXHAUSTED' : 'UNKNOWN', await response.text());
    };
    expect(await flood(10, () => subscribe('mallory'))).toBe('RESOURCE_EXHAUSTED');
    await subscribe('ann');
  });

  it.each(['websocket', 'mqtt'] as const)('calls in flight over %s', async (kind) => {
    const { clientOf, go } = await open();
    const [mallory, ann] = [clientOf('mallory', kind), clientOf('ann', kind)];
    const asked = Array.from({ length: 20 }, () => mallory.wait().then(() => 'done', (error: unknown) => (error as ApiError).code)); // prettier-ignore
    expect(await Promise.race(asked)).toBe('RESOURCE_EXHAUSTED');
    expect(await ann.save(ROOM)).toEqual(ROOM);
    go();
    expect((await Promise.all(asked)).filter((each) => each === 'done')).toHaveLength(5);
  });

  it.each(['websocket', 'graphql'] as const)('subscriptions of a socket over %s', async (kind) => {
    const { clientOf } = await open();
    const [mallory, ann] = [clientOf('mallory', kind), clientOf('ann', kind)];
    const ask = (n: number) => mallory.onSaved(() => {}, { params: { room: String(n) }, timeoutMs: 1000 });
    expect(await flood(20, ask)).toMatch(/RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED/);
    let heard: unknown;
    await ann.onSaved((saved) => void (heard = saved));
    await clientOf('ann', 'rest').save(ROOM);
    await expect.poll(() => heard).toEqual(ROOM);
  });

  it('connections and filters of the embedded broker', async () => {
    const { broker, clientOf } = await open();
    const connect = (n: number) => mqttjs.connectAsync(broker.url, { protocolVersion: 4, username: 'mallory', password: 'x', clientId: `m-${n}`, reconnectPeriod: 0 }); // prettier-ignore
    const clients: Awaited<ReturnType<typeof connect>>[] = [];
    cleanups.push(() => clients.forEach((client) => client.end(true)));
    const open20 = async (n: number) => void clients.push(await connect(n));
    expect(await flood(30, open20)).toBe(3);
    expect(clients).toHaveLength(20);
    let granted = 0;
    for (const [at, client] of clients.entries())
      for (let n = 0; n < 50; n++) await client.subscribeAsync(`own/${at}/${n}`).then(() => granted++, () => {}); // prettier-ignore
    expect(granted).toBeLessThan(300);
    const ann = clientOf('ann', 'mqtt');
    let heard: unknown;
    await ann.onSaved((saved) => void (heard = saved));
    expect(await ann.save(ROOM)).toEqual(ROOM);
    await expect.poll(() => heard).toEqual(ROOM);
  });
});
