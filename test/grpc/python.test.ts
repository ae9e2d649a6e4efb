import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { rawTransport } from '../../src/conformance/cases/raw.ts';
import { createBlogService } from '../../src/blog/index.ts';
import { ApiError, createClient } from '../../src/index.ts';
import type { Transport } from '../../src/core/transport.ts';
import { defineContract, event, query } from '../../src/core/define.ts';
import { grpc } from '../../src/grpc/client.ts';
import * as generated from './generated/blog/v1/blog.ts';
import { serveGrpc, type GrpcServer } from '../../src/grpc/server.ts';
import { makeStubs, missingPython, PYTHON, PYTHON_FOLDER } from '../support/python.ts';

const missing = missingPython();
const title = (text: string) => (missing === undefined ? text : `${text} (skipped: ${missing})`);

describe.skipIf(missing !== undefined)(title("Python's grpcio as the client"), () => {
  let stubs = '';
  const service = createBlogService();
  /** Of Nowhere there is no weather before the caller stops waiting. */
  const patient: Transport = {
    contract: service.contract,
    name: 'patient',
    call: (request) => {
      const { signal } = request;
      const { location } = (request.input ?? {}) as { location?: unknown };
      if (location !== 'Nowhere') return service.call(request);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    },
    subscribe: (request, sink) => service.subscribe(request, sink),
    close: () => service.close(),
  };
  let server: GrpcServer | undefined;

  beforeAll(async () => {
    stubs = await makeStubs();
    server = await serveGrpc(patient);
  }, 60_000);
  afterAll(async () => {
    await server?.close();
    await service.close();
  });

  async function python(command: string, address = server?.address ?? ''): Promise<Record<string, any>> {
    const args = [join(PYTHON_FOLDER, 'peer.py'), stubs, address, command];
    const { stdout } = await promisify(execFile)(PYTHON, args, { timeout: 40_000 });
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  it('runs the example', async () => {
    const example = join(import.meta.dirname, '../../examples/grpc_client.py');
    const { stdout } = await promisify(execFile)(PYTHON, [example, server?.address ?? ''], {
      timeout: 40_000,
      env: { ...process.env, PYTHONPATH: stubs },
    });
    expect(stdout.trim().split('\n')).toEqual([
      'john_doe john.doe@example.com',
      '1 RESTful APIs 101',
      '2 Building Scalable Web Applications',
      'NOT_FOUND no user has the id 7',
      'roof 21.5',
    ]);
  }, 60_000);

  it('calls every rpc', async () => {
    expect(await python('calls')).toMatchObject({
      user: { id: '123', name: 'john_doe', email: 'john.doe@example.com', created_at: expect.any(String) },
      created: { name: 'John Doe', email: 'john.doe@example.com' },
      posts: ['RESTful APIs 101', 'Building Scalable Web Applications'],
      all: 4,
      updated: { author_id: '123', title: 'Bye', content: 'World' },
      read: 'Bye',
      deleted: true,
      said: { sender: 'python', message: 'hi' },
      weather: { location: 'London', temperature: '22°C', conditions: 'Sunny' },
      reading: { sensor_id: 'roof', celsius: 21.5 },
    });
  }, 60_000);

  it('gets every error with its details', async () => {
    const { missing, invalid, taken, deadline, unknown, garbage, large, surplus, header } = await python('errors');
    expect(missing).toMatchObject({
      code: 'NOT_FOUND',
      status: { code: 5, details: { 'google.rpc.ErrorInfo': { reason: 'NOT_FOUND', domain: 'blog.v1' } } },
    });
    expect(missing.status.details['google.rpc.RequestInfo'].request_id).toMatch(/./);
    expect(invalid.code).toBe('INVALID_ARGUMENT');
    expect(invalid.status.details['google.rpc.BadRequest'].field_violations).toMatchObject([{ field: 'id' }]);
    expect(invalid.status.details['google.protobuf.Struct'].issues).toMatchObject([{ path: ['id'] }]);
    expect(taken.code).toBe('ALREADY_EXISTS');
    expect(deadline.code).toBe('DEADLINE_EXCEEDED');
    expect(unknown.code).toBe('UNIMPLEMENTED');
    expect(garbage).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('GetUserRequest') });
    expect(large).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'the request is larger than 1048576 bytes' });
    expect(surplus).toMatchObject({ name: 'john_doe' });
    expect(header).toMatchObject({ 'x-request-id': 'from-python' });
  }, 60_000);

  it('sees the name and the details of a declared error', async () => {
    const order = () =>
      Promise.reject(new ApiError('FAILED_PRECONDITION', 'too few', { reason: 'OUT_OF_STOCK', details: { left: 3 }, requestId: 'r1' }));
    const typed = await serveGrpc({ ...rawTransport({ call: order }), contract: service.contract });
    const told = await python('typed', typed.address);
    await typed.close();
    expect(told).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: 'too few',
      status: {
        details: {
          'google.rpc.ErrorInfo': { reason: 'OUT_OF_STOCK', domain: 'blog.v1' },
          'google.protobuf.Struct': { left: 3 },
        },
      },
    });
  }, 60_000);

  it('hears events, resumes them, and is told of a gap', async () => {
    expect(await python('streams')).toEqual({ seen: [1, 2, 3], resumed: [2, 3], gap: true });
  }, 60_000);

  it('talks in the chat', async () => {
    const { heard, rest, bad } = await python('chat');
    expect(heard).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
    expect(rest).toEqual([0, 0]);
    expect(bad).toMatchObject({ code: 'INVALID_ARGUMENT', status: { details: { 'google.rpc.BadRequest': expect.anything() } } });
  }, 60_000);

  it('asks for health, and for descriptions by reflection v1 and v1alpha', async () => {
    const services = ['ArticleService', 'ChatService', 'PostService', 'SensorService', 'UserService', 'WeatherService'].map(
      (name) => `blog.v1.${name}`,
    );
    const described = {
      services: [...services, 'grpc.health.v1.Health'],
      files: ['blog/v1/blog.proto', 'google/protobuf/empty.proto', 'google/protobuf/timestamp.proto'],
      optional: true,
      health: ['Check', 'Watch', 'List'],
    };
    expect(await python('standard')).toEqual({ health: [1, 1], unknown: 'NOT_FOUND', v1: described, v1alpha: described });
  }, 60_000);
});

describe.skipIf(missing !== undefined)(title("Python's grpcio as the server"), () => {
  let child: ChildProcessWithoutNullStreams | undefined;
  let url = '';

  beforeAll(async () => {
    child = spawn(PYTHON, [join(PYTHON_FOLDER, 'server.py'), await makeStubs()]);
    child.stderr.pipe(process.stderr);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    url = `127.0.0.1:${line.toString().trim()}`;
  }, 60_000);
  afterAll(async () => {
    if (!child) return;
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  });

  it('answers our client: values, metadata, errors with and without details', async () => {
    const blog = createClient({ transport: grpc({ url }) });
    expect(await blog.getUser({ id: 7 }, { headers: { tenant: 'seven' } })).toEqual({
      id: 7,
      username: 'seven',
      email: 'py@example.com',
      createdAt: '2024-01-15T09:30:00.123456Z',
    });
    await expect(blog.getUser({ id: 404 })).rejects.toMatchObject({ code: 'NOT_FOUND', text: 'no such user: ünï', remote: true });
    await expect(blog.getUser({ id: 400 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { issues: [{ path: ['address', 'lines', 2], message: 'too long' }] },
      retryAfterMs: 1500,
    });
    await expect(blog.getUser({ id: 408 }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(blog.getWeather({ location: 'x' })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
    await blog.close();
  });

  it('resumes from the last event after a lost stream', async () => {
    const blog = createClient({ transport: grpc({ url }) });
    const heard: number[] = [];
    for await (const { celsius } of blog.onTemperature()) {
      heard.push(celsius);
      if (heard.length === 5) break;
    }
    expect(heard).toEqual([1, 2, 3, 4, 5]);
    await blog.close();
  });

  const UserOfAcme = z.object({ id: z.string(), name: z.string(), email: z.string(), createdAt: z.iso.datetime() });
  const Tick = z.object({ title: z.string(), author: z.string(), content: z.string() });
  const acme = defineContract({
    name: 'acme',
    operations: { getUser: query({ input: z.object({ id: z.string() }), output: UserOfAcme }) },
    events: { tick: event({ channel: 'ticks', payload: Tick }) },
  });

  it('may be of another design, by its service definition', async () => {
    const definition = {
      fetch: { ...generated.UserServiceService.getUser, path: '/acme.Users/Fetch' },
      ticks: {
        ...generated.ArticleServiceService.onArticlePublished,
        path: '/acme.Users/Ticks',
        requestSerialize: () => Buffer.alloc(0),
        responseDeserialize: (bytes: Buffer) => generated.Article.decode(bytes),
      },
    };
    const client = createClient({
      contract: acme,
      transport: grpc({ url, definition, operations: { getUser: 'acme.Users/Fetch' }, events: { tick: 'acme.Users/Ticks' } }),
    });
    expect(await client.getUser({ id: '9' })).toEqual({
      id: '9',
      name: 'acme',
      email: 'a@example.com',
      createdAt: '2024-01-15T09:30:00.000Z',
    });
    const titles: string[] = [];
    for await (const tick of client.onTick()) titles.push(tick.title);
    expect(titles).toEqual(['1', '2', '3']);
    await client.close();
  });

  it('may be of another design, by the contract’s own schemas', async () => {
    const client = createClient({ contract: acme, transport: grpc({ url, operations: { getUser: { method: '/acme.Users/Fetch' } } }) });
    expect(await client.getUser({ id: '9' })).toMatchObject({ id: '9', name: 'acme', createdAt: '2024-01-15T09:30:00Z' });
    await client.close();
  });

  it('has the method that is named, or the mistake is named', () => {
    const definition = { fetch: generated.UserServiceService.getUser };
    expect(() => grpc({ url, definition, operations: { getUser: 'acme.Users/Fetch' } })(acme)).toThrow("no method '/acme.Users/Fetch'");
    expect(() => grpc({ url, operations: { getUsr: 'acme.Users/Fetch' } })(acme)).toThrow("'getUsr'");
  });
});
