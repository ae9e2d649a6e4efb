import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineContract, query } from '../../src/core/define.ts';
import { grpc } from '../../src/grpc/client.ts';
import { grpcHandler, serveGrpc } from '../../src/grpc/server.ts';
import { createClient } from '../../src/index.ts';
import { createService } from '../../src/service/service.ts';
import { blogClient, blogService, serve } from '../support/grpc.ts';
import { until } from '../support/until.ts';

describe('addresses', () => {
  it.each([
    ['localhost', 'needs a host and a port'],
    ['ftp://x:1', 'must begin with http'],
    ['http://x:1/path', 'no path'],
    ['http://me:secret@x:1', 'headers'],
    ['ftp://:secret@x', 'headers'],
    ['me:secret@x:1', 'headers'],
    ['not an address', 'is not an address'],
  ])('%s is refused', (url, message) => {
    expect(() => grpc({ url })).toThrow(message);
  });

  it('lists must be of IP addresses', () => {
    expect(() => grpc({ url: ['127.0.0.1:1', 'a.example.com:1'] })).toThrow("IP addresses, and 'a.example.com' is a name");
    expect(() => grpc({ url: [] })).toThrow('empty');
  });

  it('names and schemes are understood', async () => {
    const { port } = await serve(blogService(), { host: 'localhost' });
    for (const url of [`localhost:${port}`, `http://localhost:${port}`, `grpc://localhost:${port}/`]) {
      expect(await blogClient({ url }).getPost({ id: 1 })).toMatchObject({ id: 1 });
    }
  });

  it('several take turns, also IPv4 and IPv6', async () => {
    const runs = [0, 0];
    const contract = defineContract({ name: 'turns', operations: { who: query({ output: z.int32() }) } });
    const urls = await Promise.all(
      runs.map(async (_, index) => {
        const service = createService(contract, { who: () => (runs[index] = (runs[index] ?? 0) + 1) });
        return (await serve(service)).address;
      }),
    );
    urls[0] = urls[0]?.replace('127.0.0.1', '[::ffff:127.0.0.1]') ?? '';
    const client = createClient({ contract, transport: grpc({ url: urls }) });
    onTestFinished(() => client.close());
    await until(() => {
      void client.who().catch(() => {});
      return runs.every((count) => count > 2);
    });
  });

  it('where nobody listens a call is UNAVAILABLE and was not sent', async () => {
    const server = await serveGrpc(blogService());
    await server.close();
    await expect(blogClient({ url: server.address }).getPost({ id: 1 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      sent: false,
      remote: false,
    });
  });

  it('a port in use is named, and what to do', async () => {
    const { port } = await serve(blogService());
    await expect(serveGrpc(blogService(), { port })).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`);
  });
});

describe('options', () => {
  it.each([
    ['grpc: maxResponseBytes', () => grpc({ url: '127.0.0.1:1', maxResponseBytes: NaN })],
    ['grpc: keepAliveMs', () => grpc({ url: '127.0.0.1:1', keepAliveMs: 0 })],
    [
      "grpc: unknown option 'maxResponseByte', do you mean 'maxResponseBytes'",
      () => grpc({ url: '127.0.0.1:1', maxResponseByte: 1 } as never),
    ],
    ['grpcHandler: maxBufferedBytes', () => grpcHandler(blogService(), { maxBufferedBytes: -1 })],
    ['grpcHandler: maxMetadataBytes', () => grpcHandler(blogService(), { maxMetadataBytes: '1' as never })],
  ])('that mean nothing are refused by name: %s', (message, make) => {
    expect(make).toThrow(message);
    expect(make).toThrow(TypeError);
  });

  it.each(['maxMessageBytes', 'maxMetadataBytes', 'maxBufferedBytes', 'maxConcurrentStreams', 'keepAliveMs', 'graceMs', 'port'])(
    'serveGrpc refuses a %s of NaN, and text',
    async (name) => {
      for (const value of [NaN, '7', -1]) {
        await expect(serveGrpc(blogService(), { [name]: value })).rejects.toThrow(`serveGrpc: ${name} must be`);
      }
    },
  );

  it('without limits everything passes', async () => {
    const endless = { maxMessageBytes: Infinity, maxMetadataBytes: Infinity, maxBufferedBytes: Infinity, maxConcurrentStreams: Infinity, keepAliveMs: Infinity, graceMs: 0 }; // prettier-ignore
    const { address } = await serve(blogService(), endless);
    const blog = blogClient({ url: address, maxResponseBytes: Infinity, keepAliveMs: Infinity });
    const content = 'x'.repeat(6_000_000);
    expect(await blog.createPost({ authorId: 123, title: 't', content })).toMatchObject({ title: 't' });
  });
});
