/** One rule on every protocol for an event that a mapping reads: what does not fit is reported and ends nothing, and a list is several events. */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import mqttjs from 'mqtt';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { defineContract, event } from '../../src/core/define.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { createClient } from '../../src/index.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'foreign',
  operations: {},
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.number() }) }) },
});

/** What the peers send, and what the mapping makes of it. */
const KINDS = ['throw', 'odd', 'other', 'list', 'one'] as const;
const SECRET = 'a path of this machine';
const made: Readonly<Record<string, unknown>> = { odd: { n: 'x' }, list: [{ n: 1 }, { n: 'y' }, { n: 2 }], one: { n: 3 } };
function read(message: unknown): unknown {
  const { kind } = message as { kind: string };
  if (kind === 'throw') throw new Error(SECRET);
  return made[kind];
}

type OnError = (error: unknown) => void;
const endings: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of endings) await end();
});

async function listening(server: HttpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => (server.closeAllConnections(), server.close()));
  return (server.address() as AddressInfo).port;
}

/** Server-sent events that stay open. */
const sse = (frameOf: (kind: string) => string) =>
  listening(
    createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const kind of KINDS) response.write(frameOf(kind));
    }),
  );

const frame = (kind: string) => JSON.stringify({ kind });

async function socket(textOf: (kind: string) => string): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false });
  await once(server, 'listening');
  server.on('connection', (peer) => {
    endings.push(() => peer.terminate());
    for (const kind of KINDS) peer.send(textOf(kind));
  });
  endings.push(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function grpcPeer(onError: OnError): Promise<Adapter<'subscribe'>> {
  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
  const shape = { requestStream: false, requestSerialize: bytes, requestDeserialize: () => ({}), responseSerialize: bytes, responseDeserialize: (each: Buffer) => JSON.parse(each.toString()) as object }; // prettier-ignore
  const definition = { Ticks: { path: '/feed.Feed/Ticks', responseStream: true, ...shape } };
  const server = new Server();
  server.addService(definition, {
    Ticks: (call: ServerWritableStream<object, object>) => KINDS.forEach((kind) => call.write({ kind })),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  endings.push(() => server.forceShutdown());
  const events = { tick: { method: 'feed.Feed/Ticks', input: () => ({}), read } };
  return grpc({ url: `127.0.0.1:${port}`, definition: definition, events, onError });
}

async function mqttPeer(onError: OnError): Promise<Adapter<'subscribe'>> {
  const broker = await mqttBroker({ port: 0, open: true });
  endings.push(() => broker.close());
  const device = await mqttjs.connectAsync(broker.url, { reconnectPeriod: 0 });
  endings.push(() => device.endAsync(true));
  device.on('message', (topic) => topic === 'ready' && KINDS.forEach((kind) => device.publish('ticks', frame(kind), { qos: 1 })));
  await device.subscribeAsync('ready');
  starts.set('mqtt', () => device.publish('ready', ''));
  return mqtt({ url: broker.url, events: { tick: { topic: 'ticks', read: (message) => read(message.json) } }, onError });
}

/** Of peers that send nothing by themselves. */
const starts = new Map<string, () => unknown>();

const adapters: Readonly<Record<string, (onError: OnError) => Promise<Adapter<'subscribe'>>>> = {
  rest: async (onError) => {
    const port = await sse((kind) => `id: ${kind}\ndata: ${frame(kind)}\n\n`);
    return rest({ url: `http://127.0.0.1:${port}`, events: { tick: { read } }, onError });
  },
  'JSON-RPC': async (onError) => {
    const url = await socket((kind) => JSON.stringify({ jsonrpc: '2.0', method: 'tick', params: { kind } }));
    return webSocket({ url, events: { tick: { notification: 'tick', read } }, onError });
  },
  'a plain feed': async (onError) =>
    webSocket({ url: await socket(frame), protocol: 'channel', events: { tick: { path: '', read } }, onError }),
  graphql: async (onError) => {
    const port = await sse((kind) => `event: next\ndata: ${JSON.stringify({ data: { tick: { kind } } })}\n\n`);
    const events = { tick: { document: 'subscription { tick { kind } }', read } };
    return graphql({ url: `http://127.0.0.1:${port}`, subscriptions: 'sse', events, onError });
  },
  'graphql over WebSocket': async (onError) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' });
    await once(server, 'listening');
    server.on('connection', (peer) => {
      endings.push(() => peer.terminate());
      peer.on('message', (text: Buffer) => {
        const { type, id } = JSON.parse(text.toString()) as { type: string; id?: string };
        if (type === 'connection_init') peer.send(JSON.stringify({ type: 'connection_ack' }));
        if (type !== 'subscribe') return;
        for (const kind of KINDS) peer.send(JSON.stringify({ type: 'next', id, payload: { data: { tick: { kind } } } }));
      });
    });
    endings.push(() => server.close());
    const events = { tick: { document: 'subscription { tick { kind } }', read } };
    return graphql({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, subscriptions: 'ws', events, onError });
  },
  grpc: grpcPeer,
  mqtt: mqttPeer,
};

describe('an event that a mapping reads', () => {
  it.each(Object.entries(adapters))('%s: ends for nothing that does not fit', async (name, open) => {
    const reported: unknown[] = [];
    const client = createClient({ contract, transport: await open((error) => void reported.push(error)) });
    endings.unshift(() => client.close());
    const heard: number[] = [];
    const onError = (error: unknown) => expect.unreachable(String(error));
    await client.onTick(({ n }) => void heard.push(n), { onError });
    starts.get(name)?.();
    await until(() => heard.length >= 3 && reported.length >= 3, () => `it heard ${heard.join()}, and ${reported.join()}`); // prettier-ignore
    expect(heard).toEqual([1, 2, 3]);
    expect(reported).toHaveLength(3);
    const { message, cause } = reported[0] as Error;
    expect(`${message} ${String(cause)}`).toContain(SECRET);
    for (const error of reported) expect(error).toMatchObject({ code: expect.stringMatching(/DATA_LOSS|INVALID_ARGUMENT/) as string });
  });
});
