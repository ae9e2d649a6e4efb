import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient as createSocketClient } from 'graphql-ws';
import WebSocket from 'ws';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { graphql, type GraphqlOptions } from '../../src/graphql/client.ts';
import { graphqlHandler, persistedDocuments, type GraphqlHandlerOptions } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient } from '../../src/index.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A request as it went over the wire. */
interface Sent {
  readonly start: string;
  readonly body:
    { readonly query?: string; readonly extensions?: { readonly persistedQuery?: { readonly sha256Hash?: string } } } | undefined;
}

function connect(options: Pick<GraphqlOptions, 'url'> & Partial<GraphqlOptions>) {
  const sent: Sent[] = [];
  const blog = createClient({
    transport: graphql({
      persisted: true,
      ...options,
      onWire: ({ direction, start, body }) => {
        if (direction === 'out') sent.push({ start, body: body ? (JSON.parse(body) as Sent['body']) : undefined });
      },
    }),
  });
  closing.push(() => blog.close());
  return { blog, sent, shapes: () => sent.map(({ body }) => Object.keys(body ?? {}).join(' ')) };
}

async function serveOurs(options: GraphqlHandlerOptions = {}) {
  const handler = graphqlHandler(createBlogService(), options);
  const server = await listen(handler);
  handler.attach(server.server);
  closing.push(async () => {
    await handler.close();
    await server.close();
  });
  return server.url;
}

const textOf = async (request: IncomingMessage) => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

/** A server as others write it. Source: https://www.apollographql.com/docs/apollo-server/performance/apq */
async function serveApollo(status: number, answers: 'keeps' | 'keeps, and says so in words alone' | 'takes no hashes' = 'keeps') {
  const known = new Map<string, string>();
  const requests: { method: string | undefined; hasText: boolean }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { searchParams } = new URL(request.url ?? '', 'http://localhost');
      const body = (
        request.method === 'GET'
          ? { query: searchParams.get('query') ?? undefined, extensions: JSON.parse(searchParams.get('extensions') ?? '{}') as unknown }
          : JSON.parse(await textOf(request))
      ) as NonNullable<Sent['body']>;
      requests.push({ method: request.method, hasText: body.query !== undefined });
      const hash = body.extensions?.persistedQuery?.sha256Hash;
      const refuse = (message: string, code: string) => {
        const error = answers === 'keeps, and says so in words alone' ? { message } : { message, extensions: { code } };
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [error] }));
      };
      if (hash !== undefined && answers === 'takes no hashes') return refuse('PersistedQueryNotSupported', 'PERSISTED_QUERY_NOT_SUPPORTED');
      const text = body.query ?? known.get(hash ?? '');
      if (text === undefined) return refuse('PersistedQueryNotFound', 'PERSISTED_QUERY_NOT_FOUND');
      if (hash !== undefined) {
        if (createHash('sha256').update(text).digest('hex') !== hash) return refuse('provided sha does not match query', 'BAD_REQUEST');
        known.set(hash, text);
      }
      const name = /^mutation/.test(text) ? 'deletePost' : 'weather';
      const weather = { location: 'Oslo', temperature: '7°C', conditions: 'Rain' };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { [name]: name === 'weather' ? weather : true } }));
    })();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, requests };
}

describe('persisted documents of our client', () => {
  it('are sent once to our server, and by their hash from then on', async () => {
    const { blog, sent, shapes } = connect({ url: await serveOurs() });
    for (const id of [123, 123]) expect(await blog.getUser({ id }, { select: { username: true } })).toEqual({ username: 'john_doe' });
    expect(shapes()).toEqual(['extensions variables', 'query extensions variables', 'extensions variables']);
    const text = 'query getUser($id: Int!) { user(id: $id) { username } }';
    expect(sent[1]?.body?.query).toBe(text);
    const sha256Hash = createHash('sha256').update(text).digest('hex');
    for (const { body } of sent) expect(body?.extensions).toEqual({ persistedQuery: { version: 1, sha256Hash } });
    await expect(blog.getUser({ id: 7 }, { select: { username: true } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await blog.deletePost({ id: 1 });
    expect(shapes().slice(3)).toEqual(['extensions variables', 'extensions variables', 'query extensions variables']);
  });

  it('are sent each time to a server that keeps none', async () => {
    const { blog, shapes } = connect({ url: await serveOurs({ maxRegisteredChars: 0 }) });
    for (let again = 0; again < 2; again++) await blog.getWeather({ location: 'Oslo' });
    expect(shapes()).toEqual(Array(2).fill(['extensions variables', 'query extensions variables']).flat());
  });

  it('are all that a strict server takes, on sockets, too', async () => {
    const select = { username: true, posts: { title: true } } as const;
    const documents = await persistedDocuments(blogContract, { getUser: [select] });
    const url = await serveOurs({ persistedDocuments: documents, onlyPersisted: true });
    for (const subscriptions of ['ws', 'sse'] as const) {
      const { blog } = connect({ url, subscriptions });
      expect(await blog.getWeather({ location: 'Oslo' })).toMatchObject({ conditions: 'Rain' });
      expect(await blog.getUser({ id: 123 }, { select })).toMatchObject({ posts: expect.arrayContaining([{ title: 'RESTful APIs 101' }]) });
      await expect(blog.getUser({ id: 123 }, { select: { email: true } })).rejects.toMatchObject({ code: 'UNIMPLEMENTED', message: expect.stringContaining('PersistedQueryNotFound') }); // prettier-ignore
      const unsubscribe = await blog.onMessage(() => {});
      await unsubscribe();
    }
    const stranger = createSocketClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
    for (const query of ['{ __typename }', 'subscription { message { sender } }'])
      await expect(stranger.iterate({ query }).next()).rejects.toMatchObject([{ extensions: { code: 'PERMISSION_DENIED' } }]);
    await stranger.dispose();
  });

  it('are listed for a contract by their hashes: of each operation, each event, and each selection', async () => {
    const documents = await persistedDocuments(blogContract, { getUser: [{ username: true }], getUserPosts: [{ title: true }] });
    const members = [...Object.keys(blogContract.operations), ...Object.keys(blogContract.events)];
    expect(Object.values(documents)).toHaveLength(members.length + 2);
    expect(Object.values(documents)).toContain('query getUser($id: Int!) { user(id: $id) { username } }');
    for (const [hash, text] of Object.entries(documents)) expect(hash).toBe(createHash('sha256').update(text).digest('hex'));
    // @ts-expect-error a user has no such field
    const wrong = persistedDocuments(blogContract, { getUser: [{ nickname: true }] });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('nickname') }); // prettier-ignore
    await expect(persistedDocuments(blogContract, { getUsers: [] } as object)).rejects.toThrow(/no operation 'getUsers'/);
    expect(() => graphqlHandler(createBlogService(), { onlyPersisted: true })).toThrow(/'onlyPersisted' needs 'persistedDocuments'/);
  });

  it('are found by whatever ids they were given', async () => {
    const url = await serveOurs({
      persistedDocuments: { 'sha256:ABC': '{ __typename }', Weather_1: '{ weather(location: "Oslo") { conditions } }' },
    });
    const ask = async (documentId: string) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ documentId }) });
      return ((await response.json()) as { data?: unknown }).data;
    };
    expect(await ask('sha256:abc')).toEqual({ __typename: 'Query' });
    expect(await ask('Weather_1')).toEqual({ weather: { conditions: 'Rain' } });
  });

  it.each([200, 400])('are kept by a server in the manner of Apollo that refuses with %i', async (status) => {
    for (const answers of ['keeps', 'keeps, and says so in words alone'] as const) {
      const { url, requests } = await serveApollo(status, answers);
      const { blog } = connect({ url });
      for (let again = 0; again < 2; again++) expect(await blog.getWeather({ location: 'Oslo' })).toMatchObject({ location: 'Oslo' });
      expect(requests.map(({ hasText }) => hasText)).toEqual([false, true, false]);
    }
  });

  it('are sent as documents to a server that takes no hashes', async () => {
    const { url, requests } = await serveApollo(200, 'takes no hashes');
    const { blog, shapes } = connect({ url });
    for (let again = 0; again < 2; again++) expect(await blog.getWeather({ location: 'Oslo' })).toMatchObject({ location: 'Oslo' });
    expect(requests.map(({ hasText }) => hasText)).toEqual([false, true, true]);
    expect(shapes()).toEqual(['extensions variables', 'query variables', 'query variables']);
  });

  it('are refused where hashes cannot be made', () => {
    const { crypto } = globalThis;
    Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
    try {
      expect(() => graphql({ url: 'http://localhost:4000', persisted: true })).toThrow(/crypto\.subtle.*https/);
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    }
  });
});

describe('queries by GET', () => {
  it('carry the hash alone, and the document by POST where it is unknown', async () => {
    const { url, requests } = await serveApollo(200);
    for (const each of [url, await serveOurs()]) {
      const { blog, sent } = connect({ url: each, queryMethod: 'GET' });
      for (let again = 0; again < 2; again++) expect(await blog.getWeather({ location: 'Oslo' })).toMatchObject({ location: 'Oslo' });
      await blog.deletePost({ id: 1 });
      const [first] = sent;
      expect(first?.start).toMatch(/^GET \/graphql\?extensions=%7B%22persistedQuery%22.*&variables=%7B%22location%22%3A%22Oslo%22%7D$/);
      expect(sent.map(({ start }) => start.split(' ')[0])).toEqual(['GET', 'POST', 'GET', 'POST', 'POST']);
      expect(sent[2]).toEqual(first);
    }
    expect(requests.map(({ method, hasText }) => [method, hasText])).toEqual([['GET', false], ['POST', true], ['GET', false], ['POST', false], ['POST', true]]); // prettier-ignore
  });

  it('carry documents, too; long ones go by POST', async () => {
    const { blog, sent } = connect({ url: await serveOurs(), persisted: false, queryMethod: 'GET' });
    expect(await blog.getUser({ id: 123 }, { select: { username: true, posts: { title: true } } })).toMatchObject({ username: 'john_doe' });
    await expect(blog.getWeather({ location: 'Ö'.repeat(100) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(sent.map(({ start }) => start.slice(0, 20))).toEqual(['GET /graphql?query=q', 'GET /graphql?query=q']);
    const handler = graphqlHandler(createBlogService(), { path: '/graphql' });
    const server = await listen(handler);
    closing.push(() => server.close());
    const long = createClient({
      transport: graphql({
        url: server.url,
        queryMethod: 'GET',
        operations: { getWeather: `query ($location: String!) { weather(location: $location) { location temperature conditions } } #${'x'.repeat(7000)}` }, // prettier-ignore
        onWire: ({ direction, start }) => direction === 'out' && sent.push({ start, body: undefined }),
      }),
    });
    closing.push(() => long.close());
    expect(await long.getWeather({ location: 'Oslo' })).toMatchObject({ conditions: 'Rain' });
    expect(sent.at(-1)?.start).toBe('POST /graphql');
  });

  it('may be kept by caches, but not what was refused', async () => {
    const url = await serveOurs();
    // Clients that know nothing but JSON look no further than the status.
    for (const [accept, status] of [
      ['text/html, application/json;q=0.5', 200],
      ['application/graphql-response+json', 404],
    ] as const) {
      const refusal = await fetch(`${url}/graphql?documentId=sha256:00`, { headers: { accept } });
      expect([refusal.status, refusal.headers.get('cache-control')]).toEqual([status, 'no-store']);
      expect(await refusal.json()).toMatchObject({ errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] });
    }
    const answer = await fetch(`${url}/graphql?query={__typename}`);
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')]).toEqual([200, null, 'accept']);
    await answer.body?.cancel();
  });

  it('are taken from other sites only with a header for which a browser asks first', async () => {
    const url = `${await serveOurs()}/graphql?query={__typename}`;
    const statusWith = async (headers: Record<string, string>) =>
      (await fetch(url, { headers: { 'sec-fetch-site': 'cross-site', ...headers } })).status;
    expect(await statusWith({})).toBe(403);
    expect(await statusWith({ 'content-type': 'text/plain' })).toBe(403);
    expect(await statusWith({ 'content-type': 'application/json' })).toBe(200);
    expect(await statusWith({ 'x-graphql-require-preflight': '1' })).toBe(200);
  });
});
