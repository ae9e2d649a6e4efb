/** Streams of well-known services, each from its documentation. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, defineContract, event, stream } from '../../../src/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { until } from '../../support/until.ts';

const contract = defineContract({
  name: 'streams',
  operations: { changes: stream({ input: z.object({ db: z.string(), since: z.string() }), item: z.object({ id: z.string(), seq: z.string() }) }) },
  events: {
    changed: event({ channel: 'changed/{topic}', payload: z.object({ topic: z.string(), title: z.string() }) }),
    deleted: event({ channel: 'deleted', payload: z.object({ id: z.string() }) }),
  },
}); // prettier-ignore

/** Answers each request with the next text; after the last with 204. */
async function serve(texts: readonly string[], options: Omit<RestOptions, 'url'>, type = 'text/event-stream') {
  const asked: { readonly url: string; readonly lastId: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const text = texts[asked.length];
    asked.push({ url: request.url ?? '', lastId: request.headers['last-event-id'] as string | undefined });
    if (text === undefined) return void response.writeHead(204).end();
    response.writeHead(200, { 'content-type': type }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => (server.closeAllConnections(), void server.close()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const errors: unknown[] = [];
  const client = createClient({
    contract,
    transport: rest({ url, onError: (error) => void errors.push(error), ...options }),
    reconnect: { baseDelayMs: 1, maxDelayMs: 1 },
    onError: (error) => void errors.push(error),
  });
  onTestFinished(() => client.close());
  return { client, asked, errors };
}

describe('server-sent events', () => {
  it('of Wikimedia: ids that are lists of JSON, and come back as they are', async () => {
    // https://wikitech.wikimedia.org/wiki/Event_Platform/EventStreams_HTTP_Service
    const id =
      '[{"topic":"eqiad.mediawiki.recentchange","partition":0,"timestamp":1532031066001},{"topic":"codfw.mediawiki.recentchange","partition":0,"offset":-1}]';
    const { client, asked } = await serve([`:ok\n\nevent: message\nid: ${id}\ndata: {"title":"Ü","wiki":"enwiki"}\n\n`], {
      events: { changed: { http: 'GET /v2/stream/recentchange' } },
    }); // prettier-ignore
    const heard: string[] = [];
    for await (const { title } of client.onChanged({ params: { topic: 'recentchange' } })) heard.push(title);
    expect([heard, asked.map(({ lastId }) => lastId)]).toEqual([['Ü'], [undefined, id]]);
  });

  it('of Mercure: topics in the query, a parameter of the channel among them', async () => {
    // https://mercure.rocks/spec#subscription
    const { client, asked } = await serve(['id: urn:uuid:5e94c686\ndata: {"title":"a"}\n\n'], {
      query: { topic: 'https://example.com/books/{id}' },
      events: { changed: { http: 'GET /.well-known/mercure/{topic}', types: '*' } },
    });
    const heard: string[] = [];
    for await (const { topic, title } of client.onChanged({ params: { topic: 'b' } })) heard.push(`${topic} ${title}`);
    expect(heard).toEqual(['b a']);
    expect(asked[0]?.url).toBe('/.well-known/mercure/b?topic=https%3A%2F%2Fexample.com%2Fbooks%2F%7Bid%7D');
    expect(asked[1]?.lastId).toBe('urn:uuid:5e94c686');
  });

  it('of Mastodon: types beside each other, and data that is a number larger than a number holds', async () => {
    // https://docs.joinmastodon.org/methods/streaming/#events
    const { client, errors } = await serve(
      [':thump\nevent: delete\ndata: 106692867363994015\ndata\n\nevent: update\ndata: {"title":"x"}\n\n'],
      {
        events: { deleted: { http: 'GET /api/v1/streaming/user', types: ['delete'], read: (id) => ({ id: String(id) }) } },
      },
    );
    const heard: string[] = [];
    for await (const { id } of client.onDeleted()) heard.push(id);
    expect([heard, errors]).toEqual([['106692867363994015'], []]);
  });

  it('of Firebase: puts, and a last event that says why it ends', async () => {
    // https://firebase.google.com/docs/reference/rest/database#section-streaming
    const { client } = await serve(
      ['event: put\ndata: {"path":"/","data":{"title":"a"}}\n\nevent: keep-alive\ndata: null\n\nevent: patch\ndata: {"path":"/x","data":{"title":"b"}}\n\nevent: auth_revoked\ndata: "credential is no longer valid"\n\n'],
      {
        events: {
          changed: {
            http: 'GET /rooms/{topic}.json',
            types: '*',
            read: (data, { type }) => {
              if (type === 'cancel' || type === 'auth_revoked') throw new ApiError('PERMISSION_DENIED', String(data));
              return type === 'put' || type === 'patch' ? (data as { data: unknown }).data : undefined;
            },
          },
        },
      },
    ); // prettier-ignore
    const heard: string[] = [];
    await client.onChanged(({ title }) => void heard.push(title), {
      params: { topic: 'r' },
      onError: (error) => void heard.push(`${(error as ApiError).code} ${(error as ApiError).text}`),
    });
    await until(() => heard.length === 3, 'it is over');
    expect(heard).toEqual(['a', 'b', 'PERMISSION_DENIED credential is no longer valid']);
  });
});

describe('lines of JSON', () => {
  it('of CouchDB: empty lines as heartbeats, and a last line that is not an item', async () => {
    // https://docs.couchdb.org/en/stable/api/database/changes.html#continuous
    const { client, asked } = await serve(
      ['{"seq":"1-g1","id":"a","changes":[{"rev":"1-x"}]}\n\n\n{"seq":"2-g1","id":"b","deleted":true,"changes":[]}\n{"last_seq":"2-g1","pending":0}\n'],
      { operations: { changes: { http: 'GET /{db}/_changes', input: (input) => ({ feed: 'continuous', ...input }), read: (line) => ((line as { id?: string }).id === undefined ? undefined : line) } } },
      'application/json',
    ); // prettier-ignore
    const heard: string[] = [];
    for await (const { id, seq } of client.changes({ db: 'db', since: '0' })) heard.push(`${id} ${seq}`);
    expect(heard).toEqual(['a 1-g1', 'b 2-g1']);
    expect(asked[0]?.url).toBe('/db/_changes?feed=continuous&since=0');
  });
});
