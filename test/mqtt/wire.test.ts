import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { mqttBlog, READING } from '../support/mqtt-blog.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';

const PROCESS = fileURLToPath(new URL('../programs/mqtt-process.ts', import.meta.url));

const { cleanups, foreign, blogAt, process } = mqttBlog();

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
  beforeAll(async () => void (broker = await mqttBroker({ port: 0, open: true })));
  afterAll(() => broker.close());
  suite(4, () => broker.url);
});

describe.skipIf(noMosquitto !== undefined)(`Mosquitto, MQTT 5${noMosquitto === undefined ? '' : `: skipped, ${noMosquitto}`}`, () => {
  let broker: Awaited<ReturnType<typeof startMosquitto>>;
  beforeAll(async () => void (broker = await startMosquitto(['set_tcp_nodelay true'])));
  afterAll(() => broker.close());
  suite(5, () => broker.url);
});
