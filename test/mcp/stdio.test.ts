import { PassThrough } from 'node:stream';
import { Client as NewClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { createService, defineContract, query } from '../../src/index.ts';
import { serveMcpStdio } from '../../src/mcp/stdio/server.ts';
import * as z from 'zod';
import { CLI, finish, killAll, start } from '../support/program.ts';
import { until } from '../support/until.ts';

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
afterAll(killAll);

interface AnyClient {
  connect(transport: unknown): Promise<void>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const info = { name: 'test', version: '1.0.0' };
const sdks = {
  'the SDK 2': (args: string[]) => [new NewClient(info), new NewTransport({ command: process.execPath, args, stderr: 'ignore' })] as const,
  'the SDK 2 in the newest revision': (args: string[]) =>
    [
      new NewClient(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
      new NewTransport({ command: process.execPath, args, stderr: 'ignore' }),
    ] as const,
  'the SDK 1': (args: string[]) => [new OldClient(info), new OldTransport({ command: process.execPath, args, stderr: 'ignore' })] as const,
};

describe('multi-api-sdk mcp', () => {
  test.each(Object.entries(sdks))('serves %s the tools of a module, and of a peer', async (_name, make) => {
    const service = createBlogService();
    const peer = await serveGrpc(service, { port: 0 });
    const ways = [
      [CLI, 'mcp', '--via', 'grpc', '--url', peer.address],
      [CLI, 'mcp', 'test/programs/noisy-blog.ts'],
    ];
    for (const args of ways) {
      const [client, transport] = make(['--import', 'tsx', ...args]) as unknown as readonly [AnyClient, unknown];
      await client.connect(transport);
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(Object.keys(blogContract.operations));
      expect(await client.callTool({ name: 'getUser', arguments: { id: 123 } })).toMatchObject({
        structuredContent: { username: 'john_doe' },
      });
      expect(await client.callTool({ name: 'getUser', arguments: { id: 7 } })).toMatchObject({ isError: true, _meta: { 'multi-api-sdk/error': { code: 'NOT_FOUND' } } }); // prettier-ignore
      await client.close();
    }
    await peer.close();
    await service.close();
  });

  test('answers what it was sent before its input ended, and ends', async () => {
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'getUser', arguments: { id: 123 } } };
    const { code, stdout, stderr } = await finish(start([CLI, 'mcp', 'test/programs/noisy-blog.ts']), `${JSON.stringify(call)}\n`);
    expect([
      code,
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: number }).id),
    ]).toEqual([0, [1]]);
    expect(stderr).toContain('noise');
  });

  test.each([
    [['x.js', '--via', 'grpc'], 'give either it, or --via'],
    [['--tool', 'getUsers'], "do you mean 'getUser'?"],
    [['--via', 'webhook'], 'carries no operations'],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await finish(start([CLI, 'mcp', ...args]));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

describe('serveMcpStdio', () => {
  let [waiting, aborted] = [0, 0];
  const contract = defineContract({
    name: 'waiting',
    operations: {
      wait: query({ output: z.string(), http: 'GET /wait' }),
      whoami: query({ output: z.string(), http: 'GET /me' }),
    },
  });
  const service = createService(contract, {
    wait: (_input, { signal }) =>
      new Promise<string>((_resolve, reject) => {
        waiting++;
        signal.addEventListener('abort', () => {
          aborted++;
          reject(signal.reason as Error);
        });
      }),
    whoami: (_input, { headers }) => headers['authorization'] ?? 'nobody',
  });
  afterAll(() => service.close());

  const serve = (options: object = {}) => {
    const input = new PassThrough();
    const output = new PassThrough();
    let text = '';
    output.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const server = serveMcpStdio(service, { input, output, ...options });
    const send = (message: object) => input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const messages = () => text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as { id: number; error?: { code: number }; result?: unknown }); // prettier-ignore
    return { input, server, send, messages };
  };

  test('gives each call the headers that it was given, and the result of its era', async () => {
    const { input, server, send, messages } = serve({ headers: { authorization: 'Bearer env' } });
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
    send({ id: 1, method: 'tools/call', params: { name: 'whoami', _meta } });
    send({ id: 2, method: 'tools/call', params: { name: 'whoami' } });
    await until(() => messages().length === 2);
    expect(messages().find(({ id }) => id === 1)).toMatchObject({ result: { resultType: 'complete', structuredContent: 'Bearer env' } });
    expect(messages().find(({ id }) => id === 2)).toMatchObject({ result: { structuredContent: { result: 'Bearer env' } } });
    input.end();
    await server.closed;
  });

  test('cancels what the client cancels, and says no more of it', async () => {
    const { input, server, send, messages } = serve();
    const before = [waiting, aborted] as const;
    send({ id: 1, method: 'tools/call', params: { name: 'wait' } });
    await until(() => waiting > before[0]);
    send({ method: 'notifications/cancelled', params: { requestId: 1 } });
    await until(() => aborted > before[1]);
    // This one has not begun by then.
    send({ id: 2, method: 'tools/call', params: { name: 'wait' } });
    send({ method: 'notifications/cancelled', params: { requestId: 2 } });
    send({ id: 3, method: 'ping' });
    await until(() => messages().length > 0);
    expect(messages().map(({ id }) => id)).toEqual([3]);
    expect(waiting).toBe(before[0] + 1);
    input.end();
    await server.closed;
  });

  test('cancels what is in flight when its input ends, or it is closed', async () => {
    const before = aborted;
    const begun = waiting;
    const one = serve({ graceMs: 1 });
    one.send({ id: 1, method: 'tools/call', params: { name: 'wait' } });
    await until(() => waiting === begun + 1);
    one.input.end();
    await one.server.closed;
    const other = serve();
    other.send({ id: 1, method: 'tools/call', params: { name: 'wait' } });
    await until(() => waiting === begun + 2);
    await other.server.close();
    await other.server.closed;
    await until(() => aborted === before + 2);
  });

  test('refuses a line that is too long, one that is no message, and too many at once', async () => {
    const { input, server, send, messages } = serve({ maxMessageBytes: 200, maxCalls: 1 });
    input.write(`${'x'.repeat(150)}`);
    input.write(`${'x'.repeat(150)}\nhello\n\n`);
    send({ id: 1, method: 'tools/call', params: { name: 'wait' } });
    send({ id: 2, method: 'tools/call', params: { name: 'wait' } });
    await until(() => messages().length === 3);
    expect(messages().map(({ id, error }) => [id, error?.code])).toEqual([[null, -32600], [null, -32700], [2, -32603]]); // prettier-ignore
    await server.close();
  });
});
