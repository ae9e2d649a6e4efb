import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, event, query, type Adapter } from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { soap } from '../../src/soap/client.ts';
import { webhook } from '../../src/webhook/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

const contract = defineContract({
  name: 'shop',
  operations: { get: query({ input: z.object({ id: z.int32() }), output: z.object({ id: z.int32() }), http: 'GET /things/{id}' }) },
  events: { changed: event({ channel: 'changes', payload: z.object({ id: z.int32() }) }) },
});
const PROTO = 'syntax = "proto3"; package a; service S { rpc Get(M) returns (M); } message M { int32 id = 1; }';

/** What a description that is loaded later decides: mistakes are told by the first call. */
const LATER = ['graphql operations', 'graphql events', 'soap operations', 'grpc operations'];

/** Each with one member that no mapping has: programs in JavaScript are told by nobody else. */
const WRONG: Readonly<Record<string, readonly [near: string, make: (url: string) => Adapter<never>]>> = {
  'rest operations': ['output', (url) => rest({ url, operations: { get: { outptu: 'data' } as never } })],
  'rest events': ['types', (url) => rest({ url, operations: { get: {} }, events: { changed: { type: 'x' } as never } })],
  'rest defaults': ['lists', (url) => rest({ url, operations: { get: {} }, defaults: { list: 'comma' } as never })],
  'graphql operations': ['result', (url) => graphql({ url, operations: { get: { document: '{ a }', reslt: 'a' } as never } })],
  'graphql events': ['read', (url) => graphql({ url, events: { changed: { document: 'subscription { a }', reads: 1 } as never } })],
  'soap operations': ['output', (url) => soap({ wsdl: `${url}/x`, operations: { get: { outputs: 'a' } as never } })],
  'grpc operations': [
    'output',
    (url) => grpc({ url, descriptors: PROTO, operations: { get: { method: 'a.S/Get', outputs: 1 } as never } }),
  ],
  'mqtt events': ['topic', () => mqtt({ url: 'mqtt://127.0.0.1:1', events: { changed: { topik: 'a' } as never } })],
  'mqtt operations': ['retain', () => mqtt({ url: 'mqtt://127.0.0.1:1', operations: { get: { topic: 'a', retained: true } as never } })],
  'webSocket operations': ['method', (url) => webSocket({ url, operations: { get: { methods: 'a' } as never } })],
  'webSocket events': [
    'notification',
    (url) => webSocket({ url, operations: { get: {} }, events: { changed: { notifications: 'a' } as never } }),
  ],
  'plain webSocket': ['open', (url) => webSocket({ url, protocol: 'channel', events: { changed: { opens: () => 1 } as never } })],
};

describe('mappings of foreign services', () => {
  const server = createServer((_, response) => response.end('{}'));
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(Object.entries(WRONG))('%s name a member that cannot be, and the nearest', async (_, [near, make]) => {
    const use = async () => {
      const client = createClient({ contract, transport: make(url) as Adapter<'call' | 'subscribe'>, timeoutMs: 2000 });
      try {
        await client.get({ id: 1 });
      } finally {
        await client.close();
      }
    };
    await expect(use()).rejects.toThrow(new RegExp(`unknown option '\\w+', do you mean '${near}'`));
  });

  it.each(Object.entries(WRONG).filter(([name]) => !LATER.includes(name)))('%s do so when the client is made', (_, [, make]) => {
    expect(() => createClient({ contract, transport: make(url) as Adapter<'call' | 'subscribe'> })).toThrow('unknown option');
  });

  it('webhook events do so too', () => {
    const transport = webhook({ secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', events: { changed: { types: 'x' } as never } });
    expect(() => createClient({ contract, transport })).toThrow(/webhook: events\.changed: unknown option 'types', do you mean 'type'/);
  });
});
