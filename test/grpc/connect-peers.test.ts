/** Connect and gRPC-Web against those who defined them: @connectrpc on both ends, and `buf curl`. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { create, createFileRegistry, type DescMethod, type DescMethodUnary, type DescService } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient as createPeer, type ConnectRouter, type Transport as PeerTransport } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { callUnaryMethod, createQueryOptions } from '@connectrpc/connect-query-core';
import { QueryClient } from '@tanstack/query-core';
import { createConnectTransport as createWebTransport, createGrpcWebTransport as createGrpcWebPage } from '@connectrpc/connect-web';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import type { Contract } from '../../src/core/contract.ts';
import { connect, type ConnectOptions } from '../../src/grpc/connect/client.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import { descriptorsOf } from '../../src/grpc/proto/descriptor.ts';
import { protoOf } from '../../src/grpc/proto/described.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient, createService, defineContract, query, type Transport } from '../../src/index.ts';
import * as z from 'zod';
import { until } from '../support/until.ts';

const run = promisify(execFile);

function serviceOf(contract: Contract, name: string): DescService {
  const file = protoOf(contract);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: descriptorsOf(file).reverse() }));
  return registry.getService(`${file.package}.${name}`) ?? expect.unreachable();
}

async function serve(transport: Transport): Promise<string> {
  const server = await listen(connectHandler(transport));
  onTestFinished(() => server.close(500));
  return server.url;
}

function blog() {
  const service = createBlogService();
  onTestFinished(() => service.close());
  return service;
}

type Dynamic = Record<string, (input: object, options?: object) => any>;
const peer = (service: DescService, transport: PeerTransport) => createPeer(service, transport) as unknown as Dynamic;

const transports = (baseUrl: string): Record<string, PeerTransport> => ({
  'connect-node, json': createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  'connect-node, binary, all compressed': createConnectTransport({
    baseUrl,
    httpVersion: '1.1',
    useBinaryFormat: true,
    compressMinBytes: 0,
    sendCompression: gzip,
  }),
  'connect-node, gRPC-Web': createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  'connect-node, gRPC-Web in json, compressed': createGrpcWebTransport({
    baseUrl,
    httpVersion: '1.1',
    useBinaryFormat: false,
    compressMinBytes: 0,
    sendCompression: gzip,
  }),
  'connect-web': createWebTransport({ baseUrl }),
  'connect-web, gRPC-Web': createGrpcWebPage({ baseUrl }),
});
const { compressionGzip: gzip } = await import('@connectrpc/connect-node');

describe('clients of @connectrpc', () => {
  it.each(Object.keys(transports('http://x')))('%s: calls, errors with details, deadlines and events', async (name) => {
    const service = blog();
    const url = await serve(service);
    const transport = transports(url)[name] ?? expect.unreachable();
    const users = peer(serviceOf(blogContract, 'UserService'), transport);
    expect(await users['getUser']?.({ id: '123' })).toMatchObject({ id: '123', name: 'john_doe' });
    const posts = peer(serviceOf(blogContract, 'PostService'), transport);
    const page = (await posts['getUserPosts']?.({ userId: '123', limit: 2 })) as { posts: object[] };
    expect(page.posts).toHaveLength(2);
    expect(await posts['deletePost']?.({ id: 1 })).toMatchObject({ $typeName: 'google.protobuf.Empty' });

    const failed = await (users['getUser']?.({ id: '9999' }) as Promise<never>).catch((error: unknown) => ConnectError.from(error));
    expect(failed.code).toBe(Code.NotFound);
    expect(failed.rawMessage).toContain('9999');
    expect(failed.details.map((detail) => ('type' in detail ? detail.type : ''))).toEqual([
      'google.rpc.ErrorInfo',
      'google.rpc.RequestInfo',
    ]);

    const chat = peer(serviceOf(blogContract, 'ChatService'), transport);
    const leave = new AbortController();
    const events = chat['onMessage']?.({}, { signal: leave.signal }) as AsyncIterable<{ data: { message: string } }>;
    const iterator = events[Symbol.asyncIterator]();
    const first = iterator.next();
    let heard: unknown;
    void first.then((result) => (heard = result.value));
    // Nothing tells such a client that it is subscribed.
    await until(async () => {
      await chat['sendMessage']?.({ sender: 'a', message: 'hello' });
      return heard !== undefined;
    });
    expect(heard).toMatchObject({ data: { sender: 'a', message: 'hello' } });
    leave.abort();
    await iterator.next().catch(() => {});
  });

  it('a deadline is kept, and one that is not a number is refused', async () => {
    const contract = defineContract({ name: 'slow', operations: { slow: query({ output: z.string() }) } });
    const service = createService(contract, { slow: () => new Promise<string>(() => {}) });
    const url = await serve(service);
    for (const transport of Object.values(transports(url)).slice(0, 4)) {
      const slow = peer(serviceOf(contract, 'SlowService'), transport);
      const failed = await (slow['slow']?.({}, { timeoutMs: 30 }) as Promise<never>).catch((error: unknown) => ConnectError.from(error));
      expect(failed.code).toBe(Code.DeadlineExceeded);
    }
    const post = (headers: Record<string, string>) =>
      fetch(`${url}/slow.v1.SlowService/Slow`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });
    const late = await post({ 'connect-timeout-ms': '30' });
    expect([late.status, await late.json()]).toMatchObject([504, { code: 'deadline_exceeded' }]);
    expect((await post({ 'connect-timeout-ms': 'soon' })).status).toBe(400);
    expect(await (await post({ 'content-encoding': 'br' })).json()).toMatchObject({ code: 'unimplemented' });
  });

  it('a large answer is compressed for those who take it', async () => {
    const contract = defineContract({ name: 'large', operations: { large: query({ output: z.string() }) } });
    const url = await serve(createService(contract, { large: () => 'x'.repeat(100_000) }));
    const response = await fetch(`${url}/large.v1.LargeService/Large?connect=v1&encoding=json&message=%7B%7D`);
    expect([response.headers.get('content-encoding'), ((await response.json()) as { value: string }).value.length]).toEqual([
      'gzip',
      100_000,
    ]);
    for (const transport of Object.values(transports(url))) {
      const large = peer(serviceOf(contract, 'LargeService'), transport);
      expect(((await large['large']?.({})) as { value: string }).value).toHaveLength(100_000);
    }
  });
});

describe('connect-query', () => {
  it('calls, keeps and refuses by the keys of its methods', async () => {
    const url = await serve(blog());
    const transport = createWebTransport({ baseUrl: url, useHttpGet: true });
    const getUser = serviceOf(blogContract, 'UserService').method['getUser'] as DescMethodUnary;
    expect(await callUnaryMethod(transport, getUser, { id: '123' })).toMatchObject({ name: 'john_doe' });
    const queries = new QueryClient();
    onTestFinished(() => queries.clear());
    const options = createQueryOptions(getUser, { id: '123' }, { transport });
    expect(await queries.fetchQuery(options)).toMatchObject({ name: 'john_doe' });
    expect(queries.getQueryData(options.queryKey)).toMatchObject({ name: 'john_doe' });
    const missing = queries.fetchQuery({ ...createQueryOptions(getUser, { id: '9999' }, { transport }), retry: false });
    await expect(missing).rejects.toMatchObject({ code: Code.NotFound });
  });
});

describe('servers of @connectrpc', () => {
  const clients: readonly (readonly [string, Omit<ConnectOptions, 'url'>])[] = [
    ['connect in json', {}],
    ['connect in protobuf', { format: 'binary' }],
    ['connect by GET', { useGet: true, format: 'binary' }],
    ['gRPC-Web', { protocol: 'grpc-web' }],
    ['gRPC-Web in json', { protocol: 'grpc-web', format: 'json' }],
  ];
  const contract = defineContract({
    name: 'peer',
    operations: {
      double: query({ input: z.object({ n: z.int32() }), output: z.object({ n: z.int32(), at: z.iso.datetime() }) }),
      count: query({ input: z.object({ to: z.int32() }), item: z.object({ n: z.int32() }) }),
    },
  });

  it.each(clients)('%s: calls, errors and streams', async (_, options) => {
    const service = serviceOf(contract, 'PeerService');
    const routes = (router: ConnectRouter) => {
      router.rpc(service.method['double'] as DescMethod & { methodKind: 'unary' }, (request) => {
        const { n } = request as unknown as { n: number };
        if (n < 0) throw new ConnectError('too small', Code.OutOfRange);
        return { n: n * 2, at: { seconds: 1_700_000_000n, nanos: 0 } };
      });
      router.rpc(service.method['count'] as DescMethod & { methodKind: 'server_streaming' }, async function* (request) {
        const { to } = request as unknown as { to: number };
        for (let n = 1; n <= to; n++) yield { n };
        if (to > 3) throw new ConnectError('enough', Code.ResourceExhausted);
      });
    };
    const server = createServer(connectNodeAdapter({ routes })).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // Its methods say nothing of side effects, so that its GET is refused.
    const client = createClient({ contract, transport: connect({ url, ...options, useGet: false }) });
    onTestFinished(() => client.close());
    expect(await client.double({ n: 21 })).toEqual({ n: 42, at: '2023-11-14T22:13:20Z' });
    await expect(client.double({ n: -1 })).rejects.toMatchObject({ code: 'OUT_OF_RANGE', text: 'too small', remote: true });
    const seen: number[] = [];
    for await (const { n } of client.count({ to: 3 })) seen.push(n);
    expect(seen).toEqual([1, 2, 3]);
    const failing = async () => {
      for await (const { n } of client.count({ to: 4 })) seen.push(n);
    };
    await expect(failing()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', text: 'enough' });
    expect(seen).toEqual([1, 2, 3, 1, 2, 3, 4]);
  });
});

describe('buf curl', () => {
  it.each(['connect', 'grpcweb'])(
    '%s',
    async (protocol) => {
      const url = await serve(blog());
      const { stdout } = await run('npx', [
      'buf', 'curl', '--protocol', protocol, '--schema', 'proto', '--data', '{"id":"123"}', `${url}/blog.v1.UserService/GetUser`,
    ]); // prettier-ignore
      expect(JSON.parse(stdout)).toMatchObject({ id: '123', name: 'john_doe' });
    },
    30_000,
  );
});
