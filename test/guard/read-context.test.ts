/** The `read` of a mapping tells of a hole in the peer's numbers and ends a subscription, on every protocol in the same way. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, defineContract, event, query } from '../../src/index.ts';
import type { Adapter, EventSink } from '../../src/core/transport.ts';
import type { ReadContext } from '../../src/guard/mapped-sink.ts';
import { rest } from '../../src/rest/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { until } from '../support/until.ts';
import { reconnect, say, serveFeed, type Frame } from '../websocket/feed-server.ts';
import { contract, endings, PEERS, webhookPeer } from './mapped-peers.ts';

/** Numbers that should follow each other; `over` ends the feed. */
function read(frame: Frame, { gap, end, state }: ReadContext): unknown {
  const last = state.get('n');
  if (last !== undefined && last !== frame.n - 1) gap();
  state.set('n', frame.n);
  if (frame.over === true) end(frame.code === undefined ? undefined : new ApiError(frame.code, 'the book is closed'));
  return frame.skip === true ? undefined : { n: frame.n };
}

async function logOf(open: (typeof PEERS)[string], frames: readonly object[]): Promise<string[]> {
  const log: string[] = [];
  const { adapter, start } = await open({ frames, read, onError: (error) => void log.push(String(error)) });
  const transport = adapter(contract);
  const controller = new AbortController();
  endings.unshift(() => (controller.abort(), transport.close()));
  let resolve = (): void => {};
  const ended = new Promise<void>((over) => (resolve = over));
  const sink: EventSink = {
    next: ({ data }) => void log.push(String((data as Frame).n)),
    gap: () => void log.push('gap'),
    end: (error) => (log.push(error?.code ?? 'end'), resolve()),
  };
  await transport.subscribe({ event: contract.events.tick, params: {}, headers: {}, signal: controller.signal }, sink);
  await start?.();
  await ended;
  return log;
}

const ALL = { ...PEERS, webhook: webhookPeer };

describe('the context of a read', () => {
  it.each(Object.entries(ALL))('%s: tells of gaps and of the end', async (_, open) => {
    const frames = [{ n: 1 }, { n: 2 }, { n: 4 }, { n: 6, skip: true }, { n: 7, over: true }, { n: 8 }];
    expect(await logOf(open, frames)).toEqual(['1', '2', 'gap', '4', 'gap', '7', 'end']);
  });

  it.each(Object.entries(ALL))('%s: ends with an error', async (_, open) => {
    expect(await logOf(open, [{ n: 1 }, { n: 2, skip: true, over: true, code: 'PERMISSION_DENIED' }])).toEqual(['1', 'PERMISSION_DENIED']);
  });
});

const books = defineContract({
  name: 'books',
  operations: { count: query({ item: z.object({ n: z.int() }) }) },
  events: { change: event({ channel: 'books/{pair}', payload: z.object({ pair: z.string(), n: z.int() }) }) },
});

/** An order book: a hole in its numbers needs a new snapshot, which a new subscription brings. */
const book = (frame: Frame, { pair }: Frame, { end, state }: ReadContext): unknown => {
  if (frame.pair !== pair) return undefined;
  const last = state.get(pair);
  if (last !== undefined && last !== frame.n - 1) return end(new ApiError('UNAVAILABLE', 'a change is missing'));
  state.set(pair, frame.n);
  return frame;
};

async function exchange() {
  let subscribed = 0;
  return serveFeed(({ op, method, id, pair }, peer) => {
    if (method !== undefined) say(peer, { jsonrpc: '2.0', id, result: `key ${subscribed}` });
    if (op !== 'subscribe' && method !== 'subscribe') return;
    const numbers = subscribed++ === 0 ? [1, 2, 4] : [10, 11];
    for (const n of numbers) say(peer, method === undefined ? { pair, n } : { jsonrpc: '2.0', method: 'change', params: { pair: 'a', n } });
  });
}

const feeds: Readonly<Record<string, (url: string) => Adapter<'subscribe'>>> = {
  'a plain feed': (url) =>
    webSocket({
      url,
      protocol: 'channel',
      events: { change: { path: '', open: ({ pair }) => ({ op: 'subscribe', pair }), close: ({ pair }) => ({ op: 'leave', pair }), read: book } },
    }),
  'JSON-RPC': (url) =>
    webSocket({ url, events: { change: { notification: 'change', subscribe: 'subscribe', unsubscribe: 'leave', read: book } } }),
}; // prettier-ignore

describe('a subscription that its read ends with UNAVAILABLE', () => {
  it.each(Object.entries(feeds))('%s: begins anew, with a gap and nothing remembered', async (_, open) => {
    const { url, said } = await exchange();
    const client = createClient({ contract: books, transport: open(url), reconnect });
    endings.unshift(() => client.close());
    const log: unknown[] = [];
    await client.onChange(({ n }) => void log.push(n), { params: { pair: 'a' }, onGap: () => void log.push('gap') });
    await until(() => log.length === 5);
    expect(log).toEqual([1, 2, 'gap', 10, 11]);
    expect(said.map(({ op, method }) => op ?? method)).toEqual(['subscribe', 'leave', 'subscribe']);
  });
});

describe('a streamed operation over REST', () => {
  it('ends when its read says so, and its request with it', async () => {
    let closed = false;
    const server = createServer((_, response) => {
      response.on('close', () => (closed = true));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const n of [1, 2, 3]) response.write(`data: {"n":${n}}\n\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endings.push(() => (server.closeAllConnections(), server.close()));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const mapping = { http: 'GET /', read: (data: Frame, _: unknown, { end }: ReadContext): unknown => (data.n === 2 && end(), data) };
    const client = createClient({ contract: books, transport: rest({ url, operations: { count: mapping } }) });
    endings.unshift(() => client.close());
    const heard: number[] = [];
    for await (const { n } of client.count()) heard.push(n);
    expect(heard).toEqual([1, 2]);
    await until(() => closed);
  });
});
