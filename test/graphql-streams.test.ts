import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { createBlogService } from '../src/blog/index.js';
import { graphql, type GraphqlOptions } from '../src/graphql/client.js';
import { Engine, type Caller } from '../src/graphql/engine.js';
import { graphqlHandler } from '../src/graphql/server.js';
import { EventStreams } from '../src/graphql/sse.js';
import type { HttpRequest } from '../src/http/message.js';
import { listen } from '../src/http/listen.js';
import { createClient, isApiError } from '../src/index.js';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
}

/** Why a subscription of our client ended. */
async function endOf(options: GraphqlOptions): Promise<unknown> {
  const blog = createClient({ transport: graphql({ subscriptions: 'sse', ...options }) });
  closing.push(() => blog.close());
  try {
    for await (const _ of blog.onMessage()) continue;
    return undefined;
  } catch (error) {
    return isApiError(error) ? error.code : error;
  }
}

describe('subscriptions as server-sent events', () => {
  it('end where an event is longer than the limit: to resume would lead to it again', async () => {
    let connections = 0;
    const url = await serve((_, response) => {
      connections++;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: next\ndata: {"data":{"message":{"sender":"a","message":"${'x'.repeat(1_100_000)}"}}}\n\n`);
    });
    expect(await endOf({ url })).toBe('DATA_LOSS');
    expect(connections).toBe(1);
  });

  it('say so where the carrier cannot read piece by piece', async () => {
    const url = await serve((_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n'));
    const whole: GraphqlOptions['fetch'] = async (address, init) => {
      const { status, ok, statusText, headers } = await fetch(address, init);
      const nothing = () => Promise.reject(new Error('not read'));
      return { status, ok, statusText, headers, body: null, text: nothing, json: nothing, arrayBuffer: nothing };
    };
    expect(await endOf({ url, fetch: whole })).toBe('UNIMPLEMENTED');
  });

  it('leave nothing behind where they are refused', async () => {
    const service = createBlogService();
    const engine = new Engine(service, { introspection: true, maxDocuments: 10, maxCachedChars: 1000 }, () => {});
    const caller: Caller = { headers: {}, deadline: undefined, peer: { protocol: 'graphql' }, onLeave: () => {} };
    const body = { query: 'subscription { message { sender } }', extensions: { lastEventId: 5 } };
    const release = vi.fn();
    const subscription = { ...engine.subscription(engine.prepare(body), body, caller), release };
    const request = { headers: {}, onAbort: () => {} } as unknown as HttpRequest;
    await expect(new EventStreams(engine, 1000, 1000).open(request, body, subscription, caller)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' }); // prettier-ignore
    expect(release).toHaveBeenCalledOnce();
    await service.close();
  });
});

describe('a socket', () => {
  it('has an id free again once its operation was completed, though its document is still being registered', async () => {
    const handler = graphqlHandler(createBlogService());
    const server = await listen(handler);
    const detach = handler.attach(server.server);
    closing.push(async () => {
      await detach();
      await server.close();
    });
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const messages: { type: string; payload?: unknown }[] = [];
    const done = new Promise<void>((resolve, reject) => {
      socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as (typeof messages)[number];
        messages.push(message);
        if (message.type === 'complete') resolve();
      });
    });
    await new Promise((resolve) => socket.once('open', resolve));
    const persistedQuery = { version: 1, sha256Hash: 'is looked at later' };
    for (const message of [
      { type: 'connection_init' },
      { id: '1', type: 'subscribe', payload: { query: '{ __typename }', extensions: { persistedQuery } } },
      { id: '1', type: 'complete' },
      { id: '1', type: 'subscribe', payload: { query: '{ user(id: 123) { id } }' } },
    ])
      socket.send(JSON.stringify(message));
    await done;
    expect(messages).toEqual([
      { type: 'connection_ack', payload: { acks: true } },
      { id: '1', type: 'next', payload: { data: { user: { id: 123 } } } },
      { id: '1', type: 'complete' },
    ]);
    socket.removeAllListeners('close').terminate();
  });
});
