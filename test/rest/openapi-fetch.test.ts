/** What strangers generate from our OpenAPI document: openapi-typescript's types compile with a program of openapi-fetch, which calls each shape. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { bytes, createService, defineContract, file, mutation, query, type Service } from '../../src/core.ts';
import { listen, type HttpServer } from '../../src/http/index.ts';
import { openApi } from '../../src/rest/schema.ts';
import { restHandler } from '../../src/rest/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const Job = z.object({ id: z.int32(), state: z.string() }).meta({ id: 'Job' });

const contract = defineContract({
  name: 'shapes',
  operations: {
    store: mutation({
      input: z.object({ id: z.int32(), content: bytes({ type: 'image/png' }) }),
      output: z.object({ size: z.int32() }),
      http: { route: 'PUT /pictures/{id}', body: 'content' },
    }),
    picture: query({ input: z.object({ id: z.int32() }), output: bytes({ type: 'image/png' }), http: 'GET /pictures/{id}' }),
    album: mutation({
      input: z.object({ title: z.string(), tags: z.array(z.string()), cover: file() }),
      output: z.object({ title: z.string(), tags: z.array(z.string()), name: z.string(), size: z.int32() }),
      http: 'POST /albums',
    }),
    start: mutation({ output: Job, http: { route: 'POST /jobs', status: 202 } }),
    mirrored: query({ output: Job, http: { route: 'GET /mirrored', status: 203 } }),
    some: query({ output: z.array(Job), http: { route: 'GET /some', status: 206 } }),
    forget: mutation({ input: z.object({ id: z.int32() }), http: 'DELETE /jobs/{id}' }),
    old: query({ output: Job, http: 'GET /old', deprecated: { since: '2026-01-31', note: 'use start' } }),
    count: query({ input: z.object({ to: z.int32() }), item: z.object({ n: z.int32() }), http: 'GET /count' }),
    fail: query({
      output: Job,
      http: 'GET /fail',
      errors: { SOLD_OUT: { code: 'FAILED_PRECONDITION', details: z.object({ left: z.int32() }) } },
    }),
  },
});

/** A stranger's program: it names the types that were generated, so that a wrong one does not compile. */
const PROGRAM = `
import createClient from 'openapi-fetch';
import type { components, paths } from './api.ts';

export async function run(baseUrl: string) {
  const { GET, PUT, POST, DELETE } = createClient<paths>({ baseUrl });
  const job: components['schemas']['Job'] = { id: 1, state: 'running' };
  const stored = await PUT('/pictures/{id}', {
    params: { path: { id: 7 } },
    body: 'not read: the bytes are what the serializer gives',
    bodySerializer: () => new Uint8Array([1, 2, 3]),
    headers: { 'content-type': 'image/png' },
  });
  const size: number | undefined = stored.data?.size;
  const picture = await GET('/pictures/{id}', { params: { path: { id: 7 } }, parseAs: 'arrayBuffer' });
  const form = new FormData();
  form.set('title', 'Summer');
  form.append('tags', 'sea');
  form.append('tags', 'sun');
  form.set('cover', new File(['a picture'], 'cover.png', { type: 'image/png' }));
  const album = await POST('/albums', { body: { title: 'Summer', tags: ['sea', 'sun'], cover: '' }, bodySerializer: () => form });
  const started = await POST('/jobs');
  const mirrored = await GET('/mirrored');
  const some = await GET('/some');
  // Members may be missing, because \`?fields=\` can leave them out.
  const ids: (number | undefined)[] | undefined = some.data?.map(({ id }) => id);
  const forgotten = await DELETE('/jobs/{id}', { params: { path: { id: 1 } } });
  const old = await GET('/old');
  const counted = await GET('/count', { params: { query: { to: 3 } }, parseAs: 'text', headers: { accept: 'application/x-ndjson' } });
  const failed = await GET('/fail');
  const state: string | undefined = started.data?.state ?? job.state;
  return {
    statuses: [stored, picture, album, started, mirrored, some, forgotten, old, counted, failed].map(({ response }) => response.status),
    size,
    picture: picture.data && [...new Uint8Array(picture.data)],
    album: album.data,
    state,
    ids,
    deprecated: old.response.headers.get('deprecation'),
    counted: counted.data,
    failed: failed.error,
  };
}
`;

let folder = '';
let server: HttpServer;
let service: Service;

beforeAll(async () => {
  folder = await mkdtemp(join(ROOT, 'test/.openapi-fetch-'));
  const document = JSON.stringify(openApi(contract));
  await writeFile(join(folder, 'api.ts'), astToString(await openapiTS(document, { silent: true })));
  await writeFile(join(folder, 'program.ts'), PROGRAM);
  const job = { id: 1, state: 'running' };
  service = createService({
    contract,
    handlers: {
      store: ({ content }) => ({ size: content.length }),
      picture: ({ id }) => Uint8Array.of(id, 8, 9),
      async album({ title, tags, cover }) {
        return { title, tags, name: cover.name ?? '', size: (await cover.bytes()).length };
      },
      start: () => job,
      mirrored: () => job,
      some: () => [job],
      forget: () => undefined,
      old: () => job,
      async *count({ to }) {
        for (let n = 1; n <= to; n++) yield { n };
      },
      fail(_, { errors }) {
        throw errors.SOLD_OUT({ left: 0 });
      },
    },
  });
  server = await listen(restHandler(service));
});
afterAll(async () => {
  await Promise.all([server.close(), service.close()]);
  await rm(folder, { recursive: true, force: true });
});

describe('openapi-typescript and openapi-fetch', () => {
  test('a program compiles against the types that were generated', () => {
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, ROOT);
    const files = ['program.ts', 'api.ts'].map((name) => join(folder, name));
    const program = ts.createProgram(files, options);
    const said = files.flatMap((name) => program.getSemanticDiagnostics(program.getSourceFile(name)));
    expect(said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
  });

  test('the program calls each shape', async () => {
    const { run } = (await import(join(folder, 'program.ts'))) as { run(url: string): Promise<Record<string, unknown>> };
    expect(await run(server.url)).toMatchObject({
      statuses: [200, 200, 201, 202, 203, 206, 204, 200, 200, 400],
      size: 3,
      picture: [7, 8, 9],
      album: { title: 'Summer', tags: ['sea', 'sun'], name: 'cover.png', size: 9 },
      state: 'running',
      ids: [1],
      deprecated: '@1769817600',
      counted: '{"n":1}\n{"n":2}\n{"n":3}\n',
      failed: { code: 'FAILED_PRECONDITION', reason: 'SOLD_OUT', details: { left: 0 } },
    });
  });
});
