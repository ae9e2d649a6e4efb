import mqttjs from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { listen } from '../../src/http/node/listen.ts';
import { mqttBroker } from '../../src/mqtt/server.ts';
import { serve } from '../../src/serve/index.ts';
import { mqttBlog } from '../support/mqtt-blog.ts';

const { cleanups, blogAt, process } = mqttBlog();

describe('the embedded broker', () => {
  let broker: Awaited<ReturnType<typeof mqttBroker>>;
  beforeAll(async () => void (broker = await mqttBroker({ port: 0 })));
  afterAll(() => broker.close());

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

describe('serve', () => {
  test('has a broker for browsers too if a path is given, and AsyncAPI tells of MQTT', async () => {
    const service = createBlogService();
    const served = await serve(service, { port: 0, grpcPort: 0, mqttPath: '/mqtt' });
    cleanups.push(
      () => service.close(),
      () => served.close(),
    );
    for (const url of [served.mqtt ?? '', `${served.http.replace('http', 'ws')}/mqtt`]) {
      expect((await blogAt(url).getUser({ id: 123 })).id).toBe(123);
    }
    const closed = await serve(service, { port: 0, grpcPort: 0 });
    cleanups.push(() => closed.close());
    expect((await fetch(`${closed.http}/mqtt`)).status).toBe(404);
    const document = JSON.stringify(await (await fetch(`${served.http}/asyncapi.json`)).json());
    expect(document).toContain('"mqtt":{"qos":1,"retain":false,"bindingVersion":"0.2.0"}');
  });
});
