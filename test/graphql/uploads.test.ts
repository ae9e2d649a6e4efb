/** Files over GraphQL: in JSON, and by the multipart request specification as Apollo's upload client and curl send it. */
import { ApolloClient, gql, InMemoryCache } from '@apollo/client/core';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import * as z from 'zod/mini';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createService, defineContract, file, mutation, query } from '../../src/core.ts';
import { graphqlHandler, graphqlSchema } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/index.ts';
import { curl, NO_CURL } from '../support/curl.ts';

const Facts = z
  .object({ name: z.nullable(z.string()), type: z.string(), size: z.int32(), isStream: z.boolean() })
  .check(z.meta({ id: 'Facts' }));

const contract = defineContract({
  name: 'uploads',
  operations: {
    upload: mutation({
      input: z.object({ note: z.optional(z.string()), photo: file({ types: ['image/*', 'text/plain'] }) }),
      output: Facts,
    }),
    uploadAll: mutation({ input: z.object({ photos: z.array(file()) }), output: z.array(Facts) }),
    getPhoto: query({ input: z.object({ size: z.int32() }), output: file() }),
  },
});

const facts = async (photo: z.output<ReturnType<typeof file>>) => {
  const isStream = !photo.isRepeatable;
  return { name: photo.name ?? null, type: photo.type, isStream, size: (await photo.bytes()).byteLength };
};

const service = createService(contract, {
  upload: ({ photo }) => facts(photo),
  uploadAll: async ({ photos }) => {
    const all = [];
    for (const photo of photos) all.push(await facts(photo));
    return all;
  },
  getPhoto: ({ size }) => ({ content: new Uint8Array(size), name: 'photo.png', type: 'image/png' }),
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

const UPLOAD = 'mutation ($photo: Upload!, $note: String) { upload(input: { photo: $photo, note: $note }) { name type size isStream } }';
const ALL = 'mutation ($photos: [Upload!]!) { uploadAll(input: { photos: $photos }) { name size } }';

describe('the schema', () => {
  test('has the scalar Upload for files that are sent, and a type for those that are given', () => {
    const sdl = graphqlSchema(contract);
    expect(sdl).toContain('photo: Upload!');
    expect(sdl).toContain('photos: [Upload!]!');
    expect(sdl).toMatch(/scalar Upload @specifiedBy/);
    expect(sdl).toContain('type FileBody {');
    expect(sdl).not.toContain('input FileBody');
  });

  test('leaves the name to types of a contract without files', () => {
    const Upload = z.object({ id: z.string() }).check(z.meta({ id: 'Upload' }));
    expect(graphqlSchema(defineContract({ name: 'other', operations: { get: query({ output: Upload }) } }))).toContain('type Upload {');
  });
});

describe('Apollo’s upload client', () => {
  const open = (headers: Readonly<Record<string, string>>) =>
    new ApolloClient({ link: new UploadHttpLink({ uri: `${server.url}/graphql`, headers }), cache: new InMemoryCache() });
  const photo = (size: number, name: string) => new File([new Uint8Array(size)], name, { type: 'image/png' });

  test('sends one file, several, and one that is larger than what is kept in memory', async () => {
    const apollo = open({ 'apollo-require-preflight': 'true' });
    const one = await apollo.mutate({ mutation: gql(UPLOAD), variables: { photo: photo(1000, 'ü "1".png'), note: 'x' } });
    expect(one.data).toMatchObject({ upload: { name: 'ü "1".png', type: 'image/png', size: 1000, isStream: false } });
    const all = await apollo.mutate({ mutation: gql(ALL), variables: { photos: [photo(1, 'a.png'), photo(2, 'b.png')] } });
    expect(all.data).toMatchObject({ uploadAll: [{ name: 'a.png', size: 1 }, { name: 'b.png', size: 2 }] }); // prettier-ignore
    const large = await apollo.mutate({ mutation: gql(UPLOAD), variables: { photo: photo(5_000_000, 'large.png') } });
    expect(large.data).toMatchObject({ upload: { size: 5_000_000, isStream: true } });
    apollo.stop();
  });

  test('is refused without the header for which browsers ask first', async () => {
    const apollo = open({});
    await expect(apollo.mutate({ mutation: gql(UPLOAD), variables: { photo: photo(1, 'a.png') } })).rejects.toThrow(/403|preflight/);
    apollo.stop();
  });
});

describe('a multipart request', () => {
  const send = async (
    url: string,
    parts: Readonly<Record<string, string | Blob>>,
    headers: Readonly<Record<string, string>> = { 'apollo-require-preflight': '1' },
  ) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(parts)) form.append(name, value);
    const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: form });
    return { status: answer.status, body: (await answer.json()) as { data?: unknown; errors?: { message: string }[]; detail?: string } };
  };
  const operations = JSON.stringify({ query: UPLOAD, variables: { photo: null } });
  const map = JSON.stringify({ a: ['variables.photo'] });
  const image = new Blob(['x'], { type: 'image/png' });

  test('is 415 where uploads are off, and 403 without the header', async () => {
    expect((await send(closed.url, { operations, map, a: image })).status).toBe(415);
    expect((await send(server.url, { operations, map, a: image }, {})).status).toBe(403);
    expect((await send(server.url, { operations, map, a: image }, { 'apollo-require-preflight': '' })).status).toBe(403);
  });

  test('is a batch too', async () => {
    const batch = JSON.stringify([{ query: '{ __typename }' }, { query: UPLOAD, variables: { photo: null } }]);
    const { body } = await send(server.url, { operations: batch, map: JSON.stringify({ a: ['1.variables.photo'] }), a: image });
    expect(body).toMatchObject([{ data: { __typename: 'Query' } }, { data: { upload: { size: 1 } } }]);
  });

  test('with mistakes is told which', async () => {
    const said = async (parts: Readonly<Record<string, string | Blob>>) => {
      const { status, body } = await send(server.url, parts);
      return [status, body.errors?.[0]?.message ?? body.detail];
    };
    expect(await said({ map, operations, a: image })).toEqual([400, expect.stringContaining("'operations' and 'map'") as string]);
    expect(await said({ operations, map: '[]', a: image })).toEqual([400, expect.stringContaining('map must name') as string]);
    expect(await said({ operations, map: '{"a":["variables.other"]}', a: image })).toEqual([
      400,
      expect.stringContaining('no null') as string,
    ]);
    expect(await said({ operations, map: '{"a":["query"]}', a: image })).toEqual([400, expect.stringContaining('no null') as string]);
    expect(await said({ operations, map: '{"a":["variables.__proto__.x"]}', a: image })).toEqual([
      400,
      expect.stringContaining('no null') as string,
    ]);
    expect(await said({ operations, map: '{"a":["variables.photo"],"b":["variables.photo"]}', a: image })).toEqual([
      400,
      expect.stringContaining("'b'") as string,
    ]);
    const wrong = await said({ operations, map, a: new Blob(['x'], { type: 'text/html' }) });
    expect(wrong[1]).toContain('image/*');
  });

  test.skipIf(NO_CURL !== undefined)('of curl is taken', async () => {
    const answer = await curl(
      `${server.url}/graphql`,
      ...[
        '-H',
        'apollo-require-preflight: true',
        '-F',
        `operations=${operations}`,
        '-F',
        `map=${map}`,
        '-F',
        'a=@package.json;type=text/plain',
      ],
    );
    expect(answer.json()).toMatchObject({ data: { upload: { name: 'package.json', type: 'text/plain' } } });
  });
});

describe('a variable that stands for a member', () => {
  test('leaves it out where it is absent, also once its document is compiled', async () => {
    const body = JSON.stringify({ query: UPLOAD, variables: { photo: { type: 'image/png', content: '' } } });
    for (let use = 0; use < 20; use++) {
      const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect(await answer.json()).toMatchObject({ data: { upload: { size: 0 } } });
    }
  });
});

describe('JSON', () => {
  test('carries files in base64, in variables and in documents', async () => {
    const ask = async (body: unknown) =>
      (
        await fetch(`${server.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).json();
    expect(await ask({ query: UPLOAD, variables: { photo: { name: 'a.png', type: 'image/png', content: 'AAEC' } } })).toMatchObject({
      data: { upload: { name: 'a.png', size: 3 } },
    });
    expect(
      await ask({ query: 'mutation { upload(input: { photo: { type: "image/gif", content: "AAE=" } }) { type size } }' }),
    ).toMatchObject({
      data: { upload: { type: 'image/gif', size: 2 } },
    });
    expect(await ask({ query: '{ photo(size: 2) { name type content } }' })).toEqual({
      data: { photo: { name: 'photo.png', type: 'image/png', content: 'AAA=' } },
    });
  });
});
