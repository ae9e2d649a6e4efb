import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import mqttjs, { type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { mqtt, type MqttOptions } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker, serveMqtt, type ServeMqttOptions } from '../../src/mqtt/server.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { serve } from '../../src/serve/index.ts';
import { freePort, noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';

const PROCESS = fileURLToPath(new URL('../programs/mqtt-process.ts', import.meta.url));
const READING = { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' };

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly packet: mqttjs.IPublishPacket;
}

/** A client of somebody else. */
async function foreign(url: string, version: 4 | 5, ...filters: string[]) {
  const client: MqttClient = await mqttjs.connectAsync(url, { protocolVersion: version, reconnectPeriod: 0 });
  const heard: Heard[] = [];
  client.on('message', (topic, payload, packet) => heard.push({ topic, text: payload.toString(), packet }));
  if (filters.length > 0) await client.subscribeAsync(filters, { qos: 1 });
  cleanups.push(() => client.endAsync(true));
  return { client, heard };
}

function blogAt(url: string, options: Partial<MqttOptions> = {}) {
  const errors: unknown[] = [];
  const blog = createClient({
    transport: mqtt({ url, onError: (error) => errors.push(error), ...options }),
    reconnect: { maxDelayMs: 100 },
  });
  cleanups.push(() => blog.close());
  return Object.assign(blog, { errors });
}

/** A service whose hub is the broker. */
async function process(url: string, options: Partial<ServeMqttOptions> = {}) {
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const hub = mqttHub({ url, onError, ...(options.topicPrefix !== undefined && { topicPrefix: options.topicPrefix }) });
  const service = createBlogService({ events: hub, onError });
  const served = await serveMqtt(service, { url, onError, ...options });
  const close = async () => {
    await served.close();
    await service.close();
    await hub.close();
  };
  cleanups.push(close);
  return { service, errors, close };
}

/** What holds on every broker; `version` is that of the foreigners, too. */
function suite(version: 4 | 5, broker: () => string): void {
  test('the topics, payloads and properties are those of the wire page', async () => {
    const url = broker();
    const { service } = await process(url);
    const { heard, client } = await foreign(url, version, 'sensors/temperature', 'blog/v1/#', 'replies/me');
    await service.publish('temperature', READING);
    await until(() => heard.some(({ topic }) => topic === 'sensors/temperature'), 'the event came');
    const event = heard.find(({ topic }) => topic === 'sensors/temperature');
    expect(JSON.parse(event?.text ?? '')).toEqual(READING);
    expect(event?.packet.qos).toBe(1);
    if (version === 5) {
      expect(event?.packet.properties).toMatchObject({ contentType: 'application/json', payloadFormatIndicator: true });
      expect(event?.packet.properties?.userProperties).toMatchObject({
        type: 'sensor.temperature',
        id: expect.stringMatching(/^[^.]+-\d+$/) as string,
      });
    }
    const replies = () => heard.filter(({ topic }) => topic === 'replies/me');
    if (version === 5) {
      const properties = {
        responseTopic: 'replies/me',
        correlationData: Buffer.from([0, 255, 7]),
        userProperties: { 'x-request-id': 'mine' },
      };
      client.publish('blog/v1/getUser', '{"id":123}', { qos: 1, properties });
      await until(() => replies().length === 1, 'the reply came');
      expect(JSON.parse(replies()[0]?.text ?? '')).toMatchObject({ id: 123, username: 'john_doe' });
      expect(replies()[0]?.packet.properties?.correlationData).toEqual(Buffer.from([0, 255, 7]));
      expect(replies()[0]?.packet.properties?.userProperties).toMatchObject({ 'x-request-id': 'mine' });
      client.publish('blog/v1/getUser', '{"id":7}', { qos: 1, properties });
      await until(() => replies().length === 2, 'the error came');
      expect(replies()[1]?.packet.properties?.userProperties).toMatchObject({ code: 'NOT_FOUND' });
      expect(JSON.parse(replies()[1]?.text ?? '')).toMatchObject({ code: 'NOT_FOUND', message: 'no user has the id 7', requestId: 'mine' });
    } else {
      client.publish('blog/v1/getUser', JSON.stringify({ replyTo: 'replies/me', id: 1, input: { id: 123 } }), { qos: 1 });
      client.publish('blog/v1/deletePost', JSON.stringify({ replyTo: 'replies/me', id: 'two', input: { id: 4 }, headers: {} }), { qos: 0 });
      client.publish('blog/v1/nothing', JSON.stringify({ replyTo: 'replies/me', id: 3 }), { qos: 1 });
      client.publish('blog/v1/getWeather', JSON.stringify({ replyTo: 'replies/me', id: 4, headers: 5 }), { qos: 1 });
      client.publish('blog/v1/getWeather', JSON.stringify({ replyTo: 'replies/me', id: 5, headers: { a: 1 } }), { qos: 1 });
      await until(() => replies().length === 5, 'the replies came');
      const byId = new Map(replies().map(({ text }) => [(JSON.parse(text) as { id: unknown }).id, JSON.parse(text) as object]));
      expect(byId.get(1)).toMatchObject({ output: { username: 'john_doe' } });
      expect(byId.get('two')).toEqual({ id: 'two', output: null });
      expect(byId.get(3)).toMatchObject({ error: { code: 'UNIMPLEMENTED' } });
      expect(byId.get(4)).toMatchObject({ error: { code: 'INVALID_ARGUMENT', message: "'headers' must be an object" } });
      expect(byId.get(5)).toMatchObject({ error: { code: 'INVALID_ARGUMENT', message: "the header 'a' must be a string" } });
    }
  });

  test('garbage and foreign reply topics are reported, dropped, and harm nothing', async () => {
    const url = broker();
    const { errors } = await process(url);
    const blog = blogAt(url);
    const got: unknown[] = [];
    await blog.onTemperature((reading) => void got.push(reading));
    const { client, heard } = await foreign(url, version, 'blog/v1/getUser');
    for (const text of [
      '',
      '{',
      '[1]',
      'null',
      '"x"',
      '{"replyTo":7,"id":1}',
      '{"replyTo":"replies/me","id":1e400,"input":{"id":123}}',
      '{"replyTo":"a/+/b","id":1,"input":{"id":123}}',
      '{"replyTo":"#","id":1}',
      '{"replyTo":"$SYS/x","id":1}',
      '{"replyTo":"blog/v1/getUser","id":1}',
      '{"replyTo":"sensors/temperature","id":1}',
      '{"replyTo":"ok","id":{}}',
      '\0\xff',
    ])
      // prettier-ignore
      client.publish('blog/v1/getUser', text, { qos: 1 });
    if (version === 5)
      client.publish('blog/v1/getUser', '{"id":123}', {
        qos: 1,
        properties: { responseTopic: 'blog/v1/getUser', correlationData: Buffer.from('x') },
      });
    for (const text of ['{', '{}', '{"sensorId":7}', JSON.stringify({ ...READING, celsius: 'warm' }), '['.repeat(10_000)])
      client.publish('sensors/temperature', text, { qos: 1 });
    client.publish('sensors/temperature', JSON.stringify({ ...READING, surplus: 1 }), { qos: 1 });
    await until(() => got.length === 1, 'what fits came');
    expect(got).toEqual([READING]);
    expect((await blog.getUser({ id: 123 })).username).toBe('john_doe');
    await until(() => blog.errors.length >= 5 && errors.length >= 12, 'it was reported');
    expect(heard.filter(({ text }) => text.includes('john_doe'))).toEqual([]);
  });

  test('replies that come twice, too late or to nobody are dropped', async () => {
    const url = broker();
    await process(url);
    const topics: string[] = [];
    const blog = blogAt(url, { onWire: ({ direction, start, headers, body }) => void (direction === 'out' && start === 'blog/v1/getUser' && topics.push(headers['response-topic'] ?? '', headers['correlation-data'] ?? '', body ?? '')) }); // prettier-ignore
    await blog.getUser({ id: 123 });
    const { client } = await foreign(url, version);
    const [topic = '', correlation = ''] = topics;
    for (const text of ['{"id":9}', '', '{', `{"id":"${correlation}","output":{"id":1}}`]) {
      await client.publishAsync(topic, text, { qos: 1, properties: { correlationData: Buffer.from(correlation) } });
      await client.publishAsync(topic, text, { qos: 1 });
    }
    expect((await blog.getUser({ id: 123 })).id).toBe(123);
    await expect(blog.getUser({ id: 7 })).rejects.toMatchObject({ code: 'NOT_FOUND', text: 'no user has the id 7', remote: true });
  });

  test('what anyone publishes reaches subscribers on every protocol, each once', async () => {
    const url = broker();
    const { service } = await process(url);
    const http = await listen(restHandler(service));
    cleanups.push(() => http.close());
    const [overMqtt, overRest] = [blogAt(url), createClient({ transport: rest({ url: http.url }) })];
    cleanups.push(() => overRest.close());
    const got: [string, number, string][] = [];
    await overMqtt.onTemperature(({ celsius }, { id }) => void got.push(['mqtt', celsius, id]));
    await overRest.onTemperature(({ celsius }, { id }) => void got.push(['rest', celsius, id]));
    const { client } = await foreign(url, version);
    await client.publishAsync('sensors/temperature', JSON.stringify({ ...READING, celsius: 1 }), {
      qos: 1,
      properties: { userProperties: { id: 'mine-1' } },
    });
    await overMqtt.reportTemperature({ sensorId: 'a', celsius: 2 });
    await service.publish('temperature', { ...READING, celsius: 3 });
    await until(() => got.length >= 6, 'all came');
    // Behind it nothing of the others can come.
    await service.publish('temperature', { ...READING, celsius: 4 });
    await until(() => got.filter(([, celsius]) => celsius === 4).length === 2, 'the last came');
    const expected = ['mqtt', 'rest'].flatMap((who) => [1, 2, 3, 4].map((celsius) => `${who} ${celsius}`));
    expect(got.map(([who, celsius]) => `${who} ${celsius}`).sort()).toEqual(expected);
    if (version === 5)
      for (const celsius of [1, 2, 3]) expect(new Set(got.filter((each) => each[1] === celsius).map(([, , id]) => id)).size).toBe(1);
    if (version === 5) expect(got.find((each) => each[1] === 1)?.[2]).toBe('mine-1');
  });

  test('the status is retained: online, and offline by a clean stop', async () => {
    const url = broker();
    const { close } = await process(url);
    const { heard, client } = await foreign(url, version, 'blog/v1/status');
    await until(() => heard.length === 1, 'the status came');
    expect(heard.at(-1)).toMatchObject({ text: 'online', packet: { retain: true } });
    await client.publishAsync('blog/v1/status', 'offline', { qos: 1, retain: true });
    await until(() => heard.at(-1)?.text === 'online', 'it says online again');
    await close();
    await until(() => heard.at(-1)?.text === 'offline', 'it says offline');
  });

  test('a process that is killed is offline by its last will, and online again with the next', async () => {
    const url = broker();
    const { heard } = await foreign(url, version, 'blog/v1/status');
    const start = async () => {
      const child = spawn(execPath, ['--import', 'tsx', PROCESS, url], { stdio: ['ignore', 'pipe', 'inherit'] });
      const gone = once(child, 'exit');
      const kill = async () => void (child.kill('SIGKILL'), await gone);
      cleanups.push(kill);
      await once(child.stdout, 'data');
      return kill;
    };
    const kill = await start();
    await until(() => heard.at(-1)?.text === 'online', 'it says online');
    await kill();
    await until(() => heard.at(-1)?.text === 'offline', 'its will came');
    // It is retained: who comes later hears it too.
    const late = await foreign(url, version, 'blog/v1/status');
    await until(() => late.heard.length === 1, 'the status came');
    expect(late.heard[0]).toMatchObject({ text: 'offline', packet: { retain: true } });
    await start();
    await until(() => heard.at(-1)?.text === 'online', 'the next says online');
  });

  test('a service in memory publishes its events to their topics, and a loop that falls behind gets them all', async () => {
    const url = broker();
    const service = createBlogService();
    const served = await serveMqtt(service, { url });
    cleanups.push(
      () => service.close(),
      () => served.close(),
    );
    const blog = blogAt(url);
    const loop = blog.onTemperature({ bufferSize: 10 });
    let isSubscribed = false;
    const first = loop.next().then(() => (isSubscribed = true));
    while (!isSubscribed) {
      await service.publish('temperature', { ...READING, celsius: -1 });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await first;
    for (let celsius = 0; celsius < 500; celsius++) void service.publish('temperature', { ...READING, celsius });
    const seen: unknown[] = [];
    while (seen.at(-1) !== 499) {
      const celsius = (await loop.next()).value?.celsius;
      if (celsius !== -1) seen.push(celsius);
    }
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index));
    await loop.return();
  });

  test('QoS 0 and 2, and a topic prefix', async () => {
    const url = broker();
    for (const qos of [0, 2] as const) {
      const topicPrefix = `site/${qos}`;
      const { service } = await process(url, { qos, topicPrefix });
      const blog = blogAt(url, { qos, topicPrefix });
      const got: number[] = [];
      await blog.onTemperature(({ celsius }) => void got.push(celsius));
      await service.publish('temperature', { ...READING, celsius: qos });
      expect((await blog.getUser({ id: 123 })).id).toBe(123);
      await until(() => got.length === 1, 'the event came');
    }
  });
}

describe('the embedded broker, MQTT 3.1.1', () => {
  let broker: Awaited<ReturnType<typeof mqttBroker>>;
  beforeAll(async () => void (broker = await mqttBroker({ port: 0 })));
  afterAll(() => broker.close());
  suite(4, () => broker.url);

  test('takes WebSockets on an HTTP port, of pages from the same host alone', async () => {
    const http = await listen(() => ({ status: 404, headers: {}, body: '' }));
    const detach = broker.attach(http.server);
    cleanups.push(() => http.close(0), detach);
    await process(broker.url);
    const url = `${http.url.replace('http', 'ws')}/mqtt`;
    expect((await blogAt(url).getUser({ id: 123 })).id).toBe(123);
    const upgrade = (origin: string) => fetch(`${http.url}/mqtt`, { headers: { origin } }).then(({ status }) => status);
    expect(await upgrade('http://evil.example')).toBe(404);
    const evil = mqttjs.connect(url, { reconnectPeriod: 0, wsOptions: { headers: { origin: 'http://evil.example' } } });
    let isConnected = false;
    evil.on('connect', () => (isConnected = true));
    evil.on('error', () => {});
    await new Promise<void>((resolve) => evil.on('close', resolve));
    expect(isConnected).toBe(false);
    evil.end(true);
    expect(() => broker.attach(http.server, { origins: ['https://app.example.com/page'] })).toThrow("mqttBroker: 'https://app.example.com/page' is not an origin"); // prettier-ignore
  });

  test('onWire sees envelopes without the credentials in their headers', async () => {
    await process(broker.url);
    const seen: string[] = [];
    const blog = blogAt(broker.url, {
      headers: { authorization: 'Bearer hidden', 'x-tenant': 'seven' },
      onWire: (record) => seen.push(JSON.stringify(record)),
    });
    await blog.getUser({ id: 123 });
    expect(seen.join()).toContain('seven');
    expect(seen.join()).not.toContain('hidden');
  });

  test('asks who comes, and credentials are asked for again at each CONNECT', async () => {
    const strict = await mqttBroker({ port: 0, authenticate: ({ username, password }) => username === 'me' && password === 'token-2' });
    cleanups.push(() => strict.close());
    let asked = 0;
    const blog = blogAt(strict.url, { version: 4, credentials: async () => ({ username: 'me', password: `token-${++asked}` }) });
    await expect(blog.onTemperature(() => {}, { timeoutMs: 2000 })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      details: { reasonCode: 4 },
    });
    await (
      await blog.onTemperature(() => {})
    )();
    expect(asked).toBe(2);
  });

  test('a port in use rejects with what to do', async () => {
    await expect(mqttBroker({ port: broker.port })).rejects.toThrow(/in use.*choose another port/);
  });
});

test('serve has a broker for browsers too, and AsyncAPI tells of MQTT', async () => {
  const service = createBlogService();
  const served = await serve(service, { port: 0 });
  cleanups.push(
    () => service.close(),
    () => served.close(),
  );
  for (const url of [served.mqtt ?? '', `${served.http.replace('http', 'ws')}/mqtt`]) {
    expect((await blogAt(url).getUser({ id: 123 })).id).toBe(123);
  }
  const document = JSON.stringify(await (await fetch(`${served.http}/asyncapi.json`)).json());
  expect(document).toContain('"mqtt":{"qos":1,"retain":false,"bindingVersion":"0.2.0"}');
});

describe('no broker', () => {
  test('a call fails at once, and says that it was not sent', async () => {
    const port = await freePort();
    const blog = blogAt(`mqtt://127.0.0.1:${port}`);
    await expect(blog.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
  });

  // Of a name with several addresses each has an error, and what Node throws for them all has no message.
  test.each(['127.0.0.1', 'localhost'])('the message asks whether there is a broker at %s', async (host) => {
    const port = await freePort();
    const reason = `no connection to the broker at mqtt://${host}:${port}: nothing listens there: is the broker running? (ECONNREFUSED)`;
    await expect(blogAt(`mqtt://${host}:${port}`).getUser({ id: 123 })).rejects.toMatchObject({ text: reason, sent: false });
  });

  test('with offline: queue a call waits for the broker, and no longer than its deadline', async () => {
    const port = await freePort();
    const blog = blogAt(`mqtt://127.0.0.1:${port}`, { offline: 'queue' });
    await expect(blog.getUser({ id: 123 }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const call = blog.getUser({ id: 123 });
    const broker = await mqttBroker({ port });
    cleanups.push(() => broker.close());
    await process(broker.url);
    // A request without a subscriber is lost over MQTT 3.1.1: the service may come too late for it.
    await Promise.race([call, blog.getUser({ id: 123 })]);
    call.catch(() => {});
  });

  test('a hub keeps events, and publishes them once there is a broker', async () => {
    const port = await freePort();
    const errors: unknown[] = [];
    const hub = mqttHub({ url: `mqtt://127.0.0.1:${port}`, maxQueued: 2, onError: (error) => errors.push(error) });
    const service = createBlogService({ events: hub, onError: (error) => errors.push(error) });
    cleanups.push(
      () => hub.close(),
      () => service.close(),
    );
    for (const celsius of [1, 2]) await service.publish('temperature', { ...READING, celsius });
    const broker = await mqttBroker({ port });
    cleanups.push(() => broker.close());
    const { heard } = await foreign(broker.url, 4, 'sensors/temperature');
    await until(() => heard.length === 2, 'the events came');
    expect(heard.map(({ text }) => (JSON.parse(text) as { celsius: number }).celsius)).toEqual([1, 2]);
  });

  test('a url that is none is refused when the adapter is made', () => {
    for (const url of [
      'localhost',
      'http://localhost',
      'mqtt://me:secret@localhost',
      'mqtt://:secret@localhost',
      'http://me:secret@localhost',
    ]) {
      expect(() => mqtt({ url })).toThrow(TypeError);
      expect(() => mqtt({ url })).not.toThrow('secret');
    }
    expect(() => createClient({ transport: mqtt({ url: 'mqtt://localhost', topicPrefix: '/a+' }) })).toThrow(TypeError);
  });
});

describe.skipIf(noMosquitto !== undefined)(`Mosquitto, MQTT 5${noMosquitto === undefined ? '' : `: skipped, ${noMosquitto}`}`, () => {
  let broker: Awaited<ReturnType<typeof startMosquitto>>;
  beforeAll(async () => void (broker = await startMosquitto(['set_tcp_nodelay true'])));
  afterAll(() => broker.close());
  suite(5, () => broker.url);

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
