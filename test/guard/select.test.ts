import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient, createService, defineContract, query, type Adapter } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

declare const adapter: Adapter;
const types = (check: () => void) => void check;

describe('the type of a selection', () => {
  it('gives just the fields that were selected, relations too', () => {
    types(() => {
      const blog = createClient({ transport: adapter });
      expectTypeOf(blog.getUser({ id: 1 }, { select: { username: true } })).toEqualTypeOf<Promise<{ username: string }>>();
      const both = blog.getUser({ id: 1 }, { select: { username: true, posts: { title: true } }, timeoutMs: 100 });
      expectTypeOf(both).toEqualTypeOf<Promise<{ username: string; posts: { title: string }[] }>>();
      expectTypeOf(blog.getUser({ id: 1 }, { select: { posts: true } }).then((user) => user.posts[0]?.content)).toEqualTypeOf<
        Promise<string | undefined>
      >();
      const page = blog.getUserPosts({ userId: 1 }, { select: { title: true } });
      expectTypeOf(page).resolves.toEqualTypeOf<{ title: string }[]>();
      expectTypeOf(page[Symbol.asyncIterator]().next()).resolves.toEqualTypeOf<IteratorResult<{ title: string }>>();
      // @ts-expect-error no such field
      void blog.getUser({ id: 1 }, { select: { nope: true } });
      // @ts-expect-error one such field, and one not
      void blog.getUser({ id: 1 }, { select: { username: true, nope: true } });
      // @ts-expect-error no such field of a relation
      void blog.getUser({ id: 1 }, { select: { posts: { title: true, nope: true } } });
      // @ts-expect-error text has no fields
      void blog.getUser({ id: 1 }, { select: { username: { length: true } } });
      // @ts-expect-error nothing to select from
      void blog.deletePost({ id: 1 }, { select: { id: true } });
    });
  });
});

describe('selecting over REST', () => {
  it('asks for the fields, and for what relations start from', async () => {
    const server = await listen(restHandler(createBlogService()));
    const sent: string[] = [];
    const blog = createClient({
      transport: rest({ url: server.url, onWire: ({ direction, start }) => direction === 'out' && sent.push(start) }),
    });
    expect(await blog.getUser({ id: 123 }, { select: { username: true, posts: { title: true } } })).toEqual({
      username: 'john_doe',
      posts: [
        { title: 'RESTful APIs 101' },
        { title: 'Building Scalable Web Applications' },
        { title: 'GraphQL Introduction' },
        { title: 'Advanced GraphQL Techniques' },
      ],
    });
    expect(sent).toEqual(['GET /users/123?fields=username,id', 'GET /users/123/posts?limit=20&fields=title']);
    await blog.close();
    await server.close();
  });
});

describe('selecting over REST, without saying so', () => {
  it('trims all the same, and never names a field to a server', async () => {
    const server = await listen(restHandler(createBlogService()));
    const sent: string[] = [];
    const blog = createClient({
      transport: rest({ url: server.url, sendFields: false, onWire: ({ direction, start }) => direction === 'out' && sent.push(start) }),
    });
    const user = await blog.getUser({ id: 123 }, { select: { username: true, posts: { title: true } } });
    expect([Object.keys(user), user.posts[0]]).toEqual([['username', 'posts'], { title: 'RESTful APIs 101' }]);
    await expect(blog.getUser({ id: 123 }, { select: { nope: true } as never })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(sent).toEqual(['GET /users/123', 'GET /users/123/posts?limit=20']);
    await blog.close();
    await server.close();
  });
});

describe('a field that is undefined in a selection', () => {
  it('is left out, whatever was selected before', async () => {
    const blog = createClient({ transport: createBlogService() });
    const select = { username: true, email: undefined } as never;
    for (let at = 0; at < 2; at++) expect(await blog.getUser({ id: 123 }, { select })).toEqual({ username: 'john_doe' });
    await expect(blog.getUser({ id: 123 }, { select: { email: undefined } as never })).rejects.toThrow('selects nothing');
    for await (const post of blog.getUserPosts({ userId: 123, limit: 1 }, { select: { title: true, id: undefined as never } }))
      expect(Object.keys(post)).toEqual(['title']);
  });
});

describe('a batch operation of a relation', () => {
  it('is called once for a list', async () => {
    const Author = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'Author' });
    const Book = z.object({ id: z.int32(), authorId: z.int32() }).meta({ id: 'Book' });
    const contract = defineContract({
      name: 'books',
      operations: {
        getBooks: query({ output: z.array(Book) }),
        getAuthor: query({ input: z.object({ id: z.int32() }), output: Author }),
        getAuthors: query({ input: z.object({ ids: z.array(z.int32()) }), output: z.array(Author), http: 'POST /authors-by-id' }),
      },
      relations: {
        Book: {
          author: { operation: 'getAuthor', input: { id: 'authorId' }, batch: { operation: 'getAuthors', input: 'ids', key: 'id' } },
        },
      },
    });
    const asked: number[][] = [];
    const service = createService(contract, {
      getBooks: () => [1, 2, 3, 4].map((id) => ({ id, authorId: id % 2 })),
      getAuthor: () => expect.fail('row by row'),
      getAuthors: ({ ids }) => (asked.push(ids), ids.map((id) => ({ id, name: `author ${id}` }))),
    });
    const books = createClient({ contract, transport: service });
    const output = await books.getBooks(undefined, { select: { id: true, author: { name: true } } });
    expect(output).toEqual([1, 2, 3, 4].map((id) => ({ id, author: { name: `author ${id % 2}` } })));
    expect(asked).toEqual([[1, 0]]);
  });
});

describe('selecting relations', () => {
  it('runs at most 16 calls at a time, also where one leads to the next', async () => {
    const Person = z.object({ id: z.int32(), friendId: z.int32() }).meta({ id: 'Person' });
    const contract = defineContract({
      name: 'people',
      operations: {
        getPerson: query({ input: z.object({ id: z.int32() }), output: Person, http: 'GET /people/{id}' }),
        listPeople: query({ output: z.array(Person), http: 'GET /people' }),
      },
      relations: { Person: { friend: { operation: 'getPerson', input: { id: 'friendId' } } } },
    });
    let running = 0;
    let most = 0;
    const service = createService(contract, {
      async getPerson({ id }) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return { id, friendId: id + 1000 };
      },
      listPeople: () => Array.from({ length: 100 }, (_, id) => ({ id, friendId: id + 1000 })),
    });
    const client = createClient({ contract, transport: service });
    const people = await client.listPeople(undefined, { select: { id: true, friend: { friend: { friend: { id: true } } } } });
    expect(people[99]).toEqual({ id: 99, friend: { friend: { friend: { id: 3099 } } } });
    expect(most).toBe(16);
    await client.close();
  });
});
