import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer, type WebSocket as Peer } from 'ws';
import * as z from 'zod/mini';
import { defineContract, event, query } from '../../src/core/define.ts';
import { createClient } from '../../src/index.ts';
import { createService } from '../../src/service/service.ts';
import { webSocket, type WebSocketConstructor } from '../../src/websocket/client.ts';
import { until } from '../support/until.ts';
import { onEnd, serve } from './support.ts';

const contract = defineContract({
  name: 'texts',
  operations: { text: query({ input: z.object({ size: z.int() }), output: z.string() }) },
  events: {
    note: event({ channel: 'notes', payload: z.object({ n: z.int32(), text: z.string() }) }),
    other: event({ channel: 'others', payload: z.object({ n: z.int32() }) }),
  },
});

/** A class without the members of `ws`, as browsers have it. */
const Platform = (globalThis as { WebSocket?: unknown }).WebSocket as WebSocketConstructor | undefined;
const MAKES: Readonly<Record<string, { readonly WebSocket?: WebSocketConstructor }>> = {
  'the sockets of ws': {},
  ...(Platform && { 'the platform’s sockets': { WebSocket: Platform } }),
};

describe.each(Object.entries(MAKES))('a message over the client’s limit, with %s', (_, make) => {
  async function open() {
    const service = onEnd(createService(contract, { text: ({ size }) => 'x'.repeat(size) }), (each) => each.close());
    let subscribed = 0;
    const counting = {
      contract,
      name: 'counting',
      call: service.call.bind(service),
      subscribe: ((...request) => (subscribed++, service.subscribe(...request))) as typeof service.subscribe,
      close: () => service.close(),
    };
    const { url } = await serve(counting, { maxBufferedBytes: 1e8 });
    const transport = webSocket({ url, maxMessageBytes: 10_000, ...make });
    const client = onEnd(createClient({ contract, transport, reconnect: { baseDelayMs: 1, maxDelayMs: 2 } }), (each) => each.close());
    return { service, client, subscriptions: () => subscribed };
  }

  it('fails the call that it answers, and no other', async () => {
    const { client } = await open();
    const [large, small] = await Promise.allSettled([client.text({ size: 20_000 }), client.text({ size: 9_000 })]);
    expect(large).toMatchObject({ reason: { code: 'DATA_LOSS', remote: false } });
    expect(small).toMatchObject({ value: 'x'.repeat(9_000) });
  });

  it.each([
    ['over the soft limit', 20_000, true],
    ['over the hard limit', 200_000, false],
  ])('ends the subscription for good: %s', async (_title, size, othersGoOn) => {
    const { service, client, subscriptions } = await open();
    const ends: string[] = [];
    const heard: number[] = [];
    await client.onNote(() => {}, { onError: (error) => void ends.push((error as { code?: string }).code ?? '') });
    await client.onOther(({ n }) => void heard.push(n), { onError: () => {} });
    await service.publish('note', { n: 1, text: 'x'.repeat(size) });
    await until(() => ends.length > 0, 'the subscription ended');
    expect(ends).toEqual(['DATA_LOSS']);
    if (othersGoOn) {
      await service.publish('other', { n: 7 });
      await until(() => heard.length > 0, 'the other event was heard');
    }
    expect(subscriptions()).toBe(2);
    await expect(client.text({ size: 1 })).resolves.toBe('x');
  });
});

describe('a message that is over the peer’s limit', () => {
  it('is refused as INVALID_ARGUMENT, also if the peer ends the connection for it', async () => {
    const service = onEnd(createService(contract, { text: ({ size }) => 'x'.repeat(size) }), (each) => each.close());
    const { url } = await serve(service, { maxMessageBytes: 100 });
    const client = onEnd(createClient({ contract, transport: webSocket({ url }) }), (each) => each.close());
    const padded = (size: number) => client.text({ size: 1 }, { headers: { padding: 'x'.repeat(size) } });
    await expect(padded(200)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', remote: true });
    await expect(padded(2000)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', remote: true });
  });
});

describe('headers of the adapter that change', () => {
  it('reach each call, also those that belong to one call alone', async () => {
    const seen: string[][] = [];
    const server = onEnd(new WebSocketServer({ port: 0, host: '127.0.0.1' }), (each) => each.close());
    await once(server, 'listening');
    server.on('connection', (peer: Peer) => {
      peer.on('message', (data: Buffer) => {
        const { id, headers = {} } = JSON.parse(data.toString()) as { id: number; headers?: Record<string, string> };
        seen.push([headers['idempotency-key'] ?? '', headers['x-request-id'] ?? '']);
        peer.send(JSON.stringify({ jsonrpc: '2.0', id, result: 'x' }));
      });
      onEnd(peer, (each) => each.terminate());
    });
    const { port } = server.address() as { port: number };
    let calls = 0;
    const headers = () => ({ 'idempotency-key': 'k', 'x-request-id': `r${++calls}` });
    const transport = webSocket({ url: `ws://127.0.0.1:${port}/ws`, headers });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    for (let n = 0; n < 3; n++) await client.text({ size: 1 });
    expect(seen).toEqual([
      ['k', 'r1'],
      ['k', 'r2'],
      ['k', 'r3'],
    ]);
  });
});

describe('intervals', () => {
  it('of Infinity ask for no sign of life, and 0 is refused', async () => {
    const service = onEnd(createService(contract, { text: () => '' }), (each) => each.close());
    const { url } = await serve(service, { pingIntervalMs: Infinity });
    const client = onEnd(createClient({ contract, transport: webSocket({ url, pingIntervalMs: Infinity }) }), (each) => each.close());
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    await client.text({ size: 1 });
    expect(timers()).toBeLessThanOrEqual(before + 1);
    for (const pingIntervalMs of [0, -1, NaN]) await expect(serve(service, { pingIntervalMs })).rejects.toThrow(TypeError);
  });
});

describe('the id of a message', () => {
  it('may be as long as a reasonable one, because it is held and repeated', async () => {
    const service = onEnd(createService(contract, { text: () => 'here' }), (each) => each.close());
    const { url } = await serve(service);
    const socket = onEnd(new WebSocket(`${url.replace('http', 'ws')}/ws`, 'jsonrpc-2.0'), (each) => each.terminate());
    await once(socket, 'open');
    const ask = async (id: string) => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'text', params: { size: 1 } }));
      const [data] = (await once(socket, 'message')) as [Buffer];
      return JSON.parse(data.toString()) as unknown;
    };
    expect(await ask('x'.repeat(1024))).toMatchObject({ id: 'x'.repeat(1024), result: 'here' });
    expect(await ask('x'.repeat(1025))).toMatchObject({ id: null, error: { code: -32600 } });
  });
});
