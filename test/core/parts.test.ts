import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, event, mutation, query, type Handlers } from '../../src/index.ts';
import { openApi } from '../../src/rest/schema.ts';

const User = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'User' });
const Post = z.object({ id: z.int32(), authorId: z.int32(), title: z.string() }).meta({ id: 'Post' });

const users = defineContract({
  name: 'users',
  operations: {
    getUser: query({ input: z.object({ id: z.int32() }), output: User, http: 'GET /users/{id}', errors: ['NOT_FOUND'] }),
    addUser: mutation({ input: z.object({ name: z.string() }), output: User, http: 'POST /users' }),
  },
  events: { user: event({ channel: 'users/new', payload: User, writtenBy: 'addUser' }) },
});
const posts = defineContract({
  name: 'posts',
  service: 'Writing',
  operations: { getPosts: query({ input: z.object({ authorId: z.int32() }), output: z.array(Post), http: 'GET /users/{authorId}/posts' }) },
  events: { post: event({ channel: 'posts/new', payload: Post }) },
});
const blog = defineContract({
  name: 'blog',
  version: '2.1.0',
  parts: { users, posts },
  operations: { about: query({ output: z.string() }) },
  relations: { User: { posts: { operation: 'getPosts', input: { authorId: 'id' } } } },
});

interface Context {
  readonly tenant: string;
}

const userHandlers: Handlers<typeof users, Context> = {
  getUser({ id }, { context, errors }) {
    if (id === 0) throw errors.NOT_FOUND();
    return { id, name: context.tenant };
  },
  addUser: ({ name }) => ({ id: 7, name }),
};
const postHandlers = {
  async getPosts({ authorId }, { publish }) {
    const post = { id: 1, authorId, title: 'First' };
    await publish('post', post);
    return [post];
  },
} satisfies Handlers<typeof posts, Context>;

describe('a contract of parts', () => {
  test('has the members of all, flat, each in the service of its part', () => {
    expect(Object.keys(blog.operations)).toEqual(['about', 'getUser', 'addUser', 'getPosts']);
    expect(Object.values(blog.operations).map(({ service }) => service)).toEqual(['Blog', 'Users', 'Users', 'Writing']);
    expect([blog.name, blog.version, blog.services]).toEqual(['blog', '2.1.0', ['Blog', 'Users', 'Writing']]);
    expect(Object.keys((openApi(blog) as { paths: object }).paths)).toContain('/users/{authorId}/posts');
  });

  test('is served by the handlers of its parts, and a client of one part needs no more', async () => {
    const service = createService(
      blog,
      { ...userHandlers, ...postHandlers, about: () => 'a blog' },
      { context: (): Context => ({ tenant: 'acme' }) },
    );
    const client = createClient({ contract: blog, transport: service });
    const heard: unknown[] = [];
    await client.onPost((post) => void heard.push(post.title));
    const user = await client.getUser({ id: 1 }, { select: { name: true, posts: { title: true } } });
    expectTypeOf(user).toEqualTypeOf<{ name: string; posts: { title: string }[] }>();
    expect([user, heard]).toEqual([{ name: 'acme', posts: [{ title: 'First' }] }, ['First']]);
    const part = createClient({ contract: users, transport: service });
    expect(await part.addUser({ name: 'Ada' })).toEqual({ id: 7, name: 'Ada' });
    await expect(part.getUser({ id: 0 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await Promise.all([client.close(), part.close(), service.close()]);
  });

  test('a part can be served by itself', async () => {
    const service = createService(users, userHandlers, { context: (): Context => ({ tenant: 'alone' }) });
    const client = createClient({ contract: users, transport: service });
    expect(await client.getUser({ id: 2 })).toEqual({ id: 2, name: 'alone' });
    await Promise.all([client.close(), service.close()]);
  });

  test('names both owners of a name that is taken twice', () => {
    const other = defineContract({ name: 'other', operations: { getUser: query({ output: z.string(), http: 'GET /other' }) } });
    expect(() => defineContract({ name: 'all', parts: { users, other } })).toThrow(
      "contract all: the part 'users' and the part 'other' both have the operation 'getUser': rename one of them",
    );
    expect(() => defineContract({ name: 'all', parts: { users }, operations: { addUser: query({}) } })).toThrow(
      "the contract all itself and the part 'users' both have the operation 'addUser'",
    );
    const path = defineContract({
      name: 'other',
      operations: { findUser: query({ input: z.object({ key: z.string() }), http: 'GET /users/{key}' }) },
    });
    expect(() => defineContract({ name: 'all', parts: { users, path } })).toThrow("both take the channel or path 'GET /users/{}'");
    expect(() => defineContract({ name: 'all', parts: { users: {} as never } })).toThrow(
      "the part 'users' is not made by defineContract()",
    );
  });
});
