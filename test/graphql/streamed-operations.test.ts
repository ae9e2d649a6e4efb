/** Streamed operations as subscription fields, for our client, for those of others, and at the servers of others. */
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { z } from 'zod';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler, graphqlSchema, persistedDocuments, type GraphqlHandlerOptions } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { ApiError, createClient, createService, defineContract, isApiError, mutation, query, stream } from '../../src/index.ts';
import { until } from '../support/until.ts';

const Author = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'Author' });
const Book = z.object({ title: z.string(), authorId: z.int32() }).meta({ id: 'Book' });
const contract = defineContract({
  name: 'model',
  operations: {
    getTokens: stream({
      summary: 'Says so many words',
      input: z.object({ count: z.int32(), size: z.int32().default(1) }),
      item: z.object({ text: z.string(), place: z.int32() }),
      errors: { SPENT: { code: 'RESOURCE_EXHAUSTED', details: z.object({ left: z.int32() }) } },
    }),
    write: mutation({ input: z.object({ lines: z.array(z.string()).min(1) }), item: z.string() }),
    maybes: stream({ item: z.object({ name: z.string().nullish() }).nullable() }),
    books: stream({ item: Book }),
    getBook: query({ output: Book }),
    getAuthor: query({ input: z.object({ id: z.int32() }), output: Author }),
  },
  relations: { Book: { author: { operation: 'getAuthor', input: { id: 'authorId' } } } },
});

async function open(options: GraphqlHandlerOptions = {}) {
  const run = { made: 0, isLeft: false };
  const service = createService(contract, {
    async *getTokens({ count, size }, { errors }) {
      try {
        for (let place = 1; place <= count; place++) {
          run.made = place;
          yield { text: 'x'.repeat(size), place };
        }
        if (count === 3) throw errors.SPENT({ left: 0 });
      } finally {
        run.isLeft = true;
      }
    },
    async *write({ lines }) {
      yield* lines;
    },
    async *maybes() {
      yield null;
      yield { name: null };
      yield {};
      yield { name: 'Ann' };
    },
    async *books() {
      yield { title: 'One', authorId: 1 };
      yield { title: 'Two', authorId: 2 };
    },
    getBook: () => ({ title: 'One', authorId: 1 }),
    getAuthor: ({ id }) => ({ id, name: `author ${id}` }),
  });
  const handler = graphqlHandler(service, options);
  const server = await listen(handler);
  handler.attach(server.server);
  const url = `${server.url}/graphql`;
  const client = createClient({ contract, transport: graphql({ url }) });
  const sockets = createSocketClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
  onTestFinished(async () => {
    await client.close();
    await sockets.dispose();
    await handler.close(0);
    await server.close(0);
    await service.close();
  });
  const post = (body: object, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify(body),
    });
  return { url, client, sockets, post, run };
}

const TOKENS = 'subscription ($count: Int!, $size: Int) { tokens(count: $count, size: $size) { text place } }';

async function all<T>(stream: AsyncIterable<T>): Promise<{ readonly items: T[]; readonly error: unknown }> {
  const items: T[] = [];
  try {
    for await (const item of stream) items.push(item);
    return { items, error: undefined };
  } catch (error) {
    return { items, error };
  }
}

describe('a streamed operation', () => {
  it('is a subscription field, whose arguments are those of a query or a mutation', () => {
    const sdl = graphqlSchema(contract);
    expect(sdl.slice(sdl.indexOf('type Subscription'), sdl.indexOf('\n}', sdl.indexOf('type Subscription')))).toBe(
      [
        'type Subscription {',
        '  """',
        '  Says so many words',
        '',
        '  Fails with SPENT (RESOURCE_EXHAUSTED, details: left).',
        '  """',
        '  tokens(count: Int!, size: Int! = 1): GetTokensItem!',
        '  write(input: WriteInput!): String!',
        '  maybes: MaybesItem',
        '  books: Book!',
      ].join('\n'),
    );
    expect(sdl).not.toContain('type Mutation');
  });

  it('cannot have the field of an event or of another stream', () => {
    const twice = defineContract({
      name: 'twice',
      operations: { getTicks: stream({ item: z.string() }), ticks: stream({ item: z.string() }) },
    });
    expect(() => graphqlSchema(twice)).toThrow("getTicks and ticks would both be the field 'ticks'");
  });

  it('gives our client its items, null and absent members apart, and its typed error', async () => {
    const { client } = await open();
    expect(await all(client.maybes())).toEqual({ items: [null, { name: null }, {}, { name: 'Ann' }], error: undefined });
    expect((await all(client.write({ lines: ['a', 'b'] }))).items).toEqual(['a', 'b']);
    const { items, error } = await all(client.getTokens({ count: 3 }));
    expect(items.map(({ place }) => place)).toEqual([1, 2, 3]);
    expect(isApiError(error, contract.operations.getTokens, 'SPENT') && error.details).toEqual({ left: 0 });
  });

  it('is one of the documents that are known beforehand', async () => {
    const { client } = await open({ persistedDocuments: await persistedDocuments(contract), onlyPersisted: true });
    expect((await all(client.write({ lines: ['a'] }))).error).toMatchObject({ code: 'PERMISSION_DENIED' });
    const { url } = await open({ persistedDocuments: await persistedDocuments(contract) });
    const hashing = createClient({ contract, transport: graphql({ url, persisted: true }) });
    expect((await all(hashing.write({ lines: ['a'] }))).items).toEqual(['a']);
    await hashing.close();
  });

  it('is taken by graphql-ws, which hears of its error and leaves its handler', async () => {
    const { sockets, run } = await open();
    const { items, error } = await all(sockets.iterate({ query: TOKENS, variables: { count: 3 } }));
    expect(items).toMatchObject([1, 2, 3].map((place) => ({ data: { tokens: { text: 'x', place } }, extensions: { id: String(place) } })));
    expect(error).toMatchObject([{ extensions: { code: 'RESOURCE_EXHAUSTED', reason: 'SPENT', details: { left: 0 } } }]);
    const endless = sockets.iterate({ query: TOKENS, variables: { count: 1_000_000 }, extensions: { ack: true } });
    expect((await endless.next()).value).toEqual({ data: null, extensions: { subscribed: true } });
    run.isLeft = false;
    for await (const _ of endless) break;
    await until(() => run.isLeft);
  });

  it('is taken by graphql-sse, which hears of its error and leaves its handler', async () => {
    const { url, run } = await open();
    const client = createSseClient({ url, retryAttempts: 0 });
    const { items } = await all(client.iterate({ query: TOKENS, variables: { count: 3 } }));
    expect(items.slice(0, 3)).toMatchObject([1, 2, 3].map((place) => ({ data: { tokens: { place } } })));
    expect(items.slice(3)).toMatchObject([{ errors: [{ extensions: { code: 'RESOURCE_EXHAUSTED', reason: 'SPENT' } }] }]);
    run.isLeft = false;
    for await (const _ of client.iterate({ query: TOKENS, variables: { count: 1_000_000 } })) break;
    await until(() => run.isLeft);
    client.dispose();
  });

  it('may be asked for relations of its items', async () => {
    const { sockets } = await open();
    const { items } = await all(sockets.iterate({ query: 'subscription { books { title author { name } } }' }));
    expect(items).toMatchObject([
      { data: { books: { title: 'One', author: { name: 'author 1' } } } },
      { data: { books: { title: 'Two', author: { name: 'author 2' } } } },
    ]);
  });

  it('is refused before it begins with the path of what is wrong', async () => {
    const { post } = await open();
    const query = 'subscription ($input: WriteInput!) { write(input: $input) }';
    const [wrong, empty] = await Promise.all([{ lines: 7 }, { lines: [] }].map((input) => post({ query, variables: { input } })));
    expect(wrong?.status).toBe(400);
    expect(await wrong?.json()).toMatchObject({ errors: [{ extensions: { details: { issues: [{ path: ['lines'] }] } } }] });
    expect(empty?.status).toBe(400);
    expect(await empty?.json()).toMatchObject({ errors: [{ extensions: { details: { issues: [{ path: ['lines'] }] } } }] });
  });

  it('ends at its deadline, and is never run by GET', async () => {
    const { post, url, run } = await open();
    const late = await post({ query: TOKENS, variables: { count: 1_000_000, size: 1000 } }, { 'x-timeout-ms': '500' });
    expect(await late.text()).toContain('"code":"DEADLINE_EXCEEDED"');
    await until(() => run.isLeft);
    const get = await fetch(`${url}?query=${encodeURIComponent('subscription { maybes { name } }')}`);
    expect(get.status).toBe(405);
  });

  it('does not end a reader on a socket that keeps up, however fast its items are made', async () => {
    const { sockets } = await open({ maxBufferedBytes: 1000 });
    const { items, error } = await all(sockets.iterate({ query: TOKENS, variables: { count: 20_000, size: 100 } }));
    expect([items.length, error]).toEqual([20_000, undefined]);
  });

  it('ends a reader on a socket that takes nothing, and holds no more of it than the socket does', async () => {
    const { url, run } = await open({ maxStallMs: 100 });
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    onTestFinished(() => socket.terminate());
    await new Promise((resolve) => socket.once('open', resolve));
    const heard: string[] = [];
    socket.on('message', (data: Buffer) => heard.push(data.toString()));
    socket.send(JSON.stringify({ type: 'connection_init' }));
    const variables = { count: 1_000_000, size: 10_000 };
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: TOKENS, variables } }));
    await until(() => heard.length > 2);
    socket.pause();
    await until(() => run.isLeft);
    // What sockets of both ends hold is some megabytes.
    expect(run.made).toBeLessThan(3000);
    socket.resume();
    await until(() => heard.at(-1)?.includes('"type":"error"') === true);
    expect(heard.at(-1)).toContain('"code":"RESOURCE_EXHAUSTED"');
  });
});

describe('a subscription of somebody else as a streamed operation', () => {
  const numbers = defineContract({
    name: 'numbers',
    operations: { count: stream({ input: z.object({ to: z.int32() }), item: z.object({ n: z.int32() }) }) },
  });
  const typeDefs = 'type Query { ok: Boolean }\ntype Subscription { numbers(to: Int!): Int! }';

  async function serveYoga() {
    const run = { isLeft: false };
    const schema = createSchema({
      typeDefs,
      resolvers: {
        Subscription: {
          numbers: {
            async *subscribe(_: unknown, { to }: { to: number }) {
              try {
                for (let n = 1; n <= to; n++) {
                  yield { numbers: n };
                  // Else nobody would hear of who leaves.
                  await new Promise((resolve) => setImmediate(resolve));
                }
                if (to === 2) throw new ApiError('ABORTED', 'enough');
              } finally {
                run.isLeft = true;
              }
            },
          },
        },
      },
    });
    const yoga = createYoga({ schema, logging: false });
    const server = createServer((request, response) => void yoga(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, run };
  }

  const operations = {
    count: { document: 'subscription ($to: Int!) { numbers(to: $to) }', output: (n: unknown) => ({ n }) },
  };

  it('comes from graphql-yoga as server-sent events, and ends with its error', async () => {
    const { url, run } = await serveYoga();
    const client = createClient({ contract: numbers, transport: graphql({ url, subscriptions: 'sse', operations }) });
    expect(await all(client.count({ to: 3 }))).toEqual({ items: [{ n: 1 }, { n: 2 }, { n: 3 }], error: undefined });
    const { items, error } = await all(client.count({ to: 2 }));
    expect(items).toHaveLength(2);
    expect(isApiError(error)).toBe(true);
    run.isLeft = false;
    for await (const _ of client.count({ to: 1_000_000 })) break;
    await until(() => run.isLeft);
    await client.close();
  });

  it('comes over a socket, where a loop that falls behind is ended', async () => {
    const { url, run } = await open();
    const documents = { count: { document: 'subscription ($to: Int!) { tokens(count: $to) { n: place } }' } };
    const client = createClient({ contract: numbers, transport: graphql({ url, operations: documents }) });
    const { items } = await all(client.count({ to: 2 }));
    expect(items).toEqual([{ n: 1 }, { n: 2 }]);
    const slow = client.count({ to: 100_000 });
    await slow.next();
    run.isLeft = false;
    await until(() => run.isLeft);
    const { items: rest, error } = await all(slow);
    expect(rest.length).toBeLessThan(1010);
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await client.close();
  });
});
