import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import mqttjs from 'mqtt';
import { afterEach, beforeEach, expect, test, describe } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { isApiError } from '../../src/core/errors.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { until } from '../support/until.ts';

const READING = { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A broker whose access rules can change. */
let refuses = false;
let refused = 0;
let refusesFor = (_client: unknown, _topic: string): boolean => refuses;
let url = '';
let cutAll = (): void => {};
beforeEach(async () => {
  refuses = false;
  refused = 0;
  refusesFor = () => refuses;
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (client, subscription, done) =>
      done(null, refusesFor(client, subscription.topic) ? (refused++, null) : subscription),
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cutAll = () => sockets.forEach((socket) => socket.destroy());
  url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  cleanups.push(() => new Promise<void>((resolve) => broker.close(() => server.close(() => resolve()))));
});

describe('a broker that refuses', () => {
  test('a service whose subscriptions are refused after a reconnect takes them up again later', async () => {
    const service = createBlogService();
    const errors: unknown[] = [];
    const served = await serveMqtt(service, { url, version: 4, onError: (error) => errors.push(error) });
    cleanups.push(
      () => service.close(),
      () => served.close(0),
    );
    refuses = true;
    cutAll();
    await until(() => refused > 0 && errors.length > 0, 'the broker refused');
    refuses = false;
    const blog = createClient({ transport: mqtt({ url, version: 4 }) });
    cleanups.push(() => blog.close());
    let isServed = false;
    for (const end = Date.now() + 10_000; !isServed && Date.now() < end;)
    isServed = await blog.getUser({ id: 123 }, { timeoutMs: 500 }).then(() => true, () => false); // prettier-ignore
    expect([isServed, errors.every(isApiError)]).toEqual([true, true]);
  }, 20_000);

  test('subscribers of a hub whose subscription is refused after a reconnect are told, and may come back', async () => {
    const hub = mqttHub({ url, version: 4, onError: () => {} });
    const service = createBlogService({ hub });
    const blog = createClient({ transport: service, reconnect: { maxDelayMs: 50 } });
    cleanups.push(
      () => hub.close(),
      () => service.close(),
      () => blog.close(),
    );
    const got: number[] = [];
    await blog.onTemperature(({ celsius }) => void got.push(celsius));
    refuses = true;
    cutAll();
    await until(() => refused > 0, 'the broker refused');
    refuses = false;
    const sensor = await mqttjs.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
    cleanups.push(() => sensor.endAsync(true));
    for (const end = Date.now() + 10_000; got.length === 0 && Date.now() < end;) {
      await sensor.publishAsync('sensors/temperature', JSON.stringify(READING), { qos: 1 });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(got[0]).toBe(21.5);
  }, 20_000);

  test('two clients with one name, which throw each other out, are told of', async () => {
    // CONNACK, then DISCONNECT with the reason 0x8e, as EMQX and HiveMQ send it.
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(Buffer.from([0x20, 3, 0, 0, 0, 0xe0, 2, 0x8e, 0])));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const errors: unknown[] = [];
    const hub = mqttHub({ url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, clientId: 'twin', onError: (error) => errors.push(error) }); // prettier-ignore
    cleanups.push(
      () => void server.close(),
      () => hub.close(),
    );
    await hub.publish(blogContract.events.temperature, { key: 'key-1', time: READING.measuredAt, data: READING });
    await until(() => errors.length > 0, 'the clash was reported');
    expect(errors[0]).toMatchObject({ code: 'ABORTED', text: expect.stringContaining('another client connected with the same client id') });
  });

  test('calls whose reply topic is refused fail at once, by name of the likely mistake; the broker is asked again later and later', async () => {
    const service = createBlogService();
    const served = await serveMqtt(service, { url, version: 4, onError: () => {} });
    const blog = createClient({ transport: mqtt({ url, version: 4 }), timeoutMs: 2000 });
    cleanups.push(
      () => service.close(),
      () => served.close(0),
      () => blog.close(),
    );
    refuses = true;
    const failures: unknown[] = [];
    for (let call = 0; call < 50; call++) await blog.getUser({ id: 123 }).catch((error: unknown) => failures.push(error));
    expect(failures).toHaveLength(50);
    for (const failure of failures)
      expect(failure).toMatchObject({
        sent: false,
        text: expect.stringMatching(/refused the subscription to .*replies.*access rules \(ACL\)/),
      });
    // Once again on a new connection, then no more than the wait allows.
    expect(refused).toBeGreaterThan(1);
    expect(refused).toBeLessThan(10);
    refuses = false;
    let answered = false;
    for (const end = Date.now() + 10_000; !answered && Date.now() < end;)
    answered = await blog.getUser({ id: 123 }).then(() => true, () => new Promise((resolve) => setTimeout(() => resolve(false), 20))); // prettier-ignore
    expect(answered).toBe(true);
  }, 20_000);

  test('a connection that alone is refused its reply topic is left for another', async () => {
    const service = createBlogService();
    const served = await serveMqtt(service, { url, version: 4, onError: () => {} });
    const blog = createClient({ transport: mqtt({ url, version: 4 }), timeoutMs: 2000 });
    cleanups.push(
      () => service.close(),
      () => served.close(0),
      () => blog.close(),
    );
    let first: unknown;
    refusesFor = (client, topic) => topic.includes('/replies/') && (first ??= client) === client;
    await expect(blog.getUser({ id: 123 })).rejects.toMatchObject({ sent: false });
    expect((await blog.getUser({ id: 123 })).id).toBe(123);
  });

  test('a client of MQTT 3.1.1 that is closed leaves no subscription behind', async () => {
    const blog = createClient({ transport: mqtt({ url, version: 4, clientId: 'dashboard' }) });
    await blog.onTemperature(() => {});
    await blog.close();
    const again = await mqttjs.connectAsync(url, { protocolVersion: 4, clientId: 'dashboard', clean: false, reconnectPeriod: 0 });
    cleanups.push(() => again.endAsync(true));
    const heard: string[] = [];
    again.on('message', (topic) => heard.push(topic));
    await again.publishAsync('sensors/temperature', JSON.stringify(READING), { qos: 1 });
    await again.subscribeAsync('last', { qos: 1 });
    await again.publishAsync('last', 'x', { qos: 1 });
    await until(() => heard.includes('last'), 'the last message came');
    expect(heard).toEqual(['last']);
  });

  test('a broker that is closed takes no more WebSockets', async () => {
    const broker = await mqttBroker({ port: 0 });
    const http = createHttpServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    cleanups.push(() => void http.close());
    broker.attach(http);
    await broker.close();
    const blog = createClient({ transport: mqtt({ url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/mqtt` }) });
    cleanups.push(() => blog.close());
    await expect(blog.getUser({ id: 123 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      sent: false,
      text: expect.stringContaining('404'),
    });
  });
});
