/** Queries by id as resources of MCP, and events that tell of their changes. */
import { PassThrough } from 'node:stream';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { ApiError, createService, defineContract, event, mutation, query, type Transport } from '../../src/index.ts';
import { listen, type HttpServer } from '../../src/http/index.ts';
import { mcpHandler } from '../../src/mcp/server.ts';
import { serveMcpStdio } from '../../src/mcp/stdio/server.ts';
import { quietWay } from '../support/quiet-way.ts';
import { until } from '../support/until.ts';

const Thing = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'Thing' });
const contract = defineContract({
  name: 'shop',
  operations: {
    getThing: query({ summary: 'Reads a thing', input: z.object({ id: z.int32() }), output: Thing, errors: ['NOT_FOUND'], http: 'GET /things/{id}' }), // prettier-ignore
    listThings: query({ summary: 'All things', output: z.array(Thing), http: 'GET /things' }),
    getPart: query({ input: z.object({ thing: z.int32(), part: z.string(), note: z.string().optional() }), output: z.string(), http: 'GET /things/{thing}/parts/{part}' }), // prettier-ignore
    search: query({ input: z.object({ text: z.string() }), output: z.array(Thing), http: 'GET /search' }),
    rename: mutation({ input: Thing.meta({ id: 'ThingInput' }), output: Thing, http: 'PUT /things/{id}' }),
  },
  events: { renamed: event({ channel: 'changes/{id}', payload: Thing, writtenBy: 'rename' }) },
});

const names = new Map([[1, 'one'], [2, 'two']]); // prettier-ignore
const service = createService(contract, {
  getThing: ({ id }) => {
    const name = names.get(id);
    if (name === undefined) throw new ApiError('NOT_FOUND', `no thing ${id}`);
    return { id, name };
  },
  listThings: () => [...names].map(([id, name]) => ({ id, name })),
  getPart: ({ thing, part }) => `${thing} ${part}`,
  search: () => [],
  rename: ({ id, name }) => {
    names.set(id, name);
    return { id, name };
  },
});
const rename = (id: number, name: string) =>
  service.call({ operation: contract.operations.rename, input: { id, name }, headers: {}, signal: new AbortController().signal });

let server: HttpServer;
beforeAll(async () => void (server = await listen(mcpHandler(service, { pageSize: 1, maxSubscriptions: 3 }))));
afterAll(async () => {
  await server.close();
  await service.close();
});

interface AnyClient {
  listResources(params?: { cursor?: string }): Promise<{ resources: { uri: string }[]; nextCursor?: string | undefined }>;
  listResourceTemplates(params?: { cursor?: string }): Promise<{ resourceTemplates: { uriTemplate: string }[]; nextCursor?: string | undefined }>; // prettier-ignore
  readResource(params: { uri: string }): Promise<{ contents: unknown[] }>;
  getServerCapabilities(): object | undefined;
  close(): Promise<void>;
}

const newest = async () => {
  const client = new NewClient({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new NewTransport(new URL(`${server.url}/mcp`)));
  return client;
};
const eras: Record<string, () => Promise<AnyClient>> = {
  'the SDK 2 in the newest revision': newest,
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
  describe(`resources and ${name}`, () => {
    let client: AnyClient;
    beforeAll(async () => void (client = await open()));
    afterAll(() => client.close());

    test('are listed page by page: templates for queries by id', async () => {
      expect(client.getServerCapabilities()).toHaveProperty('resources');
      const templates: { uriTemplate: string }[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined;) {
        const page = await client.listResourceTemplates(cursor === '' ? {} : { cursor });
        templates.push(...page.resourceTemplates);
        cursor = page.nextCursor;
      }
      const mine = [...new Map(templates.map((each) => [each.uriTemplate, each])).values()];
      expect(mine).toEqual([
        { uriTemplate: 'shop:///things/{id}', name: 'getThing', title: 'Reads a thing', description: 'Reads a thing', mimeType: 'application/json' }, // prettier-ignore
        { uriTemplate: 'shop:///things/{thing}/parts/{part}', name: 'getPart', mimeType: 'application/json' },
      ]);
      expect((await client.listResources()).resources).toMatchObject([{ uri: 'shop:///things', name: 'listThings' }]);
    });

    test('are read, with the parameters of their URI', async () => {
      const read = async (uri: string) => (await client.readResource({ uri })).contents;
      expect(await read('shop:///things/2')).toEqual([{ uri: 'shop:///things/2', mimeType: 'application/json', text: '{"id":2,"name":"two"}' }]); // prettier-ignore
      expect(await read('shop:///things')).toMatchObject([{ text: expect.stringContaining('one') as string }]);
      expect(await read('shop:///things/7/parts/a%2Fb%20c')).toMatchObject([{ text: '"7 a/b c"' }]);
    });

    test('that are not there are errors of the protocol', async () => {
      const code = name.includes('newest') ? -32602 : -32002;
      for (const uri of ['shop:///things/9', 'shop:///nothing', 'other:///things/1', 'shop:///things/%zz', '__proto__'])
        await expect(client.readResource({ uri })).rejects.toMatchObject({ code });
      await expect(client.readResource({ uri: 'shop:///things/x' })).rejects.toMatchObject({ code: -32602 });
    });
  });
}

describe('changes of resources', () => {
  test('are told to whom listens for them, once for a burst, until they leave', async () => {
    const client = await newest();
    const seen: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void seen.push(params.uri));
    expect(client.getServerCapabilities()).toMatchObject({ resources: { subscribe: true } });
    const uris = ['shop:///things/1', 'shop:///things', 'shop:///nothing'];
    const subscription = await client.listen({ resourceSubscriptions: uris, toolsListChanged: true });
    expect(subscription.honoredFilter).toEqual({ resourceSubscriptions: uris.slice(0, 2) });
    await rename(2, 'zwei');
    await rename(1, 'eins');
    await until(() => seen.includes('shop:///things/1'));
    expect(seen).toContain('shop:///things');
    expect(seen).not.toContain('shop:///things/2');
    const { contents } = await client.readResource({ uri: 'shop:///things/1' });
    expect(contents).toMatchObject([{ text: '{"id":1,"name":"eins"}' }]);
    await subscription.close();
    await expect(client.listen({ resourceSubscriptions: ['a', 'b', 'c', 'd'] })).rejects.toThrow(/3 resources/);
    await client.close();
  });

  test('end gracefully with the server', async () => {
    const own = await listen(mcpHandler(service));
    const client = new NewClient({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new NewTransport(new URL(`${own.url}/mcp`)));
    const subscription = await client.listen({ resourceSubscriptions: ['shop:///things/1'] });
    // A subscription that did not end by itself would hold this up for ever.
    await own.close(Infinity);
    expect(await subscription.closed).toBe('graceful');
    await client.close();
  });

  test('are told if the source says so while it is subscribed to, after the acknowledgement', async () => {
    const eager: Transport = {
      name: 'eager',
      contract,
      call: (request) => service.call(request),
      subscribe: (request, sink) => {
        sink.gap();
        return service.subscribe(request, sink);
      },
      close: () => Promise.resolve(),
    };
    const own = await listen(mcpHandler(eager));
    const client = new NewClient({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new NewTransport(new URL(`${own.url}/mcp`)));
    const seen: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void seen.push(params.uri));
    const subscription = await client.listen({ resourceSubscriptions: ['shop:///things/1'] });
    await until(() => seen.includes('shop:///things/1'));
    await subscription.close();
    await client.close();
    await own.close();
  });

  test('are told over standard output', async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    let text = '';
    output.on('data', (chunk: Buffer) => (text += chunk.toString()));
    // A subscription that did not end by itself would hold up the end for ever.
    const stdio = serveMcpStdio(service, { input, output, graceMs: Infinity });
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
    const params = { _meta: meta, notifications: { resourceSubscriptions: ['shop:///things/1'] } };
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 'l', method: 'subscriptions/listen', params })}\n`);
    await until(() => text.includes('acknowledged'));
    await rename(1, 'uno');
    await until(() => text.includes('resources/updated'));
    input.end();
    await stdio.closed;
    expect(text.trim().split('\n').map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { method: 'notifications/subscriptions/acknowledged', params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'l' } } },
      { method: 'notifications/resources/updated', params: { uri: 'shop:///things/1' } },
      { id: 'l', result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 'l' } } },
    ]); // prettier-ignore
  });
});

interface Session {
  readonly client: AnyClient & { subscribeResource(params: { uri: string }): Promise<unknown>; unsubscribeResource(params: { uri: string }): Promise<unknown> }; // prettier-ignore
  readonly seen: string[];
  readonly transport: { terminateSession(): Promise<void>; readonly sessionId?: string | undefined };
}

/** Clients of the older revisions, which hear of changes on the stream of their session. */
const sessions: Record<string, (url: string) => Promise<Session>> = {
  'the SDK 1': async (url) => {
    const client = new OldClient({ name: 'test', version: '1.0.0' });
    const transport = new OldTransport(new URL(`${url}/mcp`), { reconnectionOptions: { initialReconnectionDelay: 20, maxReconnectionDelay: 20, reconnectionDelayGrowFactor: 1, maxRetries: 50 } }); // prettier-ignore
    const seen: string[] = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void seen.push(params.uri));
    await client.connect(transport);
    return { client, seen, transport };
  },
  'the SDK 2': async (url) => {
    const client = new NewClient({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
    const transport = new NewTransport(new URL(`${url}/mcp`), { reconnectionOptions: { initialReconnectionDelay: 20, maxReconnectionDelay: 20, reconnectionDelayGrowFactor: 1, maxRetries: 50 } }); // prettier-ignore
    const seen: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void seen.push(params.uri));
    await client.connect(transport);
    return { client, seen, transport };
  },
};

for (const [name, open] of Object.entries(sessions)) {
  describe(`changes of resources and a session of ${name}`, () => {
    test('are told until it unsubscribes, and again after that', async () => {
      const { client, seen, transport } = await open(server.url);
      expect(client.getServerCapabilities()).toMatchObject({ resources: { subscribe: true } });
      await client.subscribeResource({ uri: 'shop:///things/1' });
      await client.subscribeResource({ uri: 'shop:///things/1' });
      await client.subscribeResource({ uri: 'shop:///things' });
      await rename(2, 'two');
      await rename(1, 'one');
      await until(() => seen.includes('shop:///things/1'));
      expect(seen).toContain('shop:///things');
      expect(seen).not.toContain('shop:///things/2');
      await client.unsubscribeResource({ uri: 'shop:///things/1' });
      const before = seen.length;
      await rename(1, 'uno');
      await until(() => seen.length > before);
      expect(seen.slice(before)).toEqual(['shop:///things']);
      await client.subscribeResource({ uri: 'shop:///things/1' });
      await rename(1, 'one');
      await until(() => seen.slice(before).includes('shop:///things/1'));
      await transport.terminateSession();
      await client.close();
    });

    test('are refused for what is not there, for what nothing tells of, and for too many', async () => {
      const { client } = await open(server.url);
      await expect(client.subscribeResource({ uri: 'shop:///nothing' })).rejects.toMatchObject({ code: -32002 });
      await expect(client.subscribeResource({ uri: 'shop:///things/1/parts/a' })).rejects.toThrow(/no event tells/);
      for (const id of [1, 2, 3]) await client.subscribeResource({ uri: `shop:///things/${id}` });
      await expect(client.subscribeResource({ uri: 'shop:///things/4' })).rejects.toThrow(/3 resources/);
      await client.close();
    });

    test('are told of all that may have changed after its stream broke', async () => {
      const way = await quietWay(Number(new URL(server.url).port));
      const { client, seen } = await open(`http://${way.url}`);
      await client.subscribeResource({ uri: 'shop:///things/1' });
      for (const socket of way.sockets) socket.destroy();
      await until(() => seen.includes('shop:///things/1'));
      const before = seen.length;
      await rename(1, 'eins');
      await until(() => seen.length > before);
      await client.close();
    });
  });
}

describe('the stream of a session', () => {
  const get = (headers: Record<string, string>, method = 'GET') => fetch(`${server.url}/mcp`, { method, headers });
  const sse = { accept: 'text/event-stream' };

  test('is for sessions of older revisions, and only if there is something to tell', async () => {
    const statuses = [await get({ ...sse }), await get({ accept: 'text/html' }), await get({ ...sse, 'mcp-protocol-version': '2026-07-28' }), await get({}, 'DELETE'), await get({ 'mcp-session-id': 'nobody' }, 'DELETE')]; // prettier-ignore
    expect(statuses.map(({ status }) => status)).toEqual([400, 405, 405, 400, 204]);
    const quiet = createService(defineContract({ name: 'shop', operations: { search: contract.operations.search } }), { search: () => [] });
    const own = await listen(mcpHandler(quiet));
    const response = await fetch(`${own.url}/mcp`, { headers: { ...sse, 'mcp-session-id': 'a' } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    await own.close();
    await quiet.close();
  });

  test('takes the place of one that the session had, and ends with the server', async () => {
    const own = await listen(mcpHandler(service));
    const headers = { ...sse, 'mcp-session-id': 'one' };
    const first = await fetch(`${own.url}/mcp`, { headers });
    const second = await fetch(`${own.url}/mcp`, { headers });
    expect(await first.text()).toMatch(/^:/);
    await own.close(Infinity);
    expect(await second.text()).toMatch(/^:/);
  });

  test('must be open, or be opened soon, at the process that is asked to subscribe', async () => {
    const post = (id: string, method = 'resources/subscribe') =>
      fetch(`${server.url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...(id !== '' && { 'mcp-session-id': id }) }, // prettier-ignore
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { uri: 'shop:///things/1' } }),
      }).then((response) => response.json());
    expect(await post('')).toMatchObject({ error: { data: { code: 'FAILED_PRECONDITION' } } });
    expect(await post('elsewhere')).toMatchObject({ error: { data: { code: 'FAILED_PRECONDITION' } } });
    const subscribed = post('soon');
    const stream = await get({ ...sse, 'mcp-session-id': 'soon' });
    expect(await subscribed).toMatchObject({ result: {} });
    await get({ 'mcp-session-id': 'soon' }, 'DELETE');
    await stream.text();
  });

  test('is for callers that the service knows, if tokens are asked for', async () => {
    const guarded = createService({
      contract,
      context: ({ headers }) => {
        if (headers['authorization'] !== 'Bearer good') throw new ApiError('UNAUTHENTICATED', 'who are you?');
        return {};
      },
      handlers: { getThing: ({ id }) => ({ id, name: '' }), listThings: () => [], getPart: () => '', search: () => [], rename: (thing) => thing },
    }); // prettier-ignore
    const own = await listen(mcpHandler(guarded, { authorization: { authorizationServers: ['https://login.example.com'] } }));
    const refused = await fetch(`${own.url}/mcp`, { headers: { ...sse, 'mcp-session-id': 'a' } });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('resource_metadata')]);
    const taken = await fetch(`${own.url}/mcp`, { headers: { ...sse, 'mcp-session-id': 'a', authorization: 'Bearer good' } });
    expect(taken.status).toBe(200);
    await own.close();
    await taken.text();
    await guarded.close();
  });

  test('is standard output for a program that started the server', async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    let text = '';
    output.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const stdio = serveMcpStdio(service, { input, output, graceMs: Infinity });
    const send = (id: number, method: string) =>
      input.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params: { uri: 'shop:///things/1' } })}\n`);
    send(1, 'resources/subscribe');
    await until(() => text.includes('"id":1'));
    await rename(1, 'one');
    await until(() => text.includes('resources/updated'));
    send(2, 'resources/unsubscribe');
    await until(() => text.includes('"id":2'));
    await rename(1, 'two');
    input.end();
    await stdio.closed;
    expect(text.trim().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'shop:///things/1' } },
      { jsonrpc: '2.0', id: 2, result: {} },
    ]); // prettier-ignore
  });
});

describe('the Blog', () => {
  test('has its users, posts and weather', async () => {
    const blog = createBlogService();
    const own = await listen(mcpHandler(blog));
    const client = new NewClient({ name: 'test', version: '1.0.0' });
    await client.connect(new NewTransport(new URL(`${own.url}/mcp`)));
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'blog:///users/{id}',
      'blog:///users/{userId}/posts',
      'blog:///posts/{id}',
      'blog:///weather/{location}',
    ]);
    expect((await client.readResource({ uri: 'blog:///users/123' })).contents).toHaveLength(1);
    await client.close();
    await own.close();
    await blog.close();
  });
});
