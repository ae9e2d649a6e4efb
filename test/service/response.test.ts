import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, mutation, query } from '../../src/index.ts';
import { graphqlHandler, graphqlSchema } from '../../src/graphql/server.ts';
import { grpc } from '../../src/grpc/client.ts';
import { printProto } from '../../src/grpc/schema.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { fetchHandler } from '../../src/http/fetch/index.ts';
import { composeHandlers } from '../../src/http/serve/compose.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { openApi, restHandler } from '../../src/rest/server.ts';
import { wsdl } from '../../src/soap/schema.ts';

const User = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'User' });

const contract = defineContract({
  name: 'users',
  operations: {
    getUser: query({ input: z.object({ id: z.int32() }), output: User, http: 'GET /users/{id}' }),
    putUser: mutation({ input: User, output: User, http: 'POST /users' }),
    login: mutation({ input: z.object({ name: z.string() }), output: User, http: 'POST /login' }),
    importUsers: mutation({ input: z.object({ from: z.string() }), output: z.object({ job: z.string() }), http: 'POST /imports' }),
    forget: mutation({ http: 'POST /forget' }),
    odd: query({ input: z.object({ status: z.int32() }), output: User, http: 'GET /odd' }),
  },
});

function createUsers() {
  const errors: unknown[] = [];
  const service = createService(
    contract,
    {
      getUser({ id }, { response }) {
        response.headers.set('etag', `"v${id}"`);
        response.headers.set('cache-control', 'max-age=60');
        return { id, name: 'Ada' };
      },
      putUser: (user, { response }) => ((response.status = 200), user),
      login({ name }, { response: { headers } }) {
        headers.append('set-cookie', 'session=abc; HttpOnly');
        headers.append('set-cookie', 'theme=dark');
        headers.set('x-login', name);
        return { id: 1, name };
      },
      importUsers(_, { response }) {
        response.status = 202;
        response.headers.set('location', '/jobs/7');
        return { job: '7' };
      },
      forget: (_, { response }) => void (response.status = 202),
      odd: ({ status }, { response }) => ((response.status = status), { id: 1, name: 'odd' }),
    },
    { onError: ({ error }) => errors.push(error) },
  );
  return { service, errors };
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serveUsers(basePath?: string) {
  const { service, errors } = createUsers();
  const handler = composeHandlers(graphqlHandler(service), restHandler(service, basePath === undefined ? {} : { basePath }));
  const server = await listen(handler);
  closing.push(() => server.close());
  return { url: server.url + (basePath ?? ''), service, errors, handler };
}

const post = (body: unknown) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

describe('over REST', () => {
  test('a handler chooses the status, also without a body', async () => {
    const { url } = await serveUsers();
    expect((await fetch(`${url}/users`, post({ id: 1, name: 'Ada' }))).status).toBe(200);
    const started = await fetch(`${url}/imports`, post({ from: 'x' }));
    expect([started.status, started.headers.get('location'), await started.json()]).toEqual([202, '/jobs/7', { job: '7' }]);
    const forgotten = await fetch(`${url}/forget`, { method: 'POST' });
    expect([forgotten.status, await forgotten.text()]).toEqual([202, '']);
  });

  test('a status without a body is the handler’s mistake', async () => {
    const { url, errors } = await serveUsers();
    for (const status of [204, 205, 304, 404, 100, 1000]) expect((await fetch(`${url}/odd?status=${status}`)).status).toBe(500);
    expect(String(errors[0])).toContain('the status 204 is not one of an answer with a body');
  });

  test('each cookie is a header of its own, on Node and in the Fetch API', async () => {
    const { url, handler } = await serveUsers();
    const cookies = ['session=abc; HttpOnly', 'theme=dark'];
    expect((await fetch(`${url}/login`, post({ name: 'Ada' }))).headers.getSetCookie()).toEqual(cookies);
    const answer = await fetchHandler(handler)(new Request('http://localhost/login', post({ name: 'Ada' })));
    expect(answer.headers.getSetCookie()).toEqual(cookies);
  });

  test("a handler's ETag is the answer's, and 304 has its headers", async () => {
    const { url } = await serveUsers();
    const first = await fetch(`${url}/users/7`);
    expect([first.headers.get('etag'), first.headers.get('cache-control')]).toEqual(['"v7"', 'max-age=60']);
    const second = await fetch(`${url}/users/7`, { headers: { 'if-none-match': 'W/"v7"', 'cache-control': 'no-cache' } });
    expect([second.status, second.headers.get('cache-control'), await second.text()]).toEqual([304, 'max-age=60', '']);
  });

  test('a path in Location has the root of the server that answers, also of a gateway', async () => {
    const { url } = await serveUsers('/v2');
    const middle = rest({ url })(contract);
    const gateway = await listen(restHandler(middle, { basePath: '/api' }));
    closing.push(() => middle.close(), () => gateway.close()); // prettier-ignore
    const direct = await fetch(`${url}/imports`, post({ from: 'x' }));
    expect(direct.headers.get('location')).toBe('/v2/jobs/7');
    const through = await fetch(`${gateway.url}/api/imports`, post({ from: 'x' }));
    expect([through.status, through.headers.get('location')]).toEqual([202, '/api/jobs/7']);
    const made = await fetch(`${gateway.url}/api/users`, post({ id: 5, name: 'Eve' }));
    expect([made.status, made.headers.get('location')]).toEqual([200, '/api/users/5']);
  });

  test('cookies stay with the server that set them', async () => {
    const { url } = await serveUsers();
    const middle = rest({ url })(contract);
    const gateway = await listen(restHandler(middle));
    closing.push(() => middle.close(), () => gateway.close()); // prettier-ignore
    const through = await fetch(`${gateway.url}/login`, post({ name: 'Ada' }));
    expect([through.headers.get('x-login'), through.headers.getSetCookie()]).toEqual(['Ada', []]);
  });

  test('the client reads the status and the headers', async () => {
    const { url } = await serveUsers();
    const client = createClient({ contract, transport: rest({ url }) });
    closing.push(() => client.close());
    const { output, status, headers } = await client.importUsers.withResponse({ from: 'x' });
    expect([output.job, status, headers['location']]).toEqual(['7', 202, '/jobs/7']);
  });
});

describe('over GraphQL', () => {
  const ask = (url: string, query: string) => fetch(`${url}/graphql`, post({ query }));

  test('the headers of one root field are those of the response', async () => {
    const { url } = await serveUsers();
    const response = await ask(url, 'mutation { login(input: { name: "Ada" }) { id } }');
    expect([response.headers.get('x-login'), response.headers.getSetCookie().length]).toEqual(['Ada', 2]);
    expect(await response.json()).toEqual({ data: { login: { id: 1 } } });
  });

  test('with several they are in extensions, by field, and the cookies are set all the same', async () => {
    const { url } = await serveUsers();
    const response = await ask(url, 'mutation { a: login(input: { name: "Ada" }) { id } b: login(input: { name: "Eve" }) { id } }');
    expect([response.headers.get('x-login'), response.headers.getSetCookie().length]).toEqual([null, 4]);
    expect(await response.json()).toMatchObject({ extensions: { headers: { a: { 'x-login': 'Ada' }, b: { 'x-login': 'Eve' } } } });
  });
});

describe('in process', () => {
  test('a header that the protocols write themselves is refused where it is set', async () => {
    const { service } = createUsers();
    const client = createClient({ contract, transport: service });
    const heard: unknown[] = [];
    await client.login({ name: 'Ada' }, { onResponse: (head) => heard.push(head) });
    expect(heard).toEqual([{ headers: { 'x-login': 'Ada' }, cookies: ['session=abc; HttpOnly', 'theme=dark'] }]);
    await client.close();
    await service.close();
  });
});

describe('what a contract says', () => {
  const old = defineContract({
    name: 'old',
    operations: {
      listAll: query({
        input: z.object({ n: z.int32().optional() }),
        output: User,
        http: { route: 'GET /all', cacheControl: 'private, max-age=5' },
        deprecated: { since: '2026-01-31', sunset: '2026-12-31T23:59:59Z', link: 'https://example.com/why', note: 'use list' },
      }),
      begin: mutation({ output: User, http: { status: 202 } }),
      remove: mutation({ http: [{ route: 'DELETE /all', status: 200 }, 'POST /all/remove'] }),
      plain: query({ output: User, deprecated: 'use list' }),
    },
  });
  const user = { id: 1, name: 'Ada' };
  const serve = async () => {
    const service = createService(old, {
      listAll: ({ n }, { response }) => (n === 1 && response.headers.set('link', '</next>; rel="next"'), user),
      begin: () => user,
      remove: () => undefined,
      plain: () => user,
    });
    const server = await listen(restHandler(service));
    closing.push(() => server.close());
    return { url: server.url, service };
  };

  test('statuses and Cache-Control of a binding', async () => {
    const { url } = await serve();
    const listed = await fetch(`${url}/all`);
    expect([listed.status, listed.headers.get('cache-control')]).toEqual([200, 'private, max-age=5']);
    const etag = listed.headers.get('etag') ?? '';
    const again = await fetch(`${url}/all`, { headers: { 'if-none-match': etag } });
    expect([again.status, again.headers.get('cache-control'), again.headers.get('content-type')]).toEqual([
      304,
      'private, max-age=5',
      null,
    ]);
    expect((await fetch(`${url}/begin`, { method: 'POST' })).status).toBe(202);
    expect((await fetch(`${url}/all`, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(`${url}/all/remove`, { method: 'POST' })).status).toBe(204);
  });

  test('Deprecation, Sunset and Link, beside a Link of the handler', async () => {
    const { url } = await serve();
    const { headers } = await fetch(`${url}/all?n=1`);
    expect([headers.get('deprecation'), headers.get('sunset'), headers.get('link')]).toEqual([
      '@1769817600',
      'Thu, 31 Dec 2026 23:59:59 GMT',
      '<https://example.com/why>; rel="deprecation", </next>; rel="next"',
    ]);
    expect((await fetch(`${url}/plain`, { method: 'POST' })).headers.get('deprecation')).toBeNull();
  });

  test('the client tells once of each, as the contract or the answer says', async () => {
    const { url } = await serve();
    const heard: unknown[] = [];
    const client = createClient({ contract: old, transport: rest({ url }), onDeprecated: (use) => heard.push(use) });
    closing.push(() => client.close());
    for (let times = 0; times < 3; times++) await client.listAll();
    await client.plain();
    await client.begin();
    const bare = defineContract({ ...old, operations: { listAll: query({ output: User, http: 'GET /all' }) }, events: {}, relations: {} });
    const unaware = createClient({ contract: bare, transport: rest({ url }), onDeprecated: (use) => heard.push(use) });
    closing.push(() => unaware.close());
    await Promise.all([unaware.listAll(), unaware.listAll()]);
    await expect.poll(() => heard.length).toBe(3);
    const dates = { since: new Date('2026-01-31'), sunset: new Date('2026-12-31T23:59:59Z'), link: 'https://example.com/why' };
    expect(heard).toEqual([
      { operation: 'listAll', ...dates, note: 'use list' },
      { operation: 'plain', note: 'use list' },
      { operation: 'listAll', ...dates },
    ]);
  });

  test('the published descriptions say it', () => {
    const words = 'use list; since 2026-01-31; ends 2026-12-31T23:59:59.000Z; see https://example.com/why';
    const { paths } = openApi(old) as {
      paths: Record<string, Record<string, { deprecated?: boolean; description?: string; responses: object }>>;
    };
    expect(paths['/all']?.['get']).toMatchObject({
      deprecated: true,
      description: `Deprecated: ${words}.`,
      responses: { '200': { headers: { Deprecation: {}, Sunset: {}, 'Cache-Control': {} } } },
    });
    expect(Object.keys(paths['/begin']?.['post']?.responses ?? {})).toContain('202');
    expect(Object.keys(paths['/all']?.['delete']?.responses ?? {})).toContain('200');
    expect(graphqlSchema(old)).toContain(`@deprecated(reason: "${words}")`);
    expect(printProto(old)).toContain(words);
    expect(wsdl(old, 'http://localhost/soap')).toContain(words);
  });

  test('what makes no sense is refused where the contract is defined', () => {
    const define = (spec: object) => () => defineContract({ name: 'bad', operations: { go: query({ output: User, ...spec }) } });
    expect(define({ http: { status: 204 } })).toThrow('operation go: http: the status 204 is not one of an answer with a body');
    expect(define({ http: { status: 404 } })).toThrow('the status 404');
    expect(define({ http: { cacheControl: 'a\nb' } })).toThrow('cacheControl must be printable ASCII');
    expect(define({ deprecated: { since: 'May' } })).toThrow("deprecated.since 'May' is not a day such as 2026-01-31");
    expect(define({ deprecated: { sunset: '2026-02-30T00:00:00' } })).toThrow('deprecated.sunset');
    expect(define({ deprecated: { link: 'a>b' } })).toThrow("deprecated.link 'a>b' is not a URL");
  });
});

describe('headers that would end a connection', () => {
  test('are refused, so that other calls on it go on', async () => {
    const errors: string[] = [];
    const headers: Readonly<Record<string, readonly [name: string, size: number]>> = {
      many: ['set-cookie', 13_000],
      large: ['x-large', 100_000],
      http2: ['http2-settings', 8],
      fits: ['x-fits', 12_000],
    };
    const own = defineContract({
      name: 'own',
      operations: { login: mutation({ input: z.object({ name: z.string() }), output: User }) },
    });
    const service = createService(
      own,
      {
        login({ name }, { response }) {
          const [header, size] = headers[name] ?? ['x-none', 1];
          if (header === 'set-cookie') for (let at = 0; at < size; at += 1000) response.headers.append(header, `a=${'y'.repeat(1000)}`);
          else response.headers.set(header, 'y'.repeat(size));
          return { id: 1, name };
        },
      },
      { onError: ({ error }) => errors.push(String(error)) },
    );
    const server = await serveGrpc(service, { port: 0 });
    const client = createClient({ contract: own, transport: grpc({ url: `http://${server.address}` }) });
    closing.push(
      () => server.close(0),
      () => client.close(),
    );
    for (const name of ['many', 'large', 'http2'])
      await expect(client.login({ name }, { timeoutMs: 5000 }), name).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await client.login({ name: 'fits' })).toEqual({ id: 1, name: 'fits' });
    expect(errors.map((error) => /the header '([\w-]+)' cannot be set/.exec(error)?.[1])).toEqual([
      'set-cookie',
      'x-large',
      'http2-settings',
    ]);
  });
});
