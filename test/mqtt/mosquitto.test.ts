import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { mqttBlog, READING } from '../support/mqtt-blog.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';

const { cleanups, foreign, blogAt, process } = mqttBlog();

describe.skipIf(noMosquitto !== undefined)(`Mosquitto, MQTT 5${noMosquitto === undefined ? '' : `: skipped, ${noMosquitto}`}`, () => {
  let broker: Awaited<ReturnType<typeof startMosquitto>>;
  beforeAll(async () => void (broker = await startMosquitto(['set_tcp_nodelay true'])));
  afterAll(() => broker.close());

  test('without a service a call fails at once, because the broker says that nobody is there', async () => {
    await expect(blogAt(broker.url).getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
  });

  test('a client that comes back with its name takes no reply to a call of the one before for its own', async () => {
    await process(broker.url);
    const asked: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const blog = blogAt(broker.url, {
        clientId: 'device-7',
        onWire: ({ direction, headers }) =>
          void (direction === 'out' && headers['response-topic'] && asked.push(headers['correlation-data'])),
      });
      await blog.getUser({ id: 123 });
      await blog.getPost({ id: 1 });
      await blog.close();
    }
    expect(new Set(asked).size).toBe(4);
  });

  test('two processes share the load: each call is answered once, and both work', async () => {
    const seen = [0, 0];
    for (const at of [0, 1]) {
      await process(broker.url, {
        onWire: ({ direction, start }) => void (direction === 'in' && start === 'blog/v1/getUser' && (seen[at] = (seen[at] ?? 0) + 1)),
      });
    }
    let replies = 0;
    const counting = blogAt(broker.url, { onWire: ({ direction }) => void (direction === 'in' && replies++) });
    await Promise.all(Array.from({ length: 96 }, () => counting.getUser({ id: 123 })));
    // Behind the reply of either process no other of it can come.
    for (let last = 0; last < 4; last++) await counting.getUser({ id: 123 });
    expect(replies).toBe(100);
    expect((seen[0] ?? 0) + (seen[1] ?? 0)).toBe(100);
    expect(Math.min(...seen)).toBeGreaterThan(10);
  });

  test('two processes see each event once, with the same id, and one can be resumed at the other', async () => {
    const processes = [await process(broker.url), await process(broker.url)];
    const https = await Promise.all(processes.map(({ service }) => listen(restHandler(service))));
    const clients = https.map(({ url }) => createClient({ transport: rest({ url }) }));
    cleanups.push(
      () => Promise.all(https.map((http) => http.close(0))),
      () => Promise.all(clients.map((client) => client.close())),
    );
    const got: { readonly at: number; readonly celsius: number; readonly id: string }[] = [];
    for (const [at, client] of clients.entries()) await client.onTemperature(({ celsius }, { id }) => void got.push({ at, celsius, id }));
    for (let celsius = 0; celsius < 20; celsius++) await processes[celsius % 2]?.service.publish('temperature', { ...READING, celsius });
    await processes[0]?.service.publish('temperature', { ...READING, celsius: 20 });
    await until(() => got.filter(({ celsius }) => celsius === 20).length === 2, 'the last came');
    expect(got).toHaveLength(42);
    const ids = (at: number) => got.filter((each) => each.at === at).map(({ id }) => id);
    expect(ids(0).toSorted()).toEqual(ids(1).toSorted());
    const late: number[] = [];
    await clients[1]?.onTemperature(({ celsius }) => void late.push(celsius), {
      lastEventId: ids(0)[9] ?? '',
      onGap: () => late.push(NaN),
    });
    const order = got.filter(({ at }) => at === 1).map(({ celsius }) => celsius);
    await until(() => late.length >= 10, 'the missed ones came');
    expect(late).toEqual(order.slice(order.indexOf(got.find((each) => each.at === 0 && each.id === ids(0)[9])?.celsius ?? -1) + 1));
  });

  test('a message of QoS 2 whose connection is lost before its release comes, once', async () => {
    let isCutting = false;
    let cuts = 0;
    const proxy = createServer((socket) => {
      const upstream = connect(broker.port, '127.0.0.1');
      socket.pipe(upstream);
      upstream.on('data', (chunk) => {
        const isRelease = chunk[0] === 0x62;
        if (!isCutting || !isRelease) return void socket.write(chunk);
        isCutting = false;
        cuts++;
        socket.destroy();
        upstream.destroy();
      });
      for (const [one, other] of [[socket, upstream], [upstream, socket]] as const) one.on('error', () => {}).on('close', () => other.destroy()); // prettier-ignore
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    cleanups.push(() => void proxy.close());
    const { client } = await foreign(broker.url, 5);
    const blog = blogAt(`mqtt://127.0.0.1:${(proxy.address() as AddressInfo).port}`, { qos: 2, topicPrefix: 'released' });
    const got: number[] = [];
    let gaps = 0;
    await blog.onTemperature(({ celsius }) => void got.push(celsius), { onGap: () => gaps++ });
    for (const celsius of [1, 2, 3]) {
      isCutting = celsius === 2;
      await client.publishAsync('released/sensors/temperature', JSON.stringify({ ...READING, celsius }), {
        qos: 2,
        properties: { userProperties: { id: `x-${celsius}`, time: READING.measuredAt } },
      });
      await until(() => got.length === celsius, `event ${celsius} came`);
    }
    expect([got, gaps, cuts]).toEqual([[1, 2, 3], 0, 1]);
  });

  test('killed and restarted under load: what was acknowledged is not lost, calls fail or work, nobody hangs', async () => {
    const mine = await startMosquitto(['set_tcp_nodelay true']);
    cleanups.push(() => mine.close());
    const { service } = await process(mine.url);
    const blog = blogAt(mine.url, { onError: () => {} });
    const got = new Set<number>();
    let twice = 0;
    let gaps = 0;
    await blog.onTemperature(({ celsius }) => void (got.has(celsius) ? twice++ : got.add(celsius)), { onGap: () => gaps++ });
    const acknowledged: number[] = [];
    let stop = false;
    let failed = 0;
    let worked = 0;
    const load = [
      (async () => {
        for (let celsius = 0; !stop; celsius++) {
          await service.publish('temperature', { ...READING, celsius });
          acknowledged.push(celsius);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })(),
      ...Array.from({ length: 4 }, async () => {
        while (!stop) {
          await blog.getUser({ id: 123 }, { timeoutMs: 5000 }).then(
            () => worked++,
            ({ code }: { code: string }) => (failed++, expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(code)),
          );
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      }),
    ];
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await mine.kill('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await mine.start();
      const before = worked;
      await until(() => worked > before + 5, 'calls work again');
    }
    stop = true;
    await Promise.all(load);
    await until(
      () => acknowledged.every((celsius) => got.has(celsius)),
      `all ${acknowledged.length} acknowledged events came (${got.size} did)`,
    );
    expect({ gaps, twice, anyFailed: failed > 0 }).toEqual({ gaps: 0, twice: 0, anyFailed: true });
  });
});
