/** Files that the client sends by the multipart request specification: to our own server and to GraphQL Yoga. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import * as z from 'zod/mini';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, createService, defineContract, file, mutation, query, type FileBody } from '../../src/core.ts';
import { graphql, type GraphqlOptions } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/index.ts';
import { failure } from '../support/failure.ts';

const Facts = z.object({ name: z.nullable(z.string()), type: z.string(), size: z.int32(), isStream: z.boolean() });

const contract = defineContract({
  name: 'albums',
  operations: {
    upload: mutation({ input: z.object({ note: z.optional(z.string()), photo: file({ maxBytes: 8_000_000 }) }), output: Facts }),
    uploadAll: mutation({
      input: z.object({ album: z.object({ title: z.string(), photos: z.array(z.object({ photo: z.nullable(file()) })) }) }),
      output: z.array(z.nullable(Facts)),
    }),
    compare: query({ input: z.object({ left: file(), right: file() }), output: z.boolean() }),
    hello: query({ output: z.string() }),
  },
});

const facts = async (photo: FileBody) => {
  const isStream = !photo.isRepeatable;
  return { name: photo.name ?? null, type: photo.type, isStream, size: (await photo.bytes()).byteLength };
};

const service = createService(contract, {
  upload: ({ photo }) => facts(photo),
  uploadAll: async ({ album }) => {
    const all = [];
    for (const { photo } of album.photos) all.push(photo && (await facts(photo)));
    return all;
  },
  compare: async ({ left, right }) => Buffer.compare(await left.bytes(), await right.bytes()) === 0,
  hello: () => 'hello',
});

let server: HttpServer;
let closed: HttpServer;
beforeAll(async () => {
  server = await listen(graphqlHandler(service, { uploads: true, maxBodyBytes: 100_000, maxFileBytes: 20_000_000 }));
  closed = await listen(graphqlHandler(service));
});
afterAll(async () => {
  await server.close();
  await closed.close();
  await service.close();
});

const open = (options: Partial<GraphqlOptions> = {}) =>
  createClient({ contract, transport: graphql({ url: server.url, uploads: true, ...options }) });
const bytes = (size: number, fill = 1) => new Uint8Array(size).fill(fill);

describe('a client with uploads', () => {
  test('sends a file with its name and type, and a stream as a stream', async () => {
    const client = open();
    const photo = { content: bytes(1000), name: 'ü "1" %22.png', type: 'image/png' };
    expect(await client.upload({ photo, note: 'x' })).toEqual({ name: photo.name, type: 'image/png', size: 1000, isStream: false });
    let given = 0;
    async function* pieces() {
      for (; given < 50; given++) yield await Promise.resolve(bytes(100_000));
    }
    expect(await client.upload({ photo: { content: pieces(), type: 'image/gif' } })).toMatchObject({ type: 'image/gif', size: 5_000_000, isStream: true }); // prettier-ignore
    expect(given).toBe(50);
    await client.close();
  });

  test('sends several, in lists and objects, none, and queries by POST', async () => {
    const seen: Parameters<NonNullable<GraphqlOptions['onWire']>>[0][] = [];
    const client = open({ persisted: true, queryMethod: 'GET', onWire: (record) => seen.push(record) });
    const photo = new File([bytes(3)], 'a.png', { type: 'image/png' });
    expect(await client.uploadAll({ album: { title: 'x', photos: [{ photo }, { photo: null }, { photo: bytes(2) }] } })).toEqual([
      { name: 'a.png', type: 'image/png', size: 3, isStream: false },
      null,
      { name: 'file', type: 'application/octet-stream', size: 2, isStream: false },
    ]);
    expect(await client.compare({ left: bytes(9), right: bytes(9) })).toBe(true);
    expect(await client.compare({ left: bytes(9), right: bytes(9, 2) })).toBe(false);
    expect(await client.hello()).toBe('hello');
    const starts = seen.filter(({ direction }) => direction === 'out').map(({ start }) => start.slice(0, 5));
    expect(starts.slice(0, 3)).toEqual(['POST ', 'POST ', 'POST ']);
    expect(starts[3]).toBe('GET /');
    expect(seen[0]?.headers).toMatchObject({ 'apollo-require-preflight': 'true' });
    await client.close();
  });

  test('is told why a content failed, what is too large, and that the server takes none', async () => {
    const client = open();
    const photo = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('the disk is gone')) });
    expect(await failure(client.upload({ photo }))).toMatchObject({ code: 'UNKNOWN', text: expect.stringContaining('could not be read') as string }); // prettier-ignore
    expect(await failure(client.upload({ photo: bytes(8_000_001) }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await client.close();
    const other = open({ url: closed.url });
    expect(await failure(other.upload({ photo: bytes(1) }))).toMatchObject({ remote: true, code: 'INVALID_ARGUMENT' });
    await other.close();
    expect(() => open({ carrier: { request: () => Promise.reject(new Error()) } as never })).toThrow(/uploads/);
  });

  test('without the option sends base64', async () => {
    const client = open({ url: closed.url, uploads: false });
    expect(await client.upload({ photo: { content: bytes(4), name: 'a' } })).toMatchObject({ size: 4, name: 'a' });
    await client.close();
  });
});

describe('GraphQL Yoga', () => {
  const yoga = createYoga({
    logging: false,
    schema: createSchema({
      typeDefs: 'scalar File type Query { ok: Boolean } type Mutation { save(file: File!, note: String): String! }',
      resolvers: {
        Mutation: {
          save: async (_: unknown, { file: given, note }: { file: File; note?: string }) =>
            `${given.name} ${given.type} ${(await given.arrayBuffer()).byteLength} ${note ?? ''}`,
        },
      },
    }),
  });
  const http = createServer((request, response) => void yoga(request, response));
  beforeAll(async () => {
    http.listen(0);
    await once(http, 'listening');
  });
  afterAll(() => void http.close());

  test('takes them for its own scalar', async () => {
    const client = open({
      url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`,
      operations: {
        upload: {
          document: 'mutation ($photo: File!, $note: String) { save(file: $photo, note: $note) }',
          output: (text) => ({ name: String(text), type: 'text/plain', size: 0, isStream: false }),
        },
      },
    });
    const photo = new File([bytes(70_000)], 'ü 1.png', { type: 'image/png' });
    expect((await client.upload({ photo, note: 'n' })).name).toBe('ü 1.png image/png 70000 n');
    const stream = new Blob([bytes(5)]).stream();
    expect((await client.upload({ photo: { content: stream, name: 'b.gif', type: 'image/gif' } })).name).toBe('b.gif image/gif 5 ');
    await client.close();
  });
});
