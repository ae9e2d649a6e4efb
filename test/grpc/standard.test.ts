/** Health checking and reflection, as tools that we did not write ask for them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { describe, expect, it } from 'vitest';
import { conformanceContract } from '../../src/conformance/contract.ts';
import { createConformanceService } from '../../src/conformance/service.ts';
import { blogService, identity, rawClient, serve } from '../support/grpc.ts';
import { ROOT } from '../support/source-graph.ts';
import { until } from '../support/until.ts';

const BUF = join(ROOT, 'node_modules/.bin/buf');
const buf = async (...args: string[]) =>
  (await promisify(execFile)(BUF, ['curl', '--http2-prior-knowledge', '--protocol', 'grpc', ...args], { timeout: 60_000 })).stdout;

describe('buf curl', () => {
  it('links what reflection describes: the contract’s services and health', async () => {
    const { address } = await serve(blogService());
    const methods = (await buf('--list-methods', `http://${address}`)).trim().split('\n').sort();
    expect(methods).toEqual(
      expect.arrayContaining(['blog.v1.UserService/GetUser', 'grpc.health.v1.Health/Check', 'grpc.health.v1.Health/List']),
    );
    const call = (method: string, data: object) => buf('-d', JSON.stringify(data), `http://${address}/${method}`);
    expect(JSON.parse(await call('blog.v1.UserService/GetUser', { id: '123' }))).toMatchObject({ id: '123', name: 'john_doe' });
    expect(JSON.parse(await call('grpc.health.v1.Health/Check', {}))).toEqual({ status: 'SERVING' });
    const { statuses } = JSON.parse(await call('grpc.health.v1.Health/List', {})) as { statuses: object };
    expect(statuses).toMatchObject({ '': { status: 'SERVING' }, 'blog.v1.UserService': { status: 'SERVING' } });
  }, 60_000);

  it('links a contract with every kind of type', async () => {
    const { service } = createConformanceService({});
    const { address } = await serve(service);
    const services = (await buf('--list-services', `http://${address}`)).trim().split('\n');
    expect(services.length).toBeGreaterThan(1);
    const methods = await buf('--list-methods', `http://${address}`);
    expect(methods.trim().split('\n').length).toBeGreaterThan(Object.keys(conformanceContract.operations).length);
    await service.close();
  }, 60_000);
});

describe('health', () => {
  const { Check, Watch } = healthService as unknown as Record<
    string,
    { path: string; requestSerialize(value: unknown): Buffer; responseDeserialize(bytes: Buffer): { status: string } }
  >;

  it('of a service that nobody serves is NOT_FOUND, or SERVICE_UNKNOWN for who watches; garbage is INVALID_ARGUMENT', async () => {
    const { address } = await serve(blogService());
    const client = rawClient(address);
    const { path, requestSerialize, responseDeserialize } = Check ?? expect.unreachable();
    const check = (bytes: Buffer) =>
      new Promise((resolve) =>
        client.makeUnaryRequest(path, identity, responseDeserialize, bytes, (error, answer) => resolve(error?.code ?? answer?.status)),
      );
    expect(await check(requestSerialize({ service: 'blog.v1.UserService' }))).toBe('SERVING');
    expect(await check(requestSerialize({}))).toBe('SERVING');
    expect(await check(requestSerialize({ service: 'no.Such' }))).toBe(5);
    expect(await check(Buffer.from([0xff, 0xff]))).toBe(3);
    const watch = (bytes: Buffer) =>
      client.makeServerStreamRequest((Watch ?? expect.unreachable()).path, identity, responseDeserialize, bytes);
    const unknown = watch(requestSerialize({ service: 'no.Such' }));
    unknown.on('error', () => {});
    expect(await new Promise((resolve) => unknown.once('data', resolve))).toEqual({ status: 'SERVICE_UNKNOWN' });
    unknown.cancel();
    const broken = watch(Buffer.from([0xff, 0xff]));
    expect(await new Promise((resolve) => broken.on('error', resolve))).toMatchObject({ code: 3 });
  });
});

describe('reflection', () => {
  const PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const open = (address: string): ClientDuplexStream<Buffer, Buffer> => rawClient(address).makeBidiStreamRequest(PATH, identity, identity);
  const ask = (tag: number, text: string) => Buffer.from(new BinaryWriter().uint32(tag).string(text).finish());

  /** The fields of an answer, and the code of its error. */
  function read(bytes: Buffer): { readonly fields: number[]; readonly code: number } {
    const reader = new BinaryReader(bytes);
    const fields: number[] = [];
    let code = 0;
    while (reader.pos < bytes.length) {
      const tag = reader.uint32();
      fields.push(tag >>> 3);
      if (tag === 58) code = new BinaryReader(reader.bytes().slice(1)).int32();
      else reader.skip(tag & 7);
    }
    return { fields, code };
  }

  it.each([
    ['a file', ask(26, 'blog/v1/blog.proto'), [2, 4], 0],
    ['a file that is not there', ask(26, 'x.proto'), [2, 7], 5],
    ['a method', ask(34, 'blog.v1.UserService.GetUser'), [2, 4], 0],
    ['a field', ask(34, 'blog.v1.User.name'), [2, 4], 0],
    ['a symbol that is not there', ask(34, 'blog.v1.Nothing'), [2, 7], 5],
    ['an extension', Buffer.from([42, 3, 10, 1, 120]), [2, 7], 5],
    ['extensions of a message', ask(50, 'blog.v1.User'), [2, 5], 0],
    ['extensions of what is not there', ask(50, 'x'), [2, 7], 5],
    ['the services', ask(58, '*'), [2, 6], 0],
    ['nothing', Buffer.alloc(0), [2, 7], 12],
    ['garbage', Buffer.from([0x1a, 0xff]), [2, 7], 3],
  ])('answers when asked for %s', async (_, request, fields, code) => {
    const { address } = await serve(blogService());
    const call = open(address);
    call.on('error', () => {});
    call.write(request);
    expect(read(await new Promise((resolve) => call.once('data', resolve)))).toEqual({ fields, code });
    call.end();
    await new Promise((resolve) => call.once('end', resolve).resume());
  });

  it('answers a burst of requests whole, though its caller reads late', async () => {
    const { address } = await serve(blogService());
    const call = open(address);
    call.on('error', () => {});
    const request = ask(26, 'blog/v1/blog.proto');
    for (let count = 0; count < 2000; count++) call.write(request);
    let answers = 0;
    call.on('data', () => answers++);
    call.end();
    await until(() => answers === 2000);
  });
});
