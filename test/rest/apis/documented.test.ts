/** Services whose contracts and mappings were written from their public documentation alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, defineContract, event, mutation, query, type Contract } from '../../../src/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { failure } from '../../support/failure.ts';
import { all } from '../../support/all.ts';
import { smallApi, type Answer, type Got } from '../../support/small-api.ts';

async function connect<const C extends Contract>(contract: C, options: Omit<RestOptions, 'url'>, answer: (request: Got) => Answer) {
  const { url, got } = await smallApi(answer);
  const client = createClient({ contract, transport: rest({ url, ...options }), timeoutMs: 5000 });
  onTestFinished(() => client.close());
  return { client, got, url };
}

const page = { limit: z.int32().default(2), after: z.string().optional() };
const json = (body: string) => JSON.parse(body) as Readonly<Record<string, unknown>>;

describe('pages', () => {
  // https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query.htm
  it('Salesforce: the path of the next page in the answer, and errors that are a list', async () => {
    const contract = defineContract({
      name: 'salesforce',
      operations: {
        soql: query({ input: z.object({ q: z.string(), ...page }), output: z.array(z.object({ Id: z.string() })), pagedBy: 'Id' }),
      },
    });
    const { client, got } = await connect(
      contract,
      {
        operations: { soql: { http: 'GET /services/data/v60.0/query/', output: 'records', pages: { by: 'link', next: 'nextRecordsUrl' } } },
      },
      ({ path, query: text }) =>
        text.includes('BROKEN')
          ? [400, [{ message: "unexpected token: 'BROKEN'", errorCode: 'MALFORMED_QUERY' }]]
          : path.endsWith('-2')
            ? [200, { done: true, records: [{ Id: 'c' }] }]
            : [
                200,
                { done: false, nextRecordsUrl: '/services/data/v60.0/query/01gD-2', records: [{ attributes: {}, Id: 'a' }, { Id: 'b' }] },
              ],
    );
    expect(await all(client.soql({ q: 'SELECT Id FROM Account' }))).toEqual([{ Id: 'a' }, { Id: 'b' }, { Id: 'c' }]);
    expect(got.map(({ path, query: text }) => `${path}?${text}`)).toEqual([
      '/services/data/v60.0/query/?q=SELECT%20Id%20FROM%20Account',
      '/services/data/v60.0/query/01gD-2?',
    ]);
    expect(await failure(client.soql({ q: 'BROKEN' }))).toMatchObject({ code: 'INVALID_ARGUMENT', text: "unexpected token: 'BROKEN'" });
  });

  // https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
  it('Jira: an offset in the body of a search, and errors by fields', async () => {
    const contract = defineContract({
      name: 'jira',
      operations: {
        search: query({ input: z.object({ jql: z.string(), ...page }), output: z.array(z.object({ key: z.string() })), pagedBy: 'key' }),
        comment: mutation({ input: z.object({ issue: z.string(), text: z.string() }), output: z.object({ id: z.string() }) }),
      },
    });
    const keys = ['A-1', 'A-2', 'A-3'];
    const { client, got } = await connect(
      contract,
      {
        operations: {
          search: {
            http: 'POST /rest/api/3/search',
            output: 'issues',
            pages: { by: 'offset', offset: 'startAt', limit: 'maxResults', in: 'body' },
          },
          comment: {
            http: 'POST /rest/api/3/issue/{issue}/comment',
            input: ({ issue, text }) => ({
              issue,
              body: { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] },
            }),
          },
        },
      },
      ({ path, body }) => {
        if (path.endsWith('/comment')) return [400, { errorMessages: [], errors: { comment: 'Comment body is not valid!' } }];
        const { startAt = 0, maxResults = 50 } = json(body) as { startAt?: number; maxResults?: number };
        return [200, { startAt, total: 3, issues: keys.slice(startAt, startAt + maxResults).map((key) => ({ key })) }];
      },
    );
    expect(await all(client.search({ jql: 'project = A' }))).toEqual(keys.map((key) => ({ key })));
    expect(got.map(({ body, query: text }) => [text, json(body)])).toEqual([
      ['', { jql: 'project = A', maxResults: 2 }],
      ['', { jql: 'project = A', maxResults: 2, startAt: 2 }],
    ]);
    expect(await failure(client.comment({ issue: 'A-1', text: 'x' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { issues: [{ path: ['comment'], message: 'Comment body is not valid!' }] },
    });
    expect(json(got.at(-1)?.body ?? '')).toMatchObject({ body: { content: [{ content: [{ text: 'x' }] }] } });
  });

  // https://www.elastic.co/docs/reference/elasticsearch/rest-apis/paginate-search-results#search-after
  it('Elasticsearch: the sort of the last hit, and operations as lines', async () => {
    const contract = defineContract({
      name: 'elastic',
      operations: {
        search: query({ input: z.object({ index: z.string(), ...page }), output: z.array(z.object({ _id: z.string() })), pagedBy: '_id' }),
        bulk: mutation({ input: z.object({ lines: z.array(z.json()), refresh: z.string() }), output: z.object({ errors: z.boolean() }) }),
      },
    });
    type Hits = { hits: { hits: { sort: unknown }[] } };
    const { client, got } = await connect(
      contract,
      {
        operations: {
          search: {
            http: 'POST /{index}/_search',
            input: (input) => ({ ...input, sort: [{ at: 'asc' }, '_shard_doc'] }),
            output: 'hits.hits',
            pages: {
              in: 'body',
              by: 'cursor',
              cursor: 'search_after',
              next: (answer) => (answer as Hits).hits.hits.at(-1)?.sort,
              limit: 'size',
            },
          },
          bulk: { http: 'POST /_bulk', type: 'application/x-ndjson', body: 'lines' },
        },
      },
      ({ path, body }) => {
        if (path === '/_bulk') return [200, { errors: false }];
        const { search_after: after } = json(body);
        const hits = after ? [{ _id: 'c', sort: [3, 'c'] }] : [{ _id: 'a', sort: [1, 'a'] }, { _id: 'b', sort: [2, 'b'] }]; // prettier-ignore
        return [200, { hits: { hits: (after as unknown[] | undefined)?.[0] === 3 ? [] : hits } }];
      },
    );
    expect(await all(client.search({ index: 'notes' }))).toEqual([{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }]);
    expect(json(got[1]?.body ?? '')).toEqual({ sort: [{ at: 'asc' }, '_shard_doc'], size: 2, search_after: [2, 'b'] });
    expect(await client.bulk({ lines: [{ index: { _index: 'notes' } }, { text: 'a\nb' }], refresh: 'true' })).toEqual({ errors: false });
    expect(got.at(-1)).toMatchObject({ query: 'refresh=true', body: '{"index":{"_index":"notes"}}\n{"text":"a\\nb"}\n' });
    expect(got.at(-1)?.headers['content-type']).toBe('application/x-ndjson');
  });

  it('refuses parameters for a body that there is not', () => {
    const contract = defineContract({
      name: 'x',
      operations: { list: query({ input: z.object(page), output: z.array(z.object({ id: z.string() })), pagedBy: 'id' }) },
    });
    const transport = rest({
      url: 'http://a',
      operations: { list: { http: 'GET /x', pages: { in: 'body', by: 'offset', offset: 'skip' } } },
    });
    expect(() => createClient({ contract, transport })).toThrow(/'pages' are in the body, which GET has not/);
  });
});

describe('Google Calendar', () => {
  // https://developers.google.com/workspace/calendar/api/guides/sync
  it('has a token for the next sync on the last page, and 410 for one that is too old', async () => {
    const contract = defineContract({
      name: 'calendar',
      operations: {
        changes: query({
          input: z.object({ calendarId: z.string(), pageToken: z.string().optional(), syncToken: z.string().optional() }),
          output: z.object({
            items: z.array(z.object({ id: z.string() })),
            nextPageToken: z.string().optional(),
            nextSyncToken: z.string().optional(),
          }),
        }),
      },
    });
    const { client, got } = await connect(
      contract,
      { operations: { changes: { http: 'GET /calendar/v3/calendars/{calendarId}/events' } } },
      ({ query: text }) =>
        text.includes('syncToken=old')
          ? [
              410,
              {
                error: {
                  code: 410,
                  message: 'Sync token is no longer valid, a full sync is required.',
                  errors: [{ domain: 'calendar', reason: 'fullSyncRequired' }],
                },
              },
            ]
          : [200, { kind: 'calendar#events', items: [{ id: 'e' }], nextSyncToken: 's1' }],
    );
    expect(await client.changes({ calendarId: 'a@b.example' })).toEqual({ items: [{ id: 'e' }], nextSyncToken: 's1' });
    expect(got[0]?.path).toBe('/calendar/v3/calendars/a%40b.example/events');
    expect(await failure(client.changes({ calendarId: 'primary', syncToken: 'old' }))).toMatchObject({
      text: 'Sync token is no longer valid, a full sync is required.',
      response: { status: 410 },
    });
  });
});

describe('Docker Engine', () => {
  // https://docs.docker.com/reference/api/engine/version/v1.43/
  it('is called through a unix socket, with its stream of events', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docker-'));
    const socketPath = join(folder, 'docker.sock');
    const server = createServer((request, response) => {
      const [path = '', text = ''] = (request.url ?? '').split('?');
      response.setHeader('content-type', 'application/json');
      if (path.endsWith('/events')) {
        for (const Action of ['create', 'start']) response.write(`${JSON.stringify({ Type: 'container', Action, Actor: { ID: 'c1' } })}\n`);
        return response.end();
      }
      if (path.endsWith('/start')) return response.writeHead(404).end('{"message":"No such container: c9"}');
      return response.end(JSON.stringify([{ Id: 'c1', Labels: { q: decodeURIComponent(text) } }]));
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const dispatcher = new Agent({ connect: { socketPath } });
    const contract = defineContract({
      name: 'docker',
      operations: {
        containers: query({
          input: z.object({ filters: z.record(z.string(), z.array(z.string())) }),
          output: z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()) })),
        }),
        start: mutation({ input: z.object({ id: z.string() }) }),
        events: query({ item: z.object({ Action: z.string(), id: z.string() }) }),
      },
    });
    const client = createClient({
      contract,
      transport: rest({
        url: 'http://docker/v1.43',
        dispatcher,
        operations: {
          containers: { http: 'GET /containers/json', input: ({ filters }) => ({ filters: JSON.stringify(filters) }) },
          start: { http: 'POST /containers/{id}/start' },
          events: {
            http: 'GET /events',
            read: (data) => ({ ...(data as { Action: string }), id: (data as { Actor: { ID: string } }).Actor.ID }),
          },
        },
      }),
    });
    onTestFinished(async () => {
      await client.close();
      await dispatcher.close();
      server.close();
      rmSync(folder, { recursive: true });
    });
    expect(await client.containers({ filters: { status: ['running'] } })).toEqual([
      { Id: 'c1', Labels: { q: 'filters={"status":["running"]}' } },
    ]);
    expect(await failure(client.start({ id: 'c9' }))).toMatchObject({ code: 'NOT_FOUND', text: 'No such container: c9' });
    expect((await all(client.events())).map(({ Action, id }) => `${Action} ${id}`)).toEqual(['create c1', 'start c1']);
  });
});

describe('Anthropic', () => {
  // https://docs.claude.com/en/docs/build-with-claude/streaming
  it('streams named events, one of which may be an error', async () => {
    const contract = defineContract({
      name: 'model',
      operations: { say: mutation({ input: z.object({ prompt: z.string() }), item: z.string() }) },
    });
    const block = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
    const delta = (text: string) => block('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    const overloaded = block('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
    const start = `${block('message_start', { message: { id: 'm' } })}${block('ping', {})}`;
    const { client } = await connect(
      contract,
      {
        operations: {
          say: {
            http: 'POST /v1/messages',
            input: ({ prompt }) => ({ model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: prompt }] }),
            headers: { 'anthropic-version': '2023-06-01' },
            read(data, { type }) {
              const { delta: part, error } = data as { delta?: { text?: string }; error?: { message: string } };
              if (type === 'error') throw new ApiError('UNAVAILABLE', error?.message ?? '');
              return part?.text;
            },
          },
        },
      },
      ({ body }) => [
        200,
        start +
          delta('Hel') +
          (body.includes('busy')
            ? overloaded
            : delta('lo') + block('message_delta', { delta: { stop_reason: 'end_turn' } }) + block('message_stop', {})),
        { 'content-type': 'text/event-stream' },
      ],
    );
    expect((await all(client.say({ prompt: 'hi' }))).join('')).toBe('Hello');
    expect(await failure(all(client.say({ prompt: 'busy' })))).toMatchObject({ code: 'UNAVAILABLE', text: 'Overloaded' });
  });
});

describe('an id of a stream', () => {
  it.each([4096, 4097])('of %i characters is sent back, unless it is over the limit: then a gap is told', async (length) => {
    const contract = defineContract({ name: 'feed', events: { ticked: event({ channel: 'ticks', payload: z.object({ n: z.int32() }) }) } });
    const asked: (string | undefined)[] = [];
    const { url } = await smallApi(({ headers }) => {
      asked.push(headers['last-event-id']);
      const isFirst = asked.length === 1;
      return isFirst ? [200, `id: ${'a'.repeat(length)}\ndata: {"n":1}\n\n`, { 'content-type': 'text/event-stream' }] : [204];
    });
    const transport = rest({ url, events: { ticked: { http: 'GET /ticks' } } });
    const client = createClient({ contract, transport, reconnect: { baseDelayMs: 1, maxDelayMs: 2 } });
    onTestFinished(() => client.close());
    let gaps = 0;
    await all(client.onTicked({ onGap: () => void gaps++ }));
    expect([asked.map((id) => id?.length), gaps]).toEqual(length === 4096 ? [[undefined, 4096], 0] : [[undefined, undefined], 1]);
  });
});
