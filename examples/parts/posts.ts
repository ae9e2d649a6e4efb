import { defineContract, event, mutation, query, type Handlers } from 'multi-api-sdk';
import * as z from 'zod';
import type { Context } from './context.ts';

const Post = z.object({ id: z.int32(), authorId: z.int32(), title: z.string(), tenant: z.string() }).meta({ id: 'Post' });

export const posts = defineContract({
  name: 'posts',
  operations: {
    getPosts: query({ input: z.object({ authorId: z.int32() }), output: z.array(Post), http: 'GET /users/{authorId}/posts' }),
    addPost: mutation({ input: z.object({ authorId: z.int32(), title: z.string() }), output: Post, http: 'POST /posts' }),
  },
  events: { post: event({ channel: 'posts/new', payload: Post, writtenBy: 'addPost' }) },
});

const all: z.output<typeof Post>[] = [];

export const postHandlers: Handlers<typeof posts, Context> = {
  getPosts: ({ authorId }) => all.filter((post) => post.authorId === authorId),
  addPost({ authorId, title }, { context }) {
    const post = { id: all.length + 1, authorId, title, tenant: context.tenant };
    all.push(post);
    return post;
  },
};
