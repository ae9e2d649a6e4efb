import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { ApiError, createClient, createService, defineContract, mutation, query } from '../../src/index.ts';
import { listen, type HttpServer } from '../../src/http/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { mcpHandler, mcpTools } from '../../src/mcp/server.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'shop',
  description: 'Sells things.',
  operations: {
    getThing: query({ summary: 'Reads a thing', input: z.object({ id: z.int32() }), output: z.object({ id: z.int32(), name: z.string() }), http: 'GET /things/{id}' }), // prettier-ignore
    listNames: query({ output: z.array(z.string()), http: 'GET /names' }),
    findName: query({ input: z.object({ id: z.int32() }), output: z.string().nullable(), http: 'GET /names/{id}' }),
    buy: mutation({ input: z.object({ id: z.int32() }), errors: { NOT_FOUND: true, OUT_OF_STOCK: { code: 'FAILED_PRECONDITION', details: z.object({ left: z.int32() }) } }, http: 'POST /buy' }), // prettier-ignore
    removeThing: mutation({ input: z.object({ id: z.int32() }), http: 'DELETE /things/{id}', idempotent: true }),
    count: query({ input: z.object({ to: z.int32() }), item: z.object({ n: z.int32() }), http: 'GET /count' }),
    wait: query({ output: z.object({}), http: 'GET /wait' }),
    whoami: query({ output: z.object({ token: z.string() }), http: 'GET /me' }),
  },
});

let waiting = 0;
let aborted = 0;
let authorization: string | undefined;
const service = createService(contract, {
  getThing: ({ id }) => ({ id, name: `thing ${id}` }),
  listNames: () => ['a', 'b'],
  findName: ({ id }) => (id === 1 ? 'one' : null),
  buy: (_input, { errors }) => {
    throw errors.OUT_OF_STOCK({ left: 0 });
  },
  removeThing: () => {},
  async *count({ to }) {
    for (let n = 1; n <= to; n++) yield { n };
  },
  wait: (_input, { signal }) =>
    new Promise<never>((_resolve, reject) => {
      waiting++;
      signal.addEventListener('abort', () => {
        aborted++;
        reject(signal.reason as Error);
      });
    }),
  whoami: (_input, { headers }) => ({ token: (authorization = headers['authorization']) ?? 'none' }),
});

let server: HttpServer;
const errors: unknown[] = [];
beforeAll(async () => {
  const onError = (error: unknown) => errors.push(error);
  server = await listen(mcpHandler(service, { tools: '*', pageSize: 3, maxStreamItems: 50, onError }), { port: 0, onError });
});
afterAll(async () => {
  await server.close();
  await service.close();
});

const post = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const modern = (method: string, params: object = {}, name?: string, headers: Record<string, string> = {}) =>
  post({ jsonrpc: '2.0', id: 1, method, params: { _meta: META, ...params } }, {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': name }),
    ...headers,
  }); // prettier-ignore

interface AnyClient {
  listTools(params?: { cursor?: string }): Promise<{ tools: { name: string; outputSchema?: unknown }[]; nextCursor?: string | undefined }>;
  callTool(params: { name: string; arguments?: Record<string, unknown> }, ...rest: never[]): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const eras = {
  'the SDK 2 in the newest revision': async () => {
    const client = new NewClient({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new NewTransport(new URL(`${server.url}/mcp`)));
    return client;
  },
  'the SDK 2 as it is': async () => {
    const client = new NewClient({ name: 'test', version: '1.0.0' });
    await client.connect(new NewTransport(new URL(`${server.url}/mcp`)));
    return client;
  },
  'the SDK 1': async () => {
    const client = new OldClient({ name: 'test', version: '1.0.0' });
    await client.connect(new OldTransport(new URL(`${server.url}/mcp`)));
    return client;
  },
};

for (const [name, open] of Object.entries(eras)) {
  describe(`mcpHandler and ${name}`, () => {
    let client: AnyClient;
    beforeAll(async () => {
      client = await open();
    });
    afterAll(() => client.close());

    test('lists all tools, page by page', async () => {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.listTools(cursor === undefined ? {} : { cursor });
        names.push(...page.tools.map((tool) => tool.name));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect([...new Set(names)]).toEqual(Object.keys(contract.operations));
    });

    test('calls a tool, and gets text and structured content', async () => {
      const result = await client.callTool({ name: 'getThing', arguments: { id: 7 } });
      expect(result).toMatchObject({
        structuredContent: { id: 7, name: 'thing 7' },
        content: [{ type: 'text', text: '{"id":7,"name":"thing 7"}' }],
      });
    });

    test('gets lists and null', async () => {
      const list = await client.callTool({ name: 'listNames' });
      const none = await client.callTool({ name: 'findName', arguments: { id: 2 } });
      expect([['a', 'b'], { result: ['a', 'b'] }]).toContainEqual(list['structuredContent']);
      expect([null, { result: null }]).toContainEqual(none['structuredContent']);
      expect(list['content']).toEqual([{ type: 'text', text: '["a","b"]' }]);
    });

    test('gets nothing of an operation without output', async () => {
      const result = await client.callTool({ name: 'removeThing', arguments: { id: 1 } });
      expect(result['structuredContent']).toBeUndefined();
      expect(result['isError'] ?? false).toBe(false);
    });

    test('gets a declared error with its reason and details', async () => {
      const result = await client.callTool({ name: 'buy', arguments: { id: 1 } });
      expect(result).toMatchObject({
        isError: true,
        _meta: { 'multi-api-sdk/error': { code: 'FAILED_PRECONDITION', reason: 'OUT_OF_STOCK', details: { left: 0 } } },
      });
      expect(JSON.stringify(result['content'])).toContain('OUT_OF_STOCK');
    });

    test('gets an invalid input as an error of the tool', async () => {
      const result = await client.callTool({ name: 'getThing', arguments: { id: 'seven' } });
      expect(result).toMatchObject({ isError: true, _meta: { 'multi-api-sdk/error': { code: 'INVALID_ARGUMENT' } } });
    });

    test('gets an unknown tool as an error of the protocol', async () => {
      await expect(client.callTool({ name: 'getThin' })).rejects.toMatchObject({
        code: -32602,
        message: expect.stringContaining('getThing') as unknown,
      });
    });

    test('gets the items of a stream in one result, and as progress', async () => {
      const progress: unknown[] = [];
      const options = { onprogress: (each: unknown) => void progress.push(each) };
      const arguments_ = { name: 'count', arguments: { to: 3 } };
      const result = await (client instanceof OldClient ? client.callTool(arguments_, undefined, options) : (client as unknown as NewClient).callTool(arguments_, options)); // prettier-ignore
      expect(result).toMatchObject({ structuredContent: { items: [{ n: 1 }, { n: 2 }, { n: 3 }], complete: true } });
      expect(progress).toMatchObject([{ progress: 1, message: '{"n":1}' }, { progress: 2 }, { progress: 3 }]);
      expect(await client.callTool({ name: 'count', arguments: { to: 1000 } })).toMatchObject({ structuredContent: { complete: false } });
    });

    test('cancels', async () => {
      const before = [waiting, aborted] as const;
      const controller = new AbortController();
      const options = { signal: controller.signal };
      const call = client instanceof OldClient ? client.callTool({ name: 'wait' }, undefined, options) : (client as unknown as NewClient).callTool({ name: 'wait' }, options); // prettier-ignore
      const settled = expect(call).rejects.toThrow();
      await until(() => waiting > before[0]);
      controller.abort();
      await settled;
      await until(() => aborted > before[1]);
    });
  });
}

describe('mcpHandler over HTTP', () => {
  test('hands the headers of the caller to the service, and none of its own', async () => {
    const response = await modern('tools/call', { name: 'whoami' }, 'whoami', { authorization: 'Bearer t' });
    expect(await response.json()).toMatchObject({ result: { structuredContent: { token: 'Bearer t' } } });
    expect(authorization).toBe('Bearer t');
  });

  test('discovers, with what may be kept', async () => {
    expect(await (await modern('server/discover')).json()).toMatchObject({
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18'],
        capabilities: { tools: {} },
        instructions: 'Sells things.',
        ttlMs: 300_000,
        cacheScope: 'public',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'shop', version: '1.0.0' } },
      },
    });
  });

  test.each([
    ['a method of headers that is not the body’s', { 'mcp-method': 'tools/list' }, 'wait'],
    ['a name that is not the body’s', {}, 'buy'],
    ['a name that is no base64', {}, '=?base64?!?='],
    ['no name', {}, undefined],
    ['a version that is not the body’s', { 'mcp-protocol-version': '2025-11-25' }, 'wait'],
  ])('refuses %s', async (_what, headers, name) => {
    const response = await modern('tools/call', { name: 'wait' }, name, headers);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ id: 1, error: { code: -32020 } });
  });

  test('takes a name in base64', async () => {
    const response = await modern('tools/call', { name: 'whoami' }, `=?base64?${btoa('whoami')}?=`);
    expect(response.status).toBe(200);
  });

  test('refuses a version that it does not speak, and names those that it does', async () => {
    const _meta = { ...META, 'io.modelcontextprotocol/protocolVersion': '1900-01-01' };
    const response = await modern('tools/list', { _meta }, undefined, { 'mcp-protocol-version': '1900-01-01' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: -32022, data: { supported: ['2026-07-28', '2025-11-25', '2025-06-18'], requested: '1900-01-01' } } }); // prettier-ignore
  });

  test('refuses a request without what each must say', async () => {
    const { 'io.modelcontextprotocol/clientCapabilities': _none, ...rest } = META;
    const response = await modern('tools/list', { _meta: rest });
    expect([response.status, ((await response.json()) as { error: { code: number } }).error.code]).toEqual([400, -32602]);
    const without = await post(
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
    );
    expect([without.status, ((await without.json()) as { error: { code: number } }).error.code]).toEqual([400, -32602]);
  });

  test('does not know other methods, in either era', async () => {
    const response = await modern('initialize2');
    expect([response.status, ((await response.json()) as { error: { code: number } }).error.code]).toEqual([404, -32601]);
    expect(await (await post({ jsonrpc: '2.0', id: 1, method: 'ping' })).json()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect((await modern('ping')).status).toBe(404);
  });

  test.each([
    ['what is not JSON', '{', -32700],
    ['a batch', '[]', -32600],
    ['text', '"hello"', -32600],
    ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ['params by position', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602],
    ['what nests too deeply', `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`, -32602],
  ])('refuses %s', async (_what, body, code) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code } });
  });

  test('refuses a body that is too large, of another type, of another method', async () => {
    expect((await post(`"${'x'.repeat(1_100_000)}"`)).status).toBe(413);
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    const get = await fetch(`${server.url}/mcp`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  test('refuses pages of other origins, and takes those of its own', async () => {
    expect((await post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { origin: server.url })).status).toBe(200);
    expect(String(errors.at(-1))).toContain("list that origin in the option 'origins'");
  });

  test('accepts notifications and responses', async () => {
    expect((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202);
    expect((await post({ jsonrpc: '2.0', id: 4, result: {} })).status).toBe(202);
  });

  test('ends a call at its deadline', async () => {
    const response = await modern('tools/call', { name: 'wait' }, 'wait', { 'x-timeout-ms': '50' });
    expect(await response.json()).toMatchObject({
      result: { isError: true, _meta: { 'multi-api-sdk/error': { code: 'DEADLINE_EXCEEDED' } } },
    });
  });
});

describe('mcpTools', () => {
  test('describes the Blog', () => {
    const tools = mcpTools(blogContract);
    expect(tools.map(({ name }) => name)).toEqual(Object.keys(blogContract.operations));
    expect(tools.find(({ name }) => name === 'getUserPosts')).toMatchObject({
      title: 'Lists the posts of a user, in order of their ids',
      annotations: { readOnlyHint: true },
      inputSchema: { type: 'object', required: ['userId'], properties: { limit: { default: 20, maximum: 100 } } },
      outputSchema: { type: 'array', items: { $ref: '#/$defs/Post' }, $defs: { Post: { type: 'object' } } },
    });
    expect(tools.find(({ name }) => name === 'deletePost')?.annotations).toMatchObject({
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: true,
    });
  });

  test('takes those that are asked for, or marked', async () => {
    const greet = query({ output: z.string(), http: 'GET /greeting', meta: { mcp: { title: 'Greets' } } });
    const marked = defineContract({ name: 'm', operations: { greet, other: query({ output: z.string(), http: 'GET /other' }) } });
    expect(mcpTools(marked)).toMatchObject([{ name: 'greet', annotations: { title: 'Greets' } }]);
    expect(mcpTools(marked, { tools: ['other'] })).toMatchObject([{ name: 'other' }]);
    expect(() => mcpTools(marked, { tools: ['othr'] })).toThrow("do you mean 'other'?");
    const blog = createBlogService();
    expect(() => mcpHandler(blog, { tools: ['getUsers'] })).toThrow("do you mean 'getUser'?");
    expect(() => mcpHandler(blog, { path: 'mcp' })).toThrow("must look like '/mcp'");
    expect(() => mcpHandler(blog, { tool: '*' } as never)).toThrow("do you mean 'tools'?");
    await blog.close();
  });
});

describe('mcpHandler with authorization', () => {
  const asking = createService(contract, {
    ...Object.fromEntries(Object.keys(contract.operations).map((name) => [name, () => ({ token: 'yes' })])),
  } as never, {
    context: ({ headers }) => {
      if (headers['authorization'] !== 'Bearer good') throw new ApiError('UNAUTHENTICATED', 'who are you?');
      return {};
    },
  }); // prettier-ignore
  let guarded: HttpServer;
  beforeAll(async () => {
    const authorization = { authorizationServers: ['https://login.example.com'], scopes: ['shop'] };
    guarded = await listen(mcpHandler(asking, { authorization }), { port: 0 });
  });
  afterAll(async () => {
    await guarded.close();
    await asking.close();
  });

  test.each(['initialize', 'tools/list', 'tools/call'])('refuses %s without a token, and says where there are some', async (method) => {
    const params = { name: 'whoami', protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} };
    const send = (headers: Record<string, string>) =>
      fetch(`${guarded.url}/mcp`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) }); // prettier-ignore
    const refused = await send({});
    const metadata = `${guarded.url}/.well-known/oauth-protected-resource/mcp`;
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer resource_metadata="${metadata}", scope="shop"`,
    ]);
    expect(await refused.json()).toMatchObject({ id: 1, error: { message: 'who are you?', data: { code: 'UNAUTHENTICATED' } } });
    expect(await (await fetch(metadata)).json()).toEqual({
      resource: `${guarded.url}/mcp`,
      authorization_servers: ['https://login.example.com'],
      scopes_supported: ['shop'],
      bearer_methods_supported: ['header'],
    });
    expect(await (await send({ authorization: 'Bearer good' })).json()).toHaveProperty('result');
  });

  test('is read by our client as UNAUTHENTICATED', async () => {
    for (const version of ['2026-07-28', '2025-11-25', undefined] as const) {
      const client = createClient({ contract, transport: mcp({ url: guarded.url, version }) });
      await expect(client.whoami()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', text: 'who are you?' });
      await client.close();
    }
  });

  test('wants to know who gives tokens', () => {
    expect(() => mcpHandler(asking, { authorization: { authorizationServers: [] } })).toThrow("write ['https://login.example.com']");
  });
});
