import mqttjs from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, event, query } from '../../src/core/define.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { createService } from '../../src/service/service.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';

const why = noMosquitto === undefined ? '' : ` (skipped: ${noMosquitto})`;

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const contract = defineContract({
  name: 'rooms',
  version: '1.0.0',
  operations: { echo: query({ input: z.object({ text: z.string() }), output: z.string() }) },
  events: { said: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), text: z.string() }) }) },
});

/** A service, a client of it, and how often any of their connections was lost. */
async function open(url: string, version: 4 | 5) {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const hub = mqttHub({ url, version, onError });
  const service = createService(contract, { echo: ({ text }) => text }, { hub, onError });
  const served = await serveMqtt(service, { url, version, onError });
  const client = createClient({ contract, transport: mqtt({ url, version, onError }) });
  const watcher = await mqttjs.connectAsync(url, { protocolVersion: version, reconnectPeriod: 0 });
  const statuses: string[] = [];
  watcher.on('message', (_, payload) => statuses.push(payload.toString()));
  await watcher.subscribeAsync('rooms/v1/status', { qos: 1 });
  cleanups.push(
    () => hub.close(),
    () => service.close(),
    () => served.close(),
    () => watcher.endAsync(true),
    () => client.close(),
  );
  return { service, client, watcher, statuses, errors };
}

function suite(version: 4 | 5, start: () => Promise<{ url: string; close(): Promise<void> }>): void {
  test('a reply topic that brokers end a connection over is refused', async () => {
    const broker = await start();
    cleanups.push(() => broker.close());
    const { client, watcher, statuses, errors } = await open(broker.url, version);
    const topics = ['a\u0001b', 'a\u007f', 'a\u0085', 'a\uffff', 'a\ufdd0', 'a\ud800', 'a\u{1ffff}', '/'.repeat(300)];
    for (const replyTo of topics)
      await watcher.publishAsync('rooms/v1/echo', JSON.stringify({ replyTo, id: 1, input: { text: 'x' } }), { qos: 1 });
    expect(await client.echo({ text: 'still there' })).toBe('still there');
    expect(errors.map(String).filter((each) => each.includes('no reply may go to'))).toHaveLength(topics.length);
    expect(statuses).toEqual(['online']);
  });

  test('a request that the broker retains is not run by each server that comes', async () => {
    const broker = await start();
    cleanups.push(() => broker.close());
    const caller = await mqttjs.connectAsync(broker.url, { protocolVersion: version, reconnectPeriod: 0 });
    cleanups.push(() => caller.endAsync(true));
    const ids: unknown[] = [];
    let hear: () => void = () => {};
    const heard = new Promise<void>((resolve) => (hear = resolve));
    caller.on('message', (_, payload) => {
      const { id } = JSON.parse(payload.toString()) as { id: unknown };
      if (ids.push(id) && id === 'live') hear();
    });
    await caller.subscribeAsync('mine/replies', { qos: 1 });
    const ask = (id: string, retain: boolean) =>
      caller.publishAsync('rooms/v1/echo', JSON.stringify({ replyTo: 'mine/replies', id, input: { text: 'x' } }), { qos: 1, retain });
    await ask('retained', true);
    await open(broker.url, version);
    await ask('live', false);
    await heard;
    expect(ids).toEqual(['live']);
    await caller.publishAsync('rooms/v1/echo', '', { qos: 1, retain: true });
  });

  test('an input is measured in bytes, before it is sent', async () => {
    const broker = await start();
    cleanups.push(() => broker.close());
    const { client } = await open(broker.url, version);
    await expect(client.echo({ text: '€'.repeat(400_000) })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', sent: false });
    expect(await client.echo({ text: 'x'.repeat(400_000) })).toHaveLength(400_000);
  });

  test('a channel parameter may be any text', async () => {
    const broker = await start();
    cleanups.push(() => broker.close());
    const { service, client, errors } = await open(broker.url, version);
    const rooms = ['a/b', '+', '#', '$x', '100%', 'ä€😀', '\u0001', '\u0085', '\uffff', '\ufdd0', '\u{1ffff}', ''];
    const got: string[] = [];
    let hear: () => void = () => {};
    const all = new Promise<void>((resolve) => (hear = resolve));
    await client.onSaid(({ room }) => void (got.push(room), got.length === rooms.length && hear()));
    for (const room of rooms) await service.publish('said', { room, text: 'x' });
    await all;
    expect(got).toEqual(rooms);
    expect(errors).toEqual([]);
  });

  test('a client id may be any text that the broker takes', async () => {
    const broker = await start();
    cleanups.push(() => broker.close());
    await open(broker.url, version);
    const client = createClient({ contract, transport: mqtt({ url: broker.url, version, clientId: 'site/+/#$1 ä' }) });
    cleanups.push(() => client.close());
    expect(await client.echo({ text: 'x' })).toBe('x');
  });

  test('a deadline that is too far for a message expiry, and headers that are too long for a property', async () => {
    const broker = await start();
    cleanups.push(() => broker.close());
    const { client, errors } = await open(broker.url, version);
    expect(await client.echo({ text: 'x' }, { timeoutMs: 1e14 })).toBe('x');
    const headers = { 'x-long': 'a'.repeat(70_000) };
    await expect(client.echo({ text: 'x' }, { headers })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(client.onSaid(() => {}, { headers, timeoutMs: 2000 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await client.echo({ text: 'y' })).toBe('y');
    expect(errors).toEqual([]);
  });
}

describe('the embedded broker, MQTT 3.1.1', () => suite(4, () => mqttBroker({ port: 0, open: true })));
describe.skipIf(noMosquitto !== undefined)(`Mosquitto, MQTT 3.1.1${why}`, () => suite(4, () => startMosquitto(['set_tcp_nodelay true'])));
describe.skipIf(noMosquitto !== undefined)(`Mosquitto, MQTT 5${why}`, () => suite(5, () => startMosquitto(['set_tcp_nodelay true'])));
