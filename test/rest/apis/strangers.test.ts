/** More habits of well-known APIs, each from its documentation. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, int64, mutation, query, type Contract } from '../../../src/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { all } from '../../support/all.ts';
import { failure } from '../../support/failure.ts';
import { smallApi, type Answer, type Got } from '../../support/small-api.ts';

async function connect<const C extends Contract>(contract: C, options: Omit<RestOptions, 'url'>, answer: (request: Got) => Answer) {
  const { url, got } = await smallApi(answer);
  const client = createClient({ contract, transport: rest({ url, ...options }), timeoutMs: 5000 });
  onTestFinished(() => client.close());
  return { client, got };
}

const Item = z.object({ id: z.string() });
const page = { limit: z.int().default(2), after: z.string().optional() };
const listing = <const S extends z.ZodRawShape>(name: string, more: S) =>
  defineContract({ name, operations: { list: query({ input: z.object({ ...more, ...page }), output: z.array(Item), pagedBy: 'id' }) } });
const items = (...ids: string[]) => ids.map((id) => ({ id }));

describe('JSON:API', () => {
  // https://jsonapi.org/format/#fetching
  it('has families of parameters, and errors with pointers', async () => {
    const contract = defineContract({
      name: 'articles',
      operations: {
        list: query({
          input: z.object({ filter: z.object({ status: z.string() }), fields: z.record(z.string(), z.array(z.string())), include: z.array(z.string()), sort: z.array(z.string()), ...page }),
          output: z.array(Item),
          pagedBy: 'id',
        }),
        create: mutation({ input: z.object({ title: z.string() }), output: Item }),
      },
    }); // prettier-ignore
    const type = 'application/vnd.api+json';
    const { client, got } = await connect(
      contract,
      {
        defaults: { type, headers: { accept: type }, lists: 'comma' },
        operations: {
          list: { http: 'GET /articles', output: 'data', pages: { by: 'number', page: 'page[number]', limit: 'page[size]' } },
          create: { http: 'POST /articles', input: (attributes) => ({ data: { type: 'articles', attributes } }), output: 'data' },
        },
      },
      ({ method, query: asked }) =>
        method === 'POST'
          ? [422, { errors: [{ status: '422', source: { pointer: '/data/attributes/title' }, title: 'Invalid', detail: 'must contain at least three characters.' }] }, { 'content-type': type }]
          : [200, { data: decodeURIComponent(asked).includes('page[number]=1') ? items('1', '2') : items('3') }, { 'content-type': type }],
    ); // prettier-ignore
    expect(await all(client.list({ filter: { status: 'new' }, fields: { articles: ['title', 'body'] }, include: ['author'], sort: ['-created', 'title'] }))).toEqual(items('1', '2', '3')); // prettier-ignore
    expect(decodeURIComponent(got[0]?.query ?? '')).toBe(
      'filter[status]=new&fields[articles]=title,body&include=author&sort=-created,title&page[size]=2&page[number]=1',
    );
    expect(await failure(client.create({ title: 'a' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { issues: [{ path: ['data', 'attributes', 'title'], message: 'must contain at least three characters.' }] },
    });
    expect(got[2]).toMatchObject({ headers: { 'content-type': type }, body: '{"data":{"type":"articles","attributes":{"title":"a"}}}' });
  });
});

describe('pages', () => {
  it('of HubSpot: a cursor deep in the answer, which the last page does not have', async () => {
    // https://developers.hubspot.com/docs/guides/crm/using-object-apis
    const { client, got } = await connect(
      listing('crm', {}),
      { operations: { list: { http: 'GET /crm/v3/objects/contacts', output: 'results', pages: { by: 'cursor', cursor: 'after', next: 'paging.next.after', limit: 'limit' } } } },
      ({ query: asked }) => [200, asked.includes('after=NTI1') ? { results: items('3') } : { results: items('1', '2'), paging: { next: { after: 'NTI1Cg%3D%3D', link: '?after=NTI1Cg%3D%3D' } } }],
    ); // prettier-ignore
    expect(await all(client.list({}))).toEqual(items('1', '2', '3'));
    expect(got[1]?.query).toBe('limit=2&after=NTI1Cg%253D%253D');
  });

  it('of Notion: by POST, a cursor that is null at the end', async () => {
    // https://developers.notion.com/reference/intro#pagination
    const { client, got } = await connect(
      listing('notion', { query: z.string() }),
      { defaults: { headers: { 'notion-version': '2022-06-28' } }, operations: { list: { http: 'POST /v1/search', output: 'results', pages: { by: 'cursor', in: 'body', cursor: 'start_cursor', next: 'next_cursor', limit: 'page_size' } } } },
      ({ body }) => [200, body.includes('start_cursor') ? { results: items('3'), has_more: false, next_cursor: null } : { results: items('1', '2'), has_more: true, next_cursor: 'fe2cc560' }],
    ); // prettier-ignore
    expect(await all(client.list({ query: 'x' }))).toEqual(items('1', '2', '3'));
    expect(got.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { query: 'x', page_size: 2 },
      { query: 'x', page_size: 2, start_cursor: 'fe2cc560' },
    ]);
  });

  it('of GitLab: the next number in a header, empty at the end', async () => {
    // https://docs.gitlab.com/api/rest/#other-pagination-headers
    const next = (_: unknown, { headers }: { headers: Readonly<Record<string, string>> }) => headers['x-next-page'];
    const { client, got } = await connect(
      listing('gitlab', {}),
      { operations: { list: { http: 'GET /projects/{id}/issues', input: (input) => ({ ...input, id: 'a/b' }), pages: { by: 'cursor', cursor: 'page', next, limit: 'per_page' } } } },
      ({ query: asked }) => (asked.includes('&page=2') ? [200, items('3'), { 'x-next-page': '' }] : [200, items('1', '2'), { 'x-next-page': '2' }]),
    ); // prettier-ignore
    expect(await all(client.list({}))).toEqual(items('1', '2', '3'));
    expect(got[0]?.path).toBe('/projects/a%2Fb/issues');
  });

  it('of Okta: two headers Link, one of which is the page itself', async () => {
    // https://developer.okta.com/docs/api/#link-header
    const { url } = await smallApi(() => [404]);
    const { createServer } = await import('node:http');
    const server = createServer((request, response) => {
      const host = `http://${request.headers.host}`;
      const isLast = request.url?.includes('after=') === true;
      response.setHeader('link', [`<${host}/api/v1/users?limit=2>; rel="self"`, ...(isLast ? [] : [`<${host}/api/v1/users?after=200u&limit=2>; rel="next"`])]);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isLast ? items('3') : items('1', '2')));
    }); // prettier-ignore
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => (server.closeAllConnections(), void server.close()));
    expect(url).toContain('http');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const client = createClient({ contract: listing('okta', {}), transport: rest({ url: `http://127.0.0.1:${port}`, operations: { list: { http: 'GET /api/v1/users', pages: { by: 'link', limit: 'limit' } } } }) }); // prettier-ignore
    onTestFinished(() => client.close());
    expect(await all(client.list({}))).toEqual(items('1', '2', '3'));
  });

  it('of Sentry: a link to the next page on the last one too, which says that it has no results', async () => {
    // https://docs.sentry.io/api/pagination/
    const link = (cursor: string, results: boolean) =>
      `</api/0/issues/?&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", </api/0/issues/?&cursor=${cursor}>; rel="next"; results="${results}"; cursor="${cursor}"`;
    const { client, got } = await connect(
      listing('sentry', {}),
      { operations: { list: { http: 'GET /api/0/issues/', pages: { by: 'link', limit: 'limit' } } } },
      ({ query: asked }) => (asked.includes('0:200:0') ? [200, [], {}] : asked.includes('0:100:0') ? [200, items('3'), { link: link('0:200:0', false) }] : [200, items('1', '2'), { link: link('0:100:0', true) }]),
    ); // prettier-ignore
    expect(await all(client.list({}))).toEqual(items('1', '2', '3'));
    expect(got).toHaveLength(3);
  });

  it('of HAL: resources in an envelope, links as objects', async () => {
    // https://datatracker.ietf.org/doc/html/draft-kelly-json-hal-11
    const { client } = await connect(
      listing('hal', {}),
      { operations: { list: { http: 'GET /orders', output: '_embedded.orders', pages: { by: 'link', next: '_links.next.href', limit: 'size' } } } },
      ({ query: asked }) => [200, { _embedded: { orders: asked.includes('page=1') ? items('3') : items('1', '2') }, _links: { self: { href: '/orders' }, ...(!asked.includes('page=1') && { next: { href: '/orders?page=1&size=2' } }) } }, { 'content-type': 'application/hal+json' }],
    ); // prettier-ignore
    expect(await all(client.list({}))).toEqual(items('1', '2', '3'));
  });

  it('of MediaWiki: a number to continue at, and errors with status 200', async () => {
    // https://www.mediawiki.org/wiki/API:Continue, https://www.mediawiki.org/wiki/API:Errors_and_warnings
    const { client, got } = await connect(
      listing('wiki', { srsearch: z.string() }),
      {
        query: { format: 'json', formatversion: '2' },
        defaults: { isError: ({ body }) => Object.hasOwn(Object(body) as object, 'error'), error: ({ body }) => ({ code: 'INVALID_ARGUMENT', message: (body as { error: { info: string } }).error.info }) },
        operations: { list: { http: 'GET /w/api.php', input: (input) => ({ action: 'query', list: 'search', ...input }), output: 'query.search', pages: { by: 'cursor', cursor: 'sroffset', next: 'continue.sroffset', limit: 'srlimit' } } },
      },
      ({ query: asked }) =>
        asked.includes('srsearch=&')
          ? [200, { error: { code: 'nosrsearch', info: 'The "srsearch" parameter must be set.' } }]
          : [200, asked.includes('sroffset=2') ? { batchcomplete: true, query: { search: items('3') } } : { continue: { sroffset: 2, continue: '-||' }, query: { search: items('1', '2') } }],
    ); // prettier-ignore
    expect(await all(client.list({ srsearch: 'a b' }))).toEqual(items('1', '2', '3'));
    expect(got[1]?.query).toBe('action=query&list=search&srsearch=a%20b&srlimit=2&sroffset=2&format=json&formatversion=2');
    expect(await failure(client.list({ srsearch: '' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      text: 'The "srsearch" parameter must be set.',
    });
  });
});

describe('errors', () => {
  const contract = defineContract({ name: 'e', operations: { go: mutation({ input: z.object({ a: z.string() }), output: Item }) } });
  const failed = async (answer: Answer, options: Omit<RestOptions, 'url'> = {}) => {
    const { client } = await connect(contract, { operations: { go: { http: 'POST /go' } }, ...options }, () => answer);
    return failure(client.go({ a: '' }));
  };

  it.each<[string, Answer, object]>([
    // https://cloud.google.com/apis/design/errors
    ['Google', [403, { error: { code: 403, message: 'Daily limit', status: 'RESOURCE_EXHAUSTED', errors: [{ reason: 'rateLimitExceeded' }], details: [] } }], { code: 'RESOURCE_EXHAUSTED', text: 'Daily limit' }],
    // https://mailchimp.com/developer/marketing/docs/errors/
    ['Mailchimp', [400, { type: 'https://mailchimp.com/developer/marketing/docs/errors/', title: 'Invalid Resource', status: 400, detail: 'The resource submitted could not be validated.', instance: 'x', errors: [{ field: 'email_address', message: 'This value should not be blank.' }] }, { 'content-type': 'application/problem+json' }], { code: 'INVALID_ARGUMENT', details: { issues: [{ path: ['email_address'], message: 'This value should not be blank.' }] } }],
    // https://github.com/zalando/problem-spring-web
    ['Zalando', [400, { type: 'https://zalando.github.io/problem/constraint-violation', title: 'Constraint Violation', status: 400, violations: [{ field: 'items[0].name', message: 'must not be null' }] }, { 'content-type': 'application/problem+json' }], { code: 'INVALID_ARGUMENT', details: { issues: [{ path: ['items', 0, 'name'], message: 'must not be null' }] } }],
    // https://docs.postgrest.org/en/stable/references/errors.html
    ['PostgREST', [406, { code: 'PGRST116', details: 'The result contains 0 rows', hint: null, message: 'JSON object requested, multiple (or no) rows returned' }], { text: 'JSON object requested, multiple (or no) rows returned' }],
    // https://developer.okta.com/docs/reference/error-codes/
    ['Okta', [400, { errorCode: 'E0000001', errorSummary: 'Api validation failed: login', errorLink: 'E0000001', errorId: 'oae', errorCauses: [{ errorSummary: 'login: An object with this field already exists' }] }], { code: 'INVALID_ARGUMENT', text: 'Api validation failed: login' }],
    // https://developer.paypal.com/api/rest/responses/
    ['PayPal', [422, { name: 'UNPROCESSABLE_ENTITY', message: 'The requested action could not be performed.', debug_id: 'b1', details: [{ field: '/purchase_units/0/amount', issue: 'INVALID', description: 'The amount is wrong.' }] }], { code: 'INVALID_ARGUMENT', details: { issues: [{ path: ['purchase_units', 0, 'amount'], message: 'The amount is wrong.' }] } }],
    // https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    ['OAuth', [400, { error: 'invalid_grant', error_description: 'The refresh token is invalid.' }], { code: 'INVALID_ARGUMENT', text: 'The refresh token is invalid.' }],
    // https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
    ['Prometheus', [422, { status: 'error', errorType: 'execution', error: 'expression evaluation failed' }], { code: 'INVALID_ARGUMENT', text: 'expression evaluation failed' }],
    // https://developers.facebook.com/docs/graph-api/guides/error-handling
    ['Facebook', [400, { error: { message: 'Invalid OAuth access token.', type: 'OAuthException', code: 190, fbtrace_id: 'A' } }], { text: 'Invalid OAuth access token.' }],
    // https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
    ['Azure', [409, { error: { code: 'Conflict', message: 'It exists.', target: 'name', details: [{ code: 'X', target: 'sku', message: 'no such sku' }] } }], { code: 'ALREADY_EXISTS', text: 'It exists.' }],
    // https://airtable.com/developers/web/api/errors
    ['Airtable', [422, { error: { type: 'INVALID_REQUEST_UNKNOWN', message: 'Invalid request' } }], { code: 'INVALID_ARGUMENT', text: 'Invalid request' }],
    // https://developer.atlassian.com/server/confluence
    ['a gateway page', [502, '<html><body>Bad Gateway</body></html>', { 'content-type': 'text/html' }], { code: 'UNAVAILABLE' }],
  ])('%s', async (_, answer, expected) => {
    expect(await failed(answer)).toMatchObject({ ...expected, response: { status: answer[0] } });
  }); // prettier-ignore

  it('of a function in AWS Lambda: a header on an answer with 200', async () => {
    // https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseElements
    const error = await failed([200, { errorMessage: 'boom', errorType: 'Error' }, { 'x-amz-function-error': 'Unhandled' }], {
      defaults: { isError: ({ headers }) => 'x-amz-function-error' in headers, error: ({ body }) => ({ code: 'UNKNOWN', message: (body as { errorMessage: string }).errorMessage }) },
    }); // prettier-ignore
    expect(error).toMatchObject({ code: 'UNKNOWN', text: 'boom' });
  });
});

describe('bodies', () => {
  it('of Gerrit: JSON behind a line that no script can run', async () => {
    // https://gerrit-review.googlesource.com/Documentation/rest-api.html#output
    const contract = defineContract({ name: 'gerrit', operations: { get: query({ input: z.object({ id: z.string() }), output: Item }) } });
    const { client } = await connect(
      contract,
      { defaults: { answer: 'text' }, operations: { get: { http: 'GET /changes/{id}', output: (text) => JSON.parse((text as string).slice(4)) as unknown } } },
      () => [200, ')]}\'\n{"id":"a~b"}', { 'content-type': 'application/json; charset=UTF-8' }],
    ); // prettier-ignore
    expect(await client.get({ id: 'a~b' })).toEqual({ id: 'a~b' });
  });

  it('of Prometheus and InfluxDB: a form with brackets, and lines of text', async () => {
    const contract = defineContract({
      name: 'm',
      operations: {
        series: query({ input: z.object({ match: z.array(z.string()) }), output: z.array(z.string()) }),
        write: mutation({ input: z.object({ org: z.string(), bucket: z.string(), lines: z.string() }) }),
      },
    });
    const { client, got } = await connect(
      contract,
      {
        operations: {
          series: { http: 'POST /api/v1/series', type: 'application/x-www-form-urlencoded', lists: 'brackets', output: 'data' },
          write: { http: 'POST /api/v2/write', type: 'text/plain; charset=utf-8', body: 'lines' },
        },
      },
      ({ path }) => (path === '/api/v2/write' ? [204] : [200, { status: 'success', data: ['up'] }]),
    );
    expect(await client.series({ match: ['up', 'a{b="c"}'] })).toEqual(['up']);
    await client.write({ org: 'o', bucket: 'b', lines: 'cpu,host=a value=1 1465839830100400200\ncpu,host=b value=2' });
    expect(got[0]?.body).toBe('match[]=up&match[]=a%7Bb%3D%22c%22%7D');
    expect(got[1]).toMatchObject({ query: 'org=o&bucket=b', body: 'cpu,host=a value=1 1465839830100400200\ncpu,host=b value=2', headers: { 'content-type': 'text/plain; charset=utf-8' } }); // prettier-ignore
  });

  it('with ids that are larger than a number holds are not mangled', async () => {
    const contract = defineContract({ name: 'ids', operations: { get: query({ output: z.object({ id: int64() }) }), big: query({ output: z.object({ id: z.number() }) }) } }); // prettier-ignore
    const { client } = await connect(contract, { operations: { get: { http: 'GET /a' }, big: { http: 'GET /a' } } }, () => [200, '{"id":9007199254740993}', { 'content-type': 'application/json' }]); // prettier-ignore
    const outcome = await client.get().then(({ id }) => id, ({ code }: { code: string }) => code); // prettier-ignore
    expect(outcome).toBe('DATA_LOSS');
  });

  it('of many calls in one: Microsoft Graph', async () => {
    // https://learn.microsoft.com/graph/json-batching
    const Response = z.object({ id: z.string(), status: z.int(), body: z.json().optional() });
    const contract = defineContract({
      name: 'graph',
      operations: { batch: mutation({ input: z.object({ requests: z.array(z.object({ id: z.string(), method: z.string(), url: z.string() })).max(20) }), output: z.array(Response) }) },
    }); // prettier-ignore
    const { client, got } = await connect(contract, { operations: { batch: { http: 'POST /v1.0/$batch', output: 'responses' } } }, () => [
      200,
      {
        responses: [
          { id: '2', status: 404, body: { error: { code: 'x' } } },
          { id: '1', status: 200, body: { displayName: 'A' } },
        ],
      },
    ]);
    const requests = [{ id: '1', method: 'GET', url: '/me' }, { id: '2', method: 'GET', url: '/users/x' }]; // prettier-ignore
    expect((await client.batch({ requests })).map(({ id, status }) => `${id} ${status}`)).toEqual(['2 404', '1 200']);
    expect(got[0]?.path).toBe('/v1.0/$batch');
  });

  it('with several outcomes: HubSpot answers 207', async () => {
    const contract = defineContract({ name: 'b', operations: { create: mutation({ input: z.object({ inputs: z.array(Item) }), output: z.object({ results: z.array(Item), errors: z.array(z.object({ message: z.string() })) }) }) } }); // prettier-ignore
    const { client } = await connect(contract, { operations: { create: { http: 'POST /batch/create' } } }, () => [207, { status: 'COMPLETE', results: items('1'), numErrors: 1, errors: [{ status: 'error', message: 'no such' }] }]); // prettier-ignore
    expect(await client.create({ inputs: items('1', '2') })).toEqual({ results: items('1'), errors: [{ message: 'no such' }] });
  });
});

describe('methods', () => {
  it.each(['PROPFIND', 'SEARCH', 'QUERY', 'PURGE', 'M-SEARCH'])('beyond those of OpenAPI: %s', async (method) => {
    const contract = defineContract({ name: 'm', operations: { go: query({ input: z.object({ a: z.string() }), output: z.object({ ok: z.boolean() }) }) } }); // prettier-ignore
    const { client, got } = await connect(contract, { operations: { go: { http: `${method} /x/{a}` } } }, () => [200, { ok: true }]);
    expect(await client.go({ a: 'b' })).toEqual({ ok: true });
    expect(got[0]).toMatchObject({ method, path: '/x/b' });
  });
});
