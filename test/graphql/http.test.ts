import { getIntrospectionQuery } from 'graphql';
import { serverAudits } from 'graphql-http';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { Engine } from '../../src/graphql/engine/engine.ts';
import { readHandlerOptions } from '../../src/graphql/options.ts';
import { graphqlSchema } from '../../src/graphql/server.ts';
import { createService, defineContract, event, query } from '../../src/index.ts';
import { ARTICLE, post, serveGraphql } from './support.ts';

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

  it('names OPTIONS among its methods', async () => {
    for (const method of ['OPTIONS', 'PATCH']) {
      const { status, headers } = await fetch(server.endpoint, { method });
      expect([status, headers.get('allow')]).toEqual([method === 'PATCH' ? 405 : 204, 'GET, POST, PUT, DELETE, OPTIONS']);
    }
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
