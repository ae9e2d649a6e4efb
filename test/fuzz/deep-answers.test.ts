/** Answers and events that are nested deeper than a stack holds: DATA_LOSS for whom they were meant, and nothing else. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import * as z from 'zod';
import { createClient, defineContract, event, query, type Adapter } from '../../src/core.ts';
import { graphql } from '../../src/graphql/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { mcp } from '../../src/mcp/client.ts';
import { rest } from '../../src/rest/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

const Deep = z.object({ any: z.json() });
const contract = defineContract({
  name: 'deep',
  operations: { get: query({ output: Deep, http: 'GET /deep' }) },
  events: { seen: event({ channel: 'seen', payload: Deep }) },
});
const DEEP = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const url = 'http://deep.test';

describe('what is nested without end', () => {
  const answering =
    (body: string): FetchLike =>
    () =>
      Promise.resolve(new Response(body, { headers: { 'content-type': 'application/json' } }) as never);
  const clients: Readonly<Record<string, () => Adapter<'call'>>> = {
    REST: () => rest({ url, fetch: answering(`{"any":${DEEP}}`) }),
    GraphQL: () => graphql({ url, fetch: answering(`{"data":{"get":{"any":${DEEP}}}}`) }),
    'errors of GraphQL': () => graphql({ url, fetch: answering(`{"errors":[{"message":"x","extensions":{"details":${DEEP}}}]}`) }),
    MCP: () =>
      mcp({
        url,
        version: '2025-11-25',
        fetch: answering(`{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"any":${DEEP}}}}`),
      }),
    Connect: () => connect({ url, format: 'json', fetch: answering(`{"any":${DEEP}}`) }),
  };
  it.each(Object.entries(clients))('in an answer: %s', async (_, make) => {
    const client = createClient({ contract, transport: make() });
    await expect(client.get()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await client.close();
  });

  let server: WebSocketServer;
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (far) =>
      far.on('message', (data: Buffer) => {
        const { id, method } = JSON.parse(data.toString()) as { id?: number; method: string };
        const send = (body: string) => far.send(`{"jsonrpc":"2.0",${body}}`);
        if (id === undefined) return;
        if (method === 'get' || method === 'm') return send(`"id":${id},"result":{"any":${DEEP}}`);
        send(`"id":${id},"result":${method === 'sub' ? '"k"' : '{"subscription":1}'}`);
        send(`"method":"tock","params":{"subscription":${DEEP},"any":1}`);
        send(`"method":"event","params":{"subscription":${DEEP},"id":"1","time":"t","data":{"any":${DEEP}}}`);
        send(`"method":"${method === 'sub' ? 'tick' : 'event'}","params":{"subscription":1,"any":${DEEP}}`);
      }),
    );
  });
  afterAll(() => {
    for (const far of server.clients) far.terminate();
    server.close();
  });

  it.each([
    ['ours', {}],
    [
      'foreign',
      { operations: { get: { method: 'm' } }, events: { seen: { notification: 'tick', subscribe: 'sub', key: 'subscription' } } },
    ],
  ] as const)('over JSON-RPC, %s', async (_, mapping) => {
    const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createClient({ contract, transport: webSocket({ url: address, ...mapping }) });
    await expect(client.get()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    const ended = new Promise((resolve) => void client.onSeen(() => {}, { onError: resolve }));
    await expect(ended).resolves.toMatchObject({ code: 'DATA_LOSS' });
    await client.close();
  });

  it('in a mapping that fails: DATA_LOSS, and the process goes on', async () => {
    const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const errorCode = () => {
      throw new TypeError('not what was expected');
    };
    server.on('connection', (far) => far.on('message', () => far.send('{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"no"}}')));
    const client = createClient({ contract, transport: webSocket({ url: address, operations: { get: { method: 'fails' } }, errorCode }) });
    await expect(client.get()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await client.close();
  });
});
