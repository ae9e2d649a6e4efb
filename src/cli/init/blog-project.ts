import type { Project } from './project.ts';

/** A project in the shape of the built-in Blog: something to read, something to write, and an event that tells of it. */
export function blogProject(): Project {
  return {
    about: 'A small blog with one contract, served on several protocols.',
    protocols: ['rest', 'graphql', 'websocket', 'soap'],
    files: { 'src/contract.ts': CONTRACT, 'src/service.ts': SERVICE, 'src/client.ts': CLIENT, 'test/service.test.ts': TEST },
  };
}

const CONTRACT = `import { defineContract, event, mutation, query } from 'multi-api-sdk/core';
import * as z from 'zod';

/** Something that somebody wrote. */
export const Post = z
  .object({ id: z.int32(), title: z.string().min(1).max(200), content: z.string(), createdAt: z.iso.datetime() })
  .meta({ id: 'Post', description: 'Something that somebody wrote.' });
export type Post = z.output<typeof Post>;

export const contract = defineContract({
  name: 'blog',
  version: '1.0.0',
  operations: {
    getPost: query({
      summary: 'Reads a post',
      input: z.object({ id: z.int32() }),
      output: Post,
      errors: ['NOT_FOUND'],
      http: 'GET /posts/{id}',
    }),
    listPosts: query({
      summary: 'Lists posts, in order of their ids',
      input: z.object({ limit: z.int32().min(1).max(100).default(20), after: z.int32().optional() }),
      output: z.array(Post),
      pagedBy: 'id',
      http: 'GET /posts',
    }),
    createPost: mutation({
      summary: 'Publishes a post',
      input: Post.pick({ title: true, content: true }),
      output: Post,
      http: 'POST /posts',
    }),
  },
  events: {
    postCreated: event({ summary: 'A post was published', channel: 'posts/created', payload: Post, writtenBy: 'createPost' }),
  },
});
`;

const SERVICE = `import { ApiError, createService } from 'multi-api-sdk';
import { contract, type Post } from './contract.ts';

/** Makes a service with posts of its own, in memory. */
export function createBlogService() {
  const posts = new Map<number, Post>();
  return createService(contract, {
    getPost({ id }) {
      const post = posts.get(id);
      if (!post) throw new ApiError('NOT_FOUND', \`there is no post \${id}\`);
      return post;
    },
    listPosts({ limit, after = 0 }) {
      return [...posts.values()].filter(({ id }) => id > after).slice(0, limit);
    },
    // Subscribers of \`postCreated\` are told by the service.
    createPost({ title, content }) {
      const post = { id: posts.size + 1, title, content, createdAt: new Date().toISOString() };
      posts.set(post.id, post);
      return post;
    },
  });
}

export const service = createBlogService();
`;

const CLIENT = `import { createClient } from 'multi-api-sdk/core';
import { rest } from 'multi-api-sdk/rest';
import { contract } from './contract.ts';

// Another protocol is another line: graphql({ url }) or webSocket({ url }).
const client = createClient({ contract, transport: rest({ url: process.env['API_URL'] ?? 'http://127.0.0.1:4000' }) });

const { id } = await client.createPost({ title: 'Hello', content: 'The first post.' });
console.log(await client.getPost({ id }));
await client.close();
`;

const TEST = `import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient, isApiError } from 'multi-api-sdk/core';
import { rest } from 'multi-api-sdk/rest';
import { serve } from 'multi-api-sdk/serve';
import { contract, type Post } from '../src/contract.ts';
import { createBlogService } from '../src/service.ts';

describe('the service', () => {
  const service = createBlogService();
  const client = createClient({ contract, transport: service });
  after(() => service.close());

  test('publishes a post, and tells of it', async () => {
    let tell = (_post: Post) => {};
    const told = new Promise<Post>((resolve) => (tell = resolve));
    const unsubscribe = await client.onPostCreated((post) => tell(post));
    const post = await client.createPost({ title: 'Hello', content: 'The first post.' });
    assert.deepEqual(await client.getPost({ id: post.id }), post);
    assert.deepEqual(await told, post);
    await unsubscribe();
  });

  test('says that a post is missing', async () => {
    await assert.rejects(client.getPost({ id: 4711 }), (error) => isApiError(error) && error.code === 'NOT_FOUND');
  });
});

describe('the service over REST', () => {
  const service = createBlogService();
  let served: Awaited<ReturnType<typeof serve>>;
  before(async () => (served = await serve(service, { port: 0, protocols: ['rest'] })));
  after(async () => {
    await served.close();
    await service.close();
  });

  test('answers a client', async () => {
    const client = createClient({ contract, transport: rest({ url: served.http ?? '' }) });
    await client.createPost({ title: 'Hello', content: 'The first post.' });
    assert.equal((await client.listPosts()).length, 1);
    await client.close();
  });
});
`;
