/** Answers of APIs that say less of themselves than they should. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, query } from '../../../src/index.ts';
import { rest } from '../../../src/rest/client.ts';
import { failure } from '../../support/failure.ts';

const Item = z.object({ id: z.int() });
const contract = defineContract({
  name: 'loose',
  operations: {
    item: query({ output: Item }),
    inside: query({ output: Item }),
    text: query({ output: z.string() }),
    list: query({ input: z.object({ limit: z.int().default(1), after: z.int().optional() }), output: z.array(Item), pagedBy: 'id' }),
  },
});

let url = '';
let type = 'text/plain';
let body = '';
const asked: (string | undefined)[] = [];
const server = createServer(({ url: target = '' }, response) => {
  const at = Number(new URL(target, 'http://x').searchParams.get('token') ?? 1);
  asked.push(target);
  if (!target.startsWith('/list')) return response.writeHead(200, { 'content-type': type }).end(body);
  response.writeHead(200, { 'content-type': 'application/json', ...(at < 3 && { 'x-ms-continuation': String(at + 1) }) });
  response.end(JSON.stringify([{ id: at }]));
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => (server.closeAllConnections(), server.close()));

const open = () =>
  createClient({
    contract,
    transport: rest({
      url,
      operations: {
        item: { http: 'GET /item' },
        inside: { http: 'GET /item', output: 'data' },
        text: { http: 'GET /text' },
        list: {
          http: 'GET /list',
          pages: { by: 'cursor', cursor: 'token', next: (_, { headers }) => headers['x-ms-continuation'] },
        },
      },
    }),
  });

describe('an answer', () => {
  it.each(['text/plain', 'text/html; charset=UTF-8', 'text/javascript'])('is JSON although it says %s, if the contract has an object there', async (said) => {
    type = said;
    const client = open();
    body = '{"id":1}';
    expect(await client.item()).toEqual({ id: 1 });
    body = '{"data":{"id":2}}';
    expect(await client.inside()).toEqual({ id: 2 });
    await client.close();
  }); // prettier-ignore

  it('stays text if the contract has text, and a page is not JSON', async () => {
    const client = open();
    [type, body] = ['text/plain', '{"id":1}'];
    expect(await client.text()).toBe('{"id":1}');
    [type, body] = ['text/html', '<html></html>'];
    expect(await failure(client.item())).toMatchObject({ code: 'DATA_LOSS', text: expect.stringContaining('is the url right?') as string });
    await client.close();
  });
});

describe('the next page', () => {
  it('may be named by a header', async () => {
    const client = open();
    asked.length = 0;
    const ids: number[] = [];
    for await (const { id } of client.list()) ids.push(id);
    expect([ids, asked]).toEqual([
      [1, 2, 3],
      ['/list', '/list?token=2', '/list?token=3'],
    ]);
    await client.close();
  });
});
