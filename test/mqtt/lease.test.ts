/** Processes that share a hub, of which one publishes its events on MQTT. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import mqttjs from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/service.ts';
import { createService, defineContract, event, memoryHub, type EventHub } from '../../src/index.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { redisStores } from '../../src/redis/index.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { RedisServer } from '../support/redis-server.ts';
import { because, missing } from '../support/system-peer.ts';
import { until } from '../support/until.ts';

const PROGRAM = fileURLToPath(new URL('../programs/mqtt-redis-process.ts', import.meta.url));

const contract = defineContract({
  name: 'ticks',
  version: '1.0.0',
  operations: {},
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int32() }) }) },
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A process of the service as far as its hub and its broker can tell; `die` leaves nothing of it but a lease that nobody renews. */
async function startProcess(hub: EventHub, url: string, leaseMs: number) {
  let isDead = false;
  const cursors: (string | undefined)[] = [];
  /** How often it asked for the lease, and another process had it. */
  let refused = 0;
  const seen: EventHub = {
    publish: (...args) => hub.publish(...args),
    subscribe: (request, sink) =>
      hub.subscribe(request, {
        ...sink,
        next: (message) => (isDead ? undefined : sink.next(message)),
        gap: () => sink.gap(),
        end: () => {},
      }),
    lease: async (name, ms) => {
      const lease = await hub.lease?.(name, ms);
      if (!lease) refused++;
      const dead = () => Promise.reject(new Error('dead'));
      return (
        lease && {
          cursor: lease.cursor,
          renew: (ms, cursor) => {
            cursors.push(cursor);
            return isDead ? dead() : lease.renew(ms, cursor);
          },
          release: (...args) => (isDead ? dead() : lease.release(...args)),
        }
      );
    },
    close: async () => {},
  };
  const service = createService(contract, {}, { hub: seen });
  const served = await serveMqtt(service, { url, leaseMs, onError: () => {} });
  cleanups.push(
    () => service.close(),
    () => served.close(0),
  );
  return { service, served, cursors, refused: () => refused, die: () => (isDead = true) };
}

describe.skipIf(noMosquitto !== undefined)(`the events of a shared hub${because(noMosquitto)}`, () => {
  test('are published by one process, by the next one if it stops or dies, and none is lost', async () => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    const hub = memoryHub();
    cleanups.push(
      () => hub.close(),
      () => broker.close(),
    );
    const heard: { readonly n: number; readonly id: string }[] = [];
    const listener = await mqttjs.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    cleanups.push(() => listener.endAsync(true));
    listener.on('message', (_, payload, { properties }) => {
      const { n } = JSON.parse(payload.toString()) as { n: number };
      heard.push({ n, id: String(properties?.userProperties?.['id']) });
    });
    await listener.subscribeAsync('ticks', { qos: 1 });
    const leaseMs = 600;
    const first = await startProcess(hub, broker.url, leaseMs);
    const second = await startProcess(hub, broker.url, leaseMs);
    let last = 0;
    const publish = async (count: number) => {
      for (let index = 0; index < count; index++) await (index % 2 === 0 ? first : second).service.publish('tick', { n: ++last });
    };
    const numbers = () => heard.map(({ n }) => n);
    const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

    await publish(50);
    await until(() => numbers().includes(50));
    const before = second.refused();
    await until(() => second.refused() >= before + 2);
    expect(numbers()).toEqual(upTo(50));

    await first.served.close();
    await publish(50);
    await until(() => numbers().includes(100));
    expect(numbers()).toEqual(upTo(100));

    const third = await startProcess(hub, broker.url, leaseMs);
    await publish(20);
    await until(() => numbers().includes(120));
    second.die();
    await publish(30);
    await until(() => numbers().includes(150));
    // After a death an event may come twice, with the same id, and in order from there.
    expect(new Set(numbers())).toEqual(new Set(upTo(150)));
    expect(new Set(heard.map(({ n, id }) => `${n} ${id}`)).size).toBe(150);
    const again = numbers().slice(120);
    expect(again).toEqual(upTo(150).slice(150 - again.length));
    await third.served.close();
  }, 30_000);

  test('are kept in mind after some of them, long before the lease is renewed', async () => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    const hub = memoryHub();
    cleanups.push(
      () => hub.close(),
      () => broker.close(),
    );
    const { service, die, cursors } = await startProcess(hub, broker.url, 60_000);
    for (let n = 1; n <= 250; n++) await service.publish('tick', { n });
    await until(() => cursors.length >= 3);
    die();
    const places = cursors.map((cursor) => Number(/-(\d+)"/.exec(cursor ?? '')?.[1]));
    // Receivers know the last 1,000 events.
    expect(places.every((n, index) => n - (places[index - 1] ?? 0) <= 200)).toBe(true);
  });

  test('are published by the next process from where the first one stood, though that one had published none', async () => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    const hub = memoryHub();
    cleanups.push(
      () => hub.close(),
      () => broker.close(),
    );
    const listener = await mqttjs.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    cleanups.push(() => listener.endAsync(true));
    const heard: number[] = [];
    listener.on('message', (_, payload) => heard.push((JSON.parse(payload.toString()) as { n: number }).n));
    await listener.subscribeAsync('ticks', { qos: 1 });
    const first = await startProcess(hub, broker.url, 600);
    await until(() => first.cursors.some((cursor) => cursor?.includes('tick')));
    first.die();
    for (const n of [1, 2, 3]) await first.service.publish('tick', { n });
    await first.served.close();
    await startProcess(hub, broker.url, 600);
    await until(() => heard.length >= 3);
    expect(heard).toEqual([1, 2, 3]);
  }, 30_000);

  const noRedis = missing('redis-server', 'redis-server', '--version');
  test.skipIf(noRedis)(
    `on Redis all come, though the process that publishes them is killed${noRedis ? ` (skipped: ${noRedis})` : ''}`,
    async () => {
      const [broker, redis] = [await startMosquitto(['set_tcp_nodelay true']), await RedisServer.start()];
      const clients = [new Redis(redis.url), new Redis(redis.url)] as const;
      const [send, blockingSend] = [clients[0], clients[1]].map(
        (client) =>
          ([name = '', ...rest]: string[]) =>
            client.call(name, ...rest),
      );
      const stores = redisStores({ send: send ?? expect.unreachable(), blockingSend: blockingSend ?? expect.unreachable() });
      const service = createBlogService({ hub: stores.hub });
      const listener = await mqttjs.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
      cleanups.push(
        () => broker.close(),
        () => redis.close(),
        () => clients.forEach((client) => client.disconnect()),
        () => stores.close(),
        () => service.close(),
        () => listener.endAsync(true),
      );
      const heard: { readonly n: number; readonly id: string }[] = [];
      listener.on('message', (_, payload, { properties }) => {
        const { celsius } = JSON.parse(payload.toString()) as { celsius: number };
        heard.push({ n: celsius, id: String(properties?.userProperties?.['id']) });
      });
      await listener.subscribeAsync('sensors/temperature', { qos: 1 });
      const start = async () => {
        const args = ['--import', 'tsx', PROGRAM, broker.url, redis.url, '1500'];
        const child = spawn(execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        const gone = once(child, 'exit');
        const kill = async () => void (child.kill('SIGKILL'), await gone);
        cleanups.push(kill);
        await once(child.stdout, 'data');
        return kill;
      };
      const kill = await start();
      await start();
      let last = 0;
      const publish = () => service.publish('temperature', { sensorId: 'a', celsius: ++last, measuredAt: '2026-01-31T12:00:00Z' });
      const numbers = () => new Set(heard.map(({ n }) => n));
      for (let index = 0; index < 100; index++) await publish();
      await until(() => numbers().size === 100);
      expect(heard).toHaveLength(100);
      // Its place is kept with the lease, at the next renewal.
      const place = heard.at(-1)?.id ?? '';
      const kept = async () => Promise.all((await clients[0].keys('*cursor:*')).map((key) => clients[0].get(key)));
      await until(async () => (await kept()).some((cursor) => cursor?.includes(place)));
      for (let index = 0; index < 100; index++) {
        await publish();
        if (index === 50) await kill();
      }
      await until(() => numbers().size === 200);
      expect(new Set(heard.map(({ n, id }) => `${n} ${id}`)).size).toBe(200);
    },
    60_000,
  );

  test('of one process are published at each of two brokers', async () => {
    const brokers = [await startMosquitto(), await startMosquitto()];
    const hub = memoryHub();
    const service = createService(contract, {}, { hub });
    cleanups.push(
      () => service.close(),
      () => hub.close(),
    );
    const counts = [0, 0];
    for (const [index, broker] of brokers.entries()) {
      const served = await serveMqtt(service, { url: broker.url });
      const listener = await mqttjs.connectAsync(broker.url, { reconnectPeriod: 0 });
      listener.on('message', () => (counts[index] = (counts[index] ?? 0) + 1));
      await listener.subscribeAsync('ticks', { qos: 1 });
      cleanups.push(
        () => broker.close(),
        () => listener.endAsync(true),
        () => served.close(0),
      );
    }
    await service.publish('tick', { n: 1 });
    await until(() => counts.every((count) => count === 1));
  });
});
