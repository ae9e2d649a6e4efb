import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { ApiError } from '../../src/core/errors.ts';
import { grpc } from '../../src/grpc/client.ts';
import { encodeStatus, MAX_STATUS_BYTES } from '../../src/grpc/status.ts';
import { serveGrpc, type GrpcServer, type ServeGrpcOptions } from '../../src/grpc/server.ts';
import { createService } from '../../src/service/service.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import type { Transport } from '../../src/core/transport.ts';
import { until } from '../support/until.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(transport: Transport, options: ServeGrpcOptions = {}): Promise<GrpcServer> {
  const server = await serveGrpc(transport, options);
  closing.push(() => server.close(500));
  return server;
}

function blogService() {
  const service = createBlogService();
  closing.push(() => service.close());
  return service;
}

function blogClient(options: Parameters<typeof grpc>[0]) {
  const client = createClient({ transport: grpc(options) });
  closing.push(() => client.close());
  return client;
}

function rawClient(address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  closing.push(() => client.close());
  return client;
}

const identity = (bytes: Buffer): Buffer => bytes;
const raw = (client: Client, path: string): ClientReadableStream<Buffer> =>
  client.makeServerStreamRequest(path, identity, identity, Buffer.alloc(0));
const statusOf = (call: ClientReadableStream<Buffer>) => new Promise<ServiceError>((resolve) => call.on('error', resolve));

describe('addresses', () => {
  it.each([
    ['localhost', 'needs a host and a port'],
    ['ftp://x:1', 'must begin with http'],
    ['http://x:1/path', 'no path'],
    ['http://me:secret@x:1', 'headers'],
    ['ftp://:secret@x', 'headers'],
    ['me:secret@x:1', 'headers'],
    ['not an address', 'is no address'],
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
    closing.push(() => client.close());
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

describe('streams', () => {
  const contract = defineContract({
    name: 'flood',
    events: { drop: event({ channel: 'drops', payload: z.object({ text: z.string() }) }) },
  });

  function flood() {
    const service = createService(contract, {});
    closing.push(() => service.close());
    return service;
  }

  it('a reader that falls behind is ended with RESOURCE_EXHAUSTED after what it was sent', async () => {
    const service = flood();
    const server = await serve(service, { maxBufferedBytes: 200_000 });
    const call = raw(rawClient(server.address), '/flood.v1.FloodService/OnDrop');
    await new Promise((resolve) => call.on('metadata', resolve));
    const status = statusOf(call);
    // Nobody reads: grpc-js fills its windows, then the server's buffer fills.
    for (let index = 0; index < 100; index++) await service.publish('drop', { text: 'x'.repeat(50_000) });
    let got = 0;
    call.on('data', () => got++);
    expect((await status).code).toBe(8);
    expect(got).toBeGreaterThan(0);
    expect(got).toBeLessThan(100);
  });

  it('our client comes back and misses nothing', async () => {
    const service = flood();
    const server = await serve(service, { maxBufferedBytes: 1000 });
    const client = createClient({ contract, transport: grpc({ url: server.address }) });
    closing.push(() => client.close());
    const seen: string[] = [];
    await client.onDrop(({ text }) => void seen.push(text.slice(0, 5).trim()));
    for (let index = 0; index < 200; index++) await service.publish('drop', { text: String(index).padEnd(20_000) });
    await until(() => seen.length === 200);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
  });

  it('a client that vanishes is forgotten', async () => {
    let live: AbortSignal | undefined;
    const service = flood();
    const spy: Transport = { ...service, contract, call: (request) => service.call(request), close: async () => {}, subscribe: (request, sink) => { live = request.signal; return service.subscribe(request, sink); } }; // prettier-ignore
    const server = await serve(spy);
    const session = connectHttp2(`http://${server.address}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/flood.v1.FloodService/OnDrop',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    stream.end(Buffer.alloc(5));
    await until(() => live !== undefined);
    session.destroy();
    await until(() => live?.aborted === true);
  });

  it('a server that stops says so, and whoever listens goes on at the next one without a gap', async () => {
    const service = flood();
    const server = await serveGrpc(service);
    const client = createClient({
      contract,
      transport: grpc({ url: server.address }),
      reconnect: { baseDelayMs: 10, maxDelayMs: 50 } as never,
    });
    closing.push(() => client.close());
    const seen: string[] = [];
    let gaps = 0;
    await client.onDrop(({ text }) => void seen.push(text), { onGap: () => gaps++ } as never);
    await service.publish('drop', { text: 'before' });
    await until(() => seen.length === 1);
    await server.close();
    await service.publish('drop', { text: 'between' });
    await serve(service, { port: server.port });
    await until(() => seen.length === 2);
    expect([seen, gaps]).toEqual([['before', 'between'], 0]);
  });

  it('watching health does not hold up a stop', async () => {
    const server = await serveGrpc(flood());
    const { path, requestSerialize, responseDeserialize } = healthService['Watch'] as never as { path: string; requestSerialize: (v: unknown) => Buffer; responseDeserialize: (b: Buffer) => { status: string } }; // prettier-ignore
    const call = rawClient(server.address).makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' });
    const statuses: string[] = [];
    call.on('data', ({ status }: { status: string }) => statuses.push(status));
    const ended = new Promise((resolve) => call.on('end', resolve).on('error', resolve));
    await until(() => statuses.length === 1);
    await server.close();
    await ended;
    expect(statuses).toEqual(['SERVING', 'NOT_SERVING']);
  });
});

describe('calls', () => {
  it('deadline, peer and metadata reach the handler; calls in flight outlive a stop', async () => {
    const contract = defineContract({ name: 'slow', operations: { slow: mutation({ output: z.string() }) } });
    let release = (_: string) => {};
    let seen: unknown;
    const service = createService(contract, {
      slow: (_, call) => {
        seen = { left: (call.deadline ?? 0) - Date.now() > 3000, peer: call.peer, tenant: call.headers['tenant'] };
        return new Promise<string>((resolve) => (release = resolve));
      },
    });
    const server = await serveGrpc(service);
    const client = createClient({ contract, transport: grpc({ url: server.address }) });
    closing.push(() => client.close());
    const call = client.slow(undefined, { timeoutMs: 5000, headers: { tenant: 'seven' } });
    await until(() => seen !== undefined);
    expect(seen).toEqual({ left: true, peer: { protocol: 'grpc', address: '127.0.0.1' }, tenant: 'seven' });
    const stopped = server.close();
    release('done');
    expect(await call).toBe('done');
    await stopped;
  });

  it('a deadline is kept for a caller that does not watch it; what is late already is not begun', async () => {
    const contract = defineContract({ name: 'slow', operations: { slow: mutation({ output: z.string() }) } });
    const reasons: unknown[] = [];
    let begun = 0;
    const service = createService(contract, {
      slow: (_, { signal }) => {
        begun++;
        return new Promise<string>(() => signal.addEventListener('abort', () => reasons.push(signal.reason)));
      },
    });
    const server = await serveGrpc(service);
    const client = new Client(server.address, credentials.createInsecure());
    closing.push(() => (client.close(), server.close()));
    const identity = (bytes: Buffer) => bytes;
    // In the header alone, so that only the server knows.
    const codeOf = (timeout: string) =>
      new Promise((resolve) => {
        const metadata = new Metadata();
        metadata.set('grpc-timeout', timeout);
        client.makeUnaryRequest('/slow.v1.SlowService/Slow', identity, identity, Buffer.alloc(0), metadata, (error) =>
          resolve(error?.code),
        );
      });
    expect(await codeOf('50m')).toBe(status.DEADLINE_EXCEEDED);
    await until(() => reasons.length === 1);
    expect(reasons[0]).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(await codeOf('1u')).toBe(status.DEADLINE_EXCEEDED);
    expect(begun).toBe(1);
  });

  it('metadata over the limit are RESOURCE_EXHAUSTED, for calls and streams', async () => {
    const { address } = await serve(blogService(), { maxMetadataBytes: 2000 });
    const blog = blogClient({ url: address, headers: { tenant: 'x'.repeat(2100) } });
    const refused = { code: 'RESOURCE_EXHAUSTED', text: 'the metadata are larger than 2000 bytes', remote: true };
    await expect(blog.getPost({ id: 1 })).rejects.toMatchObject(refused);
    await expect(blog.onTemperature(() => {}, { timeoutMs: 300 })).rejects.toMatchObject(refused);
    expect(await blogClient({ url: address, headers: { tenant: 'x'.repeat(1500) } }).getPost({ id: 1 })).toMatchObject({ id: 1 });
  });

  it('an error too large for metadata is cut, and says so', async () => {
    const contract = defineContract({ name: 'large', operations: { fail: mutation({ input: z.object({ how: z.string() }) }) } });
    const service = createService(contract, {
      fail: ({ how }) => {
        const issues = Array.from({ length: 500 }, (_, index) => ({ path: ['list', index], message: `number ${index} is wrong` }));
        const details = how === 'issues' ? { issues } : { text: 'ü'.repeat(20_000) };
        throw new ApiError('INVALID_ARGUMENT', how === 'message' ? '😀'.repeat(3000) : 'too much', { details });
      },
    });
    const server = await serve(service);
    const client = createClient({ contract, transport: grpc({ url: server.address }) });
    closing.push(() => client.close());
    const errorOf = async (how: string) => (await client.fail({ how }).catch((error: unknown) => error)) as ApiError;
    const cut = await errorOf('issues');
    expect(cut.details).toMatchObject({ truncated: true });
    expect((cut.details?.['issues'] as unknown[]).length).toBeGreaterThan(10);
    expect((await errorOf('text')).details).toEqual({ truncated: true });
    expect(await errorOf('message')).toMatchObject({ code: 'INVALID_ARGUMENT', details: { truncated: true } });
    // Of three bytes each.
    const status = encodeStatus({ code: 'INTERNAL', message: '漢'.repeat(3000), details: { text: 'x'.repeat(5000) } }, 'large.v1');
    expect(status.length).toBeLessThanOrEqual(MAX_STATUS_BYTES);
  });

  it('an error that cannot be encoded whole arrives without the rest, and is reported', async () => {
    const contract = defineContract({ name: 'odd', operations: { fail: mutation({ input: z.object({ how: z.string() }) }) } });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const causes: Readonly<Record<string, ConstructorParameters<typeof ApiError>[2]>> = {
      circular: { details: circular },
      endless: { retryAfterMs: 1e300 },
      hole: { details: { issues: [null] } },
    };
    const bare: Transport = {
      contract,
      name: 'bare',
      call: async ({ input }) => {
        throw new ApiError('ABORTED', 'try again', causes[(input as { how: string }).how]);
      },
      subscribe: async () => {},
      close: async () => {},
    };
    const reported: unknown[] = [];
    const server = await serve(bare, { onError: (error) => reported.push(error) });
    const client = createClient({ contract, transport: grpc({ url: server.address }) });
    closing.push(() => client.close());
    for (const how of ['circular', 'endless', 'hole']) {
      await expect(client.fail({ how }, { timeoutMs: 2000 }), how).rejects.toMatchObject({
        code: 'ABORTED',
        text: 'try again',
        remote: true,
      });
    }
    // What is no JSON stays behind in every protocol; what gRPC alone cannot write is reported here.
    expect(reported).toHaveLength(1);
  });

  it('a reporter that throws costs no caller the answer', async () => {
    const contract = defineContract({ name: 'broken', operations: { fail: query({ output: z.string() }) } });
    const bare: Transport = {
      contract,
      name: 'bare',
      call: () => Promise.reject(new Error('secret')),
      subscribe: async () => {},
      close: async () => {},
    };
    const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
    closing.push(() => reported.mockRestore());
    const onError = () => {
      throw new Error('the reporter failed');
    };
    const server = await serve(bare, { onError });
    const client = createClient({ contract, transport: grpc({ url: server.address }) });
    closing.push(() => client.close());
    await expect(client.fail(undefined, { timeoutMs: 2000 })).rejects.toMatchObject({ code: 'INTERNAL', text: 'internal error' });
    expect(reported).toHaveBeenCalledTimes(1);
  });

  it('onWire sees both directions, without credentials', async () => {
    const records: WireRecord[] = [];
    const { address } = await serve(blogService());
    const blog = blogClient({ url: address, onWire: (record) => records.push(record), headers: { authorization: 'Bearer secret' } });
    await blog.getPost({ id: 1 });
    await blog.getPost({ id: 99 }).catch(() => {});
    expect(records.map(({ direction, start }) => `${direction} ${start.slice(0, 27)}`)).toEqual([
      'out /blog.v1.PostService/GetPos',
      'in 0 OK',
      'out /blog.v1.PostService/GetPos',
      'in 5 NOT_FOUND: no post has th',
    ]);
    expect(JSON.stringify(records)).not.toContain('secret');
    expect(Buffer.from(records[0]?.body ?? '', 'base64')).toEqual(Buffer.from([8, 1]));
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)(`TLS${hasOpenssl ? '' : ' (skipped: openssl is missing)'}`, () => {
  function certificates() {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const at = (name: string) => join(folder, name);
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test ca', '-days', '2'); // prettier-ignore
    writeFileSync(at('san.ext'), 'subjectAltName=DNS:localhost,DNS:api.example.com\n');
    for (const name of ['server', 'client']) {
      openssl(
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
      );
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${name}.crt`, '-days', '2', '-extfile', 'san.ext'); // prettier-ignore
    }
    const read = (name: string) => readFileSync(at(name), 'utf8');
    return {
      ca: read('ca.crt'),
      server: { cert: read('server.crt'), key: read('server.key') },
      client: { cert: read('client.crt'), key: read('client.key') },
    };
  }

  it('a server shows its certificate, and may want to see the caller’s', async () => {
    const { ca, server, client } = certificates();
    const { port } = await serve(blogService(), { tls: server });
    expect(await blogClient({ url: `https://localhost:${port}`, tls: { ca } }).getPost({ id: 1 })).toMatchObject({ id: 1 });
    expect(
      await blogClient({ url: `https://127.0.0.1:${port}`, tls: { ca, serverName: 'api.example.com' } }).getPost({ id: 1 }),
    ).toMatchObject({ id: 1 });
    await expect(blogClient({ url: `https://localhost:${port}` }).getPost({ id: 1 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      sent: false,
    });
    await expect(blogClient({ url: `localhost:${port}` }).getPost({ id: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    const mutual = await serve(blogService(), { tls: { ...server, clientCa: ca } });
    expect(await blogClient({ url: `https://localhost:${mutual.port}`, tls: { ca, ...client } }).getPost({ id: 1 })).toMatchObject({
      id: 1,
    });
    await expect(blogClient({ url: `https://localhost:${mutual.port}`, tls: { ca } }).getPost({ id: 1 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  }, 30_000);
});

describe('an error of a program without types', () => {
  it.each([
    ['a code that there is not', () => new ApiError('NotFound' as never, 'no such room'), { code: 'UNKNOWN', text: 'no such room' }],
    ['no message', () => new ApiError('NOT_FOUND', undefined as never), { code: 'NOT_FOUND', text: 'undefined' }],
    ['an id that is no text', () => new ApiError('NOT_FOUND', 'none', { requestId: {} as never }), { code: 'NOT_FOUND', text: 'none' }],
  ])('is answered: %s', async (_, make, expected) => {
    const contract = defineContract({
      name: 'rooms',
      operations: { find: query({ service: 'Room', output: z.object({ id: z.string() }), http: 'GET /room' }) },
    });
    const find = () => {
      throw make();
    };
    const service = createService(contract, { find }, { onError() {} });
    closing.push(() => service.close());
    const { address } = await serve(service, { onError() {} });
    const client = createClient({ contract, transport: grpc({ url: address }) });
    closing.push(() => client.close());
    await expect(client.find(undefined, { timeoutMs: 2000 })).rejects.toMatchObject(expected);
  });
});
