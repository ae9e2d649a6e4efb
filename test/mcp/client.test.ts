import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createMcpHandler, McpServer as NewServer } from '@modelcontextprotocol/server';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { listen } from '../../src/http/index.ts';
import { createClient, defineContract, mutation, query } from '../../src/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { serve } from '../../src/serve/index.ts';
import { mcpHandler } from '../../src/mcp/server.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'foreign',
  operations: {
    add: query({ input: z.object({ a: z.int32(), b: z.int32() }), output: z.object({ sum: z.int32() }), http: 'GET /add' }),
    say: query({ input: z.object({ word: z.string() }), output: z.string(), http: 'GET /say' }),
    fail: mutation({ http: 'POST /fail' }),
    wait: query({ output: z.string(), http: 'GET /wait' }),
  },
});

let aborted = 0;
type Ending = (() => unknown)[];
const endings: Ending = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** The tools of a foreign server, of either SDK. */
function addTools(server: NewServer | OldServer): void {
  const register = server.registerTool.bind(server) as unknown as (
    name: string,
    config: object,
    run: (...args: never[]) => unknown,
  ) => void;
  register('add', { inputSchema: z.object({ a: z.number(), b: z.number() }), outputSchema: z.object({ sum: z.number() }) }, ({ a, b }: { a: number; b: number }) => ({ content: [], structuredContent: { sum: a + b } })); // prettier-ignore
  register('say', { inputSchema: z.object({ word: z.string() }) }, ({ word }: { word: string }) => ({ content: [{ type: 'text', text: `${word}!` }] })); // prettier-ignore
  register('fail', { inputSchema: z.object({}) }, () => ({ isError: true, content: [{ type: 'text', text: 'it went wrong' }] }));
  register('wait', { inputSchema: z.object({}) }, (_input: unknown, context: { signal?: AbortSignal; mcpReq?: { signal: AbortSignal } }) => {
    const signal = context.signal ?? context.mcpReq?.signal;
    return new Promise((resolve) => signal?.addEventListener('abort', () => (aborted++, resolve({ content: [] }))));
  }); // prettier-ignore
}

async function serveHttp(handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<string> {
  const server = createServer((request, response) => void handler(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  endings.push(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The official server of the newest revision. */
async function newServer(): Promise<string> {
  const handler = createMcpHandler(() => {
    const server = new NewServer({ name: 'new', version: '1.0.0' });
    addTools(server);
    return server;
  });
  return serveHttp(async (request, response) => {
    const controller = new AbortController();
    response.on('close', () => controller.abort());
    const body = request.method === 'POST' ? await text(request) : null;
    const answer = await handler.fetch(new Request(`http://127.0.0.1${request.url}`, { method: request.method ?? 'GET', headers: request.headers as Record<string, string>, body, signal: controller.signal })); // prettier-ignore
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body) for await (const chunk of answer.body) response.write(chunk);
    response.end();
  });
}

const sessions = new Map<string, StreamableHTTPServerTransport>();
/** The official server of 2025-11-25, with sessions. */
async function oldServer(): Promise<string> {
  sessions.clear();
  return serveHttp(async (request, response) => {
    const id = request.headers['mcp-session-id'];
    const body: unknown = request.method === 'POST' ? JSON.parse(await text(request)) : undefined;
    let transport = sessions.get(String(id));
    if (!transport && id !== undefined) return void response.writeHead(404).end();
    if (!transport) {
      const made = new StreamableHTTPServerTransport({ sessionIdGenerator: () => crypto.randomUUID(), onsessioninitialized: (session) => void sessions.set(session, made) }); // prettier-ignore
      transport = made;
      const server = new OldServer({ name: 'old', version: '1.0.0' });
      addTools(server);
      await server.connect(transport);
    }
    await transport.handleRequest(request, response, body);
  });
}

for (const [name, open] of Object.entries({ 'the SDK 2’s server': newServer, 'the SDK 1’s server': oldServer })) {
  describe(`mcp() and ${name}`, () => {
    const connect = async () => {
      const client = createClient({ contract, transport: mcp({ url: `${await open()}/mcp` }) });
      endings.push(() => client.close());
      return client;
    };

    test('calls a tool', async () => {
      const client = await connect();
      expect(await client.add({ a: 1, b: 2 })).toEqual({ sum: 3 });
      expect(await client.add({ a: 2, b: 2 })).toEqual({ sum: 4 });
    });

    test('reads what is said in words', async () => {
      expect(await (await connect()).say({ word: '12' })).toBe('12!');
    });

    test('has the words of an error', async () => {
      await expect((await connect()).fail()).rejects.toMatchObject({ code: 'UNKNOWN', text: 'it went wrong', remote: true });
    });

    test('cancels', async () => {
      const client = await connect();
      const before = aborted;
      await client.add({ a: 1, b: 2 });
      await expect(client.wait(undefined, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
      await until(() => aborted > before);
    });
  });
}

describe('mcp()', () => {
  test('begins another session if its own is gone', async () => {
    const client = createClient({ contract, transport: mcp({ url: `${await oldServer()}/mcp` }) });
    endings.push(() => client.close());
    await client.add({ a: 1, b: 2 });
    sessions.clear();
    expect(await client.add({ a: 1, b: 2 })).toEqual({ sum: 3 });
    expect(sessions.size).toBe(1);
  });

  test('asks once what the server speaks, and not if it is told', async () => {
    const service = createBlogService();
    const server = await listen(mcpHandler(service));
    const lines: string[] = [];
    const onWire = ({ direction, headers }: { direction: string; headers: Readonly<Record<string, string>> }) =>
      void (direction === 'out' && lines.push(String(headers['mcp-method'])));
    const asking = createClient({ transport: mcp({ url: server.url, onWire }) });
    const told = createClient({ transport: mcp({ url: server.url, onWire, version: '2026-07-28' }) });
    endings.push(() => service.close(), () => server.close(), () => asking.close(), () => told.close()); // prettier-ignore
    await asking.getUser({ id: 123 });
    await asking.getUser({ id: 123 });
    await told.getUser({ id: 123 });
    expect(lines).toEqual(['server/discover', 'tools/call', 'tools/call', 'tools/call']);
  });

  test('finds the tools of a served service', async () => {
    const service = createBlogService();
    const served = await serve(service, { port: 0, protocols: ['mcp'], mcp: { tools: ['getUser'] } });
    const client = createClient({ transport: mcp({ url: served.http }) });
    endings.push(() => service.close(), () => served.close(), () => client.close()); // prettier-ignore
    expect(await client.getUser({ id: 123 })).toMatchObject({ username: 'john_doe' });
    await expect(client.getUser({ id: 7 })).rejects.toMatchObject({ code: 'NOT_FOUND', remote: true });
    await expect(client.getPost({ id: 1 })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });

  test('says that there is no endpoint, and that nothing was sent', async () => {
    const server = await listen(() => undefined);
    const client = createClient({ transport: mcp({ url: server.url }) });
    endings.push(
      () => server.close(),
      () => client.close(),
    );
    await expect(client.getUser({ id: 1 })).rejects.toMatchObject({ code: 'UNIMPLEMENTED', sent: false });
  });

  test.each([
    [{ url: 'localhost:4000' }, 'must begin with http'],
    [{ url: 'nowhere' }, 'is not a URL'],
    [{ url: 'http://me:pw@localhost' }, "into the option 'headers'"],
    [{ url: 'http://localhost', version: '2024-11-05' as never }, 'is none of 2026-07-28'],
  ])('refuses %j', (options, message) => {
    expect(() => mcp(options)).toThrow(message);
  });
});
