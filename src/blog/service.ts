import { ApiError } from '../core/errors.ts';
import { createService } from '../service/service.ts';
import type { Service, ServiceOptions } from '../service/types.ts';
import { blogContract } from './contract.ts';
import { POSTS, USERS, WEATHER } from './data.ts';

/** The reference service of the blog contract: in memory, with the same data at every start. */
export function createBlogService<T = undefined>(options: ServiceOptions<T> = {}): Service<typeof blogContract> {
  const users = new Map(USERS.map((user) => [user.id, user]));
  const posts = new Map(POSTS.map((post) => [post.id, post]));
  const weather = new Map(WEATHER.map((report) => [report.location, report]));
  const usernames = new Set(USERS.map((user) => user.username));
  let lastUserId = Math.max(...users.keys());
  let lastPostId = Math.max(...posts.keys());

  return createService<typeof blogContract, T>(
    blogContract,
    {
      createUser: ({ username, email }) => {
        if (usernames.has(username)) throw new ApiError('ALREADY_EXISTS', `the username '${username}' is taken`);
        const user = { id: ++lastUserId, username, email, createdAt: now() };
        users.set(user.id, user);
        usernames.add(username);
        return user;
      },
      getUser: ({ id }) => found(users.get(id), `no user has the id ${id}`),
      getUserPosts: ({ userId, limit, after }) => {
        found(users.get(userId), `no user has the id ${userId}`);
        // Ids grow, and a map keeps the order of insertion, so these are in order.
        const mine = [...posts.values()].filter((post) => post.authorId === userId && (after === undefined || post.id > after));
        return mine.slice(0, limit);
      },
      getPost: ({ id }) => found(posts.get(id), `no post has the id ${id}`),
      createPost: async ({ authorId, title, content }, call) => {
        const author = found(users.get(authorId), `no user has the id ${authorId}`);
        const post = { id: ++lastPostId, authorId, title, content, createdAt: now() };
        posts.set(post.id, post);
        await call.publish('articlePublished', { title, author: author.username, content });
        return post;
      },
      updatePost: ({ id, title, content }) => {
        const post = found(posts.get(id), `no post has the id ${id}`);
        const changed = { ...post, title: title ?? post.title, content: content ?? post.content };
        posts.set(id, changed);
        return changed;
      },
      deletePost: ({ id }) => {
        if (!posts.delete(id)) throw new ApiError('NOT_FOUND', `no post has the id ${id}`);
      },
      sendMessage: (message) => message,
      getWeather: ({ location }) =>
        found(weather.get(location), `the weather of '${location}' is not known; try ${[...weather.keys()].join(', ')}`),
      reportTemperature: ({ sensorId, celsius }) => ({ sensorId, celsius, measuredAt: now() }),
    },
    options,
  );
}

function now(): string {
  return new Date().toISOString();
}

function found<T>(value: T | undefined, otherwise: string): T {
  if (value === undefined) throw new ApiError('NOT_FOUND', otherwise);
  return value;
}
