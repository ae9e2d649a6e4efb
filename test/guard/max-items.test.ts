/** How many items one message may have: the same option on every server, counted before the message becomes values. */
import { on, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { createClient, createService, defineContract, mutation, type Adapter } from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { grpc } from '../../src/grpc/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { listen } from '../../src/http/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { mcpHandler } from '../../src/mcp/server.ts';
import { serveMcpStdio } from '../../src/mcp/stdio/server.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { countItems, parseMessage } from '../../src/guard/max-items.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';

const contract = defineContract({
  name: 'items',
  operations: {
    put: mutation({
      input: z.object({
        rows: z.array(z.object({ a: z.int32().optional() })).optional(),
        numbers: z.array(z.int32()).optional(),
        any: z.json().optional(),
      }),
      output: z.object({ rows: z.int32() }),
      http: 'POST /put',
    }),
  },
});
const service = createService(contract, { put: ({ rows, numbers, any }) => ({ rows: [rows, numbers, any].flat(2).length - 2 }) });

const limits = { maxItems: 1000 };
const empty = (length: number) => Array.from({ length }, () => ({}));
const refused = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('more than 1000 items') };

type Made = Adapter<'call'>;
const adapters: Record<string, Made> = {};
let origin = '';
const closers: (() => unknown)[] = [];

describe('items of a message', () => {
  beforeAll(async () => {
    const sockets = webSocketHandler(service, limits);
    const graphs = graphqlHandler(service, limits);
    const handlers = [
      restHandler(service, limits),
      graphs,
      soapHandler(service, limits),
      connectHandler(service, { ...limits, basePath: '/rpc' }),
      mcpHandler(service, limits),
    ];
    const http = await listen((request) => {
      for (const handler of handlers) {
        const answer = handler(request);
        if (answer) return answer;
      }
      return undefined;
    });
    sockets.attach(http.server);
    graphs.attach(http.server);
    origin = http.url;
    const grpcServer = await serveGrpc(service, limits);
    const broker = await mqttBroker({ port: 0, open: true });
    const mqttServer = await serveMqtt(service, { ...limits, url: broker.url });
    closers.push(
      () => mqttServer.close(0),
      () => broker.close(),
      () => grpcServer.close(0),
      () => sockets.close(0),
      () => http.close(),
    );
    const { url } = http;
    Object.assign(adapters, {
      REST: rest({ url }),
      GraphQL: graphql({ url: `${url}/graphql` }),
      SOAP: soap({ url: `${url}/soap` }),
      'Connect, JSON': connect({ url: `${url}/rpc`, format: 'json' }),
      'Connect, protobuf': connect({ url: `${url}/rpc`, format: 'binary' }),
      MCP: mcp({ url: `${url}/mcp` }),
      WebSocket: webSocket({ url }),
      gRPC: grpc({ url: grpcServer.address }),
      MQTT: mqtt({ url: broker.url }),
    });
  });
  afterAll(async () => {
    for (const close of closers) await close();
  });

  const names = ['REST', 'GraphQL', 'SOAP', 'Connect, JSON', 'Connect, protobuf', 'MCP', 'WebSocket', 'gRPC', 'MQTT'];
  it.each(names)('%s refuses more than maxItems, and goes on', async (name) => {
    const client = createClient({ contract, transport: adapters[name] as Made });
    try {
      await expect(client.put({ rows: empty(400) })).resolves.toEqual({ rows: 400 });
      await expect(client.put({ rows: empty(1001) })).rejects.toMatchObject(refused);
      await expect(client.put({ numbers: empty(1001).map(() => 1) })).rejects.toMatchObject(refused);
      await expect(client.put({ any: [empty(600), { deep: empty(600) }] })).rejects.toMatchObject(refused);
      await expect(client.put({ any: ['[,{'.repeat(1000), '\\"'.repeat(1000)] })).resolves.toEqual({ rows: 2 });
      await expect(client.put({ rows: empty(400) })).resolves.toEqual({ rows: 400 });
    } finally {
      await client.close();
    }
  });

  it("GraphQL's socket refuses them by the id of the operation, and goes on", async () => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const messages = on(socket, 'message') as AsyncIterableIterator<[Buffer]>;
    const next = async () => JSON.parse(String(((await messages.next()).value as [Buffer])[0])) as Record<string, unknown>;
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    expect(await next()).toMatchObject({ type: 'connection_ack' });
    const ask = (id: string, rows: object[]) =>
      socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: 'mutation ($rows: [PutInputRows!]) { put(input: { rows: $rows }) { rows } }', variables: { rows } } })); // prettier-ignore
    ask('1', empty(1001));
    expect(await next()).toMatchObject({ id: '1', type: 'error', payload: [{ message: refused.message }] });
    ask('2', []);
    expect(await next()).toMatchObject({ id: '2' });
    socket.close();
  });

  it('MCP over standard input refuses them by the id of the request', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const served = serveMcpStdio(service, { ...limits, input, output });
    input.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'put', arguments: { rows: empty(1001) } } })}\n`,
    );
    const [line] = (await new Promise<Buffer>((resolve) => output.once('data', resolve))).toString().split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({ id: 7, error: { message: refused.message } });
    await served.close();
  });

  it('100,000 unless the option says otherwise', async () => {
    const http = await listen(restHandler(service));
    const client = createClient({ contract, transport: rest({ url: http.url }) });
    await expect(client.put({ numbers: empty(99_999).map(() => 1) })).resolves.toEqual({ rows: 99_999 });
    await expect(client.put({ numbers: empty(100_000).map(() => 1) })).rejects.toMatchObject({
      text: 'the message has more than 100000 items',
    });
    await client.close();
    await http.close();
  });
});

describe('the count of items', () => {
  /** By the values themselves. */
  const itemsOf = (value: unknown): number =>
    typeof value !== 'object' || value === null ? 0 : Object.values(value).reduce((sum: number, each) => sum + 1 + itemsOf(each), 0);

  it.each([
    '1',
    '"a,b"',
    '[]',
    '{}',
    '[ ]',
    '[1]',
    '[[]]',
    '[{},{}]',
    '[ { } , [ ] ]',
    '{"a":1,"b":[1,2]}',
    '[",","\\"",",\\\\"]',
    '[[[1],2],{"x,\\"":"[{"}]',
    '["\\\\\\"",1]',
  ])('of %s', (text) => {
    expect(countItems(text, Infinity)).toBe(itemsOf(JSON.parse(text)));
  });

  it('takes as many as it is told to, and no more', () => {
    expect(parseMessage('[1,2,3]', 3)).toEqual([1, 2, 3]);
    expect(() => parseMessage('[1,2,3,4]', 3)).toThrow('more than 3 items');
    expect(parseMessage('[1,2,3,4]', Infinity)).toHaveLength(4);
  });

  it('ends on texts that are no JSON', () => {
    for (const text of ['["', '["\\', '[,,,,,,,,,,', '"\\"', ']]]]', '{"a":"'.repeat(100)])
      expect(countItems(text, Infinity)).toBeLessThan(1000);
  });
});
