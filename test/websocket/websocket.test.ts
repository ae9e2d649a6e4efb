import { execFile, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket as TcpSocket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import * as z from 'zod/mini';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { ApiError, isApiError } from '../../src/core/errors.ts';
import { listen } from '../../src/http/node/listen.ts';
import { attachUpgrade } from '../../src/socket/upgrade.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { createService } from '../../src/service/service.ts';
import type { Transport } from '../../src/core/transport.ts';
import { webSocket, type WebSocketConstructor, type WebSocketState } from '../../src/websocket/client.ts';
import { webSocketHandler, type WebSocketHandlerOptions } from '../../src/websocket/server.ts';
import { noChromium, openPage } from '../support/chromium.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
function onEnd<T>(value: T, cleanup: (value: T) => unknown): T {
  cleanups.push(() => cleanup(value));
  return value;
}

async function serve(transport: Transport, options: WebSocketHandlerOptions = {}, port = 0) {
  const server = await listen(() => undefined, { port });
  const handler = webSocketHandler(transport, options);
  handler.attach(server.server);
  const close = async (graceMs = 1000) => void (await Promise.all([handler.close(graceMs), server.close(graceMs)]));
  onEnd(close, (each) => each());
  return { url: server.url.replace('http', 'ws'), port: server.port, handler, close, server };
}

async function serveBlog(options: WebSocketHandlerOptions = {}) {
  const service = onEnd(createBlogService(), (each) => each.close());
  return { service, ...(await serve(service, options)) };
}

/** A client that anyone could have written: frames in, frames out. */
class Peer {
  readonly #frames: string[] = [];
  readonly #waiters: ((frame: string) => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  readonly ws: WebSocket;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer) => {
      const waiter = this.#waiters.shift();
      if (waiter) waiter(data.toString());
      else this.#frames.push(data.toString());
    });
    ws.on('error', () => {});
    this.closed = new Promise((resolve) => ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  }

  static async open(url: string, protocols?: string | string[], options?: WebSocket.ClientOptions): Promise<Peer> {
    const ws = onEnd(new WebSocket(url, protocols, options), (each) => each.terminate());
    const peer = new Peer(ws);
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    return peer;
  }

  send(value: unknown): void {
    this.ws.send(typeof value === 'string' ? value : JSON.stringify(value));
  }

  async text(): Promise<string> {
    return this.#frames.shift() ?? new Promise((resolve) => this.#waiters.push(resolve));
  }

  async next(): Promise<any> {
    return JSON.parse(await this.text());
  }

  async ask(value: unknown): Promise<any> {
    this.send(value);
    return this.next();
  }
}

const rpc = (id: unknown, method: string, params?: unknown, more: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params !== undefined && { params }),
  ...more,
});

/** Status, headers and body of an upgrade that is refused. */
function refusal(url: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    };
    const request = httpRequest(url.replace('ws:', 'http:'), { headers: upgrade });
    request.on('response', (response: IncomingMessage) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve({ status: 101, text: '' });
    });
    request.on('error', reject);
    request.end();
  });
}

describe('JSON-RPC', () => {
  it('answers calls, with the id as it came', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`, 'jsonrpc-2.0');
    expect(peer.ws.protocol).toBe('jsonrpc-2.0');
    for (const id of [1, 'a', '1', 0, -7, 1.5, null, '', '__proto__']) {
      const answer = await peer.ask(rpc(id, 'getWeather', { location: 'London' }));
      expect(answer).toEqual({ jsonrpc: '2.0', id, result: { location: 'London', temperature: '22°C', conditions: 'Sunny' } });
    }
    for (const id of [true, {}, []]) {
      expect(await peer.ask(rpc(id, 'getWeather'))).toMatchObject({ id: null, error: { code: -32600 } });
    }
    // A number that JSON can write, but not give back.
    expect(await peer.ask('{"jsonrpc":"2.0","id":1e400,"method":"ping"}')).toMatchObject({ id: null, error: { code: -32600 } });
  });

  it('answers what is wrong as the specification says, and goes on', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`);
    const cases: [unknown, object][] = [
      ['{oops', { id: null, error: { code: -32700 } }],
      ['', { id: null, error: { code: -32700 } }],
      ['7', { id: null, error: { code: -32600 } }],
      ['null', { id: null, error: { code: -32600 } }],
      ['[]', { id: null, error: { code: -32600 } }],
      ['{}', { id: null, error: { code: -32600 } }],
      [
        { id: 1, method: 'getUser' },
        { id: 1, error: { code: -32600 } },
      ],
      [
        { jsonrpc: '1.0', id: 1, method: 'getUser' },
        { id: 1, error: { code: -32600 } },
      ],
      [
        { jsonrpc: '2.0', id: 1, method: 7 },
        { id: 1, error: { code: -32600 } },
      ],
      [rpc(1, 'getUser', 'text'), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', [123]), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: 7 }), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: { a: 7 } }), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: { a: 'x'.repeat(20_000) } }), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: { 'x-timeout-ms': 'soon' } }), { id: 1, error: { code: -32602 } }],
      [rpc(1, '__proto__'), { id: 1, error: { code: -32601, data: { code: 'UNIMPLEMENTED' } } }],
      [rpc(1, 'constructor'), { id: 1, error: { code: -32601 } }],
      [rpc(1, 'getUsr'), { id: 1, error: { code: -32601, message: "this service has no method 'getUsr': do you mean getUser?" } }],
      ['{"jsonrpc":"2.0","id":1,"method":"getUser","params":{"__proto__":{"id":123}}}', { id: 1, error: { code: -32602 } }],
      [
        rpc(1, 'getUser', { id: 'x' }),
        { id: 1, error: { code: -32602, data: { code: 'INVALID_ARGUMENT', details: { issues: [{ path: ['id'] }] } } } },
      ],
      [rpc(1, 'getUser', { id: 7 }), { id: 1, error: { code: -32000, message: 'no user has the id 7', data: { code: 'NOT_FOUND' } } }],
      [`{"jsonrpc":"2.0","id":1,"method":"getUser","params":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`, { id: 1, error: { code: -32602 } }],
      [rpc(1, 'subscribe', { event: 'toString' }), { id: 1, error: { code: -32601 } }],
      [rpc(1, 'subscribe', {}), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'subscribe', { event: 'message', lastEventId: 7 }), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'unsubscribe', { subscription: 7 }), { id: 1, error: { data: { code: 'NOT_FOUND' } } }],
      [rpc(1, 'initialize', { headers: { a: 1 } }), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'ping'), { id: 1, result: null }],
      [rpc(1, 'cancel', { id: 99 }), { id: 1, result: null }],
      [rpc(1, 'cancel'), { id: 1, error: { code: -32602, message: "cancel: 'id' is the id of the request to cancel" } }],
      [rpc(1, 'cancel', {}), { id: 1, error: { code: -32602, data: { code: 'INVALID_ARGUMENT' } } }],
      [rpc(1, 'deletePost', { id: 4 }), { id: 1, result: null }],
    ];
    for (const [frame, expected] of cases) expect(await peer.ask(frame), JSON.stringify(frame)).toMatchObject(expected);
    peer.ws.send(Buffer.from('{}'), { binary: true });
    expect(await peer.next()).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await peer.ask(rpc('still', 'ping'))).toEqual({ jsonrpc: '2.0', id: 'still', result: null });
  });

  it('names the request of a refusal, where its headers do', async () => {
    const { url } = await serveBlog({ maxCalls: 0 });
    const peer = await Peer.open(`${url}/ws`);
    const deep = JSON.parse(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`) as object;
    const headers = { 'x-request-id': 'mine' };
    const cases: [frame: object, code: number][] = [
      [{ ...rpc(1, 'getUser'), jsonrpc: '1.0' }, -32600],
      [{ ...rpc(1, 'getUser'), method: 7 }, -32600],
      [{ ...rpc(1, 'getUser'), id: {} }, -32600],
      [rpc(1, 'getUser', 'text'), -32600],
      [rpc(1, 'getUser', [123]), -32602],
      [rpc(1, 'nothing'), -32601],
      [rpc(1, 'subscribe', { event: 'nothing' }), -32601],
      [rpc(1, 'unsubscribe'), -32000],
      [rpc(1, 'cancel'), -32602],
      [rpc(1, 'getUser', deep), -32602],
      [rpc(1, 'getUser', { id: 123 }), -32000],
    ];
    for (const [frame, code] of cases) {
      const answer = await peer.ask({ ...frame, headers });
      expect(answer, JSON.stringify(frame)).toMatchObject({ error: { code, data: { requestId: 'mine' } } });
      expect((await peer.ask(frame)).error.data).not.toHaveProperty('requestId');
    }
    expect((await peer.ask({ ...rpc(1, 'nothing'), headers: { 'x-request-id': 'x'.repeat(129) } })).error.data).not.toHaveProperty(
      'requestId',
    );
    expect((await peer.ask({ ...rpc(1, 'getUser'), headers: { ...headers, a: 7 } })).error.data.requestId).toBe('mine');
  });

  it('takes params of 64 levels, says so of more, and is silent where nobody asked', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`);
    const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object;
    expect((await peer.ask(rpc(1, 'getUser', { ...nested(64), id: 123 }))).result).toMatchObject({ id: 123 });
    for (const frame of [rpc(1, 'ping', nested(65)), [rpc(1, 'ping', nested(65))]])
      expect((await peer.ask(frame)).error.message).toBe('the JSON is nested more than 64 levels deep');
    for (const params of [nested(65), [1]]) peer.send({ jsonrpc: '2.0', method: 'getUser', params });
    expect(await peer.ask(rpc('next', 'ping'))).toMatchObject({ id: 'next' });
  });

  it('holds back no answer for ever, however little it may buffer', async () => {
    const { url } = await serveBlog({ maxBufferedBytes: 1 });
    const peer = await Peer.open(`${url}/ws`);
    for (let id = 0; id < 50; id++) peer.send(rpc(id, 'getUser', { id: 123 }));
    for (let id = 0; id < 50; id++) expect(await peer.next()).toMatchObject({ id, result: { id: 123 } });
    expect(await peer.ask(rpc('next', 'ping'))).toMatchObject({ id: 'next' });
  });

  it('answers batches in one frame, without their notifications', async () => {
    const { url } = await serveBlog({ maxBatch: 4 });
    const peer = await Peer.open(`${url}/ws`);
    const answer = await peer.ask([rpc(1, 'getUser', { id: 123 }), { jsonrpc: '2.0', method: 'ping' }, 7, rpc(2, 'nothing')]);
    expect(answer).toMatchObject([
      { id: 1, result: { username: 'john_doe' } },
      { id: null, error: { code: -32600 } },
      { id: 2, error: { code: -32601 } },
    ]);
    peer.send([{ jsonrpc: '2.0', method: 'ping' }]);
    peer.send({ jsonrpc: '2.0', method: 'getUser', params: { id: 123 } });
    expect(await peer.ask([1, 2, 3, 4, 5])).toMatchObject({ id: null, error: { code: -32600 } });
    const [subscribed] = await peer.ask([rpc(1, 'subscribe', { event: 'message' })]);
    expect(subscribed).toEqual({ jsonrpc: '2.0', id: 1, result: { subscription: 1 } });
  });

  it('carries events: subscribe, event, gap, unsubscribe', async () => {
    const { url, service } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`);
    expect(await peer.ask(rpc(1, 'subscribe', { event: 'message' }))).toEqual({ jsonrpc: '2.0', id: 1, result: { subscription: 1 } });
    await service.publish('message', { sender: 'a', message: 'one' });
    const { method, params } = await peer.next();
    expect([method, params]).toEqual([
      'event',
      { subscription: 1, id: expect.any(String), time: expect.any(String), data: { sender: 'a', message: 'one' } },
    ]);
    await service.publish('message', { sender: 'a', message: 'two' });
    await peer.next();
    // Another connection resumes; its acknowledgement comes before what it missed.
    const other = await Peer.open(`${url}/ws`);
    expect(await other.ask(rpc(9, 'subscribe', { event: 'message', lastEventId: params.id }))).toMatchObject({ id: 9 });
    expect(await other.next()).toMatchObject({ method: 'event', params: { data: { message: 'two' } } });
    expect(await other.ask(rpc(10, 'subscribe', { event: 'message', lastEventId: 'elsewhere-1' }))).toMatchObject({ id: 10 });
    expect(await other.next()).toEqual({ jsonrpc: '2.0', method: 'gap', params: { subscription: 2 } });
    expect(await peer.ask(rpc(2, 'unsubscribe', { subscription: 1 }))).toMatchObject({ id: 2, result: null });
    await service.publish('message', { sender: 'a', message: 'three' });
    expect(await peer.ask(rpc(3, 'ping'))).toMatchObject({ id: 3 });
  });

  it('closes a connection whose frame is over the limit with 1009, and no other', async () => {
    const { url } = await serveBlog();
    const [peer, other] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/ws`)];
    peer.send(rpc(1, 'getUser', { id: 123, padding: 'x'.repeat(2_000_000) }));
    expect((await peer.closed).code).toBe(1009);
    expect(await other.ask(rpc(1, 'ping'))).toMatchObject({ result: null });
  });

  it('limits calls in flight and subscriptions', async () => {
    const contract = defineContract({
      name: 'slow',
      operations: { wait: query({}) },
      events: { tick: event({ channel: 'ticks', payload: z.object({}) }) },
    });
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const service = createService(contract, { wait: () => gate });
    const { url } = await serve(service, { maxCalls: 2, maxSubscriptions: 1 });
    const peer = await Peer.open(`${url}/ws`);
    peer.send(rpc(1, 'wait'));
    peer.send(rpc(2, 'wait'));
    expect(await peer.ask(rpc(3, 'wait'))).toMatchObject({ id: 3, error: { data: { code: 'RESOURCE_EXHAUSTED' } } });
    expect(await peer.ask(rpc(4, 'subscribe', { event: 'tick' }))).toMatchObject({ id: 4, result: { subscription: 1 } });
    expect(await peer.ask(rpc(5, 'subscribe', { event: 'tick' }))).toMatchObject({
      id: 5,
      error: { data: { code: 'RESOURCE_EXHAUSTED' } },
    });
    const cancelled = [await peer.ask(rpc(6, 'cancel', { id: 1 })), await peer.next()].sort((a, b) => a.id - b.id);
    expect(cancelled).toMatchObject([
      { id: 1, error: { data: { code: 'CANCELLED' } } },
      { id: 6, result: null },
    ]);
    release();
    expect(await peer.next()).toMatchObject({ id: 2, result: null });
  });

  it('takes the headers of the upgrade, of initialize and of a request, the nearest first', async () => {
    const contract = defineContract({ name: 'who', operations: { who: query({ output: z.record(z.string(), z.string()) }) } });
    const service = createService(contract, { who: (_, { headers }) => ({ ...headers }) });
    const { url } = await serve(service);
    const peer = await Peer.open(`${url}/ws`, undefined, {
      headers: { authorization: 'Bearer upgrade', tenant: 'one', 'x-request-id': 'r' },
    });
    expect((await peer.ask(rpc(1, 'who'))).result).toEqual({
      authorization: 'Bearer upgrade',
      tenant: 'one',
      'x-request-id': expect.not.stringMatching(/^r$/),
    });
    expect((await peer.ask(rpc(2, 'who', {}, { headers: { tenant: 'two' } }))).result).toMatchObject({
      authorization: 'Bearer upgrade',
      tenant: 'two',
    });
    await peer.ask(rpc(3, 'initialize', { headers: { authorization: 'Bearer new' } }));
    const { result } = await peer.ask(rpc(4, 'who'));
    expect(result).toMatchObject({ authorization: 'Bearer new' });
    expect(result).not.toHaveProperty('tenant');
  });

  it('closes a connection that must be initialized and is not', async () => {
    const { url } = await serveBlog({ requireInitialize: true, initializeTimeoutMs: 50 });
    const [silent, good, known] = [
      await Peer.open(`${url}/ws`),
      await Peer.open(`${url}/ws`),
      await Peer.open(`${url}/ws`, undefined, { headers: { authorization: 'x' } }),
    ];
    expect(await silent.ask(rpc(1, 'getUser', { id: 123 }))).toMatchObject({ error: { data: { code: 'UNAUTHENTICATED' } } });
    expect(await good.ask(rpc(1, 'initialize', {}))).toMatchObject({ result: null });
    expect((await silent.closed).code).toBe(4401);
    expect(await good.ask(rpc(2, 'getUser', { id: 123 }))).toMatchObject({ result: { id: 123 } });
    expect(await known.ask(rpc(2, 'getUser', { id: 123 }))).toMatchObject({ result: { id: 123 } });
  });

  it('runs nothing of what follows a close of its own', async () => {
    let runs = 0;
    const contract = defineContract({ name: 'count', operations: { add: mutation({}) } });
    const { port } = await serve(createService(contract, { add: () => void runs++ }), { requireInitialize: true, initializeTimeoutMs: 20 });
    const socket = onEnd(connect({ port, host: '127.0.0.1' }), (each) => each.destroy());
    const heard = async (isIt: (chunk: Buffer) => boolean) => {
      for await (const [chunk] of on(socket, 'data')) if (isIt(chunk as Buffer)) return;
    };
    socket.write('GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'); // prettier-ignore
    const [TEXT, CLOSE] = [0x81, 0x88];
    await heard((chunk) => chunk.includes(CLOSE));
    const frame = (type: number, text: string) => Buffer.concat([Buffer.from([type, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
    for (const message of [rpc(1, 'initialize', {}), rpc(2, 'add')]) socket.write(frame(TEXT, JSON.stringify(message)));
    socket.write(frame(CLOSE, ''));
    await once(socket.resume(), 'close');
    expect(runs).toBe(0);
  });

  it('leaves details that are no JSON out of an error, on channels too, and goes on', async () => {
    const contract = defineContract({
      name: 'odd',
      operations: { say: mutation({ input: z.object({}), output: z.object({}) }) },
      events: { said: event({ channel: 'said', payload: z.object({}), writtenBy: 'say' }) },
    });
    const fail = () => {
      throw new ApiError('NOT_FOUND', 'no', { details: { n: 1n } });
    };
    // No service stands behind it, which would look at them first.
    const source: Transport = { contract, name: 'odd', call: async () => fail(), subscribe: async () => {}, close: async () => {} };
    const { url } = await serve(source);
    const [calls, channel] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/said`)];
    for (let again = 0; again < 2; again++) {
      expect(await calls.ask(rpc(1, 'say', {}))).toMatchObject({ id: 1, error: { message: 'no', data: { code: 'NOT_FOUND' } } });
      expect(await channel.ask({})).toMatchObject({ error: { code: 'NOT_FOUND', message: 'no' } });
    }
  });

  it('refuses a subscription whose source ends it and refuses it too', async () => {
    const contract = defineContract({
      name: 'ticks',
      operations: {},
      events: { tick: event({ channel: 'ticks', payload: z.object({}) }) },
    });
    const refusing: Transport = {
      contract,
      name: 'refusing',
      call: () => expect.unreachable('there are no operations'),
      subscribe: async (_, sink) => {
        sink.end(new ApiError('UNAVAILABLE', 'the stream is over'));
        throw new ApiError('UNAUTHENTICATED', 'who are you?');
      },
      close: () => Promise.resolve(),
    };
    const { url } = await serve(refusing);
    const peer = await Peer.open(`${url}/ws`);
    expect(await peer.ask(rpc(1, 'subscribe', { event: 'tick' }))).toMatchObject({ id: 1, error: { data: { code: 'UNAUTHENTICATED' } } });
  });

  it('pings its peers, and drops one that misses two', async () => {
    const { url, handler } = await serveBlog({ pingIntervalMs: 30 });
    const [alive, dead] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/ws`, undefined, { autoPong: false })];
    expect((await dead.closed).code).toBe(1006);
    await vi.waitFor(() => expect(handler.connections).toBe(1));
    expect(await alive.ask(rpc(1, 'ping'))).toMatchObject({ result: null });
  });

  it('closes a reader that falls behind with 1013 and serves the others on', async () => {
    const contract = defineContract({
      name: 'flood',
      events: { drop: event({ channel: 'drops', payload: z.object({ n: z.int(), text: z.string() }) }) },
    });
    const service = createService(contract, {});
    const { url } = await serve(service);
    const [slow, fast] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/ws`)];
    for (const peer of [slow, fast]) await peer.ask(rpc(1, 'subscribe', { event: 'drop' }));
    slow.ws.pause();
    const text = 'x'.repeat(50_000);
    let closed = false;
    void slow.closed.then(() => (closed = true));
    const received: number[] = [];
    for (let n = 0; n < 400; n++) {
      await service.publish('drop', { n, text });
      received.push((await fast.next()).params.data.n);
    }
    expect(received).toEqual(Array.from({ length: 400 }, (_, n) => n));
    expect(closed).toBe(false);
    slow.ws.resume();
    expect((await slow.closed).code).toBe(1013);
  });

  it('stops: tells subscriptions, lets calls finish, closes with 1001', async () => {
    const contract = defineContract({
      name: 'slow',
      operations: { wait: query({ output: z.object({ done: z.boolean() }) }) },
      events: { tick: event({ channel: 'ticks', payload: z.object({}) }) },
    });
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const service = createService(contract, { wait: async () => (await gate, { done: true }) });
    const { url, handler } = await serve(service);
    const [busy, idle] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/ws`)];
    await busy.ask(rpc(1, 'subscribe', { event: 'tick' }));
    busy.send(rpc(2, 'wait'));
    await busy.ask(rpc(3, 'ping'));
    const closing = handler.close();
    expect((await idle.closed).code).toBe(1001);
    expect(await busy.next()).toMatchObject({ method: 'end', params: { subscription: 1, error: { code: 'UNAVAILABLE' } } });
    // Not 404, after which nobody would come back.
    expect((await refusal(`${url}/ws`)).status).toBe(503);
    expect(await busy.ask(rpc(4, 'wait'))).toMatchObject({ id: 4, error: { data: { code: 'UNAVAILABLE' } } });
    release();
    expect(await busy.next()).toMatchObject({ id: 2, result: { done: true } });
    expect((await busy.closed).code).toBe(1001);
    await closing;
    expect((await refusal(`${url}/ws`)).status).toBe(404);
  });

  it('stops once the answer of each call has been sent, also of those that are done at the same time', async () => {
    const contract = defineContract({ name: 'slow', operations: { wait: query({}) } });
    const release: (() => void)[] = [];
    const service = createService(contract, { wait: () => new Promise<void>((resolve) => release.push(resolve)) });
    const { url, handler } = await serve(service);
    const peer = await Peer.open(`${url}/ws`);
    const answers: string[] = [];
    peer.ws.on('message', (data: Buffer) => answers.push(data.toString()));
    for (const frame of [rpc(1, 'wait'), rpc(2, 'wait'), [rpc(3, 'wait'), rpc(4, 'wait')], rpc(5, 'wait')]) peer.send(frame);
    await vi.waitFor(() => expect(release).toHaveLength(5));
    const closing = handler.close();
    for (const each of release) each();
    expect((await peer.closed).code).toBe(1001);
    await closing;
    const ids = answers.flatMap((text) => JSON.parse(text) as { id: number }).map(({ id }) => id);
    expect(ids.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('cuts what does not end within the grace', async () => {
    const contract = defineContract({ name: 'slow', operations: { wait: query({}) } });
    const { url, handler } = await serve(createService(contract, { wait: () => new Promise<never>(() => {}) }, { graceMs: 1 }));
    const peer = await Peer.open(`${url}/ws`);
    peer.send(rpc(1, 'wait'));
    await peer.ask(rpc(2, 'ping'));
    await handler.close(20);
    expect((await peer.closed).code).toBe(1006);
  });
});

describe('the upgrade', () => {
  it('is refused with a status that says why', async () => {
    const { url, port } = await serveBlog({ origins: ['https://app.example.com'] });
    const status = async (path: string, headers?: Record<string, string>) => (await refusal(url + path, headers)).status;
    expect(await status('/ws')).toBe(101);
    expect(await status('/ws?x=1')).toBe(101);
    expect(await status('/nowhere')).toBe(404);
    expect(await status('/%ff')).toBe(404);
    expect(await status('/ws', { 'sec-websocket-protocol': 'soap' })).toBe(400);
    expect(await status('/ws', { 'sec-websocket-protocol': 'soap, jsonrpc-2.0' })).toBe(101);
    expect(await status('/chat', { 'sec-websocket-protocol': 'jsonrpc-2.0' })).toBe(400);
    expect(await status('/ws', { origin: 'https://evil.example' })).toBe(403);
    expect(await status('/chat', { origin: 'null' })).toBe(403);
    expect(await status('/chat', { origin: 'https://app.example.com' })).toBe(101);
    expect(await status('/ws', { origin: `http://127.0.0.1:${port}` })).toBe(101);
    for (const version of ['7', '8']) expect(await status('/ws', { 'sec-websocket-version': version })).toBe(400);
    expect(() => webSocketHandler(createBlogService(), { origins: ['app.example.com/'] })).toThrow(/is not an origin/);
    expect(() => webSocketHandler(createBlogService(), { basePath: 'api/' })).toThrow(/basePath/);
  });

  it('is refused where the origins’ function fails, which is reported', async () => {
    const errors: unknown[] = [];
    const { url } = await serveBlog({
      origins: (origin) => new URL(origin).host === 'app.example.com',
      onError: (error) => errors.push(error),
    });
    expect((await refusal(`${url}/ws`, { origin: 'https://app.example.com' })).status).toBe(101);
    expect((await refusal(`${url}/ws`, { origin: 'null' })).status).toBe(403);
    expect(errors).toEqual([expect.any(TypeError)]);
  });

  it('is refused for good: a peer that does not close its end keeps no socket', async () => {
    const { url, port, server } = await serveBlog();
    void url;
    const closed = new Promise<void>((resolve) =>
      server.server.once('connection', (socket: TcpSocket) => socket.once('close', () => resolve())),
    );
    const socket = onEnd(connect({ port, host: '127.0.0.1', allowHalfOpen: true }), (each) => each.destroy());
    socket.on('error', () => {});
    socket.resume().write('GET /nowhere HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    await closed;
  });

  it('leaves others’ paths alone: several handlers share a server', async () => {
    const server = createServer();
    const [first, second] = [
      webSocketHandler(createBlogService(), { basePath: '/one' }),
      webSocketHandler(createBlogService(), { basePath: '/two' }),
    ];
    first.attach(server);
    const detach = second.attach(server);
    attachUpgrade(server, (request, socket) => {
      if (request.url !== '/other') return false;
      socket.end('HTTP/1.1 418 I am a teapot\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return true;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    onEnd(server, (each) => each.close());
    const status = async (path: string) => (await refusal(url + path)).status;
    expect(await Promise.all(['/one/ws', '/two/chat', '/other', '/ws', '/three/ws'].map(status))).toEqual([101, 101, 418, 404, 404]);
    detach();
    expect(await status('/two/ws')).toBe(404);
    await Promise.all([first.close(), second.close()]);
  });

  it('limits the connections of an address', async () => {
    const { url, handler } = await serveBlog({ maxConnectionsPerAddress: 2 });
    const [first] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/chat`)];
    expect((await refusal(`${url}/ws`)).status).toBe(429);
    first?.ws.close();
    await vi.waitFor(() => expect(handler.connections).toBe(1));
    await vi.waitFor(async () => expect((await refusal(`${url}/ws`)).status).toBe(101));
  });

  it('of a channel is refused where the service’s context refuses', async () => {
    const service = createBlogService({
      context: ({ headers }) => {
        if (headers['authorization'] !== 'Bearer good') throw new ApiError('UNAUTHENTICATED', 'who are you?');
      },
    });
    const { url } = await serve(service);
    expect(await refusal(`${url}/chat`)).toEqual({ status: 401, text: 'who are you?' });
    expect((await refusal(`${url}/chat`, { authorization: 'Bearer good' })).status).toBe(101);
    const channel = createClient({ transport: webSocket({ url, protocol: 'channel' }) });
    onEnd(channel, (each) => each.close());
    await expect(channel.onMessage(() => {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED', sent: false });
  });
});

describe('the plain channel', () => {
  it('is a chat: what one says all hear, the sender too, in order', async () => {
    const { url } = await serveBlog();
    const [one, two] = [await Peer.open(`${url}/chat`), await Peer.open(`${url}/chat`)];
    one.send({ sender: 'user123', message: 'Hello, everyone!' });
    for (const peer of [one, two]) expect(await peer.text()).toBe('{"sender":"user123","message":"Hello, everyone!"}');
    for (let n = 0; n < 200; n++) two.send({ sender: 'b', message: String(n) });
    for (const peer of [one, two]) for (let n = 0; n < 200; n++) expect((await peer.next()).message).toBe(String(n));
  });

  it('answers a bad frame and stays open', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/chat`);
    for (const frame of ['{oops', '7', '[]', '{}', '{"sender":"a"}', '{"__proto__":{"sender":"a","message":"b"}}']) {
      expect(await peer.ask(frame), frame).toEqual({
        error: {
          code: 'INVALID_ARGUMENT',
          message: expect.any(String),
          ...(frame.includes('{') && frame !== '{oops' && { details: expect.any(Object), requestId: expect.any(String) }),
        },
      });
    }
    peer.ws.send(Buffer.from('{"sender":"a","message":"b"}'), { binary: true });
    expect(await peer.next()).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
    const readOnly = await Peer.open(`${url}/articles/published`);
    expect(await readOnly.ask({})).toMatchObject({ error: { code: 'UNIMPLEMENTED' } });
    peer.send({ sender: 'a', message: 'fine' });
    expect(await peer.next()).toEqual({ sender: 'a', message: 'fine' });
    peer.send('x'.repeat(2_000_000));
    expect((await peer.closed).code).toBe(1009);
  });

  it('does not drop a peer that it does not read from because the service is slow', async () => {
    const Line = z.object({ text: z.string() });
    const contract = defineContract({
      name: 'slow',
      operations: { say: mutation({ input: Line, output: Line }) },
      events: { said: event({ channel: 'said', payload: Line, writtenBy: 'say' }) },
    });
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { url } = await serve(createService(contract, { say: async (line) => (await gate, line) }), { pingIntervalMs: 10 });
    const peer = await Peer.open(`${url}/said`);
    let pings = 0;
    peer.ws.on('ping', () => pings++);
    for (let n = 0; n < 100; n++) peer.send({ text: String(n) });
    await vi.waitFor(() => expect(pings).toBeGreaterThan(5));
    release();
    for (let n = 0; n < 100; n++) expect(await peer.next()).toEqual({ text: String(n) });
  });

  it('fixes channel parameters by its path, for reading and for writing', async () => {
    const Line = z.object({ room: z.string(), seat: z.int(), text: z.string() });
    const contract = defineContract({
      name: 'rooms',
      operations: { say: mutation({ input: Line, output: Line }) },
      events: { said: event({ channel: 'rooms/{room}/{seat}', payload: Line, writtenBy: 'say' }) },
    });
    const { url } = await serve(createService(contract, { say: (line) => line }));
    const [mine, all] = [await Peer.open(`${url}/rooms/a%20b/7`), await Peer.open(`${url}/rooms/+/+`)];
    mine.send({ text: 'here' });
    all.send({ room: 'z', seat: 1, text: 'there' });
    expect(await mine.next()).toEqual({ room: 'a b', seat: 7, text: 'here' });
    expect([(await all.next()).text, (await all.next()).text]).toEqual(['here', 'there']);
    const client = onEnd(createClient({ contract, transport: webSocket({ url, protocol: 'channel' }) }), (each) => each.close());
    const heard: string[] = [];
    await client.onSaid(({ text }) => void heard.push(text), { params: { room: 'a b' } });
    expect(await client.say({ room: 'a b', seat: 3, text: 'typed' })).toEqual({ room: 'a b', seat: 3, text: 'typed' });
    await vi.waitFor(() => expect(heard).toEqual(['typed']));
  });

  it('is spoken by our client: events, their operation, errors, and nothing else', async () => {
    const { url, service } = await serveBlog();
    const client = onEnd(createClient({ transport: webSocket({ url, protocol: 'channel' }) }), (each) => each.close());
    const heard: unknown[] = [];
    await client.onMessage((line) => void heard.push(line));
    const lines = Array.from({ length: 5 }, (_, n) => ({ sender: 'me', message: String(n) }));
    expect(await Promise.all(lines.map((line) => client.sendMessage(line)))).toEqual(lines);
    expect(heard).toEqual(lines);
    const reading = await client.reportTemperature({ sensorId: 'a', celsius: 20.5 });
    expect(reading).toMatchObject({ sensorId: 'a', celsius: 20.5, measuredAt: expect.any(String) });
    const { call } = webSocket({ url, protocol: 'channel' })(service.contract);
    expect(call).toBeTypeOf('function');
    const other = client as unknown as { getUser(input: object): Promise<unknown> };
    await expect(other.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNIMPLEMENTED', sent: false });
  });

  it('is left by our client with its last reader, and found again', async () => {
    const { url, handler, service } = await serveBlog();
    const client = onEnd(createClient({ transport: webSocket({ url, protocol: 'channel' }) }), (each) => each.close());
    const heard: string[] = [];
    for (const round of ['one', 'two']) {
      const leave = await Promise.all([1, 2].map(() => client.onMessage(({ message }) => void heard.push(message))));
      await client.sendMessage({ sender: 'a', message: round });
      expect(handler.connections).toBe(1);
      await leave[0]?.();
      await client.sendMessage({ sender: 'a', message: round });
      expect(handler.connections).toBe(1);
      await leave[1]?.();
      await vi.waitFor(() => expect(handler.connections).toBe(0));
      await service.publish('message', { sender: 'a', message: 'nobody hears' });
    }
    expect(heard).toEqual(['one', 'one', 'one', 'two', 'two', 'two']);
  });

  it('tells our client of refusals, of the end, and of a gap where it cannot resume', async () => {
    const contract = defineContract({
      name: 'c',
      operations: { say: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }) },
      events: { said: event({ channel: 'said', payload: z.object({ text: z.string() }), writtenBy: 'say' }) },
    });
    const service = createService(contract, {
      say: ({ text }) => {
        if (text === 'no') throw new ApiError('PERMISSION_DENIED', 'not here', { details: { because: 'x' } });
        return { text };
      },
    });
    const { url, port, close } = await serve(service);
    const client = onEnd(
      createClient({ contract, transport: webSocket({ url, protocol: 'channel' }), reconnect: { baseDelayMs: 5, maxDelayMs: 20 } }),
      (each) => each.close(),
    );
    await expect(client.say({ text: 'no' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      text: 'not here',
      details: { because: 'x' },
      remote: true,
    });
    const heard: string[] = [];
    await client.onSaid(({ text }) => void heard.push(text), { onGap: () => heard.push('gap') });
    await client.say({ text: 'one' });
    await close();
    await serve(service, {}, port);
    await vi.waitFor(() => expect(heard).toEqual(['one', 'gap']));
    await client.say({ text: 'two' });
    expect(heard).toEqual(['one', 'gap', 'two']);
  });

  const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path));
  const hasPython = python !== undefined && existsSync('/usr/lib/python3/dist-packages/websockets');
  it.skipIf(!hasPython)('is spoken by Python’s websockets (skipped where python3-websockets is not installed)', async () => {
    const { url } = await serveBlog();
    const other = await Peer.open(`${url}/chat`);
    const program = `
import asyncio, json, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1]) as ws:
        await ws.send(json.dumps({"sender": "python", "message": "grüß Gott"}))
        print(await ws.recv())
        await ws.send("{oops")
        print(json.loads(await ws.recv())["error"]["code"])
asyncio.run(main())
`;
    const { stdout } = await promisify(execFile)(python ?? '', ['-c', program, `${url}/chat`]);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (line.startsWith('{') ? JSON.parse(line) : line)),
    ).toEqual([{ sender: 'python', message: 'grüß Gott' }, 'INVALID_ARGUMENT']);
    expect(await other.next()).toEqual({ sender: 'python', message: 'grüß Gott' });
  });

  it.skipIf(noChromium)(
    `is spoken by a browser’s page, and so is our client there${noChromium ? ` (${noChromium})` : ''}`,
    async () => {
      const page = `<script type="module">
      const open = (url) => new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve(socket);
        socket.onclose = ({ code }) => reject(code);
      });
      const socket = await open(location.href.replace('http', 'ws') + 'chat');
      const next = () => new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
      const say = (message) => (socket.send(JSON.stringify({ sender: 'page', message })), next());
      const heard = await say('Hello from a page');
      await say('heard ' + heard);
      await say('another origin: ' + (await open(location.href.replace('http', 'ws').replace('127.0.0.1', 'localhost') + 'ws').then(() => 'open', (code) => code)));
      const { createClient, webSocket } = await import('/client.js');
      const blog = createClient({ transport: webSocket({ url: location.href, headers: { authorization: 'Bearer page' } }) });
      await say((await blog.getUser({ id: 123 })).username);
    </script>`;
      const { outputFiles } = await build({
        stdin: {
          contents: "export { createClient } from './src/index.js'; export { webSocket } from './src/websocket/client.js';",
          resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
        },
        bundle: true,
        format: 'esm',
        platform: 'browser',
        write: false,
        logLevel: 'error',
      });
      const seen = new Set<string | undefined>();
      const service = onEnd(createBlogService({ context: ({ headers }) => void seen.add(headers['authorization']) }), (each) =>
        each.close(),
      );
      const server = await listen(({ path }) => {
        if (path === '/') return { status: 200, headers: { 'content-type': 'text/html' }, body: page };
        return path === '/client.js'
          ? { status: 200, headers: { 'content-type': 'text/javascript' }, body: outputFiles[0]?.text ?? '' }
          : undefined;
      });
      const handler = webSocketHandler(service);
      handler.attach(server.server);
      onEnd(server, async () => void (await Promise.all([handler.close(100), server.close(100)])));
      const other = await Peer.open(`${server.url.replace('http', 'ws')}/chat`);
      onEnd(await openPage(`${server.url}/`), (each) => each.close());
      const lines = [await other.next(), await other.next(), await other.next(), await other.next()].map(({ message }) => message);
      expect(lines).toEqual([
        'Hello from a page',
        'heard {"sender":"page","message":"Hello from a page"}',
        'another origin: 1006',
        'john_doe',
      ]);
      expect(seen).toContain('Bearer page');
    },
    60_000,
  );

  const wscat = fileURLToPath(new URL('../../node_modules/wscat/bin/wscat', import.meta.url));
  it.skipIf(!existsSync(wscat))('is spoken by wscat (skipped where it is not installed)', async () => {
    const { url } = await serveBlog();
    const { stdout } = await promisify(execFile)(process.execPath, [
      wscat,
      '-c',
      `${url}/chat`,
      '-x',
      '{"sender":"wscat","message":"hi"}',
      '-w',
      '1',
    ]);
    expect(stdout).toContain('{"sender":"wscat","message":"hi"}');
  });
});

describe('the client', () => {
  it('rejects with UNAVAILABLE, not sent, where nobody listens', async () => {
    const states: WebSocketState[] = [];
    const client = onEnd(
      createClient({ transport: webSocket({ url: 'ws://127.0.0.1:1', onState: (state) => states.push(state) }) }),
      (each) => each.close(),
    );
    const error: unknown = await client.getUser({ id: 123 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', sent: false });
    expect((error as Error).message).toContain('ECONNREFUSED');
    expect(states).toEqual(['connecting', 'closed']);
  });

  it('makes one connection at its first use, for all calls and subscriptions', async () => {
    const { url, handler } = await serveBlog();
    const states: WebSocketState[] = [];
    const client = onEnd(createClient({ transport: webSocket({ url, onState: (state) => states.push(state) }) }), (each) => each.close());
    expect(handler.connections).toBe(0);
    await Promise.all([client.getUser({ id: 123 }), client.getPost({ id: 1 }), client.onMessage(() => {}), client.onTemperature(() => {})]);
    expect(handler.connections).toBe(1);
    await client.close();
    await vi.waitFor(() => expect(handler.connections).toBe(0));
    expect(states).toEqual(['connecting', 'open', 'closed']);
  });

  it.each([
    ['not a url', /is not a URL/],
    ['ftp://x', /must begin with/],
    ['ws://a:b@x', /put credentials/],
    ['ws://x/#y', /fragment/],
  ])('refuses the url %s', (url, message) => {
    expect(() => webSocket({ url })).toThrow(message);
  });

  it('says what an upgrade was refused with', async () => {
    const { url } = await serveBlog();
    const client = (path: string) => onEnd(createClient({ transport: webSocket({ url: url + path }) }), (each) => each.close());
    await expect(client('/nowhere').getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNIMPLEMENTED', sent: false });
    const plain = createServer((_, response) => response.writeHead(503).end('<html>'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onEnd(plain, (each) => (each.closeAllConnections(), each.close()));
    const down = onEnd(createClient({ transport: webSocket({ url: `ws://127.0.0.1:${(plain.address() as AddressInfo).port}` }) }), (each) =>
      each.close(),
    );
    await expect(down.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
    const full = await serveBlog({ maxConnectionsPerAddress: 0 });
    const late = onEnd(createClient({ transport: webSocket({ url: full.url }) }), (each) => each.close());
    await expect(late.getUser({ id: 123 })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfterMs: 5000, sent: false });
  });

  it('may be closed by who hears that it connects', async () => {
    const { url, handler } = await serveBlog();
    let isConnecting = false;
    const onState = (state: string) => {
      if (state !== 'connecting') return;
      isConnecting = true;
      void transport.close();
    };
    const transport: Transport = webSocket({ url, onState })(blogContract);
    const headers = {};
    const operation = blogContract.operations.getUser;
    const call = transport.call({ operation, input: { id: 123 }, headers, signal: new AbortController().signal });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(isConnecting).toBe(true);
    expect(handler.connections).toBe(0);
  });

  it('refuses a message over the limit, and fails calls in flight when the connection is lost', async () => {
    const { url, service, handler } = await serveBlog();
    const client = onEnd(createClient({ transport: webSocket({ url }) }), (each) => each.close());
    await expect(client.createPost({ authorId: 123, title: 'x', content: 'ä'.repeat(600_000) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      sent: false,
    });
    void service;
    const contract = defineContract({ name: 'slow', operations: { wait: query({}) } });
    const slow = await serve(createService(contract, { wait: () => new Promise<never>(() => {}) }, { graceMs: 1 }));
    const waiting = onEnd(createClient({ contract, transport: webSocket({ url: slow.url }) }), (each) => each.close());
    const call = waiting.wait();
    const failed = expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: true });
    await vi.waitFor(() => expect(slow.handler.connections).toBe(1));
    await slow.close(10);
    await failed;
    expect(handler.connections).toBe(1);
  });

  it('asks for headers at each call, sends what differs, and takes back what is gone', async () => {
    const contract = defineContract({ name: 'who', operations: { who: query({ output: z.record(z.string(), z.string()) }) } });
    const { url } = await serve(
      createService(contract, {
        who: (_, { headers }) => ({ auth: headers['authorization'] ?? 'none', tenant: headers['tenant'] ?? 'none' }),
      }),
    );
    const platform = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
    for (const WebSocketClass of [undefined, BrowserLike, platform]) {
      const records: WireRecord[] = [];
      let headers: Record<string, string> = { authorization: 'Bearer SECRET-1', tenant: 'a' };
      const transport = webSocket({
        url,
        headers: () => headers,
        onWire: (record) => records.push(record),
        ...(WebSocketClass && { WebSocket: WebSocketClass }),
      });
      const client = onEnd(createClient({ contract, transport }), (each) => each.close());
      expect(await client.who()).toEqual({ auth: 'Bearer SECRET-1', tenant: 'a' });
      headers = { authorization: 'Bearer SECRET-2', tenant: 'a' };
      expect(await client.who()).toEqual({ auth: 'Bearer SECRET-2', tenant: 'a' });
      headers = {};
      expect(await client.who()).toEqual({ auth: 'none', tenant: 'none' });
      expect(await client.who(undefined, { headers: { authorization: 'Bearer SECRET-3' } })).toMatchObject({ auth: 'Bearer SECRET-3' });
      const out = JSON.stringify(records.filter(({ direction }) => direction === 'out'));
      expect(out).not.toContain('SECRET');
      for (const { body, direction } of records)
        if (direction === 'out' && body !== undefined) expect(() => JSON.parse(body)).not.toThrow();
      expect(out).toContain('[redacted]');
      await client.close();
    }
  });

  it('finds out within two intervals that a proxy has stopped forwarding, and comes back', async () => {
    const { url, service, port } = await serveBlog();
    void url;
    const proxy = await stallingProxy(port);
    const client = onEnd(
      createClient({ transport: webSocket({ url: proxy.url, pingIntervalMs: 100 }), reconnect: { baseDelayMs: 5, maxDelayMs: 20 } }),
      (each) => each.close(),
    );
    const heard: string[] = [];
    await client.onMessage(({ message }) => void heard.push(message), { onGap: () => heard.push('gap') });
    await service.publish('message', { sender: 'a', message: 'one' });
    await vi.waitFor(() => expect(heard).toEqual(['one']));
    proxy.stall();
    await service.publish('message', { sender: 'a', message: 'two' });
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']), 5000);
  });

  it('loses no event of 100 subscriptions while the server is killed and comes back', async () => {
    const service = onEnd(createBlogService(), (each) => each.close());
    let running = await serve(service);
    const { port, url } = running;
    const clients = Array.from({ length: 10 }, () =>
      onEnd(createClient({ transport: webSocket({ url }), reconnect: { baseDelayMs: 5, maxDelayMs: 50 } }), (each) => each.close()),
    );
    const heard: (string | number)[][] = [];
    for (const client of clients) {
      for (let n = 0; n < 10; n++) {
        const mine: (string | number)[] = [];
        heard.push(mine);
        await client.onMessage(({ message }) => void mine.push(Number(message)), { onGap: () => mine.push('gap') });
      }
    }
    let published = 0;
    const publish = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await service.publish('message', { sender: 'a', message: String(published++) });
        if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    for (let round = 0; round < 3; round++) {
      await publish(50);
      const killed = running.close(round === 1 ? 1000 : 0);
      await publish(50);
      await killed;
      await publish(20);
      running = await serve(service, {}, port);
      await publish(50);
    }
    const expected = Array.from({ length: published }, (_, n) => n);
    await vi.waitFor(() => expect(heard.every((each) => each.length >= expected.length)).toBe(true), 10_000);
    for (const each of heard) expect(each).toEqual(expected);
  }, 30_000);

  it('tells of a gap where the server that comes back has forgotten', async () => {
    const start = async (port: string) => {
      const child = spawn(process.execPath, [
        '--import',
        'tsx',
        'src/cli/main.ts',
        'serve',
        '--port',
        port,
        '--json',
        '--grpc-port',
        '0',
        '--mqtt-port',
        '0',
      ]);
      onEnd(child, (each) => each.kill('SIGKILL'));
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      return { child, url: (JSON.parse(line) as { http: string }).http };
    };
    const first = await start('0');
    const connect = () =>
      onEnd(createClient({ transport: webSocket({ url: first.url }), reconnect: { baseDelayMs: 5, maxDelayMs: 100 } }), (each) =>
        each.close(),
      );
    const [reader, writer] = [connect(), connect()];
    const heard: string[] = [];
    await reader.onMessage(({ message }) => void heard.push(message), { onGap: () => heard.push('gap') });
    for (const message of ['1', '2', '3']) await writer.sendMessage({ sender: 'a', message });
    await vi.waitFor(() => expect(heard).toHaveLength(3));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await expect(writer.sendMessage({ sender: 'a', message: 'lost' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await start(new URL(first.url).port);
    await vi.waitFor(() => expect(heard).toEqual(['1', '2', '3', 'gap']), 10_000);
    await writer.sendMessage({ sender: 'a', message: '4' });
    await vi.waitFor(() => expect(heard).toEqual(['1', '2', '3', 'gap', '4']));
  }, 60_000);

  it('takes an error whose code names a member of every object for what it is: unknown', async () => {
    const server = onEnd(new WebSocketServer({ port: 0, host: '127.0.0.1' }), (each) => each.close());
    server.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => {
        const { id } = JSON.parse(data.toString()) as { id: unknown };
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: 'toString', message: 'odd' } }));
      }),
    );
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const blog = onEnd(createClient({ transport: webSocket({ url }) }), (each) => each.close());
    await expect(blog.getUser({ id: 1 })).rejects.toMatchObject({ code: 'UNKNOWN', text: 'odd' });
  });

  it('takes events of a server that gives them no ids', async () => {
    const server = onEnd(new WebSocketServer({ port: 0, host: '127.0.0.1' }), (each) => each.close());
    server.on('connection', (ws) => {
      ws.on('message', (data: Buffer) => {
        const { id, method } = JSON.parse(data.toString()) as { id: number; method: string };
        if (method !== 'subscribe') return;
        ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: { subscription: 'abc' } }));
        for (const message of ['1', '2'])
          ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'event', params: { subscription: 'abc', data: { sender: 'a', message } } }));
        ws.send('what is this?');
        ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'end', params: { subscription: 'abc' } }));
      });
    });
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/any/path`;
    const client = onEnd(createClient({ transport: webSocket({ url }) }), (each) => each.close());
    const heard: string[] = [];
    for await (const { message } of client.onMessage()) heard.push(message);
    expect(heard).toEqual(['1', '2']);
  });

  it('survives what is no WebSocket at all', async () => {
    const { url, port, handler } = await serveBlog();
    for (let n = 0; n < 50; n++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      const head =
        'GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
      socket.write(head);
      socket.write(Buffer.from(Array.from({ length: 64 }, (_, index) => (n * 131 + index * 37) & 0xff)));
      if (n % 2 === 0) socket.destroy();
      else onEnd(socket, (each) => each.destroy());
    }
    const peer = await Peer.open(`${url}/ws`);
    expect(await peer.ask(rpc(1, 'ping'))).toMatchObject({ result: null });
    expect(handler.connections).toBeGreaterThan(0);
  });

  it('leaves nothing behind', async () => {
    const { url, handler } = await serveBlog();
    const client = createClient({ transport: webSocket({ url }) });
    const controller = new AbortController();
    const started = client.onMessage(() => {}, { signal: controller.signal });
    controller.abort();
    await started.catch((error: unknown) => expect(isApiError(error)).toBe(true));
    await client.close();
    await expect(client.getUser({ id: 123 })).rejects.toMatchObject({ code: 'CANCELLED' });
    await vi.waitFor(() => expect(handler.connections).toBe(0));
  });
});

/** As in a browser: events and `send`, no headers, no pings, no `terminate`. */
class BrowserLike extends EventTarget {
  readonly #ws: WebSocket;

  constructor(url: string, protocols?: string | string[]) {
    super();
    this.#ws = new WebSocket(url, protocols);
    this.#ws.on('open', () => this.dispatchEvent(new Event('open')));
    this.#ws.on('error', () => this.dispatchEvent(new Event('error')));
    this.#ws.on('message', (data: Buffer) => this.dispatchEvent(new MessageEvent('message', { data: data.toString() })));
    this.#ws.on('close', (code, reason) => this.dispatchEvent(Object.assign(new Event('close'), { code, reason: reason.toString() })));
  }

  get readyState(): number {
    return this.#ws.readyState;
  }
  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }
  send(data: string): void {
    this.#ws.send(data);
  }
  close(code?: number, reason?: string): void {
    this.#ws.close(code, reason);
  }
}

/** Forwards bytes until it is told to keep what it gets, on the connections that it has by then. */
async function stallingProxy(port: number) {
  const sockets = new Set<TcpSocket>();
  const server = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(server, (each) => {
    each.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall: () => {
      for (const socket of sockets) socket.removeAllListeners('data').on('data', () => {});
    },
  };
}
