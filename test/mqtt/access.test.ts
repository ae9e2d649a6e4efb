import mqttjs, { type MqttClient } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ApiError } from '../../src/core/errors.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient } from '../../src/index.ts';
import { mqttBroker, type MqttBrokerOptions } from '../../src/mqtt/broker.ts';
import { mqtt, type MqttOptions } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { serveMqtt, type ServeMqttOptions } from '../../src/mqtt/server.ts';
import { createService } from '../../src/service/service.ts';
import type { ContextInfo } from '../../src/service/types.ts';
import { until } from '../support/until.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const Bid = z.object({ lot: z.string(), bidder: z.string(), cents: z.int32() }).meta({ id: 'Bid' });
const contract = defineContract({
  name: 'auction',
  operations: {
    bid: mutation({ input: Bid.omit({ bidder: true }), output: Bid }),
    whoAmI: query({ output: z.object({ user: z.string() }) }),
  },
  events: {
    bidMade: event({ channel: 'lots/{lot}/live', payload: Bid, writtenBy: 'bid' }),
    audit: event({ channel: 'audit', payload: z.object({ text: z.string() }) }),
  },
});

const USERS: Readonly<Record<string, string>> = {
  'Bearer ann-token': 'ann',
  'Bearer bob-token': 'bob',
  'Bearer service-token': 'service',
  [`Basic ${btoa('carl:secret:with:colons')}`]: 'carl',
};

/** A service that wants credentials, at an embedded broker of its own. `audit` is for the service's own user. */
async function open(
  options: MqttBrokerOptions = {},
  serving: Partial<ServeMqttOptions> = {},
  whoAmI = (_: unknown, { context }: { readonly context: { readonly caller: string } }): { user: string } | Promise<{ user: string }> => ({
    user: context.caller,
  }),
) {
  const errors: string[] = [];
  const onError = (error: unknown) => void errors.push(String(error));
  const broker = await mqttBroker({ port: 0, onError, ...options });
  const hub = mqttHub({ url: broker.url, onError });
  const service = createService(
    contract,
    {
      bid: ({ lot, cents }, { context }) => ({ lot, cents, bidder: context.caller }),
      whoAmI,
    },
    {
      hub,
      onError: () => {},
      context: ({ headers, member }: ContextInfo): { readonly caller: string } => {
        const caller = USERS[headers['authorization'] ?? ''];
        if (caller === undefined) throw new ApiError('UNAUTHENTICATED', 'who are you?');
        if (member?.name === 'audit' && caller !== 'service') throw new ApiError('PERMISSION_DENIED', 'not for you');
        return { caller };
      },
    },
  );
  const served = await serveMqtt(service, {
    url: broker.url,
    eventHeaders: { authorization: 'Bearer service-token' },
    onError,
    ...serving,
  });
  cleanups.push(
    () => broker.close(),
    () => hub.close(),
    () => service.close(),
    () => served.close(0),
  );
  return { broker, service, errors };
}

/** A caller that speaks MQTT by itself. */
async function raw(url: string, options: mqttjs.IClientOptions = {}) {
  const client: MqttClient = mqttjs.connect(url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  cleanups.push(() => client.endAsync(true));
  const heard: { readonly topic: string; readonly text: string }[] = [];
  client.on('message', (topic, payload) => void heard.push({ topic, text: payload.toString() }));
  const code = await new Promise<number>((resolve) => {
    client.once('connect', () => resolve(0));
    client.once('error', (error) => resolve((error as { readonly code?: number }).code ?? -1));
  });
  const granted = (filter: string) => client.subscribeAsync(filter, { qos: 1 }).then(() => true, () => false); // prettier-ignore
  return { client, heard, code, granted };
}

const ANN = { username: 'bearer', password: 'ann-token' };
const BOB = { username: 'bearer', password: 'bob-token' };

function clientAt(url: string, options: Partial<MqttOptions>) {
  const client = createClient({ contract, transport: mqtt({ url, ...options }), reconnect: { maxDelayMs: 50 } });
  cleanups.push(() => client.close());
  return client;
}

describe('calls in flight', () => {
  test('have one share for a caller, whatever reply topics and connections it uses', async () => {
    const started: string[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const whoAmI = async (_: unknown, { context }: { readonly context: { readonly caller: string } }) => {
      started.push(context.caller);
      await (context.caller === 'ann' && held);
      return { user: context.caller };
    };
    const { broker } = await open({}, { maxCalls: 4, maxCallsPerCaller: 3 }, whoAmI);
    const two = await Promise.all(['ann-1', 'ann-2'].map((clientId) => raw(broker.url, { ...ANN, clientId })));
    for (const [at, { client, granted }] of two.entries()) {
      await granted(`auction/v1/replies/ann-${at + 1}/#`);
      for (const part of ['a', 'b', 'c'])
        await client.publishAsync('auction/v1/whoAmI', JSON.stringify({ id: part, replyTo: `auction/v1/replies/ann-${at + 1}/${part}` }), {
          qos: 1,
        });
    }
    await until(() => two[1]?.heard.filter(({ text }) => text.includes('RESOURCE_EXHAUSTED')).length === 3, 'Ann has had her share');
    const bob = clientAt(broker.url, { credentials: BOB });
    expect(await bob.whoAmI()).toEqual({ user: 'bob' });
    expect(started).toEqual(['ann', 'ann', 'ann', 'bob']);
    release();
    await until(() => two[0]?.heard.length === 3, 'the others are answered');
    expect(await clientAt(broker.url, { credentials: ANN }).whoAmI()).toEqual({ user: 'ann' });
  });
});

describe('who may connect to the embedded broker', () => {
  test('whose credentials expire leaves then, also if another service at the broker names no time', async () => {
    const broker = await mqttBroker({ port: 0, onError: () => {} });
    cleanups.push(() => broker.close());
    const other = defineContract({ name: 'other', operations: { poke: query({}) } });
    for (const [each, expiresAtMs] of [
      [other, undefined],
      [defineContract({ name: 'third', operations: { poke: query({}) } }), Date.now() + 1000],
    ] as const) {
      const service = createService(each, { poke: () => {} }, { context: () => ({ caller: 'ann', expiresAtMs }) });
      const served = await serveMqtt(service, { url: broker.url });
      cleanups.push(
        () => service.close(),
        () => served.close(0),
      );
    }
    const { client, code } = await raw(broker.url, ANN);
    expect(code).toBe(0);
    await new Promise((resolve) => client.once('close', () => resolve(undefined)));
  });

  test.each([
    ['nobody', {}, 4],
    ['a wrong password', { username: 'carl', password: 'x' }, 4],
    ['Basic', { username: 'carl', password: 'secret:with:colons' }, 0],
    ['Bearer', ANN, 0],
  ] as const)('%s', async (_, credentials, code) => {
    const { broker } = await open();
    expect((await raw(broker.url, credentials)).code).toBe(code);
  });

  test('nobody, before a service lets its callers in', async () => {
    const broker = await mqttBroker({ port: 0 });
    cleanups.push(() => broker.close());
    expect((await raw(broker.url, ANN)).code).toBe(3);
  });

  test('our client says of itself what its calls say, or what credentials say for them', async () => {
    const { broker } = await open();
    const headers = { authorization: `Basic ${btoa('carl:secret:with:colons')}` };
    for (const options of [{ headers: { authorization: 'Bearer ann-token' } }, { credentials: ANN }])
      expect(await clientAt(broker.url, options).whoAmI()).toEqual({ user: 'ann' });
    expect(await clientAt(broker.url, { headers: () => headers }).whoAmI()).toEqual({ user: 'carl' });
    await expect(clientAt(broker.url, {}).whoAmI()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', sent: false });
  });

  test('on a WebSocket the headers of the upgrade', async () => {
    const { broker } = await open();
    const http = await listen(() => undefined);
    cleanups.push(() => http.close(0), broker.attach(http.server));
    const url = `${http.url.replace('http', 'ws')}/mqtt`;
    const wsOptions = { headers: { authorization: 'Bearer bob-token' } };
    expect((await raw(url)).code).toBe(4);
    const { client, heard, code } = await raw(url, { wsOptions, clientId: 'page', ...ANN });
    expect(code).toBe(0);
    await client.subscribeAsync('auction/v1/replies/page', { qos: 1 });
    client.publish('auction/v1/whoAmI', JSON.stringify({ replyTo: 'auction/v1/replies/page', id: 1 }), { qos: 1 });
    await until(() => heard.length === 1, 'the reply came');
    expect(JSON.parse(heard[0]?.text ?? '')).toEqual({ id: 1, output: { user: 'bob' } });
  });

  test("the service's own connections of another process, by credentials of their own", async () => {
    const { broker } = await open({ serviceCredentials: { username: 'backend', password: 'p' } });
    const { code, granted } = await raw(broker.url, { username: 'backend', password: 'p' });
    expect([code, await granted('#')]).toEqual([0, true]);
    expect((await raw(broker.url, { username: 'backend', password: 'q' })).code).toBe(4);
  });
});

describe('a client id', () => {
  test('cannot be taken over by another caller, neither a connection nor a session that waits', async () => {
    const { broker } = await open();
    const ann = await raw(broker.url, { ...ANN, clientId: 'phone', clean: false });
    await ann.granted('lots/+/live');
    expect((await raw(broker.url, { ...BOB, clientId: 'phone' })).code).toBe(2);
    expect(ann.client.connected).toBe(true);
    await ann.client.endAsync();
    expect((await raw(broker.url, { ...BOB, clientId: 'phone', clean: false })).code).toBe(2);
    expect((await raw(broker.url, { ...ANN, clientId: 'phone', clean: false })).code).toBe(0);
  });

  test("of the service is nobody's", async () => {
    const { broker, service } = await open();
    const hub = mqttHub({ url: broker.url, clientId: 'the-hub' });
    cleanups.push(() => hub.close());
    const request = { event: contract.events.audit, params: {}, headers: {}, signal: new AbortController().signal };
    await hub.subscribe(request, { next: () => {}, gap: () => {}, end: () => {} });
    expect((await raw(broker.url, { ...ANN, clientId: 'the-hub' })).code).toBe(2);
    await service.publish('audit', { text: 'y' });
  });
});

describe('what a caller may hear', () => {
  test.each([
    ['#', false],
    ['+/v1/+', false],
    ['auction/#', false],
    ['auction/v1/bid', false],
    ['auction/v1/cancel', false],
    ['auction/v1/replies/#', false],
    ['auction/v1/replies/other', false],
    ['auction/v1/replies/me/../other', true],
    ['$SYS/#', false],
    ['$share/auction/auction/v1/+', false],
    ['audit', false],
    ['+', false],
    ['lots/#', true],
    ['lots/+/live', true],
    ['lots/vase/live', true],
    ['auction/v1/status', true],
    ['auction/v1/replies/me', true],
    ['auction/v1/replies/me/#', true],
    ['auction/v1/replies/+', false],
  ])('%s: %s', async (filter, isGranted) => {
    const { broker } = await open();
    const { granted } = await raw(broker.url, { ...ANN, clientId: 'me' });
    expect(await granted(filter)).toBe(isGranted);
  });

  test('the events that the service lets it hear, and replies to its own calls only', async () => {
    const { broker } = await open();
    const [ann, bob] = [clientAt(broker.url, { credentials: ANN }), clientAt(broker.url, { credentials: BOB })];
    const heard: unknown[] = [];
    await bob.onBidMade((bid) => void heard.push(bid), { params: { lot: 'vase' } });
    expect(await ann.bid({ lot: 'vase', cents: 100 })).toEqual({ lot: 'vase', cents: 100, bidder: 'ann' });
    await until(() => heard.length === 1, 'the event came');
    await expect(bob.onAudit(() => {}, { timeoutMs: 2000 })).rejects.toMatchObject({ remote: true });
  });
});

describe('what a caller may publish', () => {
  const forged = JSON.stringify({ lot: 'vase', bidder: 'ann', cents: 1 });
  const request = (replyTo: string) => JSON.stringify({ replyTo, id: 1, input: { lot: 'vase', cents: 1 } });
  test.each([
    ['an event', 'lots/vase/live', forged],
    ['a reply to another client', 'auction/v1/replies/other', '{}'],
    ['the status', 'auction/v1/status', 'offline'],
    ['a request whose reply goes to another client', 'auction/v1/bid', request('auction/v1/replies/other')],
    ['a request whose reply goes to a topic of its choice', 'auction/v1/bid', request('mine/replies')],
    ['a request that is no JSON', 'auction/v1/bid', '{'],
    ["a cancellation of another client's request", 'auction/v1/cancel', request('auction/v1/replies/other')],
    ['anything else', 'somewhere', 'x'],
    ['on $SYS', '$SYS/x', 'x'],
  ])('not %s', async (_, topic, payload) => {
    const { broker, service, errors } = await open();
    const ann = clientAt(broker.url, { credentials: ANN });
    const heard: unknown[] = [];
    await ann.onBidMade((bid) => void heard.push(bid));
    const { client } = await raw(broker.url, { ...BOB, clientId: 'me' });
    const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(topic, payload, { qos: 1 });
    await ended;
    // As a last will neither.
    expect((await raw(broker.url, { ...BOB, will: { topic, payload: Buffer.from(payload), qos: 1, retain: false } })).code).toBe(5);
    await service.publish('bidMade', { lot: 'last', bidder: 'x', cents: 1 });
    await until(() => heard.length > 0, 'the last event came');
    expect(heard).toEqual([{ lot: 'last', bidder: 'x', cents: 1 }]);
    expect(errors.length).toBeGreaterThan(0);
  });

  test('the events for which it is listed, retained or not, and by its last will', async () => {
    const { broker } = await open({ publishers: { bidMade: '*' } });
    const ann = clientAt(broker.url, { credentials: ANN });
    const heard: unknown[] = [];
    await ann.onBidMade(({ cents }) => void heard.push(cents));
    const will = { topic: 'lots/a/live', payload: Buffer.from(JSON.stringify({ lot: 'a', bidder: 'b', cents: 2 })), qos: 1, retain: false } as const; // prettier-ignore
    const { client } = await raw(broker.url, { ...BOB, will });
    await client.publishAsync('lots/a/live', JSON.stringify({ lot: 'a', bidder: 'b', cents: 1 }), { qos: 1 });
    client.stream.destroy();
    await until(() => heard.length === 2, 'both events came');
    expect(heard).toEqual([1, 2]);
  });
});

describe('access to the embedded broker', () => {
  test('an open broker lets anybody do everything', async () => {
    const broker = await mqttBroker({ port: 0, open: true });
    cleanups.push(() => broker.close());
    const [one, other] = [await raw(broker.url), await raw(broker.url)];
    expect(await one.granted('#')).toBe(true);
    await other.client.publishAsync('anywhere', 'x', { qos: 1 });
    await until(() => one.heard.length === 1, 'it came');
  });
});
