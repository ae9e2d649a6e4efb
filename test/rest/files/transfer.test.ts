/** Files over REST: bodies of their own and parts of forms, in memory and as streams, in both directions and through a gateway. */
import { statSync } from 'node:fs';
import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytes, createClient, createService, defineContract, file, type FileBody, mutation, query } from '../../../src/core.ts';
import type { FileSource } from '../../../src/core.ts';
import { listen, type HttpServer } from '../../../src/http/index.ts';
import { rest } from '../../../src/rest/client.ts';
import { restHandler } from '../../../src/rest/server.ts';
import { curl, NO_CURL } from '../../support/curl.ts';

const Seen = z.object({ name: z.nullable(z.string()), type: z.string(), size: z.int(), sum: z.int(), isStream: z.boolean() });

const contract = defineContract({
  name: 'files',
  operations: {
    put: mutation({
      input: z.object({ id: z.int(), note: z.optional(z.string()), content: file() }),
      output: Seen,
      http: { route: 'PUT /files/{id}', body: 'content' },
    }),
    putBytes: mutation({
      input: z.object({ id: z.int(), content: bytes({ type: 'image/png' }) }),
      output: z.object({ id: z.int(), size: z.int() }),
      http: { route: 'PUT /bytes/{id}', body: 'content' },
    }),
    form: mutation({
      input: z.object({
        album: z.string(),
        year: z.int(),
        tags: z.array(z.string()),
        place: z.optional(z.object({ x: z.number(), y: z.number() })),
        cover: z.optional(file({ types: ['image/*'], maxBytes: 200_000 })),
        photos: z.array(file()),
      }),
      output: z.object({ fields: z.string(), cover: z.nullable(Seen), photos: z.array(Seen) }),
      http: 'POST /albums',
    }),
    get: query({
      input: z.object({ size: z.int(), name: z.optional(z.string()), type: z.optional(z.string()) }),
      output: file(),
      http: 'GET /files',
    }),
    getBytes: query({ input: z.object({ size: z.int() }), output: bytes({ type: 'image/png' }), http: 'GET /bytes' }),
    broken: query({ input: z.object({ after: z.int(), size: z.optional(z.int()) }), output: file(), http: 'GET /broken' }),
    endless: query({ output: file(), http: 'GET /endless' }),
  },
});

const left: string[] = [];

async function seen(of: FileBody): Promise<z.output<typeof Seen>> {
  let size = 0;
  let sum = 0;
  const isStream = !of.isRepeatable;
  for await (const chunk of of) {
    size += chunk.length;
    for (const byte of chunk) sum = (sum + byte) % 1_000_003;
  }
  return { name: of.name ?? null, type: of.type, size, sum, isStream };
}

function sumOf(of: Uint8Array): number {
  let sum = 0;
  for (const byte of of) sum = (sum + byte) % 1_000_003;
  return sum;
}

const made = (size: number) => Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251);

async function* inPieces(size: number, piece = 60_000): AsyncGenerator<Uint8Array> {
  const all = made(size);
  for (let at = 0; at < size; at += piece) yield await Promise.resolve(all.subarray(at, at + piece));
}

const service = createService(
  contract,
  {
    put: ({ content }) => seen(content),
    putBytes: ({ id, content }) => ({ id, size: content.byteLength }),
    form: async ({ cover, photos, ...fields }) => {
      const all = [];
      for (const photo of photos) all.push(await seen(photo));
      return { fields: JSON.stringify(fields), cover: cover ? await seen(cover) : null, photos: all };
    },
    get: ({ size, name, type }) => ({ content: size > 100_000 ? inPieces(size) : made(size), name, type }),
    getBytes: ({ size }) => made(size),
    broken: ({ after, size }) => ({
      content: (async function* () {
        yield* inPieces(after);
        throw new Error('the disk is gone');
      })(),
      ...(size !== undefined && { size }),
    }),
    endless: () =>
      (async function* () {
        try {
          for (;;) yield await Promise.resolve(made(10_000));
        } finally {
          left.push('endless');
        }
      })(),
  },
  { onError: () => {} },
);

let servers: HttpServer[] = [];
const clients: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  const direct = await listen(restHandler(service));
  const middle = rest({ url: direct.url })(contract);
  clients.push(middle);
  const gateway = await listen(restHandler(middle));
  servers = [direct, gateway];
});

afterAll(async () => {
  for (const client of clients) await client.close();
  for (const server of servers) await server.close();
  await service.close();
});

describe.each(['in process', 'over REST', 'over REST to REST'])('files %s', (how) => {
  let client: ReturnType<typeof open>;
  const isWire = how !== 'in process';
  const open = () =>
    createClient({ contract, transport: isWire ? rest({ url: (how === 'over REST' ? servers[0] : servers[1])?.url ?? '' }) : service });
  beforeAll(() => {
    client = open();
    clients.push(client);
  });

  test.each([
    ['bytes', (): FileSource => made(70_000)],
    ['a blob', (): FileSource => new Blob([made(70_000)])],
    ['a stream', (): FileSource => new Blob([made(70_000)]).stream()],
    ['an iterable', (): FileSource => inPieces(70_000)],
  ])('a body is given as %s', async (_, source) => {
    expect(await client.put({ id: 1, content: source() })).toMatchObject({
      size: 70_000,
      sum: sumOf(made(70_000)),
      name: null,
      type: 'application/octet-stream',
    });
  });

  test('name and media type arrive as they were', async () => {
    for (const name of ['a.png', 'with "quotes" and %22.txt', 'Grüße 世界 🎉.pdf', "it's (1)*.bin", 'back`tick;semi=colon'])
      for (const type of ['image/png', 'text/plain; charset=utf-8', 'application/vnd.api+json']) {
        expect(await client.put({ id: 1, content: { content: made(10), name, type } })).toMatchObject({ name, type, size: 10 });
        const photos = [{ content: made(10), name, type }];
        expect((await client.form({ album: 'a', year: 1, tags: [], photos })).photos).toMatchObject([{ name, type, size: 10 }]);
        const got = await client.get({ size: 3, name, type });
        expect([got.name, got.type, got.size, await got.bytes()]).toEqual([name, type, 3, made(3)]);
      }
  });

  test('an empty file is a file', async () => {
    expect(await client.put({ id: 1, content: new Uint8Array(0) })).toMatchObject({ size: 0 });
    expect(await (await client.get({ size: 0 })).bytes()).toEqual(new Uint8Array(0));
    expect(
      (await client.form({ album: 'a', year: 1, tags: [], photos: [{ content: new Uint8Array(0), name: 'e.txt' }] })).photos,
    ).toMatchObject([{ size: 0 }]);
    // Without a name it is not what a browser sends of an input in which nothing was chosen.
    expect((await client.form({ album: 'a', year: 1, tags: [], photos: [new Uint8Array(0)] })).photos).toMatchObject([{ size: 0 }]);
  });

  test('a form keeps its other members as they were', async () => {
    const fields = { album: 'Sommer "24" & ü\r\nzwei', year: 2024, tags: ['a', 'b, c'], place: { x: 1.5, y: -2 } };
    const photos = [
      { content: made(1000), name: '1.png', type: 'image/png' },
      { content: made(5), name: '2.png', type: 'image/png' },
    ];
    const answer = await client.form({ ...fields, cover: { content: made(100), type: 'image/gif' }, photos });
    expect(JSON.parse(answer.fields)).toEqual(fields);
    expect(answer.cover).toMatchObject({ size: 100, type: 'image/gif' });
    expect(answer.photos.map(({ name, size }) => [name, size])).toEqual([['1.png', 1000], ['2.png', 5]]); // prettier-ignore
    expect((await client.form({ ...fields, photos: [made(3)] })).photos).toMatchObject([{ name: null, size: 3 }]);
    const bare = await client.form({ album: '', year: 0, tags: [], photos: [] });
    expect([JSON.parse(bare.fields), bare.photos]).toEqual([{ album: '', year: 0, tags: [] }, []]);
  });

  test('large ones stream', async () => {
    const size = 5_000_000;
    const sum = sumOf(made(size));
    expect(await client.put({ id: 1, content: inPieces(size) })).toMatchObject({ size, sum, isStream: true });
    const photos = [made(10), inPieces(size)];
    expect((await client.form({ album: 'a', year: 1, tags: ['x'], photos })).photos).toMatchObject([
      { size: 10 },
      { size, sum, isStream: true },
    ]);
    const got = await client.get({ size });
    expect(await seen(got)).toMatchObject({ size, sum, isStream: true });
    await expect(got.bytes()).rejects.toThrow('can be read once');
  });

  test('rules of a file are kept', async () => {
    const send = (cover: FileSource) => client.form({ album: 'a', year: 1, tags: [], cover, photos: [] });
    await expect(send({ content: made(3), type: 'text/html' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('image/*') as string,
    });
    await expect(send({ content: made(300_000), type: 'image/png' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(send({ content: inPieces(300_000), type: 'image/png' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(send('text' as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('bytes are a body', async () => {
    expect(await client.getBytes({ size: 1000 })).toEqual(made(1000));
    expect(await client.putBytes({ id: 7, content: made(99) })).toEqual({ id: 7, size: 99 });
  });

  test('a content that breaks is an error at the other end, never a short file', async () => {
    for (const input of [{ after: 10 }, { after: 1_000_000 }, { after: 1_000_000, size: 2_000_000 }]) {
      const got = await client.broken(input);
      await expect(seen(got)).rejects.toThrow();
    }
    const broken = (async function* () {
      yield* inPieces(2_000_000);
      throw new Error('my disk is gone');
    })();
    await expect(client.put({ id: 1, content: broken })).rejects.toThrow('could not be read');
  });

  test('leaving a download ends it at the other end', async () => {
    left.length = 0;
    for await (const _ of await client.endless()) break;
    await expect.poll(() => left).toEqual(['endless']);
    const got = await client.endless();
    await got.cancel();
    if (isWire) await expect.poll(() => left.length).toBe(2);
    const stream = (await client.endless()).stream().getReader();
    await stream.read();
    await stream.cancel();
    await expect.poll(() => left.length).toBe(isWire ? 3 : 2);
  });
});

describe.skipIf(NO_CURL !== undefined)(`files sent by curl${NO_CURL === undefined ? '' : ` (skipped: ${NO_CURL})`}`, () => {
  const at = (path: string) => `${servers[0]?.url}${path}`;
  const size = statSync('package.json').size;

  test('as a body', async () => {
    const typed = await curl('-X', 'PUT', '--data-binary', '@package.json', '-H', 'content-type: application/json', at('/files/1?note=x'));
    expect(typed.json()).toMatchObject({ type: 'application/json', size, name: null });
    const untyped = await curl('-X', 'PUT', '--data-binary', '@package.json', at('/files/1'));
    expect(untyped.json()).toMatchObject({ type: 'application/octet-stream', size });
    expect((await curl('-T', 'package.json', at('/bytes/3'))).json()).toEqual({ id: 3, size });
  });

  test('in a form', async () => {
    const parts = [
      'album=Sommer "24"',
      'year=24',
      'tags=a',
      'tags=b',
      'place={"x":1,"y":2}',
      'photos=@package.json;type=text/plain',
      'photos=@LICENSE',
    ];
    const answer = await curl(...parts.flatMap((part) => ['-F', part]), at('/albums'));
    expect(answer.status).toBe(201);
    const { fields, photos } = answer.json() as { fields: string; photos: unknown[] };
    expect(JSON.parse(fields)).toEqual({ album: 'Sommer "24"', year: 24, tags: ['a', 'b'], place: { x: 1, y: 2 } });
    expect(photos).toMatchObject([{ name: 'package.json', type: 'text/plain', size }, { name: 'LICENSE' }]); // prettier-ignore
  });

  test('and got by it, with name, type and length', async () => {
    const { status, headers, body } = await curl(at('/files?size=5&name=a.txt&type=text/plain'));
    expect([status, headers['content-type'], headers['content-disposition'], headers['content-length'], body.length]).toEqual([
      200, 'text/plain', 'attachment; filename="a.txt"', '5', 5,
    ]); // prettier-ignore
    expect((await curl('-I', at('/files?size=5&type=text/plain'))).headers['content-length']).toBe('5');
  });
});

describe('files by fetch itself', () => {
  test('a stream is sent and got piece by piece', async () => {
    const url = `${servers[0]?.url}/files`;
    const put = await fetch(`${url}/1?note=x`, {
      method: 'PUT',
      headers: { 'content-type': 'image/png' },
      body: Readable.toWeb(Readable.from(inPieces(3_000_000))),
      duplex: 'half',
    } as RequestInit);
    expect(await put.json()).toEqual({ name: null, type: 'image/png', size: 3_000_000, sum: sumOf(made(3_000_000)), isStream: true });
    const got = await fetch(`${url}?size=3000000&name=a.png&type=image/png`);
    let size = 0;
    for await (const chunk of got.body ?? []) size += (chunk as Uint8Array).length;
    expect([got.headers.get('content-type'), size]).toEqual(['image/png', 3_000_000]);
  });
});
