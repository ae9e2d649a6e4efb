import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineContract, query } from '../../src/core/define.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
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
