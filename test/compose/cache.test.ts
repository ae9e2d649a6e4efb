import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { cache, type CacheOptions } from '../../src/compose/index.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { createClient, createService, defineContract, mutation, query } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

const Page = z.object({ id: z.int32(), text: z.string() });
const contract = defineContract({
  name: 'pages',
  operations: {
    getPage: query({ input: z.object({ id: z.int32() }), output: Page, http: 'GET /pages/{id}' }),
    putPage: mutation({ input: Page, output: Page, http: 'PUT /pages/{id}' }),
  },
});

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function open(options?: CacheOptions) {
  const pages = new Map<number, string>([1, 2, 3].map((id) => [id, `page ${id} `.repeat(200)]));
  const service = createService(contract, {
    getPage({ id }, call) {
      if (id === 3) call.response.headers.set('cache-control', 'no-store');
      return { id, text: pages.get(id) ?? '' };
    },
    putPage(page) {
      pages.set(page.id, page.text);
      return page;
    },
  });
  server = await listen(restHandler(service));
  const statuses: string[] = [];
  /** What came with each 304: nothing, or the answer would be paid for twice. */
  const bodies: unknown[] = [];
  const transport = rest({
    url: server.url,
    onWire: ({ direction, start, body }) => {
      if (direction !== 'in') return;
      statuses.push(start.slice(0, 3));
      if (start.startsWith('304')) bodies.push(body);
    },
  });
  const client = createClient({ contract, transport: cache(transport, options) });
  return { client, statuses, bodies };
}

describe('cache', () => {
  it('asks whether an answer has changed, and gives the one that it has', async () => {
    const { client, statuses, bodies } = await open();
    const first = await client.getPage({ id: 1 });
    const second = await client.getPage.withResponse({ id: 1 });
    expect(second.output).toEqual(first);
    // A copy: what one caller does to it is not seen by the next.
    expect(second.output).not.toBe(first);
    expect([second.status, second.headers['etag']]).toEqual([200, expect.any(String)]);
    expect(statuses).toEqual(['200', '304']);
    await client.putPage({ id: 1, text: 'changed' });
    expect((await client.getPage({ id: 1 })).text).toBe('changed');
    expect((await client.getPage({ id: 1 })).text).toBe('changed');
    expect(statuses.slice(2)).toEqual(['200', '200', '304']);
    expect(bodies).toEqual(['', '']);
    await client.close();
  });

  it('keeps callers with other credentials apart, and nothing that must not be stored', async () => {
    const { client, statuses } = await open();
    await client.getPage({ id: 1 }, { headers: { authorization: 'Bearer a' } });
    await client.getPage({ id: 1 }, { headers: { authorization: 'Bearer b' } });
    await client.getPage({ id: 3 });
    await client.getPage({ id: 3 });
    expect(statuses).toEqual(['200', '200', '200', '200']);
    await client.close();
  });

  it('holds no more than it may', async () => {
    for (const options of [{ maxEntries: 1 }, { maxBytes: 2000 }]) {
      const { client, statuses } = await open(options);
      for (const id of [1, 2, 1, 1]) await client.getPage({ id });
      expect(statuses).toEqual(['200', '200', '200', '304']);
      await client.close();
      await server?.close();
    }
    expect(() => cache(rest({ url: 'http://localhost' }), { maxBytes: Number.NaN })).toThrow('maxBytes');
  });
});
