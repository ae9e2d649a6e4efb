/** More habits, and the rest of the mapping. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { bytes, createClient, defineContract, event, mutation, query, type Contract } from '../../../src/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { failure } from '../../support/failure.ts';
import { all } from '../../support/all.ts';
import { smallApi, type Answer, type Got } from '../../support/small-api.ts';
import { until } from '../../support/until.ts';

async function connect<const C extends Contract>(contract: C, options: Omit<RestOptions, 'url'>, answer: (request: Got) => Answer) {
  const { url, got } = await smallApi(answer);
  const client = createClient({
    contract,
    transport: rest({ url, ...options }),
    timeoutMs: 5000,
    reconnect: { baseDelayMs: 1, maxDelayMs: 2 },
  });
  onTestFinished(() => client.close());
  return { client, got, url };
}

const numbers = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => ({ id: from + at }));
const Item = z.object({ id: z.int32() });
const page = { limit: z.int32().default(2), after: z.int32().optional() };
const paged = defineContract({
  name: 'paged',
  operations: {
    list: query({ input: z.object({ ...page, kind: z.string().optional() }), output: z.array(Item), pagedBy: 'id', http: 'GET /items' }),
  },
});
const sizeOf = (query: string, name: string) => Number(new URLSearchParams(query).get(name) ?? 0);

describe('OData', () => {
  it('has parentheses, dollars and members with dots', async () => {
    const odata = defineContract({
      name: 'odata',
      operations: {
        getProduct: query({ input: z.object({ id: z.int32(), select: z.array(z.string()) }), output: Item, http: 'GET /Products({id})' }),
        list: query({ input: z.object(page), output: z.array(Item), pagedBy: 'id', http: 'GET /Products' }),
      },
    });
    const { client, got } = await connect(
      odata,
      {
        operations: {
          getProduct: { params: { select: { in: 'query', name: '$select', style: 'comma' } } },
          list: { output: 'value', pages: { by: 'link', next: '@odata.nextLink', limit: '$top' } },
        },
      },
      ({ path, query }) => {
        if (path.includes('(')) return [200, { '@odata.context': 'x', id: 5 }];
        return query.includes('skiptoken')
          ? [200, { value: numbers(3, 3) }]
          : [200, { value: numbers(1, 2), '@odata.nextLink': 'Products?$skiptoken=3' }];
      },
    );
    expect(await client.getProduct({ id: 5, select: ['id', 'name'] })).toEqual({ id: 5 });
    expect(got[0]).toMatchObject({ path: '/Products(5)', query: '$select=id,name' });
    expect(await all(client.list())).toEqual(numbers(1, 3));
  });
});

describe('Kubernetes', () => {
  it('has cursors in the metadata, and errors that are objects of their own', async () => {
    const { client, got } = await connect(
      paged,
      {
        operations: {
          list: {
            http: 'GET /api/v1/pods',
            output: 'items',
            pages: { by: 'cursor', cursor: 'continue', next: 'metadata.continue', limit: 'limit' },
          },
        },
      },
      ({ query }) =>
        query.includes('continue=')
          ? [200, { metadata: {}, items: numbers(3, 4) }]
          : [200, { metadata: { continue: 'a+b=' }, items: numbers(1, 2) }],
    );
    expect(await all(client.list())).toEqual(numbers(1, 4));
    expect(got[1]?.query).toBe('limit=2&continue=a%2Bb%3D');
    const failing = await connect(paged, { operations: { list: {} } }, () => [
      409,
      { kind: 'Status', status: 'Failure', message: 'object has been modified', reason: 'Conflict' },
    ]);
    expect(await failure(failing.client.list())).toMatchObject({
      code: 'ALREADY_EXISTS',
      text: 'object has been modified',
      response: { body: { reason: 'Conflict' } },
    });
  });
});

describe('Shopify', () => {
  it('has verbs behind a colon, envelopes by function, and errors that a mapper reads', async () => {
    const shopify = defineContract({
      name: 'shopify',
      operations: { cancelOrder: mutation({ input: z.object({ id: z.int32() }), output: Item, http: 'POST /orders/{id}:cancel' }) },
    });
    const options = {
      operations: {
        cancelOrder: {
          input: ({ id, ...rest }: Record<string, unknown>) => ({ id, order: rest }),
          output: (answer: unknown, { status, headers }: { status: number; headers: Record<string, string> }) => {
            expect([status, headers['x-api']]).toEqual([201, 'v1']);
            return (answer as { order: unknown }).order;
          },
        },
      },
      defaults: {
        error: ({ status }: { status: number }) =>
          status === 430 ? ({ code: 'RESOURCE_EXHAUSTED', message: 'too fast', retryAfterMs: 9 } as const) : undefined,
      },
    };
    const { client, got } = await connect(shopify, options as never, ({ path }) =>
      path.includes('/5:') ? [201, { order: { id: 5 } }, { 'x-api': 'v1' }] : [430, {}],
    );
    expect(await client.cancelOrder({ id: 5 })).toEqual({ id: 5 });
    expect(got[0]).toMatchObject({ path: '/orders/5:cancel', body: '{"order":{}}' });
    expect(await failure(client.cancelOrder({ id: 6 }))).toMatchObject({ code: 'RESOURCE_EXHAUSTED', text: 'too fast', retryAfterMs: 9 });
  });
});

describe('pages', () => {
  it.each([
    ['by number', { by: 'number', page: 'page', limit: 'size' }, ({ query }: Got): Answer => {
      const at = sizeOf(query, 'page');
      return at > 2 ? [404, { detail: 'Invalid page.' }] : [200, numbers(at * 2 - 1, at * 2)];
    }, 4],
    ['by number from 0', { by: 'number', page: 'page', first: 0 }, ({ query }: Got): Answer => [200, numbers(sizeOf(query, 'page') * 2 + 1, Math.min(5, sizeOf(query, 'page') * 2 + 2))], 5],
    ['by offset', { by: 'offset', offset: 'skip', limit: 'take' }, ({ query }: Got): Answer => [200, numbers(sizeOf(query, 'skip') + 1, Math.min(5, sizeOf(query, 'skip') + 2))], 5],
    ['of fewer items than were asked for', { by: 'offset', offset: 'skip', limit: 'take' }, ({ query }: Got): Answer => [200, numbers(sizeOf(query, 'skip') + 1, Math.min(7, sizeOf(query, 'skip') + 3))], 7],
  ] as const)('%s are followed to the end', async (_, pages, answer, count) => {
    const { client } = await connect(paged, { operations: { list: { pages } } }, answer);
    expect(await all(client.list({ limit: 2 }))).toEqual(numbers(1, count));
    expect(await all(client.list({ limit: 5 }))).toEqual(numbers(1, count));
  }); // prettier-ignore

  it('that nobody has seen the one before are refused, not guessed', async () => {
    const { client, got } = await connect(paged, { operations: { list: { pages: { by: 'number', page: 'page' } } } }, () => [200, []]);
    expect(await failure(client.list({ after: 9 }))).toMatchObject({ code: 'FAILED_PRECONDITION', sent: false });
    expect(got).toEqual([]);
  });

  it('that are shorter than one before them are the last, without another request', async () => {
    const { client, got } = await connect(paged, { operations: { list: { pages: { by: 'number', page: 'page' } } } }, ({ query }) => [
      200,
      numbers(sizeOf(query, 'page') * 2 - 1, Math.min(3, sizeOf(query, 'page') * 2)),
    ]);
    expect(await all(client.list({ limit: 2 }))).toEqual(numbers(1, 3));
    expect(got.map(({ query }) => query)).toEqual(['page=1', 'page=2']);
  });

  it('of different inputs are kept apart', async () => {
    const { client } = await connect(paged, { operations: { list: { pages: { by: 'number', page: 'page' } } } }, ({ query }) =>
      [200, sizeOf(query, 'page') > 2 ? [] : numbers(query.includes('kind=b') ? 1 : sizeOf(query, 'page') * 2 - 1, sizeOf(query, 'page') * 2)]);
    const [one] = await Promise.all([all(client.list({ kind: 'a' })), client.list({ kind: 'b' })]);
    expect(one).toEqual(numbers(1, 4));
  }); // prettier-ignore
});

describe('answers', () => {
  const files = defineContract({
    name: 'files',
    operations: {
      read: query({ output: bytes(), http: 'GET /file' }),
      write: mutation({ input: z.object({ data: bytes() }), http: 'PUT /file' }),
      feed: query({ output: z.object({ title: z.string() }), http: 'GET /feed' }),
      hook: mutation({ input: z.object({ text: z.string() }), output: z.string(), http: 'POST /hook' }),
    },
  });
  const options = {
    operations: {
      read: {},
      write: { body: 'data', type: 'application/octet-stream' },
      feed: { output: (xml: unknown) => ({ title: /<title>(.*?)<\/title>/.exec(String(xml))?.[1] ?? '' }) },
      hook: { body: 'text', type: 'text/plain' },
    },
  };

  it('are bytes, XML and text, and so are bodies', async () => {
    let stored = '';
    const { client } = await connect(files, options, ({ path, method, body }) => {
      if (path === '/feed') return [200, '<rss><title>News</title></rss>', { 'content-type': 'application/rss+xml' }];
      if (path === '/hook') return [200, `got ${body}`, { 'content-type': 'text/plain' }];
      if (method === 'PUT') stored = body;
      return method === 'PUT' ? [204] : [200, new Uint8Array([1, 2, 255]), { 'content-type': 'image/png' }];
    });
    expect(await client.read()).toEqual(new Uint8Array([1, 2, 255]));
    await client.write({ data: new TextEncoder().encode('hello') });
    expect(stored).toBe('hello');
    expect(await client.feed()).toEqual({ title: 'News' });
    expect(await client.hook({ text: 'a "b"' })).toBe('got a "b"');
  });

  it('are told from a page that a proxy answers', async () => {
    const { client } = await connect(files, options, () => [200, '<html>', { 'content-type': 'text/html' }]);
    expect(await failure(client.hook({ text: '' }))).toMatchObject({ code: 'DATA_LOSS' });
  });
});

describe('credentials, redirects and names', () => {
  const one = defineContract({
    name: 'one',
    operations: {
      get: query({ input: z.object({ a: z.string().optional() }), output: Item, http: 'GET /x' }),
      post: mutation({ output: Item, http: 'POST /y' }),
    },
  });

  it.each([{}, { operations: { get: {} } }])('go along in the query, and onWire does not see them (%j)', async (more) => {
    const shown: string[] = [];
    let asked = 0;
    const { client, got } = await connect(
      one,
      { ...more, query: async () => ({ api_key: `k ${++asked}` }), headers: { api_key: 'h' }, onWire: ({ start }) => shown.push(start) },
      () => [200, { id: 1 }],
    );
    await client.get();
    await client.get({ a: 'b' });
    expect(got.map(({ query }) => query)).toEqual(['api_key=k%201', 'a=b&api_key=k%202']);
    expect(got[0]?.headers['api_key']).toBe('h');
    expect(shown.join()).not.toMatch(/k%20/);
  });

  it.each([{}, { operations: { get: {}, post: {} } }])(
    'redirects within the origin are followed if the option says so (%j)',
    async (more) => {
      const answer = ({ path, method, headers }: Got): Answer =>
      path === '/x' ? [308, undefined, { location: '/z' }]
      : path === '/y' ? [303, undefined, { location: `http://${headers['host']}/z` }]
      : [200, { id: method === 'GET' ? 1 : 2 }]; // prettier-ignore
      const follow = await connect(one, { ...more, redirects: 'same-origin' }, answer);
      expect(await follow.client.get()).toEqual({ id: 1 });
      expect(await follow.client.post()).toEqual({ id: 1 });
      const plain = await connect(one, more, answer);
      expect(await failure(plain.client.get())).toMatchObject({ code: 'UNKNOWN', text: expect.stringContaining('/z') });
      const away = await connect(one, { ...more, redirects: 'same-origin' }, () => [307, undefined, { location: 'https://evil.example/' }]);
      expect(await failure(away.client.get())).toMatchObject({ text: expect.stringContaining('evil.example') });
    },
  );

  it('a mapping of what the contract does not have, or that does not fit, is refused', () => {
    expect(() => rest({ url: 'http://x', operations: { got: {} } })(one)).toThrow("no operation 'got'");
    expect(() => rest({ url: 'http://x', events: { got: {} } })(one)).toThrow("no event 'got'");
    expect(() => rest({ url: 'http://x', operations: { get: { params: { a: 'path' } } } })(one)).toThrow('{a}');
  });
});

describe('event streams', () => {
  const ticks = defineContract({
    name: 'ticks',
    events: { tick: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), n: z.int32() }) }) },
  });

  it('of somebody else are read by a mapping: path, query, types and payload', async () => {
    const { client, got } = await connect(
      ticks,
      {
        query: { key: 's' },
        events: {
          tick: {
            http: 'GET /v1/rooms/{room}/stream',
            query: { full: 'yes' },
            types: ['update', 'ping'],
            read: (data, { type }) => (type === 'ping' ? undefined : { room: 'a', n: (data as { value: { n: number } }).value.n }),
          },
        },
      },
      () => [
        200,
        'event: ping\ndata: x\n\nevent: update\nid: 5\ndata: {"value":{"n":1}}\n\nevent: other\ndata: {}\n\n',
        { 'content-type': 'text/event-stream' },
      ],
    );
    const heard: unknown[] = [];
    await client.onTick((data) => void heard.push(data), { params: { room: 'a' } } as never);
    await until(() => got.length >= 2);
    expect(heard[0]).toEqual({ room: 'a', n: 1 });
    expect(got[0]).toMatchObject({ path: '/v1/rooms/a/stream', query: 'full=yes&key=s' });
    expect(got[1]?.headers['last-event-id']).toBe('5');
  });
});

describe('bodies', () => {
  it('are sent to operations that have members for one, and to no other', async () => {
    const deploy = z.object({ id: z.int32(), dryRun: z.boolean().optional() });
    const deploys = defineContract({
      name: 'deploys',
      operations: {
        restart: mutation({ input: deploy, http: 'POST /deploys/{id}/restart' }),
        change: mutation({ input: deploy, http: 'PATCH /deploys/{id}' }),
      },
    });
    const mapped: RestOptions['operations'] = { restart: { params: { dryRun: { in: 'query' } } }, change: {} };
    const { client, got } = await connect(deploys, { operations: mapped }, () => [204]);
    await client.restart({ id: 1, dryRun: true });
    await client.change({ id: 1 });
    expect(got.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/deploys/1/restart', ''],
      ['PATCH', '/deploys/1', '{}'],
    ]);
  });
});

describe('the url', () => {
  it.each([
    [
      'https://api.example.com/v1?key=1',
      "rest: 'https://api.example.com/v1?key=1' must have no query and no fragment: use the option 'query'",
    ],
    ['https://api.example.com/v1#a', "rest: 'https://api.example.com/v1#a' must have no query and no fragment: use the option 'query'"],
  ])('says what to write instead of a url with a query: %s', (url, message) => {
    expect(() => rest({ url })).toThrow(new TypeError(message));
  });
});
