import { createClient as createSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { createBlogService } from '../../src/blog/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { createClient } from '../../src/index.ts';
import { ARTICLE, serveGraphql } from './support.ts';

let server: Awaited<ReturnType<typeof serveGraphql>>;
beforeAll(async () => {
  server = await serveGraphql(createBlogService());
});
afterAll(() => server.close());

describe('graphql-transport-ws', () => {
  it('serves a graphql-ws client: queries, subscriptions, errors', async () => {
    const service = createBlogService();
    const own = await serveGraphql(service);
    const client = createSocketClient({ url: own.endpoint.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    const first = await client.iterate({ query: ARTICLE }).next();
    expect(first.value).toMatchObject({ data: { user: { username: 'john_doe' } } });
    await expect(client.iterate({ query: '{ nope }' }).next()).rejects.toMatchObject([{ extensions: { code: 'UNIMPLEMENTED' } }]);
    const chat = client.iterate({ query: 'subscription { message { sender message } }', extensions: { ack: true } });
    expect((await chat.next()).value).toEqual({ data: null, extensions: { subscribed: true, after: '' } });
    await service.publish('message', { sender: 'user123', message: 'Hello, everyone!' });
    expect((await chat.next()).value).toEqual({
      data: { message: { sender: 'user123', message: 'Hello, everyone!' } },
      extensions: { id: expect.any(String), time: expect.any(String), after: '' },
    });
    await chat.return?.();
    await client.dispose();
    await own.close();
  });

  const closes: Record<string, { readonly code: number; readonly send: readonly unknown[]; readonly protocol?: string }> = {
    'no JSON': { code: 4400, send: ['{'] },
    'an unknown type': { code: 4400, send: [{ type: 'hello' }] },
    'a subscription before init': { code: 4401, send: [{ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } }] },
    'a second init': { code: 4429, send: [{ type: 'connection_init' }, { type: 'connection_init' }] },
    'an id in use': {
      code: 4409,
      send: [
        { type: 'connection_init' },
        ...['1', '1'].map((id) => ({ id, type: 'subscribe', payload: { query: 'subscription { message { sender } }' } })),
      ],
    },
    'an id that is too long': {
      code: 4400,
      send: [{ type: 'connection_init' }, { id: 'x'.repeat(1025), type: 'subscribe', payload: { query: '{ __typename }' } }],
    },
    'no init in time': { code: 4408, send: [] },
    'another protocol': { code: 4406, send: [], protocol: 'graphql-ws' },
  };
  for (const [name, { code, send, protocol }] of Object.entries(closes)) {
    it(`closes with ${code} after ${name}`, async () => {
      const own = await serveGraphql(createBlogService(), { initializeTimeoutMs: 100 });
      const socket = new WebSocket(own.endpoint.replace('http', 'ws'), protocol ?? 'graphql-transport-ws');
      const closed = new Promise<number>((resolve) => {
        socket.on('close', resolve);
        // The client of ws gives up by itself where no protocol was agreed on.
        socket.on('error', () => resolve(4406));
      });
      socket.on('open', () => send.forEach((message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))));
      expect(await closed).toBe(code);
      await own.close();
    });
  }

  const status = (url: string, origin?: string) =>
    new Promise<number | undefined>((resolve) => {
      const socket = new WebSocket(url, 'graphql-transport-ws', { ...(origin !== undefined && { origin }) });
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
      socket.on('open', () => (socket.close(), resolve(101)));
    });

  it('limits the connections of an address', async () => {
    const own = await serveGraphql(createBlogService(), { maxConnectionsPerAddress: 1 });
    const url = own.endpoint.replace('http', 'ws');
    const first = new WebSocket(url, 'graphql-transport-ws');
    await new Promise((resolve) => first.once('open', resolve));
    expect(await status(url)).toBe(429);
    first.close();
    await vi.waitFor(async () => expect(await status(url)).toBe(101));
    await own.close();
  });

  it('refuses pages of other origins, and paths that are not its own', async () => {
    const url = server.endpoint.replace('http', 'ws');
    expect(await status(url, 'https://evil.example')).toBe(403);
    expect(await status(url, server.url)).toBe(101);
    expect(await status(url.replace('/graphql', '/other'))).toBe(404);
  });

  const expiring = () =>
    createBlogService({
      context: ({ headers }) => ({ expiresAtMs: headers['authorization'] === 'Bearer 1' ? Date.now() + 100 : Date.now() + 60_000 }),
    });

  it('closes with 4403 when a token expires, and only the socket that it came with', async () => {
    const service = expiring();
    const own = await serveGraphql(service);
    const closes: unknown[] = [];
    const clients = ['1', '2'].map((token) =>
      createSocketClient({
        url: own.endpoint.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${token}` },
        retryAttempts: 0,
        on: { closed: (event) => closes.push([token, (event as { code: number }).code, (event as { reason: string }).reason]) },
      }),
    );
    const [first, second] = clients.map((client) =>
      client.iterate({ query: 'subscription { message { message } }', extensions: { ack: true } }),
    );
    for (const events of [first, second]) expect((await events?.next())?.value).toMatchObject({ extensions: { subscribed: true } });
    await expect(first?.next()).rejects.toMatchObject({ code: 4403 });
    expect(closes).toEqual([['1', 4403, expect.stringMatching(/expired/)]]);
    await service.publish('message', { sender: 'a', message: 'still here' });
    expect((await second?.next())?.value).toMatchObject({ data: { message: { message: 'still here' } } });
    for (const client of clients) await client.dispose();
    await own.close();
  });

  it('is resumed by our client with a new token, behind the last event that it saw', async () => {
    const service = expiring();
    const own = await serveGraphql(service);
    const closes: number[] = [];
    const subscribes: (string | undefined)[] = [];
    const seen: [message: string, id: string][] = [];
    class Watched extends WebSocket {
      constructor(address: string, protocols?: string | string[]) {
        super(address, protocols);
        this.on('close', (code) => closes.push(code));
      }
    }
    let tokens = 0;
    const headers = async () => {
      // Nobody listens at this moment: only who resumes will see it.
      if (++tokens === 2) await service.publish('message', { sender: 'a', message: 'between' });
      return { authorization: `Bearer ${tokens}` };
    };
    const blog = createClient({
      transport: graphql({
        url: own.url,
        headers,
        WebSocket: Watched,
        onWire: ({ start, body }) => {
          if (start === 'subscribe')
            subscribes.push(
              (JSON.parse(body ?? '') as { payload: { extensions: { lastEventId?: string } } }).payload.extensions.lastEventId,
            );
        },
      }),
    });
    await blog.onMessage(({ message }, { id }) => void seen.push([message, id]));
    await service.publish('message', { sender: 'a', message: 'before' });
    await expect.poll(() => seen.length, { timeout: 5000 }).toBe(2);
    await service.publish('message', { sender: 'a', message: 'after' });
    await expect.poll(() => seen.map(([message]) => message), { timeout: 5000 }).toEqual(['before', 'between', 'after']);
    expect(subscribes).toEqual([undefined, seen[0]?.[1]]);
    expect([closes, tokens]).toEqual([[4403], 2]);
    await blog.close();
    await own.close();
  });
});
