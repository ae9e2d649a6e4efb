import * as z from 'zod/mini';
import { _isoDateTime } from 'zod/v4/core';
import { defineContract, event, mutation, query } from '../core/define.ts';

const title = z.string().check(z.minLength(1), z.maxLength(200), z.meta({ examples: ['RESTful APIs 102'] }));
const content = z.string().check(z.meta({ examples: ['Lorem ipsum dolor sit amet'] }));
const postId = z.int32().check(z.meta({ description: "The post's number.", examples: [1] }));
/** In the published proto user ids are text, and a username is a `name`. */
const userId = z.int32().check(z.meta({ description: "The user's number.", examples: [123], grpc: { type: 'string' } }));
const username = z.string().check(z.minLength(1), z.maxLength(64), z.meta({ grpc: { name: 'name' }, examples: ['ada'] }));
const email = z.email().check(z.meta({ examples: ['ada@example.com'] }));
const sensorId = z.string().check(z.minLength(1), z.maxLength(64), z.meta({ examples: ['roof'] }));
/** `z.iso.datetime()`; the namespace `z.iso` would bring dates, times and durations along, which is 0.4 KiB in a browser. */
const instant = _isoDateTime(z.ZodMiniISODateTime, {});
const celsius = z.number().check(z.minimum(-273.15), z.meta({ description: 'Degrees Celsius.', examples: [21.5] }));

/** Someone who writes posts. */
export const User = z
  .object({ id: userId, username, email, createdAt: instant })
  .check(z.meta({ id: 'User', description: 'Someone who writes posts.' }));

/** What a user has written. */
export const Post = z
  .object({ id: postId, authorId: userId, title: z.string(), content: z.string(), createdAt: instant })
  .check(z.meta({ id: 'Post', description: 'What a user has written.' }));

const line = {
  sender: z.string().check(z.minLength(1), z.maxLength(64), z.meta({ examples: ['john_doe'] })),
  message: z.string().check(z.minLength(1), z.maxLength(4000), z.meta({ examples: ['Hello, everyone!'] })),
};

/** One line of the chat. */
export const ChatMessage = z.object(line).check(z.meta({ id: 'ChatMessage', description: 'One line of the chat.' }));

/** A published post, as subscribers see it. */
export const Article = z
  .object({ title: z.string(), author: z.string(), content: z.string() })
  .check(z.meta({ id: 'Article', description: 'A published post, as subscribers see it.' }));

/** The weather at a place. */
export const Weather = z
  .object({
    location: z.string(),
    temperature: z.string().check(z.meta({ description: 'With its unit: `22°C`.' })),
    conditions: z.string(),
  })
  .check(z.meta({ id: 'Weather', description: 'The weather at a place.' }));

/** What a sensor measured. */
export const TemperatureReading = z
  .object({ sensorId, celsius, measuredAt: instant })
  .check(z.meta({ id: 'TemperatureReading', description: 'What a sensor measured.' }));

/** The built-in contract: a blog platform with a chat, a weather report and sensors. */
export const blogContract = defineContract({
  name: 'blog',
  version: '1.0.0',
  description: 'A blog platform with a chat, a weather report and sensors.',
  namespace: 'http://example.com/',
  operations: {
    createUser: mutation({
      service: 'User',
      summary: 'Adds a user',
      input: z.object({ username, email }),
      output: User,
      http: 'POST /users',
      errors: ['ALREADY_EXISTS'],
    }),
    getUser: query({
      service: 'User',
      summary: 'Reads a user',
      input: z.object({ id: userId }),
      output: User,
      http: 'GET /users/{id}',
      errors: ['NOT_FOUND'],
    }),
    getUserPosts: query({
      service: 'Post',
      summary: 'Lists the posts of a user, in order of their ids',
      input: z.object({
        userId,
        limit: z._default(z.int32().check(z.minimum(1), z.maximum(100)), 20),
        after: z.optional(z.int32().check(z.meta({ description: 'The id of the last post of the page before.' }))),
      }),
      output: z.array(Post),
      http: 'GET /users/{userId}/posts',
      pagedBy: 'id',
      errors: ['NOT_FOUND'],
    }),
    getPost: query({
      service: 'Post',
      summary: 'Reads a post',
      input: z.object({ id: postId }),
      output: Post,
      http: 'GET /posts/{id}',
      errors: ['NOT_FOUND'],
    }),
    createPost: mutation({
      service: 'Post',
      summary: 'Publishes a post',
      description: 'Subscribers of `articlePublished` are told.',
      input: z.object({ authorId: userId, title, content }),
      output: Post,
      http: 'POST /posts',
      errors: ['NOT_FOUND'],
    }),
    updatePost: mutation({
      service: 'Post',
      summary: 'Changes the title or the content of a post',
      input: z.object({ id: postId, title: z.optional(title), content: z.optional(content) }),
      output: Post,
      http: ['PATCH /posts/{id}', 'PUT /posts/{id}'],
      idempotent: true,
      errors: ['NOT_FOUND'],
    }),
    deletePost: mutation({
      service: 'Post',
      summary: 'Deletes a post',
      input: z.object({ id: postId }),
      http: 'DELETE /posts/{id}',
      idempotent: true,
      errors: ['NOT_FOUND'],
    }),
    sendMessage: mutation({
      service: 'Chat',
      summary: 'Says something in the chat',
      // Not `ChatMessage` itself: an input without a name is named after its operation, as those of all others are.
      input: z.object(line),
      output: ChatMessage,
      http: 'POST /chat',
    }),
    getWeather: query({
      service: 'Weather',
      summary: 'Tells the weather at a place',
      input: z.object({ location: z.string().check(z.minLength(1), z.maxLength(100), z.meta({ examples: ['London'] })) }),
      output: Weather,
      http: 'GET /weather/{location}',
      errors: ['NOT_FOUND'],
    }),
    reportTemperature: mutation({
      service: 'Sensor',
      summary: 'Reports what a sensor measured',
      input: z.object({ sensorId, celsius }),
      output: TemperatureReading,
      http: 'POST /sensors/temperature',
    }),
  },
  events: {
    message: event({
      service: 'Chat',
      summary: 'Someone said something in the chat',
      channel: 'chat',
      type: 'chat.message',
      payload: ChatMessage,
      writtenBy: 'sendMessage',
    }),
    articlePublished: event({
      service: 'Article',
      summary: 'A post was published',
      channel: 'articles/published',
      type: 'article.published',
      payload: Article,
    }),
    temperature: event({
      service: 'Sensor',
      summary: 'A sensor measured the temperature',
      channel: 'sensors/temperature',
      type: 'sensor.temperature',
      payload: TemperatureReading,
      writtenBy: 'reportTemperature',
    }),
  },
  relations: {
    User: { posts: { operation: 'getUserPosts', input: { userId: 'id' } } },
  },
});
