/** Several large files in one form, which wait in a folder. */
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, createService, defineContract, file, mutation } from '../../../src/core.ts';
import { graphql } from '../../../src/graphql/client.ts';
import { graphqlHandler } from '../../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../../src/http/index.ts';
import { rest } from '../../../src/rest/client.ts';
import { restHandler } from '../../../src/rest/server.ts';
import { failure } from '../../support/failure.ts';
import { until } from '../../support/until.ts';

const contract = defineContract({
  name: 'albums',
  operations: {
    add: mutation({
      input: z.object({ title: z.string(), photos: z.array(file({ maxBytes: 600_000 })), cover: z.optional(file()) }),
      output: z.array(z.string()),
    }),
    twice: mutation({ input: z.object({ first: file(), last: file() }), output: file() }),
  },
});

const folder = mkdtempSync(join(tmpdir(), 'multi-api-sdk-test-'));
let reads = true;
let calls = 0;
const service = createService(contract, {
  add: async ({ photos, cover }) => {
    calls++;
    if (!reads) return [];
    const all = [];
    // The last one first: the order is the handler's.
    for (const photo of [...photos, ...(cover ? [cover] : [])].reverse())
      all.push(`${photo.name} ${photo.type} ${(await photo.bytes()).reduce((sum, byte) => sum + byte, 0)}`);
    return all.reverse();
  },
  twice: ({ first, last }) => ({
    type: 'image/png',
    content: (async function* () {
      yield* first;
      yield* last;
    })(),
  }),
});

const limits = { maxBodyBytes: 100_000, maxFileBytes: 3_000_000, tempFolder: folder };
let servers: HttpServer[];
beforeAll(async () => {
  servers = [await listen(restHandler(service, limits)), await listen(graphqlHandler(service, { ...limits, uploads: true }))];
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await service.close();
  rmSync(folder, { recursive: true });
});

const photo = (size: number, name: string) => new File([new Uint8Array(size).fill(1)], name, { type: 'image/png' });

/** Files of the folder that this process has open, though they have no names. */
function openFiles(): number {
  if (!existsSync('/proc/self/fd')) return 0;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

describe.each([
  ['REST', () => rest({ url: servers[0]?.url ?? '' })],
  ['GraphQL', () => graphql({ url: servers[1]?.url ?? '', uploads: true })],
] as const)('large files in one form over %s', (_name, transport) => {
  const open = () => createClient({ contract, transport: transport() });
  let client: ReturnType<typeof open>;
  beforeAll(() => void (client = open()));
  afterAll(() => client.close());

  test('all come to the handler, and are read in any order', async () => {
    const photos = [photo(500_000, 'a.png'), photo(10, 'b.png'), photo(400_000, 'c.png'), photo(200_000, 'd.png')];
    expect(await client.add({ title: 'x', photos, cover: photo(300_000, 'cover.png') })).toEqual([
      'a.png image/png 500000', 'b.png image/png 10', 'c.png image/png 400000', 'd.png image/png 200000', 'cover.png image/png 300000',
    ]); // prettier-ignore
    expect(readdirSync(folder)).toEqual([]);
    await until(() => openFiles() === 0);
  });

  test('have limits, each and together', async () => {
    const before = calls;
    expect(await failure(client.add({ title: 'x', photos: [photo(500_000, 'a'), photo(600_001, 'b')] }))).toMatchObject({ code: 'INVALID_ARGUMENT' }); // prettier-ignore
    const many = Array.from({ length: 7 }, (_, index) => photo(500_000, String(index)));
    expect(await failure(client.add({ title: 'x', photos: many }))).toMatchObject({ code: 'INVALID_ARGUMENT', remote: true });
    expect(calls).toBe(before);
    await until(() => openFiles() === 0);
  });

  test('that nobody reads are closed', async () => {
    reads = false;
    await client.add({ title: 'x', photos: [photo(500_000, 'a.png'), photo(500_000, 'b.png')] });
    reads = true;
    await until(() => openFiles() === 0);
  });

  test('may be read while the answer is sent', async () => {
    const answer = await client.twice({ first: photo(500_000, 'a.png'), last: photo(300_000, 'b.png') });
    expect((await answer.bytes()).byteLength).toBe(800_000);
    await until(() => openFiles() === 0);
  });
});

describe('the option tempFolder', () => {
  test('names a folder', () => {
    for (const tempFolder of ['', '/not/there', 'package.json', 7 as never])
      expect(() => restHandler(service, { tempFolder })).toThrow(/tempFolder/);
    expect(() => graphqlHandler(service, { tempFolder: '/not/there' })).toThrow(/tempFolder/);
  });
});
