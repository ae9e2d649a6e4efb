import { on, once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { ApiError } from '../../src/core/errors.ts';
import { createService } from '../../src/service/service.ts';
import type { Transport } from '../../src/core/transport.ts';
import { Peer, onEnd, refusal, rpc, serve, serveBlog } from './support.ts';

describe('a JSON-RPC connection', () => {
  it('refuses a message over the limit by its id, and goes on', async () => {
    const { url } = await serveBlog({ maxMessageBytes: 1000 });
    const peer = await Peer.open(`${url}/ws`);
    const padding = 'é'.repeat(600);
    const refused = { code: -32602, message: 'a message holds 1000 bytes at most', data: { code: 'INVALID_ARGUMENT' } };
    expect(await peer.ask(rpc('a', 'getUser', { id: 123, padding }))).toEqual({ jsonrpc: '2.0', id: 'a', error: refused });
    expect(await peer.ask(rpc(1, 'subscribe', { event: 'message', padding }, { headers: { 'x-request-id': 'r' } }))).toMatchObject({
      id: 1,
      error: { data: { requestId: 'r' } },
    });
    expect(await peer.ask([rpc(2, 'getUser', { id: 123 }), rpc(undefined, 'getUser'), rpc(3, 'ping', { padding })])).toEqual([
      { jsonrpc: '2.0', id: 2, error: refused },
      { jsonrpc: '2.0', id: 3, error: refused },
    ]);
    expect(await peer.ask(`{${' '.repeat(2000)}`)).toMatchObject({ id: null });
    peer.send(rpc(undefined, 'getUser', { padding }));
    expect(await peer.ask(rpc(4, 'ping'))).toMatchObject({ id: 4, result: null });
  });

  it('closes a connection whose message is eight times over the limit with 1009, and no other', async () => {
    const { url } = await serveBlog({ maxMessageBytes: 1000 });
    const [peer, other] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/ws`)];
    peer.send(rpc(1, 'getUser', { id: 123, padding: 'x'.repeat(8000) }));
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
    expect(await peer.ask(rpc(3, 'wait', undefined, { headers: { 'x-request-id': 'mine' } }))).toMatchObject({
      id: 3,
      error: { data: { code: 'RESOURCE_EXHAUSTED', requestId: 'mine' } },
    });
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
    // Another process may take its place, so that clients should come back.
    expect((await refusal(`${url}/ws`)).status).toBe(503);
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
