import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, createService, defineContract, mutation, stream } from '../../src/index.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { openApi, restHandler } from '../../src/rest/server.ts';

const contract = defineContract({
  name: 'model',
  operations: {
    complete: stream({ input: z.object({ words: z.int32() }), item: z.string(), http: 'GET /complete/{words}' }),
    write: mutation({ input: z.object({ fail: z.boolean() }), item: z.object({ line: z.int32() }) }),
  },
});

describe('a stream over REST', () => {
  let server: HttpServer;
  let runs = 0;
  const service = createService(contract, {
    async *complete({ words }) {
      runs++;
      for (let word = 1; word <= words; word++) yield `word ${word}`;
    },
    async *write({ fail }) {
      yield { line: 1 };
      if (fail) throw new ApiError('ABORTED', 'enough');
    },
  });
  beforeAll(async () => {
    server = await listen(restHandler(service));
  });
  afterAll(async () => {
    await server.close();
    await service.close();
  });
  const post = (body: unknown, accept?: string) =>
    fetch(`${server.url}/write`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(accept !== undefined && { accept }) },
    });

  it('is server-sent events, the last of which is the end', async () => {
    const response = await fetch(`${server.url}/complete/2`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const text = (await response.text()).replace(/^:.*\n\n/gm, '');
    expect(text).toBe('id: 1\ndata: "word 1"\n\nid: 2\ndata: "word 2"\n\nevent: end\nid: end\ndata: {}\n\n');
  });

  it('is over for a reader that asks again, as EventSource does', async () => {
    const before = runs;
    const response = await fetch(`${server.url}/complete/2`, { headers: { 'last-event-id': 'end' } });
    expect([response.status, await response.text(), runs - before]).toEqual([204, '', 0]);
  });

  it('is NDJSON to a caller that names it, and no other', async () => {
    const lines = await post({ fail: false }, 'application/x-ndjson');
    expect([lines.headers.get('content-type'), await lines.text()]).toEqual(['application/x-ndjson', '{"line":1}\n']);
    const any = await post({ fail: false }, '*/*');
    expect(any.headers.get('content-type')).toBe('text/event-stream');
    await any.text();
    expect((await post({ fail: false }, 'application/json')).status).toBe(406);
  });

  it('tells of a failure in its last line, and breaks off', async () => {
    const response = await post({ fail: true }, 'application/x-ndjson');
    let text = '';
    const read = async () => {
      for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk);
    };
    await expect(read()).rejects.toThrow();
    expect(text.split('\n')[1]).toMatch(/^{"error":{"code":"ABORTED","message":"enough"/);
  });

  it('is refused before it has begun with a status', async () => {
    expect((await fetch(`${server.url}/complete/many`)).status).toBe(400);
  });

  it('is described by its items', () => {
    const { paths } = openApi(contract) as { paths: Record<string, Record<string, { responses: Record<string, { content: object }> }>> };
    expect(paths['/complete/{words}']?.['get']?.responses['200']?.content).toMatchObject({
      'text/event-stream': { 'x-item': { type: 'string' } },
      'application/x-ndjson': { 'x-item': { type: 'string' } },
    });
  });

  it.each([
    ['an output too', () => stream({ item: z.string(), output: z.string() } as never), /one output or many items/],
    ['a mutation by GET', () => mutation({ item: z.string(), http: 'GET /x' }), /cannot be bound to GET/],
  ])('is refused when it is defined: %s', (_, make, message) => {
    expect(() => defineContract({ name: 'bad', operations: { go: make() } })).toThrow(message);
  });
});
