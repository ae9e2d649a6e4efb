import { describe, expect, it } from 'vitest';
import type { WebSocket as Peer } from 'ws';
import * as z from 'zod/mini';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { createClient } from '../../src/index.ts';
import { webSocket, type WebSocketOptions } from '../../src/websocket/client.ts';
import { until } from '../support/until.ts';
import { onEnd, serveForeign } from './support.ts';

interface Request {
  readonly id?: number;
  readonly method: string;
  readonly params?: unknown;
}

describe('a JSON-RPC peer like an Ethereum node', () => {
  const contract = defineContract({
    name: 'chain',
    operations: {
      blockNumber: query({ output: z.int() }),
      balance: query({ input: z.object({ address: z.string(), block: z.optional(z.string()) }), output: z.string() }),
      logs: query({ input: z.object({ topic: z.string() }), output: z.string() }),
    },
    events: {
      head: event({ channel: 'heads', payload: z.object({ number: z.string() }) }),
      log: event({ channel: 'logs/{address}', payload: z.object({ address: z.string(), data: z.string() }) }),
    },
  });

  async function open() {
    const requests: Request[] = [];
    let peer: Peer | undefined;
    const url = await serveForeign((connected) => {
      peer = connected;
      let subscriptions = 0;
      connected.on('message', (data: Buffer) => {
        const request = JSON.parse(data.toString()) as Request;
        requests.push(request);
        const { id, method } = request;
        const answer = (body: object) => connected.send(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
        const notify = (subscription: string, result: unknown) =>
          connected.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription, result } }));
        if (method === 'eth_blockNumber') answer({ result: '0x10' });
        else if (method === 'eth_getBalance') answer({ result: '0x7' });
        else if (method === 'eth_subscribe') {
          const key = `0x${++subscriptions}`;
          const isHeads = (request.params as string[])[0] === 'newHeads';
          // Before the answer, as some do, and after it.
          notify(key, isHeads ? { number: '0x1' } : { address: '0xa', data: 'early' });
          answer({ result: key });
          notify(key, isHeads ? { number: '0x2' } : { address: '0xa', data: 'late' });
        } else if (method === 'eth_unsubscribe') answer({ result: true });
        else answer({ error: { code: -32005, message: 'limit exceeded', data: { see: 'https://example.com', backoff: 5 } } });
      });
    });
    const mapping: Partial<WebSocketOptions> = {
      operations: {
        blockNumber: { method: 'eth_blockNumber', params: [], output: (result) => Number(result) },
        balance: { method: 'eth_getBalance', params: ['address', 'block'] },
        logs: { method: 'eth_getLogs', input: (input) => [{ topics: [(input as { topic: string }).topic] }] },
      },
      events: {
        head: {
          notification: 'eth_subscription',
          subscribe: 'eth_subscribe',
          input: () => ['newHeads'],
          unsubscribe: 'eth_unsubscribe',
          key: 'subscription',
          read: (params) => (params as { result: unknown }).result,
        },
        log: {
          notification: 'eth_subscription',
          subscribe: 'eth_subscribe',
          input: ({ address }) => ['logs', { address }],
          unsubscribe: 'eth_unsubscribe',
          key: 'subscription',
          read: (params) => (params as { result: unknown }).result,
        },
      },
    };
    const client = onEnd(createClient({ contract, transport: webSocket({ url, ...mapping, headers: { 'x-key': 'k' } }) }), (each) =>
      each.close(),
    );
    return { client, requests, peer: () => peer };
  }

  it('is called by its names, with positional parameters, and with nothing of our own', async () => {
    const { client, requests } = await open();
    expect(await client.blockNumber()).toBe(16);
    expect(await client.balance({ address: '0xa' })).toBe('0x7');
    expect(await client.balance({ address: '0xa', block: 'latest' })).toBe('0x7');
    expect(requests.map(({ id: _, ...request }) => request)).toEqual([
      { jsonrpc: '2.0', method: 'eth_blockNumber', params: [] },
      { jsonrpc: '2.0', method: 'eth_getBalance', params: ['0xa'] },
      { jsonrpc: '2.0', method: 'eth_getBalance', params: ['0xa', 'latest'] },
    ]);
  });

  it('keeps the code and the data of its errors', async () => {
    const { client } = await open();
    await expect(client.logs({ topic: 't' })).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      text: 'limit exceeded',
      remote: true,
      details: { code: -32005, data: { see: 'https://example.com', backoff: 5 } },
    });
  });

  it('tells subscriptions apart by their key, before and after it is known, and is told of their end', async () => {
    const { client, requests } = await open();
    const heads: string[] = [];
    const logs: string[] = [];
    const stopHeads = await client.onHead(({ number }) => void heads.push(number));
    await client.onLog(({ data }) => void logs.push(data), { params: { address: '0xa' } });
    await until(
      () => heads.length === 2 && logs.length === 2,
      () => `heads ${heads.join()}, logs ${logs.join()}`,
    );
    expect([heads, logs]).toEqual([
      ['0x1', '0x2'],
      ['early', 'late'],
    ]);
    await stopHeads();
    await until(() => requests.some(({ method }) => method === 'eth_unsubscribe'));
    expect(requests.at(-1)).toMatchObject({ method: 'eth_unsubscribe', params: ['0x1'] });
    expect(requests[1]).toMatchObject({ params: ['logs', { address: '0xa' }] });
  });
});

describe('a JSON-RPC peer like a language server', () => {
  const contract = defineContract({
    name: 'lsp',
    operations: {
      hover: query({ input: z.object({ line: z.int() }), output: z.string() }),
      open: mutation({ input: z.object({ uri: z.string() }) }),
    },
    events: { diagnostics: event({ channel: 'diagnostics', payload: z.object({ uri: z.string() }) }) },
  });

  it('has names with slashes, notifications without a call, requests of its own, and a way to cancel', async () => {
    const seen: (Request & { result?: unknown; error?: unknown })[] = [];
    const url = await serveForeign((peer) => {
      peer.send(JSON.stringify({ jsonrpc: '2.0', id: 'c1', method: 'workspace/configuration', params: { items: [] } }));
      peer.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Request;
        seen.push(message);
        if (message.method !== 'textDocument/didOpen') return;
        peer.send(JSON.stringify({ jsonrpc: '2.0', method: 'textDocument/publishDiagnostics', params: { uri: 'a', diagnostics: [] } }));
        peer.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: null }));
      });
    });
    const transport = webSocket({
      url,
      operations: { hover: { method: 'textDocument/hover' }, open: { method: 'textDocument/didOpen' } },
      events: { diagnostics: { notification: 'textDocument/publishDiagnostics' } },
      cancelMethod: '$/cancelRequest',
    });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    const heard: string[] = [];
    await client.onDiagnostics(({ uri }) => void heard.push(uri));
    await client.open({ uri: 'a' });
    await until(() => heard.length > 0);
    await expect(client.hover({ line: 1 }, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await until(() => seen.some(({ method }) => method === '$/cancelRequest'));
    const hover = seen.find(({ method }) => method === 'textDocument/hover');
    expect(seen.find(({ method }) => method === '$/cancelRequest')).toMatchObject({ params: { id: hover?.id } });
    expect(seen.find(({ id }) => (id as unknown) === 'c1')).toMatchObject({ error: { code: -32601 } });
  });
});

describe('a JSON-RPC server that answers no subprotocol', () => {
  it('is spoken to all the same', async () => {
    const contract = defineContract({ name: 'plain', operations: { block: query({ output: z.string() }) } });
    const url = await serveForeign((peer) => {
      peer.on('message', (data: Buffer) =>
        peer.send(JSON.stringify({ jsonrpc: '2.0', id: (JSON.parse(data.toString()) as Request).id, result: '1' })),
      );
    });
    const client = onEnd(createClient({ contract, transport: webSocket({ url: `${url}/rpc` }) }), (each) => each.close());
    expect(await client.block()).toBe('1');
  });
});

describe('a feed like an exchange’s', () => {
  const contract = defineContract({
    name: 'exchange',
    operations: {},
    events: {
      ticker: event({ channel: 'tickers/{symbol}', payload: z.object({ symbol: z.string(), price: z.string() }) }),
      trade: event({ channel: 'trades', payload: z.object({ symbol: z.string(), size: z.number() }) }),
    },
  });
  interface Frame {
    readonly channel?: string;
    readonly data?: { readonly symbol: string }[];
  }
  const of = (channel: string) => (frame: unknown, params: { readonly symbol?: unknown }) => {
    const { channel: name, data = [] } = frame as Frame;
    if (name !== channel) return undefined;
    return data.filter(({ symbol }) => params.symbol === undefined || symbol === params.symbol);
  };

  it('sends snapshots, heartbeats, acknowledgements and several events on one connection', async () => {
    const said: unknown[] = [];
    let connections = 0;
    const url = await serveForeign((peer) => {
      connections++;
      peer.send('{"event":"info","version":2}');
      peer.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as { op: string; channel: string };
        said.push(message);
        if (message.op !== 'subscribe') return;
        for (const frame of [
          'pong',
          '{"event":"heartbeat"}',
          JSON.stringify({ event: 'subscribed', channel: message.channel }),
          '{"channel":"ticker","data":[{"symbol":"BTC","price":"1"},{"symbol":"ETH","price":"2"}]}',
          '{"channel":"ticker","data":[{"symbol":"BTC","price":3}]}',
          '{"channel":"ticker","data":[{"symbol":"BTC","price":"4"}]}',
          '{"channel":"trades","data":[{"symbol":"BTC","size":1}]}',
        ])
          peer.send(frame);
      });
    });
    const reported: string[] = [];
    const events = {
      ticker: {
        path: '',
        open: ({ symbol }: { readonly symbol?: unknown }) => ({ op: 'subscribe', channel: 'ticker', symbol }),
        close: ({ symbol }: { readonly symbol?: unknown }) => ({ op: 'unsubscribe', channel: 'ticker', symbol }),
        read: of('ticker'),
      },
      trade: { path: '', open: () => ({ op: 'subscribe', channel: 'trades' }), read: of('trades') },
    };
    const transport = webSocket({
      url: `${url}/v2`,
      protocol: 'channel',
      events,
      onError: (error) => void reported.push((error as Error).message),
    });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    const prices: string[] = [];
    const sizes: number[] = [];
    const end = () => expect.unreachable('nothing ends');
    const stop = await client.onTicker(({ price }) => void prices.push(price), { params: { symbol: 'BTC' }, onError: end });
    await until(
      () => prices.length === 2,
      () => `prices ${prices.join()}`,
    );
    expect(prices).toEqual(['1', '4']);
    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain('ticker: an event breaks the contract');
    await client.onTrade(({ size }) => void sizes.push(size), { onError: end });
    await until(() => sizes.length > 0);
    await stop();
    await until(() => said.length === 3);
    expect(said).toEqual([
      { op: 'subscribe', channel: 'ticker', symbol: 'BTC' },
      { op: 'subscribe', channel: 'trades' },
      { op: 'unsubscribe', channel: 'ticker', symbol: 'BTC' },
    ]);
    expect(connections).toBe(1);
  });

  it('is heard from its first frame on, and frames that are not events end nothing', async () => {
    const plain = defineContract({
      name: 'p',
      operations: {},
      events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int() }) }) },
    });
    for (let round = 0; round < 10; round++) {
      const url = await serveForeign((peer) => {
        for (const frame of ['{"n":1}', 'hello', '{"type":"hb"}', '{"n":2}']) peer.send(frame);
      });
      const reported: unknown[] = [];
      const transport = webSocket({ url, protocol: 'channel', onError: (error) => void reported.push(error) });
      const client = onEnd(createClient({ contract: plain, transport }), (each) => each.close());
      const heard: number[] = [];
      await client.onTick(({ n }) => void heard.push(n), { onError: () => expect.unreachable('nothing ends') });
      await until(
        () => heard.length === 2,
        () => `heard ${heard.join()}`,
      );
      expect(heard).toEqual([1, 2]);
      expect(reported).toHaveLength(2);
    }
  });
});

describe('what a foreign peer sends', () => {
  const contract = defineContract({
    name: 'p',
    operations: { count: query({ output: z.int() }) },
    events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int() }) }) },
  });

  it('is reported if it nests deeper than a stack holds, and ends nothing', async () => {
    const url = await serveForeign((peer) => {
      peer.send('['.repeat(50_000) + ']'.repeat(50_000));
      peer.send('{"n":1}');
    });
    const reported: unknown[] = [];
    const transport = webSocket({ url, protocol: 'channel', onError: (error) => void reported.push(error) });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    const heard: number[] = [];
    await client.onTick(({ n }) => void heard.push(n), { onError: () => expect.unreachable('nothing ends') });
    await until(() => heard.length === 1);
    expect(reported).toHaveLength(1);
  });

  it('is DATA_LOSS if a hook for an answer throws; one for a notification is reported', async () => {
    const url = await serveForeign((peer) =>
      peer.on('message', (data: Buffer) => {
        const { id } = JSON.parse(data.toString()) as { id: number };
        peer.send('{"jsonrpc":"2.0","method":"tick","params":null}');
        peer.send(JSON.stringify({ jsonrpc: '2.0', id, result: null }));
      }),
    );
    const reported: unknown[] = [];
    const field = (name: string) => (value: unknown) => ({ n: (value as Record<string, unknown>)[name] });
    const transport = webSocket({
      url,
      operations: { count: { output: field('x') } },
      events: { tick: { notification: 'tick', read: field('n') } },
      onError: (error) => void reported.push(error),
    });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    await client.onTick(() => expect.unreachable(), { onError: () => expect.unreachable('nothing ends') });
    await expect(client.count()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await until(() => reported.length === 1);
    expect(reported).toMatchObject([{ code: 'DATA_LOSS' }]);
  });
});

describe('a JSON-RPC peer that calls back', () => {
  it('faster than it takes the answers, ends nothing', async () => {
    const url = await serveForeign((peer) => {
      peer.on('message', (data: Buffer) => {
        const { id, method } = JSON.parse(data.toString()) as Request;
        if (method !== 'add') return;
        for (let at = 0; at < 100; at++) peer.send(JSON.stringify({ jsonrpc: '2.0', id: at, method: 'whoAreYou' }));
        peer.send(JSON.stringify({ jsonrpc: '2.0', id, result: 3 }));
      });
    });
    const contract = defineContract({ name: 'sums', operations: { add: query({ output: z.int() }) } });
    const transport = webSocket({ url, operations: { add: { method: 'add' } }, maxBufferedBytes: 1 });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    expect(await client.add()).toBe(3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await client.add()).toBe(3);
  });
});
