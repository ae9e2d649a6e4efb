import { Client, credentials, InterceptingCall, Metadata, Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { buffersOf } from '../../src/grpc/codec/buffers.ts';
import { protoOf } from '../../src/grpc/proto/described.ts';
import { compileWire } from '../../src/grpc/wire.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function blogClient(options: Parameters<typeof grpc>[0]) {
  const client = createClient({ transport: grpc(options) });
  closing.push(() => client.close());
  return client;
}

async function serveBlog() {
  const service = createBlogService();
  const server = await serveGrpc(service);
  closing.push(
    () => service.close(),
    () => server.close(500),
  );
  return server;
}

/** A peer that answers `GetUser` as it likes. */
async function serveOdd(answer: (call: ServerWritableStream<Buffer, Buffer>) => void): Promise<string> {
  const identity = (bytes: Buffer) => bytes;
  const codec = {
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  const server = new Server();
  server.addService(
    { getUser: { path: '/blog.v1.UserService/GetUser', requestStream: false, responseStream: true, ...codec } },
    { getUser: answer },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  closing.push(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

const wire = compileWire(protoOf(blogContract), buffersOf).operations.get('getUser');
if (!wire) throw new Error('no wire');
const user = wire.encodeOutput({ id: 1, username: 'a', email: 'a@example.com', createdAt: '2024-01-15T09:30:00Z' });

describe('a peer that is not as it should be', () => {
  it('gives two replies', async () => {
    const url = await serveOdd((call) => {
      call.write(user);
      call.write(user);
      call.end();
    });
    await expect(blogClient({ url }).getUser({ id: 1 })).rejects.toMatchObject({ code: 'DATA_LOSS', remote: true });
  });

  it('gives no reply', async () => {
    const url = await serveOdd((call) => call.end());
    await expect(blogClient({ url }).getUser({ id: 1 })).rejects.toMatchObject({ code: 'DATA_LOSS', remote: true });
  });

  it('gives a reply, and then an error', async () => {
    const url = await serveOdd((call) => {
      call.write(user);
      call.emit('error', { code: 9, details: 'changed my mind', metadata: new Metadata() });
    });
    await expect(blogClient({ url }).getUser({ id: 1 })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', text: 'changed my mind' });
  });
});

describe('a client of grpc-js that is given', () => {
  it('carries calls and events, with its interceptors, and stays open', async () => {
    const { address } = await serveBlog();
    const seen: string[] = [];
    const given = new Client(address, credentials.createInsecure(), {
      interceptors: [
        (options, next) => {
          seen.push(options.method_definition.path);
          return new InterceptingCall(next(options));
        },
      ],
    });
    closing.push(() => given.close());
    const blog = blogClient({ url: address, client: given });
    expect(await blog.getUser({ id: 123 })).toMatchObject({ username: 'john_doe' });
    await expect(blog.getUser({ id: 7 })).rejects.toMatchObject({ code: 'NOT_FOUND', remote: true });
    let hear = (_: number) => {};
    const heard = new Promise<number>((resolve) => (hear = resolve));
    const unsubscribe = await blog.onTemperature(({ celsius }) => hear(celsius));
    await blog.reportTemperature({ sensorId: 'roof', celsius: 21 });
    expect(await heard).toBe(21);
    await unsubscribe();
    expect(new Set(seen)).toEqual(
      new Set(['/blog.v1.UserService/GetUser', '/blog.v1.SensorService/OnTemperature', '/blog.v1.SensorService/ReportTemperature']),
    );
    await blog.close();
    expect(await blogClient({ url: address, client: given }).getUser({ id: 123 })).toMatchObject({ username: 'john_doe' });
  });

  it('may be closed, or answer by itself, and the caller gets an error of ours or the answer', async () => {
    const closed = new Client('127.0.0.1:1', credentials.createInsecure());
    closed.close();
    const transport = grpc({ url: '127.0.0.1:1', client: closed })(blogContract);
    const { signal } = new AbortController();
    const operation = blogContract.operations.getUser;
    const refused = { name: 'ApiError', code: 'UNAVAILABLE', sent: false };
    await expect(transport.call({ operation, input: { id: 123 }, signal, headers: {} })).rejects.toMatchObject(refused);
    const subscription = { event: blogContract.events.temperature, params: {}, signal, headers: {} };
    await expect(transport.subscribe(subscription, { next() {}, gap() {}, end() {} })).rejects.toMatchObject(refused);
    const cached = new Client('127.0.0.1:1', credentials.createInsecure(), {
      interceptors: [
        (options, next) =>
          new InterceptingCall(next(options), {
            start(_metadata, listener) {
              listener.onReceiveMetadata(new Metadata());
              listener.onReceiveMessage(user);
              listener.onReceiveStatus({ code: 0, details: 'OK', metadata: new Metadata() });
            },
            sendMessage() {},
            halfClose() {},
          }),
      ],
    });
    closing.push(() => cached.close());
    expect(await blogClient({ url: '127.0.0.1:1', client: cached }).getUser({ id: 1 })).toMatchObject({ username: 'a' });
  });
});

describe('the gRPC client', () => {
  it.each([
    ['127.0.0.1:1', 'no connection: connect ECONNREFUSED 127.0.0.1:1: is the server running?'],
    [['127.0.0.1:1', '127.0.0.1:2'], /^no connection: connect ECONNREFUSED 127\.0\.0\.1:[12]: is the server running\?$/],
    ['nosuch.invalid:50051', 'no connection: name resolution failed for target dns:nosuch.invalid:50051: is the host name right?'],
  ])('a server at %s that is not there is an error that says so', async (url, reason) => {
    const transport = grpc({ url })(blogContract);
    closing.push(() => transport.close());
    const { signal } = new AbortController();
    const request = { operation: blogContract.operations.getUser, input: { id: 123 }, signal, headers: {} };
    await expect(transport.call(request)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      sent: false,
      text: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
  });

  it('a transport that is closed refuses calls and subscriptions', async () => {
    const { address } = await serveBlog();
    const transport = grpc({ url: address })(blogContract);
    await transport.close();
    await transport.close();
    const { signal } = new AbortController();
    const operation = blogContract.operations.getUser;
    await expect(transport.call({ operation, input: { id: 123 }, signal, headers: {} })).rejects.toMatchObject({
      code: 'CANCELLED',
      sent: false,
    });
    const event = blogContract.events.temperature;
    const sink = { next() {}, gap() {}, end() {} };
    await expect(transport.subscribe({ event, params: {}, signal, headers: {} }, sink)).rejects.toMatchObject({
      code: 'CANCELLED',
      sent: false,
    });
  });
});
