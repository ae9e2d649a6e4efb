import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/blog/client.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqttProtocol } from '../../src/mqtt/schema.ts';
import { asyncApi, sseProtocol } from '../../src/schema/asyncapi.ts';
import { serve } from '../../src/serve/index.ts';
import { webSocketProtocol } from '../../src/websocket/schema.ts';
import { importing } from '../support/imported.ts';
import { gemini, streetlights2, streetlights3 } from './asyncapi-documents.ts';

const made = importing();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Listening = Record<string, (listener: (data: unknown) => void, options?: object) => Promise<unknown>>;

interface Deferred {
  readonly promise: Promise<unknown>;
  resolve(value: unknown): void;
}

function deferred(): Deferred {
  let resolve: Deferred['resolve'] = () => {};
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

/** What the first event carries, once somebody sent one. */
async function first(client: unknown, method: string, send: () => Promise<unknown>, options?: object): Promise<unknown> {
  const heard = deferred();
  await (client as Listening)[method]?.((data) => heard.resolve(data), options);
  await send();
  return heard.promise;
}

describe('AsyncAPI', () => {
  test.each([
    ['2', streetlights2],
    ['3', streetlights3],
  ])('street lights over MQTT, version %s, with a device of somebody else', async (_, document) => {
    const imported = await made.from(document);
    expect(imported).toMatchObject({
      format: 'asyncapi',
      name: 'streetlights',
      operations: ['turnOn', 'dimLight'],
      events: ['lightMeasured', 'lampState'],
    });
    expect(imported.code).toContain("url: 'mqtts://lights.example.com:8883'");
    expect((await made.from(document)).code).toBe(imported.code);
    const broker = await mqttBroker({ port: 0, open: true });
    closing.push(() => broker.close());
    const { connect } = await made.load(imported);
    const client = connect({ url: broker.url });
    closing.push(() => client.close());
    const device = await connectAsync(broker.url);
    closing.push(() => device.endAsync());
    const measured = () => device.publishAsync('lights/1.0/lamp-7/measured', '{"lumens":300,"sentAt":"2026-01-02T03:04:05Z"}');
    expect(await first(client, 'onLightMeasured', measured, { params: { lampId: 'lamp-7' } })).toEqual({ lampId: 'lamp-7', lumens: 300, sentAt: '2026-01-02T03:04:05Z' }); // prettier-ignore
    expect(await first(client, 'onLampState', () => device.publishAsync('lights/1.0/status', 'online'))).toEqual({ value: 'online' });
    const commands: string[] = [];
    const got = deferred();
    device.on('message', (topic, payload) => {
      commands.push(`${topic} ${String(payload)}`);
      if (commands.length === 2) got.resolve(undefined);
    });
    await device.subscribeAsync('lights/1.0/+/+/set');
    await client['turnOn']?.({ lampId: 'lamp-7', command: 'on' });
    await client['dimLight']?.({ lampId: 'lamp-7', percentage: 40 });
    await got.promise;
    expect(commands).toEqual(['lights/1.0/lamp-7/power/set {"command":"on"}', 'lights/1.0/lamp-7/dim/set {"percentage":40}']);
  });

  test('a feed over WebSocket: messages that a member tells apart, and what is written', async () => {
    const imported = await made.from(gemini);
    expect([imported.operations, imported.events]).toEqual([['callSubscribe'], ['trade', 'heartbeat']]);
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    closing.push(() => server.close());
    const written: unknown[] = [];
    server.on('connection', (socket, { url }) => {
      written.push(url);
      socket.on('message', (data) => {
        written.push(JSON.parse((data as Buffer).toString()));
        socket.send('{"type":"heartbeat","sequence":1}');
        socket.send('{"type":"trade","price":"1.50"}');
      });
    });
    await new Promise((resolve) => void server.once('listening', resolve));
    const address = server.address();
    const { connect } = await made.load(imported);
    const client = connect({ url: `ws://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` });
    closing.push(() => client.close());
    const beat = deferred();
    await (client as unknown as Listening)['onHeartbeat']?.((data) => beat.resolve(data));
    const trade = await first(client, 'onTrade', async () => client['callSubscribe']?.({ channel: 'trades' }));
    expect([trade, await beat.promise]).toEqual([
      { type: 'trade', price: '1.50' },
      { type: 'heartbeat', sequence: 1 },
    ]);
    expect(written).toEqual(['/v1/market', { channel: 'trades' }]);
  });

  test('the Blog that this library prints, served by the same service, over each protocol', async () => {
    const service = createBlogService();
    closing.push(() => service.close());
    const broker = await mqttBroker({ port: 0, open: true });
    closing.push(() => broker.close());
    const served = await serve(service, { port: 0, mqttUrl: broker.url });
    closing.push(() => served.close());
    const direct = createClient({ transport: service });
    const http = served.http ?? '';
    for (const protocol of [sseProtocol(http), webSocketProtocol(http.replace('http', 'ws')), mqttProtocol({ url: broker.url })]) {
      const imported = await made.from(asyncApi(blogContract, { protocols: [protocol] }));
      expect(imported.events).toEqual(Object.keys(blogContract.events));
      const { connect } = await made.load(imported);
      const client = connect();
      closing.push(() => client.close());
      const heard = await first(client, 'onMessage', () => direct.sendMessage({ sender: 'eva', message: protocol.protocol }));
      expect(heard).toEqual({ sender: 'eva', message: protocol.protocol });
    }
  });

  test('what a contract cannot say, and documents that cannot be used', async () => {
    const channel = (servers: object, operation: object) => ({ asyncapi: '3.0.0', info: { title: 'x', version: '1.0.0' }, servers, channels: { a: { address: 'a', messages: { m: { payload: { type: 'object' } } } } }, operations: { op: { channel: { $ref: '#/channels/a' }, ...operation } } }); // prettier-ignore
    await expect(made.from(channel({ k: { host: 'kafka:9092', protocol: 'kafka' } }, { action: 'send' }))).rejects.toThrow(
      /no server for MQTT, WebSocket or HTTP/,
    );
    const https = { h: { host: 'example.com', protocol: 'https' } };
    await expect(made.from(channel(https, { action: 'send', bindings: { http: { method: 'POST' } } }))).rejects.toThrow(/a webhook/);
    const both = await made.from(channel({ m: { host: 'broker', protocol: 'mqtt' }, ...https }, { action: 'send' }));
    expect(both.findings).toMatchObject([{ what: 'servers of https', instead: 'the client speaks mqtt' }]);
    await expect(made.from({ asyncapi: '3.0.0', operations: { op: { channel: { $ref: '#/channels/none' } } } })).rejects.toThrow(
      /leads nowhere/,
    );
    const circle = { asyncapi: '2.6.0', channels: { a: { $ref: '#/channels/b' }, b: { $ref: '#/channels/a' } } };
    await expect(made.from(circle)).rejects.toThrow(/leads to itself/);
  });

  test('every module compiles', () => {
    expect(made.diagnostics()).toEqual([]);
  }, 60_000);
});
