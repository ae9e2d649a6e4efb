import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import mqttjs from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { Holes } from '../../src/mqtt/events/lineage.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker } from '../../src/mqtt/server.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';
import { because } from '../support/system-peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A way to a broker that can stop the data to its client, or cut the connection. */
async function slowWay(port: number) {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isOpen = true;
  const server = createServer((socket) => {
    if (!isOpen) return void socket.destroy();
    const upstream = connect(port, '127.0.0.1');
    const pair = [socket, upstream] as const;
    pairs.add(pair);
    socket.pipe(upstream);
    upstream.pipe(socket);
    for (const [one, other] of [pair, [upstream, socket]] as const) one.on('error', () => {}).on('close', () => (other.destroy(), pairs.delete(pair))); // prettier-ignore
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const [socket] of pairs) socket.destroy();
    server.close();
  });
  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => pairs.forEach(([socket, upstream]) => (upstream.unpipe(socket), upstream.pause())),
    release: () => pairs.forEach(([socket, upstream]) => upstream.pipe(socket)),
    cut: () => {
      isOpen = false;
      for (const [socket] of pairs) socket.destroy();
    },
    mend: () => (isOpen = true),
  };
}

/** A way to a broker on which the first of something that the broker sends becomes something else. */
async function spoilingWay(port: number, [from, to]: readonly string[]) {
  let isSpoiled = false;
  const server = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1');
    socket.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      const at = isSpoiled ? -1 : chunk.indexOf(from ?? '');
      isSpoiled ||= at >= 0 && chunk.includes('"celsius":2');
      if (at >= 0 && isSpoiled) chunk.write(to ?? '', at);
      socket.write(chunk);
    });
    for (const [one, other] of [[socket, upstream], [upstream, socket]] as const) one.on('error', () => {}).on('close', () => other.destroy()); // prettier-ignore
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => void server.close());
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(noMosquitto !== undefined)(`events that a broker drops${because(noMosquitto)}`, () => {
  test.each(['slow', 'away'])(
    'are told as gaps, those at the end too: a listener that is %s',
    async (what) => {
      const broker = await startMosquitto(['set_tcp_nodelay true', 'max_queued_messages 1000']);
      const way = await slowWay(broker.port);
      const hub = mqttHub({ url: broker.url });
      const service = createBlogService({ hub });
      const blog = createClient({ transport: mqtt({ url: way.url }), reconnect: { maxDelayMs: 50 } });
      cleanups.push(
        () => broker.close(),
        () => hub.close(),
        () => service.close(),
        () => blog.close(),
      );
      // What was heard in order, and the gaps between as `undefined`.
      const told: (number | undefined)[] = [];
      await blog.onTemperature(({ celsius }) => void told.push(celsius), { onGap: () => told.push(undefined) });
      const publish = (celsius: number) => service.publish('temperature', { sensorId: 'a', celsius, measuredAt: '2026-01-31T12:00:00Z' });
      await publish(0);
      await until(() => told.length === 1, 'the first came');
      if (what === 'slow') way.hold();
      else way.cut();
      const COUNT = 5000;
      for (let sent = 1; sent < COUNT; sent += 200) await Promise.all(Array.from({ length: Math.min(200, COUNT - sent) }, (_, index) => publish(sent + index))); // prettier-ignore
      if (what === 'slow') way.release();
      else way.mend();
      // All is told when what is missing at the end is: by a mark.
      const isTold = () => told.length > 1 && (told.at(-1) === undefined || told.at(-1) === COUNT - 1);
      await until(isTold, () => `the end was told (last: ${told.slice(-3).join()})`);
      const heard = told.filter((each) => each !== undefined);
      expect(heard.length).toBeLessThan(COUNT);
      for (const [at, celsius] of told.entries()) {
        const before = told[at - 1];
        if (celsius === undefined || at === 0 || before === undefined) continue;
        expect(celsius).toBe(before + 1);
      }
      if (told.at(-1) !== undefined) expect(told.at(-1)).toBe(COUNT - 1);
      // Goes on as before.
      await publish(COUNT);
      await until(() => told.at(-1) === COUNT, 'the next one came');
    },
    30_000,
  );

  test('foreign messages, which say nothing of others, bring no gaps', async () => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    const blog = createClient({ transport: mqtt({ url: broker.url }) });
    const foreign = await mqttjs.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    cleanups.push(
      () => broker.close(),
      () => blog.close(),
      () => foreign.endAsync(true),
    );
    const told: (number | undefined)[] = [];
    await blog.onTemperature(({ celsius }) => void told.push(celsius), { onGap: () => told.push(undefined) });
    const send = (celsius: number, userProperties?: Record<string, string>) =>
      foreign.publishAsync('sensors/temperature', JSON.stringify({ sensorId: 'a', celsius, measuredAt: '2026-01-31T12:00:00Z' }), {
        qos: 1,
        ...(userProperties && { properties: { userProperties } }),
      });
    await send(1);
    await send(2, { id: 'p-7', publisher: 'p', after: 'p-6' });
    await send(3);
    await send(4, { id: 'p-8', publisher: 'p', after: 'p-7' });
    await send(5, { id: 'p-10', publisher: 'p', after: 'p-9' });
    await send(6, { id: 'q-1', publisher: 'q' });
    await foreign.publishAsync('multi-api-sdk/marks/p', '{"publisher":"p","last":{"sensors/temperature":"p-10"}}', { qos: 1 });
    await foreign.publishAsync('multi-api-sdk/marks/p', '{', { qos: 1 });
    await foreign.publishAsync('multi-api-sdk/marks/q', '{"publisher":"q","last":{"sensors/temperature":"q-2"}}', { qos: 1 });
    await until(() => told.length === 8, () => JSON.stringify(told)); // prettier-ignore
    expect(told).toEqual([1, 2, 3, 4, undefined, 5, 6, undefined]);
  });
});

describe('gaps', () => {
  test.skipIf(noMosquitto !== undefined)(
    `are none if two processes publish the same events for a while${because(noMosquitto)}`,
    async () => {
      const broker = await startMosquitto(['set_tcp_nodelay true']);
      const blog = createClient({ transport: mqtt({ url: broker.url }) });
      const processes = await mqttjs.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
      cleanups.push(
        () => broker.close(),
        () => blog.close(),
        () => processes.endAsync(true),
      );
      const told: (number | undefined)[] = [];
      await blog.onTemperature(({ celsius }) => void told.push(celsius), { onGap: () => told.push(undefined) });
      const send = (publisher: string, celsius: number) =>
        processes.publishAsync('sensors/temperature', JSON.stringify({ sensorId: 'a', celsius, measuredAt: '2026-01-31T12:00:00Z' }), {
          qos: 1,
          properties: { userProperties: { publisher, id: `e-${celsius}`, ...(celsius > 1 && { after: `e-${celsius - 1}` }) } },
        });
      // The one has lost its lease and does not know it yet, the other has it.
      for (const [publisher, celsius] of [['p', 1], ['q', 1], ['p', 2], ['p', 3], ['q', 2], ['q', 3], ['q', 4], ['p', 4], ['p', 3], ['p', 5]] as const)
      await send(publisher, celsius); // prettier-ignore
      await processes.publishAsync('multi-api-sdk/marks/q', '{"publisher":"q","last":{"sensors/temperature":"e-4"}}', { qos: 1 });
      await send('q', 6);
      await until(() => told.includes(6), () => JSON.stringify(told)); // prettier-ignore
      expect(told).toEqual([1, 2, 3, 4, 5, undefined, 6]);
    },
  );

  test.skipIf(noMosquitto !== undefined)(`marks can be switched off${because(noMosquitto)}`, async () => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    const topics: string[] = [];
    const watch = ({ start }: { readonly start: string }) => void topics.push(start);
    const hub = mqttHub({ url: broker.url, marks: false, onWire: watch });
    const service = createBlogService({ hub });
    const blog = createClient({ transport: mqtt({ url: broker.url, marks: false, onWire: watch }) });
    cleanups.push(
      () => broker.close(),
      () => hub.close(),
      () => service.close(),
      () => blog.close(),
    );
    const heard: number[] = [];
    await blog.onTemperature(({ celsius }) => void heard.push(celsius));
    await service.publish('temperature', { sensorId: 'a', celsius: 1, measuredAt: '2026-01-31T12:00:00Z' });
    await until(() => heard.length === 1, 'the event came');
    expect(topics.filter((topic) => topic.includes('marks'))).toEqual([]);
  });
});

describe('messages that were spoiled on their way', () => {
  const SPOILED = {
    payload: ['"celsius":2', '"celsius*2'],
    topic: ['sensors/temperature', 'sensors/temperaturg'],
    // A message that a broker had retained has this head.
    'head, as if it were retained': ['\x32', '\x33'],
    // A packet that acknowledges, of two bytes.
    'head, as if it were an acknowledgement': ['\x32', '\x70'],
  } as const;

  test.each(['payload', 'topic', 'head, as if it were retained', 'head, as if it were an acknowledgement'] as const)(
    'are told as gaps over MQTT 3.1.1, where nothing else tells of them: the %s',
    async (what) => {
      const broker = await mqttBroker({ open: true, port: 0 });
      const errors: unknown[] = [];
      const way = await spoilingWay(broker.port, SPOILED[what]);
      const blog = createClient({ transport: mqtt({ url: way, version: 4, onError: (error) => errors.push(error) }) });
      const sensor = await mqttjs.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
      cleanups.push(
        () => broker.close(),
        () => sensor.endAsync(true),
        () => blog.close(),
      );
      const told: (number | undefined)[] = [];
      await blog.onTemperature(({ celsius }) => void told.push(celsius), { onGap: () => told.push(undefined) });
      for (const celsius of [1, 2, 3]) {
        const payload = JSON.stringify({ celsius, sensorId: 'a', measuredAt: '2026-01-31T12:00:00Z' });
        await sensor.publishAsync('sensors/temperature', payload, { qos: 1 });
        await until(() => told.length > 0, 'the first is heard');
      }
      // What came with a spoiled packet is not heard.
      const heard = what === 'head, as if it were an acknowledgement' ? [1, undefined] : [1, undefined, 3];
      await until(() => told.length === heard.length, () => JSON.stringify(told)); // prettier-ignore
      expect([told, errors.length]).toEqual([heard, what === 'payload' ? 1 : 0]);
    },
  );

  test.skipIf(noMosquitto !== undefined)(`are told once over MQTT 5${because(noMosquitto)}`, async () => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    const blog = createClient({ transport: mqtt({ url: broker.url, onError: () => {} }) });
    const sender = await mqttjs.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 0 });
    cleanups.push(
      () => broker.close(),
      () => blog.close(),
      () => sender.endAsync(true),
    );
    const told: (number | undefined)[] = [];
    await blog.onTemperature(({ celsius }) => void told.push(celsius), { onGap: () => told.push(undefined) });
    for (const celsius of [1, 2, 3]) {
      const payload = JSON.stringify({ sensorId: 'a', celsius, measuredAt: '2026-01-31T12:00:00Z' });
      await sender.publishAsync('sensors/temperature', celsius === 2 ? `${payload}*` : payload, {
        qos: 1,
        properties: { userProperties: { publisher: 'p', id: `e-${celsius}`, ...(celsius > 1 && { after: `e-${celsius - 1}` }) } },
      });
    }
    await until(() => told.includes(3), () => JSON.stringify(told)); // prettier-ignore
    expect(told).toEqual([1, undefined, 3]);
  });
});

describe('holes', () => {
  test('are between two events of one publisher on one topic', () => {
    const holes = new Holes();
    expect(holes.isBefore('t', '2', { publisher: 'p', after: '1' })).toBe(false);
    expect(holes.isBefore('t', '3', { publisher: 'p', after: '2' })).toBe(false);
    expect(holes.isBefore('u', '9', { publisher: 'p', after: '8' })).toBe(false);
    expect(holes.isBefore('t', '9', { publisher: 'q', after: '8' })).toBe(false);
    expect(holes.isBefore('t', '5', { publisher: 'p', after: '4' })).toBe(true);
    expect(holes.isBefore('t', '6', { publisher: 'p' })).toBe(true);
    expect(holes.read('{"publisher":"p","last":{"t":"6","u":"10","v":"1"}}')).toEqual(['u']);
    expect(holes.read('{"publisher":"p","last":{"t":"6","u":"10"}}')).toEqual([]);
    for (const junk of ['', '[]', '{}', '{"publisher":1}', '{"publisher":"p","last":{"t":{}}}']) expect(holes.read(junk)).toEqual([]);
    holes.clear();
    expect(holes.isBefore('t', '9', { publisher: 'p', after: '8' })).toBe(false);
  });
});
