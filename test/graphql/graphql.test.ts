import { getIntrospectionQuery } from 'graphql';
import { serverAudits } from 'graphql-http';
import { createClient as createSocketClient } from 'graphql-ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { z } from 'zod';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { Engine } from '../../src/graphql/engine/engine.ts';
import { readHandlerOptions } from '../../src/graphql/options.ts';
import { graphqlHandler, graphqlSchema, type GraphqlHandlerOptions } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { ApiError, createClient, createService, defineContract, event, isApiError, query, type Transport } from '../../src/index.ts';

const ARTICLE = '{ user(id: 123) { username posts { title } } }';

async function serveGraphql(
  transport: Transport,
  options: GraphqlHandlerOptions = {},
): Promise<HttpServer & { readonly endpoint: string }> {
  const handler = graphqlHandler(transport, options);
  const server = await listen(handler);
  handler.attach(server.server);
  const close = async () => {
    await handler.close();
    await server.close();
  };
  return { ...server, endpoint: `${server.url}/graphql`, close };
}

async function post(endpoint: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(text) as { data?: unknown; errors?: { message: string; extensions: Record<string, unknown> }[] },
  };
}

let server: Awaited<ReturnType<typeof serveGraphql>>;
beforeAll(async () => {
  server = await serveGraphql(createBlogService());
});
afterAll(() => server.close());

describe('GraphQL over HTTP', () => {
  for (const audit of serverAudits({ url: () => server.endpoint })) {
    it(`audit ${audit.id}: ${audit.name}`, async () => {
      const result = await audit.fn();
      expect(result.status, 'reason' in result ? result.reason : undefined).toBe('ok');
    });
  }

  it('answers the query of the article', async () => {
    const { status, body } = await post(server.endpoint, { query: ARTICLE });
    expect(status).toBe(200);
    expect(body).toEqual({
      data: {
        user: {
          username: 'john_doe',
          posts: ['RESTful APIs 101', 'Building Scalable Web Applications', 'GraphQL Introduction', 'Advanced GraphQL Techniques'].map(
            (title) => ({ title }),
          ),
        },
      },
    });
  });

  it('gives the same, compiled or not', async () => {
    const body = {
      query:
        'query ($id: Int!) { user(id: $id) { id mine: posts(limit: 2, after: 1) { id title } ...more } } fragment more on User { email createdAt }',
      variables: { id: 123 },
    };
    const first = await post(server.endpoint, body);
    for (let again = 0; again < 3; again++) expect((await post(server.endpoint, body)).body).toEqual(first.body);
    expect(first.body.data).toMatchObject({ user: { mine: [{ id: 2 }, { id: 3 }] } });
  });

  it('keeps siblings of a field that failed', async () => {
    for (let again = 0; again < 3; again++) {
      const { status, body } = await post(
        server.endpoint,
        { query: '{ user(id: 123) { id } nobody: user(id: 7) { id } }' },
        { accept: 'application/graphql-response+json' },
      );
      expect(status).toBe(200);
      expect(body.data).toEqual({ user: { id: 123 }, nobody: null });
      expect(body.errors).toMatchObject([{ message: 'no user has the id 7', path: ['nobody'], extensions: { code: 'NOT_FOUND' } }]);
      expect(body.errors?.[0]?.extensions['requestId']).toEqual(expect.any(String));
    }
  });

  it('answers batches, and refuses large ones', async () => {
    const batch = await post(server.endpoint, [{ query: ARTICLE }, { query: '{ nope }' }]);
    expect(batch.body).toMatchObject([{ data: { user: {} } }, { errors: [{ extensions: { code: 'UNIMPLEMENTED' } }] }]);
    expect(
      (
        await post(
          server.endpoint,
          Array.from({ length: 101 }, () => ({ query: ARTICLE })),
        )
      ).status,
    ).toBe(400);
  });

  it('refuses what a form could send, mutations by GET, and queries from other sites', async () => {
    const form = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify({ query: ARTICLE }),
    });
    expect(form.status).toBe(415);
    const get = await fetch(`${server.endpoint}?query=${encodeURIComponent('mutation { deletePost(input: { id: 1 }) }')}`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const cross = await fetch(`${server.endpoint}?query=${encodeURIComponent(ARTICLE)}`, { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(cross.status).toBe(403);
  });

  it('answers 406 to who takes nothing that it has, whatever its name', async () => {
    for (const accept of ['text/xml', 'constructor', '__proto__']) {
      const { status } = await fetch(`${server.endpoint}?query=%7B__typename%7D`, { headers: { accept } });
      expect(status, accept).toBe(406);
    }
  });

  it('has the newer draft’s statuses where they are asked for', async () => {
    const draft = await serveGraphql(createBlogService(), { statusProfile: 'draft' });
    const accept = { accept: 'application/graphql-response+json' };
    expect((await post(draft.endpoint, { query: '{ nope }' }, accept)).status).toBe(422);
    expect((await post(draft.endpoint, { query: 'query ($id: Int!) { user(id: $id) { id } }' }, accept)).status).toBe(422);
    expect((await post(draft.endpoint, { query: '{' }, accept)).status).toBe(400);
    expect((await post(draft.endpoint, { query: '{ user(id: 7) { id } weather(location: "Oslo") { location } }' }, accept)).status).toBe(
      294,
    );
    expect((await post(draft.endpoint, { query: ARTICLE }, accept)).status).toBe(200);
    await draft.close();
  });

  it('names every variable that does not fit', async () => {
    const { status, body } = await post(
      server.endpoint,
      {
        query: 'mutation ($input: CreatePostInput!) { createPost(input: $input) { id } }',
        variables: { input: { authorId: 'x', content: 'y', surplus: 1 } },
      },
      { accept: 'application/graphql-response+json' },
    );
    expect(status).toBe(400);
    const { issues } = body.errors?.[0]?.extensions['details'] as { issues: { path: unknown }[] };
    expect(issues.map(({ path }) => path)).toEqual(expect.arrayContaining([['authorId'], ['title']]));
  });

  it('tells who gives a null where none may be, however often', async () => {
    const query = 'query ($location: String = "Oslo") { weather(location: $location) { conditions } }';
    for (let again = 0; again < 4; again++) {
      const { body } = await post(server.endpoint, { query, variables: { location: null } });
      expect(body).toMatchObject({ data: { weather: null }, errors: [{ path: ['weather'], extensions: { code: 'INVALID_ARGUMENT' } }] });
    }
  });

  it('shows the schema', async () => {
    const text = await (await fetch(`${server.url}/schema.graphql`)).text();
    expect(text).toBe(graphqlSchema(blogContract));
    for (const name of ['createPost', 'sendMessage'])
      expect(text).toContain(`${name}(input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!)`);
    const introspected = await post(server.endpoint, { query: getIntrospectionQuery() });
    expect(introspected.body.errors).toBeUndefined();
    for (let again = 0; again < 2; again++)
      expect((await post(server.endpoint, { query: getIntrospectionQuery() })).body).toEqual(introspected.body);
    const hidden = await serveGraphql(createBlogService(), { introspection: false, schemaPath: false });
    expect((await post(hidden.endpoint, { query: '{ __schema { types { name } } }' })).body.errors?.[0]?.message).toMatch(/introspection/);
    expect((await fetch(`${hidden.url}/schema.graphql`)).status).toBe(404);
    await hidden.close();
  });
});

describe('limits', () => {
  const nested = (levels: number) => `${'{ user '.repeat(levels)}{ id }${' }'.repeat(levels)}`;
  const aliases = (count: number) => `{ ${Array.from({ length: count }, (_, index) => `a${index}: user(id: 123) { id }`).join(' ')} }`;
  const accept = { accept: 'application/graphql-response+json' };
  const hostile: Record<string, readonly [document: string, message: string]> = {
    'an alias flood of 139 kB': [aliases(5000), 'the document has 138893 characters, and the limit is 65536'],
    'an alias flood of 5 kB': [aliases(199), 'the document has too many tokens: the limit is 2000'],
    '51 aliases': [aliases(51), 'the document has 51 aliases, and the limit is 50'],
    '51 aliases in fragments': [
      `{ ${'...f '.repeat(17)} } fragment f on Query { a: __typename b: __typename c: __typename }`,
      'the document has 51 aliases, and the limit is 50',
    ],
    '3,000 levels': [nested(3000), 'the document has too many tokens: the limit is 2000'],
    '600 levels': [nested(600), 'the document is nested 601 levels deep, and the limit is 20'],
    '21 levels': [nested(20), 'the document is nested 21 levels deep, and the limit is 20'],
    'a fragment cycle': [
      '{ user(id: 1) { ...a } } fragment a on User { id ...b } fragment b on User { id ...a }',
      'Cannot spread fragment "a" within itself via "b".',
    ],
    'a fragment within itself': ['{ user(id: 1) { ...a } } fragment a on User { id ...a }', 'Cannot spread fragment "a" within itself.'],
    'fragments that double': [
      `{ user(id: 1) { ...f0 } } ${Array.from({ length: 30 }, (_, index) => `fragment f${index} on User { id ...f${index + 1} ...f${index + 1} }`).join(' ')} fragment f30 on User { id }`,
      'the document has 2147483648 fields, and the limit is 1000',
    ],
    '1,101 fields': [`{ user(id: 123) { ${'id '.repeat(1100)} } }`, 'the document has 1101 fields, and the limit is 1000'],
    '1 MB of comment': [`{ user(id: 1) { id } } #${'x'.repeat(1_000_000)}`, 'the document has 1000024 characters, and the limit is 65536'],
    '1 MB of tokens': [`{ ${'id '.repeat(340_000)} }`, 'the document has 1020004 characters, and the limit is 65536'],
  };
  for (const [name, [text, message]] of Object.entries(hostile)) {
    it(`refuse ${name}`, async () => {
      const { status, body } = await post(server.endpoint, { query: text }, accept);
      expect(status).toBe(400);
      expect(body).not.toHaveProperty('data');
      expect(body.errors).toHaveLength(1);
      expect(body.errors?.[0]).toMatchObject({ message, extensions: { code: 'INVALID_ARGUMENT', requestId: expect.any(String) } });
    });
  }

  it('answer 413 to a body over 1 MiB', async () => {
    const { status, headers, body } = await post(server.endpoint, { query: `{ user(id: 1) { id } } #${'x'.repeat(1_048_576)}` }, accept);
    expect(status).toBe(413);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ code: 'INVALID_ARGUMENT', detail: 'the body is larger than 1048576 bytes' });
  });

  it('refuse variables of more than 64 levels', async () => {
    const { status, body } = await post(
      server.endpoint,
      `{"query":"{ __typename }","variables":{"a":${'['.repeat(3000)}${']'.repeat(3000)}}}`,
    );
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([
      { message: 'the JSON is nested more than 64 levels deep', extensions: { code: 'INVALID_ARGUMENT' } },
    ]);
  });

  it('refuse what overflows the parser, where all others are raised', async () => {
    const lax = await serveGraphql(createBlogService(), { maxTokens: 1e6, maxDocumentChars: 1e6, maxDepth: 1e6, maxFields: 1e6 });
    for (const text of [nested(40_000), `{ user(id: ${'['.repeat(100_000)}1${']'.repeat(100_000)}) { id } }`]) {
      const { status, body } = await post(lax.endpoint, { query: text }, accept);
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ message: 'the document is nested too deeply', extensions: { code: 'INVALID_ARGUMENT' } }]);
    }
    await lax.close();
  });

  it('let through what they allow', async () => {
    const { status, body } = await post(server.endpoint, { query: aliases(50) }, accept);
    expect(status).toBe(200);
    expect(body).toEqual({ data: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`a${index}`, { id: 123 }])) });
  });

  it('count the requests of a batch, and hold for each of them', async () => {
    const one = { query: '{ user(id: 123) { id } }' };
    for (const size of [0, 101]) {
      const { status, body } = await post(
        server.endpoint,
        Array.from({ length: size }, () => one),
      );
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([
        { message: `a batch has between 1 and 100 requests, not ${size}`, extensions: { code: 'INVALID_ARGUMENT' } },
      ]);
    }
    const all = Array.from({ length: 100 }, () => one);
    expect((await post(server.endpoint, all)).body).toEqual(all.map(() => ({ data: { user: { id: 123 } } })));
    const subscription = { query: 'subscription { message { sender } }' };
    const mixed = await post(server.endpoint, [{ query: nested(3000) }, { query: aliases(51) }, one, 5, [one], subscription]);
    expect(mixed.status).toBe(200);
    const refused = (message: string) => ({ errors: [{ message, extensions: { code: 'INVALID_ARGUMENT' } }] });
    expect(mixed.body).toMatchObject([
      refused('the document has too many tokens: the limit is 2000'),
      refused('the document has 51 aliases, and the limit is 50'),
      { data: { user: { id: 123 } } },
      refused('the body must be an object with a query'),
      refused('the body must be an object with a query'),
      refused('a subscription cannot be in a batch'),
    ]);
  });

  it('hold on a socket, which stays open', async () => {
    const client = createSocketClient({ url: server.endpoint.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    for (const name of ['an alias flood of 139 kB', '3,000 levels', 'a fragment cycle', '1 MB of comment']) {
      const [text, message] = hostile[name] ?? ['', ''];
      await expect(client.iterate({ query: text }).next()).rejects.toMatchObject([{ message, extensions: { code: 'INVALID_ARGUMENT' } }]);
    }
    expect((await client.iterate({ query: '{ user(id: 123) { id } }' }).next()).value).toEqual({ data: { user: { id: 123 } } });
    await client.dispose();
  });

  it('warn of no leak, however many calls a request makes', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    await post(server.endpoint, { query: aliases(50) });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});

describe('persisted documents', () => {
  const sha256Hash = createHash('sha256').update(ARTICLE).digest('hex');
  const extensions = { persistedQuery: { version: 1, sha256Hash } };

  it('are registered by callers, found by hash, and checked', async () => {
    const own = await serveGraphql(createBlogService());
    expect((await post(own.endpoint, { extensions })).body.errors?.[0]).toMatchObject({
      message: 'PersistedQueryNotFound',
      extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
    });
    expect((await post(own.endpoint, { query: '{ __typename }', extensions })).body.errors?.[0]?.message).toMatch(/hash/);
    expect((await post(own.endpoint, { query: ARTICLE, extensions })).body.data).toBeDefined();
    expect((await post(own.endpoint, { extensions })).body.data).toBeDefined();
    await own.close();
  });

  it('may be the only ones', async () => {
    const own = await serveGraphql(createBlogService(), { persistedDocuments: { [sha256Hash]: ARTICLE }, onlyPersisted: true });
    expect((await post(own.endpoint, { documentId: `sha256:${sha256Hash}` })).body.data).toBeDefined();
    expect((await post(own.endpoint, { query: '{ __typename }' })).body.errors?.[0]?.extensions['code']).toBe('PERMISSION_DENIED');
    await own.close();
  });
});

describe('relations of a list', () => {
  const Author = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'Author' });
  const Book = z.object({ id: z.int32(), authorId: z.int32() }).meta({ id: 'Book' });
  const operations = {
    getBooks: query({ output: z.array(Book) }),
    getAuthor: query({ input: z.object({ id: z.int32() }), output: Author }),
    getAuthors: query({ input: z.object({ ids: z.array(z.int32()) }), output: z.array(Author), http: 'POST /authors-by-id' }),
  };
  const batch = { operation: 'getAuthors', input: 'ids', key: 'id' };

  for (const isBatched of [true, false]) {
    it(isBatched ? 'are one call of the batch operation' : 'are one call each without one', async () => {
      const contract = defineContract({
        name: 'books',
        operations,
        relations: { Book: { author: { operation: 'getAuthor', input: { id: 'authorId' }, ...(isBatched && { batch }) } } },
      });
      const calls: unknown[] = [];
      const service = createService(contract, {
        getBooks: () => Array.from({ length: 50 }, (_, id) => ({ id, authorId: id % 3 })),
        getAuthor: ({ id }) => (calls.push(id), { id, name: `author ${id}` }),
        getAuthors: ({ ids }) => (calls.push(ids), ids.map((id) => ({ id, name: `author ${id}` }))),
      });
      const books = await serveGraphql(service);
      for (let again = 0; again < 3; again++) {
        calls.length = 0;
        const { body } = await post(books.endpoint, { query: '{ books { id author { name } } }' });
        expect(body.errors).toBeUndefined();
        expect((body.data as { books: unknown[] }).books[4]).toEqual({ id: 4, author: { name: 'author 1' } });
        expect(calls).toEqual(isBatched ? [[0, 1, 2]] : [0, 1, 2]);
      }
      await books.close();
    });
  }
});

describe('relations of an event', () => {
  it('are loaded for each event, and leave nothing behind in the subscription', async () => {
    const Author = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'Author' });
    const Note = z.object({ authorId: z.int32() }).meta({ id: 'Note' });
    const contract = defineContract({
      name: 'notes',
      operations: { getAuthor: query({ input: z.object({ id: z.int32() }), output: Author }) },
      events: { note: event({ channel: 'notes', payload: Note }) },
      relations: { Note: { author: { operation: 'getAuthor', input: { id: 'authorId' } } } },
    });
    const service = createService(contract, { getAuthor: ({ id }) => ({ id, name: `author ${id}` }) });
    const engine = new Engine(service, { ...readHandlerOptions(), introspection: true }, () => {});
    let listeners = 0;
    const request = { query: 'subscription { note { author { name } } }' };
    const { encode } = engine.subscription(engine.prepare(request), request, {
      headers: {},
      deadline: undefined,
      peer: { protocol: 'graphql', address: undefined },
      onLeave: () => void listeners++,
    });
    for (let id = 1; id <= 20; id++) {
      const text = await encode({ id: `${id}`, time: '2026-01-01T00:00:00Z', data: { authorId: id } });
      expect(JSON.parse(text)).toMatchObject({ data: { note: { author: { name: `author ${id}` } } } });
    }
    expect(listeners).toBe(1);
    await service.close();
  });
});

describe('our client', () => {
  it('sends exactly the query of the article', async () => {
    const bodies: string[] = [];
    const blog = createClient({
      transport: graphql({ url: server.url, onWire: ({ direction, body }) => direction === 'out' && bodies.push(body ?? '') }),
    });
    const user = await blog.getUser({ id: 123 }, { select: { username: true, posts: { title: true } } });
    expect(user).toEqual({ username: 'john_doe', posts: expect.arrayContaining([{ title: 'GraphQL Introduction' }]) });
    expect(JSON.parse(bodies[0] ?? '')).toEqual({
      query: 'query getUser($id: Int!) { user(id: $id) { username posts { title } } }',
      variables: { id: 123 },
    });
    expect(bodies).toHaveLength(1);
    await blog.close();
  });

  it('gives the data that came beside an error', async () => {
    const Pet = z.object({ name: z.string(), ownerId: z.int32() }).meta({ id: 'Pet' });
    const Owner = z.object({ id: z.int32() }).meta({ id: 'Owner' });
    const contract = defineContract({
      name: 'pets',
      operations: { getPet: query({ output: Pet }), getOwner: query({ input: z.object({ id: z.int32() }), output: Owner }) },
      relations: { Pet: { owner: { operation: 'getOwner', input: { id: 'ownerId' } } } },
    });
    const service = createService(contract, {
      getPet: () => ({ name: 'Rex', ownerId: 1 }),
      getOwner: () => {
        throw new ApiError('PERMISSION_DENIED', 'not yours');
      },
    });
    const pets = await serveGraphql(service);
    const client = createClient({ contract, transport: graphql({ url: pets.url }) });
    const error: unknown = await client
      .getPet(undefined, { select: { name: true, owner: { id: true } } })
      .catch((reason: unknown) => reason);
    expect(isApiError(error) && [error.code, error.partial]).toEqual(['PERMISSION_DENIED', { pet: { name: 'Rex', owner: null } }]);
    await client.close();
    await pets.close();
  });

  it('hears when to come back from what is no GraphQL', async () => {
    const busy = createServer((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('<html>'));
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const blog = createClient({ transport: graphql({ url: `http://127.0.0.1:${(busy.address() as AddressInfo).port}` }) });
    await expect(blog.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 7000 });
    await blog.close();
    busy.close();
  });

  it('tells a page that is no GraphQL from an API', async () => {
    const page = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<h1>Hello</h1>')).listen(0);
    const { port } = page.address() as AddressInfo;
    const blog = createClient({ transport: graphql({ url: `http://127.0.0.1:${port}` }) });
    await expect(blog.getUser({ id: 1 })).rejects.toMatchObject({ code: 'DATA_LOSS', message: expect.stringContaining('url') });
    await blog.close();
    page.close();
  });

  it('fits a contract to a server that someone else designed', async () => {
    const yoga = createYoga({
      logging: false,
      schema: createSchema({
        typeDefs:
          'type Query { viewer(login: String!): Viewer } type Viewer { profile: Profile! } type Profile { login: String!, fullName: String } type Subscription { tick(upTo: Int!): Int! }',
        resolvers: {
          Query: { viewer: (_, { login }: { login: string }) => (login === 'nobody' ? null : { profile: { login, fullName: null } }) },
          Subscription: {
            tick: {
              async *subscribe(_: unknown, { upTo }: { upTo: number }) {
                for (let tick = 1; tick <= upTo; tick++) yield { tick };
              },
            },
          },
        },
      }),
    });
    const foreign = createServer((req, res) => void yoga(req, res)).listen(0);
    const { port } = foreign.address() as AddressInfo;
    const contract = defineContract({
      name: 'people',
      operations: {
        getPerson: query({
          input: z.object({ login: z.string() }),
          output: z.object({ login: z.string(), fullName: z.string().nullable() }),
        }),
        getNothing: query({ output: z.string() }),
      },
      events: { tick: event({ channel: 'ticks', payload: z.object({ tick: z.int32() }) }) },
    });
    const people = createClient({
      contract,
      transport: graphql({
        url: `http://127.0.0.1:${port}/graphql`,
        subscriptions: 'sse',
        operations: {
          getPerson: {
            document: 'query ($login: String!) { viewer(login: $login) { profile { login fullName } } }',
            result: 'viewer.profile',
          },
          getNothing: '{ nothing }',
        },
        events: { tick: { document: 'subscription { tick(upTo: 3) }', result: '' } },
      }),
    });
    expect(await people.getPerson({ login: 'ada' })).toEqual({ login: 'ada', fullName: null });
    await expect(people.getPerson({ login: 'nobody' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(people.getNothing()).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
    const ticks: number[] = [];
    for await (const { tick } of people.onTick()) ticks.push(tick);
    expect(ticks).toEqual([1, 2, 3]);
    await people.close();
    foreign.closeAllConnections();
    foreign.close();
  });
});

describe('graphql-transport-ws', () => {
  it('serves a graphql-ws client: queries, subscriptions, errors', async () => {
    const service = createBlogService();
    const own = await serveGraphql(service);
    const client = createSocketClient({ url: own.endpoint.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    const first = await client.iterate({ query: ARTICLE }).next();
    expect(first.value).toMatchObject({ data: { user: { username: 'john_doe' } } });
    await expect(client.iterate({ query: '{ nope }' }).next()).rejects.toMatchObject([{ extensions: { code: 'UNIMPLEMENTED' } }]);
    const chat = client.iterate({ query: 'subscription { message { sender message } }', extensions: { ack: true } });
    expect((await chat.next()).value).toEqual({ data: null, extensions: { subscribed: true } });
    await service.publish('message', { sender: 'user123', message: 'Hello, everyone!' });
    expect((await chat.next()).value).toEqual({
      data: { message: { sender: 'user123', message: 'Hello, everyone!' } },
      extensions: { id: expect.any(String), time: expect.any(String) },
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
