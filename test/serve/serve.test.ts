import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test, describe } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { grpcHandler } from '../../src/grpc/server.ts';
import { restHandler } from '../../src/rest/server.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { webhookHandler } from '../../src/webhook/server.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { createClient, createService, defineContract, stream } from '../../src/index.ts';
import { ApiError } from '../../src/core/errors.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import type { ContextInfo } from '../../src/service/types.ts';
import { freePort } from '../support/free-port.ts';

const service = createBlogService();
let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

describe('serve', () => {
  test('serves on one port and says where', async () => {
    served = await serve(service, { port: 0, grpcPort: 0 });
    expect(served.http).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${served.http}/healthz`)).status).toBe(200);
    expect((await fetch(`${served.http}/weather/Oslo`)).status).toBe(200);
    expect((await fetch(`${served.http}/nowhere`)).status).toBe(404);
  });

  test('serves a contract that has nothing but streams, which SOAP does not carry', async () => {
    const contract = defineContract({ name: 'lists', operations: { list: stream({ item: z.int32(), http: 'GET /list' }) }, events: {} });
    const lists = createService(contract, { list: () => (async function* () { yield 1; })() }); // prettier-ignore
    served = await serve(lists, { port: 0, grpcPort: 0 });
    expect(await (await fetch(`${served.http}/list`, { headers: { accept: 'application/x-ndjson' } })).text()).toBe('1\n');
    await lists.close();
  });

  test('lets pages of other origins call where it is told to', async () => {
    const origin = 'https://app.example.com';
    const post = async (url: string) => {
      const headers = { origin, 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' };
      const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: '{"query":"{ __typename }"}' });
      return [answer.status, answer.headers.get('access-control-allow-origin')];
    };
    served = await serve(service, { port: 0, grpcPort: 0, cors: { origins: [origin] } });
    expect(await post(served.http)).toEqual([200, origin]);
    await served.close();
    served = await serve(service, { port: 0, grpcPort: 0 });
    expect(await post(served.http)).toEqual([403, null]);
  });

  test.each([
    [{ cors: { origins: ['https://app.example.com'] } }, 'open'],
    [{ cors: true as const }, 'refused'],
    [{ cors: true as const, origins: ['https://app.example.com'] }, 'open'],
    [{}, 'refused'],
  ])('%o lets a page of another origin open sockets: %s', async (options, outcome) => {
    served = await serve(service, { port: 0, grpcPort: 0, mqttPath: '/mqtt', ...options });
    const url = served.http.replace('http', 'ws');
    for (const [path, protocol] of [['/ws'], ['/chat'], ['/graphql', 'graphql-transport-ws'], ['/mqtt', 'mqtt']] as const) {
      const socket = new WebSocket(url + path, protocol ?? [], { headers: { origin: 'https://app.example.com' } });
      const told = once(socket, 'open').then(
        () => 'open',
        () => 'refused',
      );
      expect([path, await told]).toEqual([path, outcome]);
      socket.terminate();
    }
  });

  test('close is idempotent, ends streams, and leaves the service alone', async () => {
    const mine = await serve(service, { port: 0, grpcPort: 0 });
    const stream = await fetch(`${mine.http}/chat`);
    await Promise.all([mine.close(), mine.close()]);
    expect(await stream.text()).toContain('event: end');
    await expect(fetch(`${mine.http}/healthz`)).rejects.toThrow();
    served = await serve(service, { port: 0, grpcPort: 0 });
    expect((await fetch(`${served.http}/users/123`)).status).toBe(200);
  });

  test('a port in use rejects', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    await expect(serve(service, { grpcPort: 0, port: (other.address() as AddressInfo).port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    other.close();
  });

  test('where a later port is in use, nothing listens', async () => {
    const [free, other] = [createServer().listen(0, '127.0.0.1'), createServer().listen(0, '127.0.0.1')];
    await Promise.all([once(free, 'listening'), once(other, 'listening')]);
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    await expect(serve(service, { port, grpcPort: (other.address() as AddressInfo).port })).rejects.toThrow('in use');
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    other.close();
  });

  test('two ports that are the same are told by name', async () => {
    const port = await freePort();
    await expect(serve(service, { port, grpcPort: port })).rejects.toThrow(`port and grpcPort are the same port ${port}: choose another`);
  });

  test('an idempotency key is the same bare and quoted', async () => {
    const { http } = (served = await serve(service, { port: 0, grpcPort: 0 }));
    const post = async (key: string): Promise<unknown> => {
      const response = await fetch(`${http}/posts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: '{"authorId":123,"title":"Once","content":""}',
      });
      return response.json();
    };
    const first = await post('"a\\"b"');
    expect(first).toMatchObject({ title: 'Once' });
    expect(await post('a"b')).toEqual(first);
    expect(await post('other')).not.toEqual(first);
  });

  test('where the context wants to know who asks, events reach the MQTT broker by the headers given for that, and not without', async () => {
    const context = ({ headers }: ContextInfo) => {
      if (headers['authorization'] !== 'Bearer broker') throw new ApiError('UNAUTHENTICATED', 'who are you?');
    };
    const asking = createBlogService({ context });
    const errors: unknown[] = [];
    const options = { port: 0, grpcPort: 0, onError: (error: unknown) => void errors.push(error) };
    served = await serve(asking, { ...options, mqttEventHeaders: async () => ({ authorization: 'Bearer broker' }) });
    await using blog = createClient({ transport: mqtt({ url: served.mqtt, headers: { authorization: 'Bearer broker' } }) });
    const heard = new Promise(
      (resolve) => void blog.onMessage(resolve).then(() => asking.publish('message', { sender: 'ann', message: 'hi' })),
    );
    expect(await heard).toEqual({ sender: 'ann', message: 'hi' });
    expect(errors).toEqual([]);

    const without = await serve(asking, options);
    const reason = expect.stringMatching(
      /^the events 'message', 'articlePublished', 'temperature' are not published on MQTT: who are you\?: give 'eventHeaders'.*'mqttEventHeaders'.*--mqtt-event-header/,
    );
    expect(errors).toEqual([expect.objectContaining({ code: 'UNAUTHENTICATED', text: reason })]);
    await without.close();
    await asking.close();
  });

  test.each([
    [blogContract, 'this is a contract'],
    [mqtt({ url: 'mqtt://127.0.0.1' }), 'this is an adapter'],
    [undefined, 'this is a value of type undefined'],
  ])('what is no transport is refused with the likely mistake', async (given, mistake) => {
    await expect(serve(given as never)).rejects.toThrow(`serve: ${mistake}`);
    const handlers = { restHandler, graphqlHandler, webSocketHandler, soapHandler, webhookHandler, grpcHandler };
    for (const [name, handler] of Object.entries(handlers)) expect(() => handler(given as never)).toThrow(`${name}: ${mistake}`);
    await expect(serveMqtt(given as never, { url: 'mqtt://127.0.0.1' })).rejects.toThrow(`serveMqtt: ${mistake}`);
  });
});
