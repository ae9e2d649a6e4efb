import { afterEach, describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import type { HttpHandler } from '../../src/http/index.ts';
import { createClient } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { serve, type Served, type ServeOptions } from '../../src/serve/index.ts';
import { memoryWebhookStore } from '../../src/webhook/server.ts';
import { until } from '../support/until.ts';
import { freePort } from '../support/free-port.ts';

let served: Served | undefined;
const PORTS = { port: 0, grpcPort: 0, mqttPort: 0 } as const;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

const status = (url: string, init?: RequestInit) =>
  fetch(url, init).then(
    async (answer) => {
      await answer.arrayBuffer();
      return answer.status;
    },
    () => 0,
  );

describe('a server that starts', () => {
  it('answers 503 until everything that publishes events stands, with a time to come back', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    let open = (): void => {};
    const held = new Promise<void>((resolve) => (open = resolve));
    const inner = memoryWebhookStore();
    const store = { ...inner, load: async () => (await held, inner.load()), sharing: undefined };
    const starting = serve(createBlogService(), { ...PORTS, port, webhook: { store } });
    await until(async () => (await status(`${url}/healthz`)) === 503, 'the port listens');
    const early = await fetch(`${url}/chat`, {
      method: 'POST',
      body: '{"sender":"a","message":"b"}',
      headers: { 'content-type': 'application/json' },
    });
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await fetch(`${url}/healthz`).then((answer) => answer.json())).toEqual({ status: 'starting' });
    open();
    served = await starting;
    expect(await status(`${url}/healthz`)).toBe(200);
    expect(await status(`${url}/users/123`)).toBe(200);
  });

  it('publishes on MQTT what the first call that it takes writes', async () => {
    const port = await freePort();
    const broker = await (await import('../../src/mqtt/broker.ts')).mqttBroker({ port: 0, open: true });
    const client = createClient({ transport: mqtt({ url: broker.url }) });
    const heard: string[] = [];
    await client.onMessage(({ message }) => void heard.push(message));
    const starting = serve(createBlogService(), { ...PORTS, port, mqttBroker: broker });
    const body = { method: 'POST', body: '{"sender":"a","message":"first"}', headers: { 'content-type': 'application/json' } };
    await until(async () => (await status(`http://127.0.0.1:${port}/chat`, body)) === 201, 'a call is taken');
    served = await starting;
    await until(() => heard.includes('first'), 'the event is heard');
    await client.close();
    await served.close();
    await broker.close();
  });
});

describe('a server that stops', () => {
  it('says 503 at /healthz at once, and serves calls for drainMs more', async () => {
    const mine = await serve(createBlogService(), { ...PORTS, drainMs: 300 });
    const closing = mine.close();
    expect(await status(`${mine.http}/healthz`)).toBe(503);
    expect(await status(`${mine.http}/users/123`)).toBe(200);
    await closing;
    expect(await status(`${mine.http}/healthz`)).toBe(0);
  });

  it('publishes on MQTT what a call in flight writes', async () => {
    let answer = (): void => {};
    let isCalled = false;
    const held = new Promise<void>((resolve) => (answer = resolve));
    const hold: HttpHandler = ({ path }) => {
      if (path !== '/hold') return undefined;
      isCalled = true;
      return held.then(async () => {
        await service.publish('message', { sender: 'a', message: 'last' });
        return { status: 201, headers: {}, body: '' };
      });
    };
    const service = createBlogService();
    const broker = await (await import('../../src/mqtt/broker.ts')).mqttBroker({ port: 0, open: true });
    const client = createClient({ transport: mqtt({ url: broker.url }) });
    const heard: string[] = [];
    await client.onMessage(({ message }) => void heard.push(message));
    const mine = await serve(service, { ...PORTS, mqttBroker: broker, handlers: [hold] });
    const inFlight = status(`${mine.http}/hold`);
    await until(() => isCalled, 'the call is there');
    const closing = mine.close();
    answer();
    expect(await inFlight).toBe(201);
    await closing;
    await until(() => heard.includes('last'), 'the event is heard');
    await client.close();
    await broker.close();
  });
});

describe('the protocols to serve', () => {
  it('are those that are listed', async () => {
    served = await serve(createBlogService(), { port: 0, playground: false, protocols: ['rest', 'soap'] });
    expect(served).toEqual({ http: served.http, close: served.close });
    expect(await status(`${served.http}/users/123`)).toBe(200);
    expect(await status(`${served.http}/soap?wsdl`)).toBe(200);
    expect(await status(`${served.http}/graphql`)).toBe(404);
  });

  it('take their own options', async () => {
    served = await serve(createBlogService(), {
      port: 0,
      protocols: ['rest', 'graphql'],
      graphql: { path: '/q' },
      rest: { basePath: '/api' },
    });
    expect(await status(`${served.http}/q?query={__typename}`, { headers: { accept: 'application/json', 'x-requested-with': 'x' } })).toBe(
      200,
    );
    expect(await status(`${served.http}/api/users/123`)).toBe(200);
  });

  it('are named if one is unknown', async () => {
    const options = { protocols: ['res'] } as unknown as ServeOptions;
    await expect(serve(createBlogService(), options)).rejects.toThrow("serve: there is no protocol 'res', do you mean 'rest'?");
  });
});
