/** What the host of a handler gives it: its middleware, its user, its certificate, its callers' address. */
import { createServer, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createBlogService } from '../../src/blog/service.ts';
import { fetchHandler, listen, nodeListener } from '../../src/http/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { ApiError, createClient, createService, defineContract, event, mutation, query, type Adapter, type Peer } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { serve as serveAll } from '../../src/serve/index.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { makeCertificate, noOpenssl } from '../support/certificates.ts';
import { dial, echo, serve } from '../support/dial.ts';
import { until } from '../support/until.ts';
import { refusal } from '../websocket/support.ts';
import { because } from '../support/system-peer.ts';

/** json-server brings it. */
const compression = createRequire(import.meta.url)('compression') as () => RequestHandler;

async function listenTo(app: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const who = defineContract({
  name: 'who',
  operations: { getCaller: query({ output: z.object({ name: z.string() }), http: 'GET /caller' }) },
});
const whoService = createService(
  who,
  { getCaller: (_, { context }: { context: { name: string } }) => context },
  { context: ({ peer }) => ({ name: (peer?.caller as { name: string } | undefined)?.name ?? 'nobody' }) },
);

describe("the host's user", () => {
  it('reaches context from the middleware of a Node framework', async () => {
    const app = express();
    app.use((req, _, next) => {
      (req as { user?: unknown }).user = { name: 'ada' };
      next();
    });
    app.all(/^\//, nodeListener(restHandler(whoService), { caller: (req) => (req as { user?: unknown }).user }));
    expect(await (await fetch(`${await listenTo(app)}/caller`)).json()).toEqual({ name: 'ada' });
  });

  it('reaches context from a fetch handler', async () => {
    const handle = fetchHandler(restHandler(whoService));
    const request = () => new Request('http://x/caller');
    expect(await (await handle(request(), { caller: { name: 'ada' } })).json()).toEqual({ name: 'ada' });
    expect(await (await handle(request())).json()).toEqual({ name: 'nobody' });
  });

  it('reaches context from upgrades, which no middleware sees', async () => {
    const contract = defineContract({
      name: 'door',
      operations: { getCaller: query({ output: z.object({ name: z.string() }) }) },
      events: { rung: event({ channel: 'rung', payload: z.object({ by: z.string() }) }) },
    });
    const seen: unknown[] = [];
    const service = createService(
      contract,
      { getCaller: (_, { context }: { context: { name: string } }) => context },
      { context: ({ peer }) => (seen.push(peer), { name: String(peer?.caller) }) },
    );
    const caller = async ({ headers }: IncomingMessage) => `a ${headers.upgrade ?? 'plain'} caller`;
    const served = await serveAll(service, { port: 0, protocols: ['rest', 'graphql', 'websocket'], caller });
    onTestFinished(() => served.close());
    const url = served.http;
    const made: Record<string, Adapter> = { rest: rest({ url }), websocket: webSocket({ url }), graphql: graphql({ url }) };
    for (const transport of Object.values(made)) {
      const client = createClient({ contract, transport });
      await client.onRung(() => {});
      await client.close();
    }
    expect(seen.map((peer) => [(peer as Peer).protocol, (peer as Peer).caller])).toEqual([
      ['rest', expect.any(Promise)],
      ['websocket', 'a websocket caller'],
      ['graphql', 'a websocket caller'],
    ]);
  });

  it('refuses an upgrade by the error that it throws', async () => {
    const errors: unknown[] = [];
    const handler = webSocketHandler(whoService, { onError: (error) => errors.push(error) });
    const server = await serve(echo);
    handler.attach(server.server, {
      caller: ({ headers }) => {
        if (headers['x-user'] === 'mallory') throw new ApiError('PERMISSION_DENIED', 'not mallory');
        if (headers['x-user'] === 'eve') return Promise.reject(new Error('the session store is down'));
        return undefined;
      },
    });
    onTestFinished(() => handler.close(0));
    const status = async (user: string) => (await refusal(`ws://127.0.0.1:${server.port}/ws`, { 'x-user': user })).status;
    expect([await status('ada'), await status('mallory'), await status('eve')]).toEqual([101, 403, 500]);
    expect(errors).toEqual([new Error('the session store is down')]);
    expect(() => handler.attach(server.server, { calller: () => 1 } as object)).toThrow(/unknown option 'calller', do you mean 'caller'/);
  });
});

describe('event streams', () => {
  it('pass middleware that compresses, each event at once', async () => {
    const service = createBlogService();
    onTestFinished(() => service.close());
    const app = express()
      .use(compression())
      .all(/^\//, nodeListener(restHandler(service)));
    const response = await fetch(`${await listenTo(app)}/chat`, { headers: { accept: 'text/event-stream' } });
    expect(response.headers.get('content-encoding')).toBeNull();
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
    })().catch(() => {});
    await service.publish('message', { sender: 'a', message: 'first' });
    await until(() => text.includes('first'));
    await service.close();
    await reading;
  });
});

describe('a request that is cut on its way', () => {
  it.each([
    ['in its body, both ways closed', (socket: { destroySoon(): void }) => socket.destroySoon()],
    ['in its body, one way closed', (socket: { end(): void }) => socket.end()],
  ])('%s gets no answer', async (_, cut) => {
    const server = await serve(echo);
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
    wire.socket.once('connect', () => cut(wire.socket));
    expect(await wire.closed).toBe('');
  });

  it('in its head gets none either', async () => {
    const server = await serve(echo);
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\nconte');
    wire.socket.once('connect', () => wire.socket.end());
    expect(await wire.closed).toBe('');
  });
});

describe.skipIf(noOpenssl !== undefined)(`a certificate${because(noOpenssl)}`, () => {
  it('makes a server speak https, and stop as any other', async () => {
    const { cert, key, remove } = makeCertificate();
    onTestFinished(remove);
    const server = await listen(echo, { tls: { cert, key } });
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    const body = await new Promise<string>((resolve, reject) => {
      httpsRequest(`${server.url}/a?b`, { ca: cert, method: 'POST' }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
      })
        .on('error', reject)
        .end('hello');
    });
    expect(JSON.parse(body)).toEqual({ method: 'POST', path: '/a', query: 'b', body: 'hello' });
    await server.close();
  });
});

describe('behind a proxy that strips a prefix', () => {
  const shop = defineContract({
    name: 'shop',
    operations: {
      getItem: query({ input: z.object({ id: z.int32() }), output: z.object({ id: z.int32() }), http: 'GET /items/{id}' }),
      makeItem: mutation({ output: z.object({ id: z.int32() }), http: 'POST /items' }),
      listItems: query({
        input: z.object({ limit: z.int32().default(1), after: z.int32().optional() }),
        output: z.array(z.object({ id: z.int32() })),
        pagedBy: 'id',
        http: 'GET /items',
      }),
      findItems: query({ input: z.object({ text: z.string() }), output: z.array(z.object({ id: z.int32() })), http: 'POST /search' }),
    },
  });
  const service = createService(shop, {
    getItem: (input) => input,
    makeItem: () => ({ id: 7 }),
    listItems: ({ after = 0 }) => [{ id: after + 1 }],
    findItems: () => [],
  });
  const ask = (options: object, path: string, init: RequestInit = {}) =>
    fetchHandler(restHandler(service, options))(new Request(`http://inside:8080${path}`, init));

  it('Location, Link and the servers of the descriptions lead back', async () => {
    const options = { publicUrl: 'https://shop.example/api/', basePath: '/v2' };
    const made = await ask(options, '/v2/items', { method: 'POST' });
    expect([made.status, made.headers.get('location')]).toEqual([201, 'https://shop.example/api/v2/items/7']);
    expect((await ask(options, '/v2/items')).headers.get('link')).toBe('<https://shop.example/api/v2/items?after=1&limit=1>; rel="next"');
    expect(await (await ask(options, '/v2/openapi.json')).json()).toMatchObject({ servers: [{ url: 'https://shop.example/api/v2' }] });
    expect(await (await ask(options, '/v2/asyncapi.json')).json()).toMatchObject({
      servers: { sse: { host: 'shop.example', pathname: '/api/v2' } },
    });
  });

  it('a public address that is none is refused', () => {
    for (const publicUrl of ['/api', 'ftp://a', 'https://a?b', 'https://a:b@c'])
      expect(() => restHandler(service, { publicUrl })).toThrow('publicUrl');
  });

  it('a query by POST makes nothing: 200', async () => {
    expect(
      (await ask({}, '/search', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"a"}' })).status,
    ).toBe(200);
    const document = (await (await ask({}, '/openapi.json')).json()) as { paths: Record<string, { post: { responses: object } }> };
    expect(Object.keys(document.paths['/search']?.post.responses ?? {})).toEqual(['200', '400', 'default']);
  });
});

describe('small answers', () => {
  const blog = restHandler(createBlogService());
  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    fetchHandler(blog)(new Request(`http://x${path}`, { method, headers }));

  it('fields that are repeated are one list', async () => {
    const response = await ask('GET', '/users/123?fields=username&fields=email');
    expect(Object.keys((await response.json()) as object)).toEqual(['username', 'email']);
  });

  it('an operation without output answers whoever takes anything', async () => {
    expect((await ask('DELETE', '/posts/1', { accept: 'application/problem+json' })).status).toBe(204);
    expect((await ask('GET', '/users/123', { accept: 'text/html' })).status).toBe(406);
  });

  it('HEAD of an event path says nothing of a length', async () => {
    const server = await serve(blog);
    const wire = dial(server, 'HEAD /chat HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const head = await wire.closed;
    expect(head).toContain('text/event-stream');
    expect(head).not.toMatch(/content-length/i);
  });
});
