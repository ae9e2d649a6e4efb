import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import mqttjs from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/service.ts';
import { defineContract, event, query } from '../../src/core/define.ts';
import { createClient } from '../../src/index.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { createService } from '../../src/service/service.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';
import { because } from '../support/system-peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A port that does what `handle` does with each connection. */
async function port(handle: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

describe('a broker that knows MQTT 3.1.1 alone', () => {
  test.each(['closes', 'resets'])('and %s a connection of MQTT 5 without a word is spoken to in 3.1.1', async (how) => {
    const aedes = await Aedes.createBroker();
    cleanups.push(() => new Promise<void>((resolve) => aedes.close(() => resolve())));
    let refused = 0;
    const { url } = await port((socket) => {
      socket.once('readable', () => {
        const head = (socket.read() as Buffer | null) ?? Buffer.alloc(0);
        // The version lies behind the protocol's name.
        if (head[head.indexOf('MQTT') + 4] === 5) {
          refused++;
          return how === 'closes' ? socket.end() : socket.resetAndDestroy();
        }
        socket.unshift(head);
        aedes.handle(socket);
      });
    });
    const service = createBlogService();
    const served = await serveMqtt(service, { url });
    const blog = createClient({ transport: mqtt({ url }) });
    cleanups.push(
      () => service.close(),
      () => served.close(0),
      () => blog.close(),
    );
    expect((await blog.getUser({ id: 123 })).id).toBe(123);
    expect(refused).toBe(2);
  });

  test('is not assumed where nothing answers', async () => {
    const versions: (number | undefined)[] = [];
    const { url } = await port((socket) => {
      socket.once('data', (head) => {
        versions.push(head[head.indexOf('MQTT') + 4]);
        socket.end();
      });
    });
    const blog = createClient({ transport: mqtt({ url }) });
    cleanups.push(() => blog.close());
    for (let tries = 0; tries < 2; tries++) await expect(blog.getUser({ id: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(versions).toEqual([5, 4, 5, 4]);
  });
});

describe('two clients with one client id', () => {
  test('are told of, also where the broker says nothing', async () => {
    const broker = await mqttBroker({ port: 0, open: true });
    cleanups.push(() => broker.close());
    const errors: string[] = [];
    const hubs = [1, 2].map(() => mqttHub({ url: broker.url, clientId: 'twin', onError: (error) => errors.push(String(error)) }));
    const { events } = defineContract({ name: 'x', events: { a: event({ channel: 'a', payload: z.object({}) }) } });
    cleanups.push(() => Promise.all(hubs.map((hub) => hub.close())));
    hubs.forEach((hub, index) => void hub.publish(events.a, { key: `key-${index}`, time: '2026-01-31T12:00:00Z', data: {} }));
    await until(() => errors.length > 0, 'it was told');
    expect(errors[0]).toContain("does another client use the client id 'twin' too?");
  });
});

describe('limits', () => {
  const contract = defineContract({
    name: 'limits',
    operations: { repeat: query({ input: z.object({ size: z.int() }), output: z.string() }) },
    events: { note: event({ channel: 'notes/{room}', payload: z.object({ room: z.string(), text: z.string() }) }) },
  });

  test.skipIf(noMosquitto !== undefined)(
    `a broker that takes small packets alone is served: what counts is the packet${because(noMosquitto)}`,
    async () => {
      const broker = await startMosquitto(['max_packet_size 2000']);
      cleanups.push(() => broker.close());
      const service = createService(contract, { repeat: ({ size }) => 'x'.repeat(size) });
      const served = await serveMqtt(service, { url: broker.url });
      const client = createClient({ contract, transport: mqtt({ url: broker.url }) });
      cleanups.push(
        () => service.close(),
        () => served.close(0),
        () => client.close(),
      );
      expect(await client.repeat({ size: 1500 })).toHaveLength(1500);
      await expect(client.repeat({ size: 2000 })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
      expect(await client.repeat({ size: 1 })).toHaveLength(1);
    },
  );

  test.each([4, 5] as const)(
    'a reply over the limit of its reader fails that call alone, an event its subscription; version %i',
    async (version) => {
      if (version === 5 && noMosquitto !== undefined) return;
      const broker = version === 4 ? await mqttBroker({ port: 0, open: true }) : await startMosquitto(['set_tcp_nodelay true']);
      cleanups.push(() => broker.close());
      const service = createService(contract, { repeat: ({ size }) => 'x'.repeat(size) });
      const served = await serveMqtt(service, { url: broker.url, version });
      const options = { url: broker.url, version, maxMessageBytes: 10_000, maxResponseBytes: 10_000 } as const;
      const client = createClient({ contract, transport: mqtt(options), reconnect: { baseDelayMs: 5, maxDelayMs: 20 } });
      cleanups.push(
        () => service.close(),
        () => served.close(0),
        () => client.close(),
      );
      const [small, large] = [client.repeat({ size: 100 }), client.repeat({ size: 20_000 })];
      await expect(large).rejects.toMatchObject({
        code: 'DATA_LOSS',
        remote: false,
        text: expect.stringContaining('maxResponseBytes') as string,
      });
      expect(await small).toHaveLength(100);
      const heard: string[] = [];
      const ended: string[] = [];
      const listen = (room: string) =>
        client.onNote(({ text }) => void heard.push(`${room} ${text.length}`), {
          params: { room },
          onError: (error) => ended.push(`${room} ${(error as { code?: string }).code}`),
        });
      await listen('a');
      await listen('b');
      for (const [room, size] of [
        ['a', 1],
        ['a', 50_000],
        ['a', 2],
        ['b', 3],
      ] as const)
        // prettier-ignore
        await service.publish('note', { room, text: 'x'.repeat(size) });
      await until(() => heard.includes('b 3'), 'the other room goes on');
      expect([heard, ended]).toEqual([['a 1', 'b 3'], ['a DATA_LOSS']]);
    },
  );

  test('calls in flight have a share for each caller', async () => {
    const broker = await mqttBroker({ port: 0, open: true });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const service = createService(contract, { repeat: async ({ size }) => (size === 1 ? held.then(() => '1') : 'x') });
    const served = await serveMqtt(service, { url: broker.url, maxCallsPerCaller: 3 });
    const clients = [1, 2].map(() => createClient({ contract, transport: mqtt({ url: broker.url }) }));
    cleanups.push(
      () => broker.close(),
      () => service.close(),
      () => served.close(0),
      ...clients.map((client) => () => client.close()),
    );
    const [busy, other] = clients as [(typeof clients)[0], (typeof clients)[0]];
    const waiting = [1, 2, 3].map(() => busy.repeat({ size: 1 }));
    await expect(busy.repeat({ size: 2 })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(await other.repeat({ size: 2 })).toBe('x');
    release();
    expect(await Promise.all(waiting)).toEqual(['1', '1', '1']);
  });

  test.each([
    [{ history: NaN }, /^mqtt: history must be/],
    [{ maxMessageBytes: -1 }, /^mqtt: maxMessageBytes must be/],
    [{ pingIntervalMs: 0 }, /^mqtt: pingIntervalMs must be/],
    [{ qos: 3 }, /^mqtt: qos must be 0 or 1 or 2/],
    [{ version: '5' }, /^mqtt: version must be 4 or 5/],
    [{ topicprefix: 'x' }, /unknown option 'topicprefix', do you mean 'topicPrefix'/],
    [{ keepAliveMs: 1000 }, /unknown option 'keepAliveMs'/],
  ])('%o is refused', (options, message) => {
    expect(() => mqtt({ url: 'mqtt://localhost', ...(options as object) })).toThrow(message);
  });

  test('an interval without end sends no sign of life, and a time without end is one', async () => {
    const broker = await mqttBroker({ port: 0, open: true });
    const options = { pingIntervalMs: Infinity, connectTimeoutMs: Infinity, sessionExpiryMs: Infinity, history: Infinity };
    const blog = createClient({ transport: mqtt({ url: broker.url, ...options }) });
    cleanups.push(
      () => broker.close(),
      () => blog.close(),
    );
    await blog.onTemperature(() => {});
    const watcher = await mqttjs.connectAsync(broker.url, { protocolVersion: 4 });
    cleanups.push(() => watcher.endAsync(true));
    expect(watcher.connected).toBe(true);
  });
});
