/** The REST client against a server that was not written here. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, type BlogClient } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { failure } from '../support/failure.ts';

/** What is used of json-server, as its readme has it. */
interface JsonServer {
  create(): { use(...handlers: unknown[]): void } & Parameters<typeof createServer>[1];
  router(data: object): unknown;
  bodyParser: unknown;
}

describe('json-server', () => {
  const jsonServer = createRequire(import.meta.url)('json-server') as JsonServer;
  const createdAt = '2024-01-15T09:30:00Z';
  let server: Server;
  let blog: BlogClient;

  beforeAll(async () => {
    const app = jsonServer.create();
    app.use(jsonServer.bodyParser);
    app.use((request: { method: string; body: Record<string, unknown> }, _: unknown, next: () => void) => {
      if (request.method === 'POST') request.body['createdAt'] = createdAt;
      next();
    });
    app.use(
      jsonServer.router({
        users: [{ id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt }],
        // json-server joins nested routes on the parent's name: `userId`, which our contract does not know.
        posts: [1, 2, 3].map((id) => ({ id, userId: 123, authorId: 123, title: `Post ${id}`, content: 'text', createdAt })),
      }),
    );
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    blog = createClient({ transport: rest({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }) });
  });

  afterAll(async () => {
    await blog.close();
    server.close();
    await once(server, 'close');
  });

  test('reads users and posts, and the posts of a user by their nested route', async () => {
    expect(await blog.getUser({ id: 123 })).toEqual({ id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt });
    expect(await blog.getPost({ id: 2 })).toEqual({ id: 2, authorId: 123, title: 'Post 2', content: 'text', createdAt });
    const posts = await blog.getUserPosts({ userId: 123 });
    expect(posts.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(posts[0]).not.toHaveProperty('userId');
  });

  test('makes, changes and deletes a post', async () => {
    const made = await blog.createPost({ authorId: 123, title: 'Grüße', content: '日本 😀' });
    expect(made).toEqual({ id: 4, authorId: 123, title: 'Grüße', content: '日本 😀', createdAt });
    expect(await blog.updatePost({ id: made.id, title: 'Changed' })).toEqual({ ...made, title: 'Changed' });
    expect(await blog.deletePost({ id: made.id })).toBeUndefined();
    expect(await failure(blog.getPost({ id: made.id }))).toMatchObject({
      code: 'NOT_FOUND',
      remote: true,
      text: 'the server answered 404',
    });
  });

  test('a loop over pages ends with an error where the server ignores `after`, and gives no item twice', async () => {
    const ids: number[] = [];
    const loop = async () => {
      for await (const { id } of blog.getUserPosts({ userId: 123, limit: 2 })) ids.push(id);
    };
    const error = await failure(loop());
    expect([error.code, error.text]).toEqual(['DATA_LOSS', expect.stringContaining("ignore 'after'")]);
    expect(ids).toEqual([1, 2, 3]);
  });

  test('what it does not have is an error that says so', async () => {
    expect(await failure(blog.getWeather({ location: 'Oslo' }))).toMatchObject({ code: 'NOT_FOUND', remote: true });
    expect(await failure(blog.onMessage(() => {}))).toMatchObject({ code: 'NOT_FOUND' });
  });
});
