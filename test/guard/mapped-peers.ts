/** Peers of every protocol whose events a mapping reads: each sends the given frames to the one who subscribes. */
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import mqttjs from 'mqtt';
import { afterAll } from 'vitest';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { defineContract, event } from '../../src/core/define.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import type { ReadContext } from '../../src/guard/mapped-sink.ts';
import { listen } from '../../src/http/node/listen.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { webhook } from '../../src/webhook/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

export const contract = defineContract({
  name: 'foreign',
  operations: {},
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.number() }) }) },
});

/** What a peer sends, and what the mapping makes of it. */
export interface Told {
  readonly frames: readonly object[];
  readonly read: (frame: unknown, context: ReadContext) => unknown;
  readonly onError: (error: unknown) => void;
}

/** An adapter, and how its peer is made to send if it does not by itself. */
interface Opened {
  readonly adapter: Adapter<'subscribe'>;
  readonly start?: () => unknown;
}

export const endings: (() => unknown)[] = [];
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
const sse = (texts: readonly string[]) =>
  listening(
    createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const text of texts) response.write(text);
    }),
  );

async function socket(texts: readonly string[]): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false });
  await once(server, 'listening');
  server.on('connection', (peer) => {
    endings.push(() => peer.terminate());
    for (const text of texts) peer.send(text);
  });
  endings.push(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (frame: unknown) => JSON.stringify(frame);

/** The last argument is the context in every protocol. */
const hook =
  ({ read }: Told) =>
  (frame: unknown, ...rest: unknown[]) =>
    read(frame, rest.at(-1) as ReadContext);

export const PEERS: Readonly<Record<string, (told: Told) => Promise<Opened>>> = {
  rest: async (told) => {
    const port = await sse(told.frames.map((frame, at) => `id: ${at}\ndata: ${json(frame)}\n\n`));
    return { adapter: rest({ url: `http://127.0.0.1:${port}`, events: { tick: { read: hook(told) } }, onError: told.onError }) };
  },
  'JSON-RPC': async (told) => {
    const url = await socket(told.frames.map((params) => json({ jsonrpc: '2.0', method: 'tick', params })));
    return { adapter: webSocket({ url, events: { tick: { notification: 'tick', read: hook(told) } }, onError: told.onError }) };
  },
  'a plain feed': async (told) => {
    const url = await socket(told.frames.map(json));
    const events = { tick: { path: '', read: hook(told) } };
    return { adapter: webSocket({ url, protocol: 'channel', events, onError: told.onError }) };
  },
  graphql: async (told) => {
    const port = await sse(told.frames.map((tick) => `event: next\ndata: ${json({ data: { tick } })}\n\n`));
    const events = { tick: { document: 'subscription { tick { kind } }', read: hook(told) } };
    return { adapter: graphql({ url: `http://127.0.0.1:${port}`, subscriptions: 'sse', events, onError: told.onError }) };
  },
  'graphql over WebSocket': async (told) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' });
    await once(server, 'listening');
    server.on('connection', (peer) => {
      endings.push(() => peer.terminate());
      peer.on('message', (text: Buffer) => {
        const { type, id } = JSON.parse(text.toString()) as { type: string; id?: string };
        if (type === 'connection_init') peer.send(json({ type: 'connection_ack' }));
        if (type !== 'subscribe') return;
        for (const tick of told.frames) peer.send(json({ type: 'next', id, payload: { data: { tick } } }));
      });
    });
    endings.push(() => server.close());
    const events = { tick: { document: 'subscription { tick { kind } }', read: hook(told) } };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { adapter: graphql({ url, subscriptions: 'ws', events, onError: told.onError }) };
  },
  grpc: async (told) => {
    const bytes = (value: unknown) => Buffer.from(json(value));
    const shape = { requestStream: false, requestSerialize: bytes, requestDeserialize: () => ({}), responseSerialize: bytes, responseDeserialize: (each: Buffer) => JSON.parse(each.toString()) as object }; // prettier-ignore
    const definition = { Ticks: { path: '/feed.Feed/Ticks', responseStream: true, ...shape } };
    const server = new Server();
    server.addService(definition, {
      Ticks: (call: ServerWritableStream<object, object>) => told.frames.forEach((frame) => call.write(frame)),
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    endings.push(() => server.forceShutdown());
    const events = { tick: { method: 'feed.Feed/Ticks', input: () => ({}), read: hook(told) } };
    return { adapter: grpc({ url: `127.0.0.1:${port}`, definition, events, onError: told.onError }) };
  },
  mqtt: async (told) => {
    const broker = await mqttBroker({ port: 0, open: true });
    endings.push(() => broker.close());
    const device = await mqttjs.connectAsync(broker.url, { reconnectPeriod: 0 });
    endings.push(() => device.endAsync(true));
    const start = async () => {
      for (const frame of told.frames) await device.publishAsync('ticks', json(frame), { qos: 1 });
    };
    const events = {
      tick: { topic: 'ticks', read: (message: { json: unknown }, context: ReadContext) => told.read(message.json, context) },
    };
    return { adapter: mqtt({ url: broker.url, events, onError: told.onError }), start };
  },
};

/** Its `read` refuses a webhook by throwing, so not all that holds for the others holds for it. */
export async function webhookPeer(told: Told): Promise<Opened> {
  const scheme = { signature: 'x-token', hash: 'token', type: () => 'tick' } as const;
  const hooks = webhook({ secret: 's', scheme, events: { tick: { type: 'tick', read: hook(told) } }, onError: told.onError });
  const server = await listen(hooks.handler);
  endings.push(() => server.close());
  const start = async () => {
    for (const frame of told.frames)
      await fetch(`${server.url}/webhook/callback`, { method: 'POST', body: json(frame), headers: { 'x-token': 's', 'content-type': 'application/json' } }); // prettier-ignore
  };
  return { adapter: hooks, start };
}
