/** APIs with the habits of well-known services and frameworks, each as a contract and a mapping. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, mutation, query, type Contract } from '../../../src/index.ts';
import { rest, type RestOptions } from '../../../src/rest/client.ts';
import { failure } from '../../support/failure.ts';
import { all } from '../../support/all.ts';
import { smallApi, type Answer, type Got } from '../../support/small-api.ts';

async function connect<const C extends Contract>(contract: C, options: Omit<RestOptions, 'url'>, answer: (request: Got) => Answer) {
  const { url, got } = await smallApi(answer);
  const client = createClient({ contract, transport: rest({ url, ...options }), timeoutMs: 5000 });
  onTestFinished(() => client.close());
  return { client, got };
}

const numbers = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => ({ id: from + at }));
const Item = z.object({ id: z.int32() });
const page = { limit: z.int32().default(2), after: z.int32().optional() };

describe('Stripe', () => {
  const stripe = defineContract({
    name: 'stripe',
    operations: {
      createCharge: mutation({
        input: z.object({
          amount: z.int32(),
          expand: z.array(z.string()),
          metadata: z.record(z.string(), z.string()),
          items: z.array(z.object({ price: z.string() })),
        }),
        output: z.object({ id: z.string() }),
        http: 'POST /v1/charges',
      }),
      listCharges: query({
        input: z.object({ created: z.object({ gte: z.int32() }).optional(), limit: z.int32().default(2), after: z.string().optional() }),
        output: z.array(z.object({ id: z.string() })),
        pagedBy: 'id',
        http: 'GET /v1/charges',
      }),
    },
  });
  const options = {
    headers: { authorization: 'Bearer sk_test_1' },
    defaults: { type: 'application/x-www-form-urlencoded', lists: 'brackets' },
    operations: { createCharge: {}, listCharges: { output: 'data', pages: { by: 'key', after: 'starting_after', limit: 'limit' } } },
  } as const;

  it('takes forms with brackets', async () => {
    const { client, got } = await connect(stripe, options, () => [200, { id: 'ch_1', object: 'charge' }]);
    expect(
      await client.createCharge({ amount: 5, expand: ['customer', 'a b'], metadata: { order: '6' }, items: [{ price: 'p' }] }),
    ).toEqual({ id: 'ch_1' });
    expect(got[0]).toMatchObject({
      body: 'amount=5&expand[]=customer&expand[]=a+b&metadata[order]=6&items[0][price]=p',
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Bearer sk_test_1' },
    });
    expect(got[0]?.headers).not.toHaveProperty('x-timeout-ms');
  });

  it('pages by the last id, with deep objects in the query', async () => {
    const { client, got } = await connect(stripe, options, ({ query }) => {
      const after = /starting_after=ch_(\d)/.exec(query)?.[1];
      const from = after === undefined ? 1 : Number(after) + 1;
      return [
        200,
        { object: 'list', has_more: from < 5, data: numbers(from, Math.min(from + 1, 5)).map(({ id }) => ({ id: `ch_${id}` })) },
      ];
    });
    expect((await all(client.listCharges({ created: { gte: 9 } }))).map(({ id }) => id)).toEqual(['ch_1', 'ch_2', 'ch_3', 'ch_4', 'ch_5']);
    expect(got.map(({ query }) => query).slice(0, 2)).toEqual(['created[gte]=9&limit=2', 'created[gte]=9&limit=2&starting_after=ch_2']);
  });

  it("keeps an error's words, status and headers", async () => {
    const body = { error: { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' } };
    const { client } = await connect(stripe, options, () => [402, body, { 'request-id': 'req_1', 'set-cookie': 'a=b' }]);
    const error = await failure(client.listCharges());
    expect(error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      text: 'Your card was declined.',
      requestId: 'req_1',
      response: { status: 402, body },
    });
    expect(error.response?.headers).not.toHaveProperty('set-cookie');
    expect(JSON.stringify(error)).not.toContain('card_declined');
  });
});

describe('GitHub', () => {
  const github = defineContract({
    name: 'github',
    operations: {
      getIssue: query({
        input: z.object({ owner: z.string(), repo: z.string(), issueNumber: z.int32() }),
        output: z.object({ title: z.string() }),
        http: 'GET /repos/{owner}/{repo}/issues/{issueNumber}',
      }),
      compare: query({
        input: z.object({ base: z.string(), head: z.string() }),
        output: z.object({ ahead: z.int32() }),
        http: 'GET /compare/{base}...{head}',
      }),
      getContents: query({ input: z.object({ path: z.string() }), output: z.string(), http: 'GET /contents/{path}' }),
      listIssues: query({ input: z.object(page), output: z.array(Item), pagedBy: 'id', http: 'GET /issues' }),
      updateIssue: mutation({ input: z.object({ id: z.int32(), labels: z.array(z.string()) }), output: Item, http: 'PATCH /issues/{id}' }),
    },
  });
  const options = {
    headers: { 'user-agent': 'my-app' },
    defaults: { headers: { accept: 'application/vnd.github+json', 'X-GitHub-Api-Version': '2022-11-28' } },
    operations: {
      getIssue: { http: 'GET /repos/{owner}/{repo}/issues/{issue_number}', params: { issueNumber: { in: 'path', name: 'issue_number' } } },
      compare: {},
      getContents: { params: { path: { in: 'path', reserved: true } }, answer: 'text' },
      listIssues: { pages: { by: 'link', limit: 'per_page' } },
      updateIssue: { type: 'application/merge-patch+json' },
    },
  } as const;

  it('takes paths as its OpenAPI has them, media types and headers', async () => {
    const { client, got } = await connect(github, options, ({ path, headers }) =>
      path.startsWith('/contents')
        ? [200, '# Hi é', { 'content-type': 'text/plain; charset=utf-8' }]
        : [200, { id: 1, title: headers['user-agent'], ahead: 3 }],
    );
    expect(await client.getIssue({ owner: 'o', repo: 'r', issueNumber: 7 })).toEqual({ title: 'my-app' });
    expect(await client.compare({ base: 'v1.0', head: 'feature/x' })).toEqual({ ahead: 3 });
    expect(await client.getContents({ path: 'docs/a b.md' })).toBe('# Hi é');
    expect(await client.updateIssue({ id: 1, labels: ['a'] })).toEqual({ id: 1 });
    expect(got.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /repos/o/r/issues/7', 'GET /compare/v1.0...feature%2Fx', 'GET /contents/docs/a%20b.md', 'PATCH /issues/1',
    ]); // prettier-ignore
    expect(got[3]).toMatchObject({
      body: '{"labels":["a"]}',
      headers: {
        'content-type': 'application/merge-patch+json',
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      },
    });
  });

  it('pages by Link, and not to another origin', async () => {
    const link = (url: string) => ({ link: `<https://x.example/first>; rel="first", <${url}>; rel="next"; title="a, b"` });
    const { client, got } = await connect(github, options, ({ query, headers }) =>
      query.includes('&page=2') ? [200, numbers(3, 3)] : [200, numbers(1, 2), link(`http://${headers['host']}/issues?per_page=2&page=2`)],
    );
    expect(await all(client.listIssues())).toEqual(numbers(1, 3));
    expect(got.map(({ query }) => query)).toEqual(['per_page=2', 'per_page=2&page=2']);
    const evil = await connect(github, options, () => [200, numbers(1, 2), link('https://evil.example/issues')]);
    expect(await failure(all(evil.client.listIssues()))).toMatchObject({
      code: 'DATA_LOSS',
      text: expect.stringContaining('another origin'),
    });
  });

  it('a 403 that says when to come back is a limit of rates', async () => {
    const { client } = await connect(github, options, () => [403, { message: 'slow down' }, { 'retry-after': '1.5' }]);
    expect(await failure(client.listIssues())).toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfterMs: 1500 });
    const limited = await connect(github, options, () => [
      403,
      { message: 'no' },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '60' },
    ]);
    expect(await failure(limited.client.listIssues())).toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfterMs: 60_000 });
    const refused = await connect(github, options, () => [403, { message: 'no' }]);
    expect(await failure(refused.client.listIssues())).toMatchObject({ code: 'PERMISSION_DENIED', text: 'no' });
  });
});

describe('Django REST', () => {
  const django = defineContract({
    name: 'django',
    operations: {
      listUsers: query({ input: z.object(page), output: z.array(Item), pagedBy: 'id', http: 'GET /users/' }),
      createUser: mutation({ input: z.object({ name: z.string() }), output: Item, http: 'POST /users/' }),
    },
  });
  const options = {
    operations: { listUsers: { output: 'results', pages: { by: 'link', next: 'next', limit: 'limit' } }, createUser: {} },
  } as const;

  it('has slashes at the end, envelopes and URLs of pages in them', async () => {
    const { client, got } = await connect(django, options, ({ query, headers }) =>
      query.includes('offset')
        ? [200, { count: 3, next: null, results: numbers(3, 3) }]
        : [200, { count: 3, next: `http://${headers['host']}/users/?limit=2&offset=2`, results: numbers(1, 2) }],
    );
    expect(await all(client.listUsers())).toEqual(numbers(1, 3));
    expect(got.map(({ path, query }) => `${path}?${query}`)).toEqual(['/users/?limit=2', '/users/?limit=2&offset=2']);
  });

  it('says what is wrong by field', async () => {
    const { client } = await connect(django, options, () => [400, { name: ['This field is required.'] }]);
    expect(await failure(client.createUser({ name: '' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      text: 'name: This field is required.',
      details: { issues: [{ path: ['name'], message: 'This field is required.' }] },
    });
  });
});

describe('FastAPI', () => {
  const fastapi = defineContract({
    name: 'fastapi',
    operations: {
      search: query({
        input: z.object({ tags: z.array(z.string()), token: z.string(), session: z.string() }),
        output: z.int32(),
        http: 'GET /search',
      }),
      addAll: mutation({
        input: z.object({ rows: z.array(z.int32()), dryRun: z.boolean() }),
        output: z.array(z.int32()),
        http: 'PUT /rows',
      }),
      setName: mutation({ input: z.object({ name: z.string() }), output: z.null(), http: 'PUT /name' }),
    },
  });
  const options = {
    operations: {
      search: {
        params: { token: { in: 'header', name: 'X-Token' }, session: 'cookie', tags: { in: 'query', name: 'tag', style: 'pipe' } },
      },
      addAll: { body: 'rows', params: { dryRun: { in: 'query', name: 'dry-run' } } },
      setName: { body: 'name' },
    },
  } as const;

  it('has headers, cookies, a query beside a body, and bodies that are lists and scalars', async () => {
    const { client, got } = await connect(fastapi, options, ({ path, body }) => [
      200,
      path === '/search' ? 5 : path === '/rows' ? JSON.parse(body) : null,
    ]);
    expect(await client.search({ tags: ['a', 'b c'], token: 't', session: 's;1' })).toBe(5);
    expect(await client.addAll({ rows: [1, 2], dryRun: true })).toEqual([1, 2]);
    expect(await client.setName({ name: 'ada' })).toBeNull();
    expect(got[0]).toMatchObject({ query: 'tag=a|b%20c', headers: { 'x-token': 't', cookie: 'session=s%3B1' } });
    expect(got[1]).toMatchObject({ query: 'dry-run=true', body: '[1,2]' });
    expect(got[2]).toMatchObject({ body: '"ada"' });
  });

  it('says what is wrong by place, with 422', async () => {
    const { client } = await connect(fastapi, options, () => [
      422,
      { detail: [{ loc: ['body', 'rows', 0], msg: 'value is not a valid integer', type: 'int' }] },
    ]);
    expect(await failure(client.addAll({ rows: [1], dryRun: false }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      text: 'value is not a valid integer',
      details: { issues: [{ path: ['rows', 0], message: 'value is not a valid integer' }] },
    });
  });
});
