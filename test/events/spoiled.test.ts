import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { until } from '../support/until.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A way to a port on which the last `from` before the text of the second message, or the first after it, becomes `to`, once. */
async function spoilingWay(port: number, from: string, to: string): Promise<string> {
  let isSpoiled = false;
  const server = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1');
    socket.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      const second = isSpoiled ? -1 : chunk.indexOf('"two"');
      const before = chunk.lastIndexOf(from, second);
      const at = before >= 0 ? before : chunk.indexOf(from, second);
      if (second >= 0 && at >= 0) {
        isSpoiled = true;
        chunk.write(to, at, 'latin1');
      }
      socket.write(chunk);
    });
    for (const [one, other] of [[socket, upstream], [upstream, socket]] as const) one.on('error', () => {}).on('close', () => other.destroy()); // prettier-ignore
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serveEvents() {
  const service = createBlogService();
  const socketHandler = webSocketHandler(service);
  const graph = graphqlHandler(service);
  const server = await listen((request) => graph(request) ?? restHandler(service)(request));
  socketHandler.attach(server.server);
  graph.attach(server.server);
  cleanups.push(() => service.close(), () => Promise.all([socketHandler.close(0), graph.close(0), server.close(0)])); // prettier-ignore
  return { service, port: server.port };
}

const CLIENTS = {
  rest: (url: string) => rest({ url }),
  'graphql over SSE': (url: string) => graphql({ url, subscriptions: 'sse' }),
  graphql: (url: string) => graphql({ url }),
  webSocket: (url: string) => webSocket({ url }),
};
type Name = keyof typeof CLIENTS;

/** What a listener hears of four messages if bits of the second turn on its way. */
async function hear(name: Name, from: string, to: string): Promise<readonly string[]> {
  const { service, port } = await serveEvents();
  const url = await spoilingWay(port, from, to);
  const client = createClient({ transport: CLIENTS[name](url), reconnect: { baseDelayMs: 1 }, onError: () => {} });
  cleanups.push(() => client.close());
  const heard: string[] = [];
  await client.onMessage(({ message }) => heard.push(message), { onGap: () => heard.push('gap'), onError: (error) => heard.push(String(error)) }); // prettier-ignore
  for (const message of ['one', 'two', 'three', 'four']) await service.publish('message', { sender: 'a', message });
  await until(() => heard.includes('four'), 'the last is heard');
  return heard;
}

describe('an event whose bits turned on its way', () => {
  it.each([
    ['webSocket', '"method"', '"mdthod"', 'its kind'],
    ['webSocket', '"event"', '"eveot"', 'its method'],
    ['webSocket', '"params"', '"parals"', 'its params'],
    ['webSocket', '"subscription":1', '"subscription":3', 'its subscription'],
    ['webSocket', '{"jsonrpc', 'k"jsonrpc', 'its JSON'],
    ['graphql', '"next"', '"nezt"', 'its type'],
    ['graphql', '"id":"1"', '"id":"9"', 'its operation'],
    ['graphql', '"payload":', '"payload"*', 'its JSON'],
  ] as const)('over %s comes again on a new connection: %s is %s (%s)', async (name, from, to, _what) => {
    expect(await hear(name, from, to)).toEqual(['one', 'two', 'three', 'four']);
  });

  it.each([
    ['webSocket', '-2"', '-1"', 'its id'],
    ['graphql', '-2"', '-3"', 'its id'],
    ['graphql', '{"message":', '{"messagd":', 'its field'],
    ['graphql over SSE', 'event: next', 'event: nexu', 'its type'],
    ['graphql over SSE', '\ndata:', '\ndatq:', 'its data'],
    ['rest', 'event: chat', 'event: chau', 'its type'],
    ['rest', '\ndata:', '\ndatq:', 'its data'],
    ['rest', '-2\n', '-1\n', 'its id'],
  ] as const)('over %s is a gap: %s is %s (%s)', async (name, from, to, _what) => {
    const heard = await hear(name, from, to);
    expect(heard[0]).toBe('one');
    expect(heard.slice(1, -1)).toContain('gap');
    expect(heard.at(-1)).toBe('four');
  });
});
