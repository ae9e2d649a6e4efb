import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import mqttjs, { type IClientOptions } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ApiError } from '../../src/core/errors.ts';
import { defineContract, event, query } from '../../src/core/define.ts';
import type { Transport } from '../../src/core/transport.ts';
import { mqttBroker, type MqttBrokerOptions } from '../../src/mqtt/broker.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { createService } from '../../src/service/service.ts';
import { makeCertificate, noOpenssl } from '../support/certificates.ts';
import { until } from '../support/until.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const contract = defineContract({
  name: 'vault',
  operations: { echo: query({ input: z.object({ text: z.string() }), output: z.string() }) },
  events: {
    secret: event({ channel: 'secret/{room}', payload: z.object({ room: z.string() }) }),
    news: event({ channel: 'news', payload: z.object({ n: z.number() }) }),
  },
});

/** A service whose secrets are for its own connections and for the callers that are listed, who may change. */
async function open(options: MqttBrokerOptions = {}) {
  const errors: string[] = [];
  const trusted = new Set<string>();
  const broker = await mqttBroker({ port: 0, onError: (error) => errors.push(String(error)), ...options });
  const service = createService({
    contract,
    context: ({ headers }) => ({ caller: headers['authorization'] ?? '' }),
    handlers: { echo: ({ text }) => text },
  });
  const guarded: Transport = {
    contract,
    name: service.name,
    call: (request) => service.call(request),
    identify: (who) => service.identify?.(who) ?? Promise.resolve({}),
    subscribe: async (request, sink) => {
      const { authorization = '', 'x-own': own } = request.headers;
      if (request.event?.name === 'secret' && own === undefined && !trusted.has(authorization))
        throw new ApiError('PERMISSION_DENIED', 'the secrets are not yours');
      await service.subscribe(request, sink);
    },
    close: () => service.close(),
  };
  const served = await serveMqtt(guarded, {
    url: broker.url,
    eventHeaders: { 'x-own': '1' },
    onError: (error) => errors.push(String(error)),
  });
  cleanups.push(
    () => broker.close(),
    () => service.close(),
    () => served.close(),
  );
  /** A connection, and what it hears. */
  const connect = async (username: string, more: IClientOptions = {}) => {
    const client = mqttjs.connect(broker.url, { protocolVersion: 4, username, password: 'x', reconnectPeriod: 0, ...more });
    cleanups.push(() => client.endAsync(true));
    const heard: string[] = [];
    client.on('message', (topic) => heard.push(topic));
    await new Promise((resolve) => client.once('connect', resolve));
    return { client, heard };
  };
  return { broker, service, served, errors, trusted, connect };
}

const authorizationOf = (name: string) => `Basic ${btoa(`${name}:x`)}`;

describe('a session that outlives its connection', () => {
  const session = { clientId: 'mallory-1', clean: false } as const;

  test('keeps nothing of a topic that was refused beside one that was granted', async () => {
    const { service, connect } = await open();
    const before = await connect('mallory', session);
    await expect(before.client.subscribeAsync({ 'secret/+': { qos: 1 }, news: { qos: 1 } })).rejects.toThrow();
    await before.client.endAsync();
    await service.publish('secret', { room: 'vault' });
    await service.publish('news', { n: 1 });
    const { heard } = await connect('mallory', session);
    await until(() => heard.includes('news'), 'the event that it may hear came');
    expect(heard).toEqual(['news']);
  });

  test('gives nothing of a topic that its caller may not hear any more', async () => {
    const { service, trusted, connect } = await open();
    trusted.add(authorizationOf('mallory'));
    const before = await connect('mallory', session);
    await before.client.subscribeAsync({ 'secret/+': { qos: 1 }, news: { qos: 1 } });
    await before.client.endAsync();
    await service.publish('secret', { room: 'vault' });
    await service.publish('news', { n: 1 });
    trusted.clear();
    const { heard } = await connect('mallory', session);
    await until(() => heard.includes('news'), 'the event that it may hear came');
    expect(heard).toEqual(['news']);
  });

  test('goes on with what it was granted, also over a second connection', async () => {
    const { service, trusted, connect } = await open();
    trusted.add(authorizationOf('mallory'));
    for (const filter of ['news', 'secret/+']) {
      const { client } = await connect('mallory', session);
      await client.subscribeAsync(filter, { qos: 1 });
      await client.endAsync();
    }
    await service.publish('secret', { room: 'vault' });
    await service.publish('news', { n: 1 });
    const { heard } = await connect('mallory', session);
    await until(() => heard.length === 2, 'both came');
    expect(heard).toEqual(['secret/vault', 'news']);
  });
});

describe('what the embedded broker holds for a caller', () => {
  /** Messages of QoS 2 that are never released, until the broker ends the connection. Gives how many it took. */
  async function hoard(port: number, name: string): Promise<number> {
    const socket: Socket = connectSocket(port, '127.0.0.1').on('error', () => {});
    cleanups.push(() => void socket.destroy());
    const closed = once(socket, 'close');
    const send = (packet: mqttPacket.Packet) => socket.write(mqttPacket.generate(packet));
    send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId: name, username: name, password: Buffer.from('x'), clean: true, keepalive: 0 }); // prettier-ignore
    await once(socket, 'data');
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    const payload = Buffer.alloc(10_000, ' ');
    for (let messageId = 1; messageId <= 100; messageId++)
      send({ cmd: 'publish', topic: `vault/v1/replies/${name}`, qos: 2, messageId, payload, dup: false, retain: false });
    await closed;
    return bytes / 4;
  }

  test('is as much as is free: messages that it does not release, and another caller goes on', async () => {
    const { broker, connect } = await open({ maxHeldBytes: 200_000 });
    expect(await hoard(broker.port, 'mallory')).toBeLessThan(12);
    const ann = await connect('ann');
    await ann.client.subscribeAsync('news', { qos: 1 });
    // What it held is free again.
    expect(await hoard(broker.port, 'mallory')).toBeGreaterThan(3);
  });

  test('is as much as is free: filters and last wills', async () => {
    const { broker, connect } = await open({ maxHeldBytes: 20_000 });
    const { client } = await connect('mallory');
    const filters = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`own/${n}`, { qos: 0 as const }]));
    await expect(client.subscribeAsync(filters)).rejects.toThrow();
    const will = { topic: 'vault/v1/replies/mallory', payload: Buffer.alloc(10_000), qos: 0 as const, retain: false };
    const refused = mqttjs.connect(broker.url, {
      protocolVersion: 4,
      username: 'mallory',
      password: 'x',
      reconnectPeriod: 0,
      clientId: 'mallory',
      will,
    });
    cleanups.push(() => refused.endAsync(true));
    expect(await new Promise<Error>((resolve) => refused.once('error', resolve))).toMatchObject({ code: 3 });
    const ann = await connect('ann', { clientId: 'a', will: { ...will, topic: 'vault/v1/replies/a', payload: Buffer.alloc(1000) } });
    await ann.client.subscribeAsync('news', { qos: 1 });
  });

  test('is no more than maxSubscriptions filters of one client, however many it asks for at once', async () => {
    const { service, connect } = await open({ maxSubscriptions: 3 });
    const { client, heard } = await connect('mallory', { clientId: 'm', clean: false });
    const filters = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`own/${n}`, { qos: 0 as const }]));
    await expect(client.subscribeAsync(filters)).rejects.toThrow();
    await expect(client.subscribeAsync('news')).rejects.toThrow();
    await client.unsubscribeAsync('own/1');
    await client.subscribeAsync('news', { qos: 1 });
    await service.publish('news', { n: 1 });
    await until(() => heard.includes('news'), 'it hears what it has room for');
  });
});

describe('connections that never say who they are', () => {
  test('take no more than is free of one address, also with TLS, and others get in', async () => {
    const certificate = noOpenssl === undefined ? makeCertificate() : undefined;
    for (const tls of [undefined, certificate]) {
      const broker = await mqttBroker({ port: 0, open: true, maxConnections: 20, ...(tls && { tls }) });
      const sockets: Socket[] = [];
      cleanups.push(
        () => broker.close(),
        () => sockets.forEach((socket) => socket.destroy()),
      );
      for (let n = 0; n < 30; n++) {
        const socket = connectSocket({ port: broker.port, host: '127.0.0.1' })
          .on('error', () => {})
          .resume();
        sockets.push(socket);
        await once(socket, 'connect');
      }
      await until(() => sockets.filter((socket) => socket.readyState !== 'open' || socket.readableEnded).length >= 20);
      expect(sockets.filter((socket) => socket.readyState === 'open')).toHaveLength(10);
      // mqtt.js never says that its connection was ended so early. Tells whether the broker answers CONNECT.
      const join = (localAddress: string, clientId: string): Promise<boolean> =>
        new Promise((resolve) => {
          const raw = connectSocket({ port: broker.port, host: '127.0.0.1', localAddress });
          const socket = tls ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
          sockets.push(raw);
          for (const each of [raw, socket]) each.on('error', () => {}).once('close', () => resolve(false));
          socket.once('data', () => resolve(true));
          socket.write(
            mqttPacket.generate({ cmd: 'connect', clientId, protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 }),
          );
        });
      // Those that are known do not count.
      for (let n = 0; n < 12; n++) expect(await join('127.0.0.2', `known-${n}`)).toBe(true);
      expect(await join('127.0.0.1', 'late')).toBe(false);
      sockets.splice(0, 30).forEach((socket) => socket.destroy());
      await until(() => join('127.0.0.1', 'later'));
    }
    certificate?.remove();
  });
});
