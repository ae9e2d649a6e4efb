import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import { ApiError } from '../../src/core/errors.ts';
import type { Transport } from '../../src/core/transport.ts';
import { grpc } from '../../src/grpc/client.ts';
import { encodeStatus, MAX_STATUS_BYTES } from '../../src/grpc/codec/details.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { createClient } from '../../src/index.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { createService } from '../../src/service/service.ts';
import { blogClient, blogService, identity, serve } from '../support/grpc.ts';
import { until } from '../support/until.ts';

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
    onTestFinished(() => client.close());
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
    onTestFinished(() => (client.close(), server.close()));
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

  it('metadata over the limit are INVALID_ARGUMENT, for calls and streams', async () => {
    const { address } = await serve(blogService(), { maxMetadataBytes: 2000 });
    const blog = blogClient({ url: address, headers: { tenant: 'x'.repeat(2100) } });
    const refused = { code: 'INVALID_ARGUMENT', text: 'the metadata are larger than 2000 bytes', remote: true };
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
    onTestFinished(() => client.close());
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
    onTestFinished(() => client.close());
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
    onTestFinished(() => reported.mockRestore());
    const onError = () => {
      throw new Error('the reporter failed');
    };
    const server = await serve(bare, { onError });
    const client = createClient({ contract, transport: grpc({ url: server.address }) });
    onTestFinished(() => client.close());
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
    onTestFinished(() => service.close());
    const { address } = await serve(service, { onError() {} });
    const client = createClient({ contract, transport: grpc({ url: address }) });
    onTestFinished(() => client.close());
    await expect(client.find(undefined, { timeoutMs: 2000 })).rejects.toMatchObject(expected);
  });
});
