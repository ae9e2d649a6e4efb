/** Platforms whose APIs are called from their documentation: envelopes, pages, throttling and streams. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, mutation, query, stream, type Contract } from '../../../src/index.ts';
import { retry } from '../../../src/compose/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { failure } from '../../support/failure.ts';
import { all } from '../../support/all.ts';
import { smallApi, type Answer, type Got } from '../../support/small-api.ts';

async function connect<const C extends Contract>(
  contract: C,
  options: Omit<RestOptions, 'url'>,
  answer: (request: Got) => Answer,
  path = '',
) {
  const { url, got } = await smallApi(answer);
  const client = createClient({ contract, transport: retry(rest({ url: url + path, ...options }), { attempts: 2 }), timeoutMs: 5000 });
  onTestFinished(() => client.close());
  return { client, got, url };
}

const Row = z.object({ id: z.string() });
const listed = defineContract({
  name: 'listed',
  operations: {
    list: query({ input: z.object({ limit: z.int().default(2), after: z.string().optional() }), output: z.array(Row), pagedBy: 'id' }),
  },
});
const rows = (...ids: string[]) => ids.map((id) => ({ id }));
const param = (query: string, name: string) => new URLSearchParams(query).get(name);

describe('pages', () => {
  const forms: [string, RestOptions['operations'], (request: Got) => Answer, string[]][] = [
    [
      'Microsoft Graph',
      { list: { http: 'GET /v1.0/users', input: () => ({ $select: 'id' }), headers: { consistencylevel: 'eventual', prefer: 'odata.maxpagesize=2' }, output: 'value', pages: { by: 'link', next: '@odata.nextLink', limit: '$top' } } },
      ({ query, headers }) =>
        query.includes('skiptoken')
          ? [200, { '@odata.context': 'c', value: rows('c') }]
          : [200, { value: rows('a', 'b'), '@odata.nextLink': `http://${headers['host']}/v1.0/users?$select=id&$top=2&$skiptoken=RFNwdAoA%2B` }],
      ['$select=id&%24top=2', '$select=id&$top=2&$skiptoken=RFNwdAoA%2B'],
    ],
    [
      'PayPal',
      { list: { http: 'GET /v1/invoicing/invoices', output: 'items', pages: { by: 'link', limit: 'page_size', next: (answer) => (answer as { readonly links: { readonly rel: string; readonly href: string }[] }).links.find(({ rel }) => rel === 'next')?.href } } },
      ({ query, headers }) => [200, { items: param(query, 'page') === '2' ? rows('c') : rows('a', 'b'), links: param(query, 'page') === '2' ? [] : [{ rel: 'self', href: 'x' }, { rel: 'next', href: `http://${headers['host']}/v1/invoicing/invoices?page=2&page_size=2`, method: 'GET' }] }],
      ['page_size=2', 'page=2&page_size=2'],
    ],
    [
      'Square',
      { list: { http: 'POST /v2/orders/search', pages: { by: 'cursor', in: 'body', cursor: 'cursor', next: 'cursor', limit: 'limit' }, output: 'orders' } },
      ({ body }) => [200, body.includes('cursor') ? { orders: rows('c') } : { orders: rows('a', 'b'), cursor: 'q1' }],
      ['{"limit":2}', '{"limit":2,"cursor":"q1"}'],
    ],
    [
      'Twilio',
      { list: { http: 'GET /2010-04-01/Accounts/AC1/Messages.json', output: 'messages', pages: { by: 'link', next: 'next_page_uri', limit: 'PageSize' } } },
      ({ query }) => [200, param(query, 'Page') === '1' ? { messages: rows('c'), next_page_uri: null } : { messages: rows('a', 'b'), next_page_uri: '/2010-04-01/Accounts/AC1/Messages.json?PageSize=2&Page=1&PageToken=PASM1' }],
      ['PageSize=2', 'PageSize=2&Page=1&PageToken=PASM1'],
    ],
    [
      'HubSpot',
      { list: { http: 'GET /crm/v3/objects/contacts', output: 'results', pages: { by: 'cursor', cursor: 'after', next: 'paging.next.after', limit: 'limit' } } },
      ({ query }) => [200, param(query, 'after') === null ? { results: rows('a', 'b'), paging: { next: { after: '2', link: 'x' } } } : { results: rows('c') }],
      ['limit=2', 'limit=2&after=2'],
    ],
    [
      'Notion',
      { list: { http: 'POST /v1/databases/d1/query', headers: { 'notion-version': '2022-06-28' }, output: 'results', pages: { by: 'cursor', in: 'body', cursor: 'start_cursor', next: 'next_cursor', limit: 'page_size' } } },
      ({ body }) => [200, body.includes('start_cursor') ? { object: 'list', results: rows('c'), next_cursor: null, has_more: false } : { results: rows('a', 'b'), next_cursor: 'fe2cc560', has_more: true }],
      ['{"page_size":2}', '{"page_size":2,"start_cursor":"fe2cc560"}'],
    ],
    [
      'Airtable',
      { list: { http: 'GET /v0/app1/Table%201', output: 'records', pages: { by: 'cursor', cursor: 'offset', next: 'offset', limit: 'pageSize' } } },
      ({ query }) => [200, param(query, 'offset') === null ? { records: rows('a', 'b'), offset: 'itr1/rec2' } : { records: rows('c') }],
      ['pageSize=2', 'pageSize=2&offset=itr1%2Frec2'],
    ],
    [
      'Zendesk',
      { list: { http: 'GET /api/v2/tickets', output: 'tickets', pages: { by: 'cursor', cursor: 'page[after]', limit: 'page[size]', next: (answer) => { const { has_more, after_cursor } = (answer as { readonly meta: { readonly has_more: boolean; readonly after_cursor: string } }).meta; return has_more ? after_cursor : undefined; } } } },
      ({ query }) => [200, param(query, 'page[after]') === null ? { tickets: rows('a', 'b'), meta: { has_more: true, after_cursor: 'x==' } } : { tickets: rows('c'), meta: { has_more: false, after_cursor: 'y==' } }],
      ['page%5Bsize%5D=2', 'page%5Bsize%5D=2&page%5Bafter%5D=x%3D%3D'],
    ],
    [
      'Mailgun',
      { list: { http: 'GET /v3/example.org/events', output: 'items', pages: { by: 'link', next: 'paging.next', limit: 'limit' } } },
      ({ path, headers }) => [200, { items: path.endsWith('/W3') ? [] : path.endsWith('/W2') ? rows('c') : rows('a', 'b'), paging: { next: `http://${headers['host']}/v3/example.org/events/${path.endsWith('/W2') ? 'W3' : 'W2'}` } }],
      ['limit=2', '', ''],
    ],
    [
      'Slack',
      { list: { http: 'GET /api/conversations.list', output: 'channels', isError: ({ body }) => (body as { readonly ok: boolean }).ok === false, pages: { by: 'cursor', cursor: 'cursor', next: 'response_metadata.next_cursor', limit: 'limit' } } },
      ({ query }) => [200, param(query, 'cursor') === null ? { ok: true, channels: rows('a', 'b'), response_metadata: { next_cursor: 'dGVhbTpD' } } : { ok: true, channels: rows('c'), response_metadata: { next_cursor: '' } }],
      ['limit=2', 'limit=2&cursor=dGVhbTpD'],
    ],
  ]; // prettier-ignore

  it.each(forms)('of %s are read to the end, and its parameters are as it documents them', async (_, operations, answer, asked) => {
    const { client, got } = await connect(listed, { operations }, answer);
    expect(await all(client.list())).toEqual(rows('a', 'b', 'c'));
    expect(got.map(({ query, body }) => body || query)).toEqual(asked);
  });
});

describe('an answer with a status of success that is an error', () => {
  const say = defineContract({ name: 'say', operations: { send: mutation({ input: z.object({ chat_id: z.int(), text: z.string() }), output: z.object({ message_id: z.int() }) }), remove: mutation({}) } }); // prettier-ignore

  it('is that of Slack, without its body if the contract has none', async () => {
    const { client } = await connect(
      say,
      {
        defaults: {
          isError: ({ body }) => !(body as { readonly ok: boolean }).ok,
          error: ({ body }) => ({ code: { channel_not_found: 'NOT_FOUND' as const }[(body as { readonly error: string }).error] }),
        },
        operations: { send: { http: 'POST /api/chat.postMessage' }, remove: { http: 'POST /api/chat.delete' } },
      },
      ({ path }) => [200, { ok: false, error: path.endsWith('delete') ? 'invalid_auth' : 'channel_not_found' }, { 'x-slack-req-id': 's1' }],
    );
    expect(await failure(client.send({ chat_id: 1, text: 'a' }))).toMatchObject({
      code: 'NOT_FOUND',
      text: 'channel_not_found',
      response: { status: 200, body: { ok: false } },
      remote: true,
    });
    expect(await failure(client.remove())).toMatchObject({ code: 'UNKNOWN', text: 'invalid_auth' });
  });

  it('is that of Cloudflare, whose message is in a list', async () => {
    const { client } = await connect(
      say,
      { defaults: { isError: ({ body }) => !(body as { readonly success: boolean }).success }, operations: { send: { http: 'POST /x', output: 'result' } } },
      () => [200, { success: false, errors: [{ code: 1003, message: 'Invalid or missing zone id.' }], messages: [], result: null }],
    ); // prettier-ignore
    expect(await failure(client.send({ chat_id: 1, text: 'a' }))).toMatchObject({ text: 'Invalid or missing zone id.' });
  });

  it('tells when to come back as Telegram does, and the call is repeated then', async () => {
    let asked = 0;
    const { client, got } = await connect(
      say,
      {
        defaults: {
          isError: ({ body }) => !(body as { readonly ok: boolean }).ok,
          error({ body }) {
            const { parameters: { retry_after } = {} } = body as { readonly parameters?: { readonly retry_after?: number } };
            return retry_after === undefined ? undefined : { code: 'RESOURCE_EXHAUSTED', retryAfterMs: retry_after * 1000 };
          },
        },
        operations: { send: { http: 'POST /sendMessage', output: 'result' } },
      },
      () =>
        asked++ === 0
          ? [429, { ok: false, error_code: 429, description: 'Too Many Requests: retry after 0', parameters: { retry_after: 0 } }]
          : [200, { ok: true, result: { message_id: 5 } }],
      '/bot123:abc',
    );
    expect(await client.send({ chat_id: 1, text: 'a' }, { idempotencyKey: 'k' })).toEqual({ message_id: 5 });
    expect(got.map(({ path }) => path)).toEqual(['/bot123:abc/sendMessage', '/bot123:abc/sendMessage']);
  });

  it('whose check throws is DATA_LOSS', async () => {
    const { client } = await connect(say, { defaults: { isError: ({ body }) => (body as { a: { b: boolean } }).a.b }, operations: { send: { http: 'POST /x' } } }, () => [200, {}]); // prettier-ignore
    expect(await failure(client.send({ chat_id: 1, text: 'a' }))).toMatchObject({ code: 'DATA_LOSS' });
  });
});

describe('errors', () => {
  it.each([
    ['Twilio', 400, { code: 21211, message: "The 'To' number is not valid.", more_info: 'https://…', status: 400 }, "The 'To' number is not valid.", { 'twilio-request-id': 'RQ1' }],
    ['PayPal', 422, { name: 'UNPROCESSABLE_ENTITY', message: 'The requested action could not be performed.', debug_id: 'd', details: [{ field: '/purchase_units/0/amount', issue: 'X', description: 'is required' }] }, 'The requested action could not be performed.', { 'paypal-debug-id': 'RQ1' }],
    ['Square', 400, { errors: [{ category: 'INVALID_REQUEST_ERROR', code: 'BAD_REQUEST', detail: 'Invalid limit.', field: 'limit' }] }, 'Invalid limit.', {}],
    ['Microsoft Graph', 400, { error: { code: 'BadRequest', message: 'Invalid filter clause', innerError: { 'request-id': 'x' } } }, 'Invalid filter clause', { 'request-id': 'RQ1' }],
    ['Plaid', 400, { error_type: 'INVALID_INPUT', error_code: 'INVALID_FIELD', error_message: 'client_id must be a text', display_message: null, request_id: 'r' }, 'client_id must be a text', {}],
    ['Notion', 400, { object: 'error', status: 400, code: 'validation_error', message: 'body failed validation' }, 'body failed validation', {}],
    ['Airtable', 404, { error: { type: 'TABLE_NOT_FOUND', message: 'Could not find table' } }, 'Could not find table', {}],
    ['Zendesk', 422, { error: 'RecordInvalid', description: 'Record validation errors', details: { base: [{ description: 'Subject: is too short', error: 'BlankValue' }] } }, 'Record validation errors', {}],
    ['Mailgun', 400, { message: "'to' parameter is not a valid address" }, "'to' parameter is not a valid address", {}],
    ['HubSpot', 409, { status: 'error', message: 'Contact already exists. Existing ID: 5', correlationId: 'c', category: 'CONFLICT' }, 'Contact already exists. Existing ID: 5', { 'x-hubspot-correlation-id': 'RQ1' }],
  ] as [string, number, object, string, Record<string, string>][])('of %s say in words what is wrong', async (_, status, body, text, headers) => {
    const { client } = await connect(listed, { operations: { list: { http: 'GET /x' } } }, () => [status, body, headers]);
    expect(await failure(client.list())).toMatchObject({ text, response: { status, body }, ...(Object.keys(headers).length > 0 && { requestId: 'RQ1' }) });
  }); // prettier-ignore

  it.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '2' }, 1500],
    [{ 'x-ms-retry-after-ms': '20' }, 20],
    [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '3' }, 3000],
    [{ 'retry-after': '4' }, 4000],
  ])('say by %j when to come back', async (headers, retryAfterMs) => {
    const { url } = await smallApi(() => [429, {}, headers]);
    const client = createClient({ contract: listed, transport: rest({ url, operations: { list: { http: 'GET /x' } } }) });
    onTestFinished(() => client.close());
    expect(await failure(client.list())).toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfterMs });
  });
});

describe('forms', () => {
  it('of Twilio have names of their own and credentials in Basic', async () => {
    const sms = defineContract({
      name: 'sms',
      operations: { send: mutation({ input: z.object({ to: z.string(), body: z.string(), mediaUrl: z.array(z.string()).default([]) }), output: z.object({ sid: z.string() }) }) },
    }); // prettier-ignore
    const { client, got } = await connect(
      sms,
      {
        headers: { authorization: `Basic ${btoa('AC1:secret')}` },
        defaults: { type: 'application/x-www-form-urlencoded' },
        operations: {
          send: { http: 'POST /2010-04-01/Accounts/AC1/Messages.json', input: ({ to, body, mediaUrl }) => ({ To: to, Body: body, MediaUrl: mediaUrl }) },
        },
      },
      () => [201, { sid: 'SM1', error_code: null }],
    ); // prettier-ignore
    expect(await client.send({ to: '+49', body: 'a & b', mediaUrl: ['http://a', 'http://b'] })).toEqual({ sid: 'SM1' });
    expect(got[0]).toMatchObject({
      body: 'To=%2B49&Body=a+%26+b&MediaUrl=http%3A%2F%2Fa&MediaUrl=http%3A%2F%2Fb',
      headers: { authorization: 'Basic QUMxOnNlY3JldA==' },
    });
  });
});

describe('streams of models', () => {
  const model = defineContract({ name: 'model', operations: { say: stream({ item: z.string() }) } });
  const parts = ['candidates', '0', 'content', 'parts', '0', 'text'];
  const piece = (text: string) => ({ candidates: [{ content: { parts: [{ text }], role: 'model' } }] });

  it('may be a list of JSON, cut anywhere, as Gemini sends it', async () => {
    const { client } = await connect(
      model,
      { operations: { say: { http: 'POST /v1beta/models/m:streamGenerateContent', output: parts } } },
      () => [
        200,
        `[${JSON.stringify(piece('a "[{'), null, 2)}\n,\r\n${JSON.stringify(piece('b\\"'))}\n]\n`,
        { 'content-type': 'application/json; charset=UTF-8' },
      ],
    );
    expect(await all(client.say())).toEqual(['a "[{', 'b\\"']);
  });

  it('may be values over several lines, and a list that is cut is not complete', async () => {
    const { client } = await connect(model, { operations: { say: { http: 'POST /x', output: parts } } }, () => [200, `${JSON.stringify(piece('a'), null, 1)}${JSON.stringify(piece('b'), null, 1)}`, { 'content-type': 'application/json' }]); // prettier-ignore
    expect(await all(client.say())).toEqual(['a', 'b']);
    const cut = await connect(model, { operations: { say: { http: 'POST /x', output: parts } } }, () => [200, `[${JSON.stringify(piece('a'))},`, { 'content-type': 'application/json' }]); // prettier-ignore
    expect(await failure(all(cut.client.say()))).toMatchObject({ code: 'DATA_LOSS' });
  });

  it('may fail in the middle, as those of OpenAI do', async () => {
    const error = { error: { message: 'The server had an error', type: 'server_error', code: null } };
    const { client } = await connect(
      model,
      {
        operations: {
          say: {
            http: 'POST /v1/chat/completions',
            output: 'choices.0.delta.content',
            isError: ({ body }) => Object.hasOwn(body as object, 'error'),
            error: () => ({ code: 'UNAVAILABLE' }),
          },
        },
      },
      () => [200, `data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: ${JSON.stringify(error)}\n\ndata: [DONE]\n\n`, { 'content-type': 'text/event-stream' }],
    ); // prettier-ignore
    const heard: string[] = [];
    const failed = await failure(
      (async () => {
        for await (const word of client.say()) heard.push(word);
      })(),
    );
    expect([heard, failed]).toMatchObject([['a'], { code: 'UNAVAILABLE', text: 'The server had an error', response: { body: error } }]);
  });
});
