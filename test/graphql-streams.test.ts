import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import * as z from 'zod/mini';
import { createBlogService } from '../src/blog/index.js';
import { graphql, type GraphqlOptions } from '../src/graphql/client.js';
import { encodingSink, Engine, type Caller } from '../src/graphql/engine.js';
import { graphqlHandler } from '../src/graphql/server.js';
import { EventStreams } from '../src/graphql/sse.js';
import type { HttpRequest } from '../src/http/message.js';
import { listen } from '../src/http/listen.js';
import { ApiError, createClient, createService, defineContract, isApiError, mutation, query, type Transport } from '../src/index.js';

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

  it('end where an event cannot be encoded, and whoever publishes hears nothing of it', () => {
    const ends: unknown[] = [];
    const refuse = () => {
      throw new TypeError('no');
    };
    const sink = encodingSink(refuse, (error) => new ApiError('INTERNAL', 'internal error', { cause: error }), {
      next: () => {},
      gap: () => {},
      end: (error) => ends.push(error?.cause),
    });
    void sink.next({ id: '1', time: '', data: {} });
    expect(ends).toEqual([expect.any(TypeError)]);
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

/** A socket of `graphql-transport-ws` that is open. */
async function openSocket(transport: Transport): Promise<WebSocket> {
  const handler = graphqlHandler(transport);
  const server = await listen(handler);
  const detach = handler.attach(server.server);
  closing.push(async () => {
    await detach();
    await server.close();
  });
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  closing.push(() => socket.removeAllListeners('close').terminate());
  await new Promise((resolve) => socket.once('open', resolve));
  return socket;
}

describe('a socket', () => {
  it('runs nothing of what follows the mistake that closes it', async () => {
    let runs = 0;
    const contract = defineContract({ name: 'count', operations: { add: mutation({}) } });
    const socket = await openSocket(createService(contract, { add: () => void runs++ }));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (const message of [
      { type: 'connection_init' },
      { type: 'nonsense' },
      { id: '1', type: 'subscribe', payload: { query: 'mutation { add }' } },
    ])
      socket.send(JSON.stringify(message));
    expect(await closed).toBe(4400);
    expect(runs).toBe(0);
  });

  it('is not read from while its peer does not take its answers', async () => {
    const text = 'x'.repeat(200_000);
    let runs = 0;
    const contract = defineContract({ name: 'big', operations: { getText: query({ output: z.object({ text: z.string() }) }) } });
    const socket = await openSocket(createService(contract, { getText: () => (runs++, { text }) }));
    const count = 300;
    // What has been read at once is answered at once: so not all of them may be.
    const padding = 'x'.repeat(20_000);
    socket.pause();
    socket.send(JSON.stringify({ type: 'connection_init' }));
    for (let n = 0; n < count; n++)
      socket.send(JSON.stringify({ id: String(n), type: 'subscribe', payload: { query: '{ text { text } }', extensions: { padding } } }));
    // Until it reads no more.
    for (let before = -1; runs === 0 || before !== runs; await new Promise((resolve) => setTimeout(resolve, 50))) before = runs;
    expect(runs).toBeLessThan(count);
    let completed = 0;
    const all = new Promise<void>((resolve) =>
      socket.on('message', (data: Buffer) => {
        if (data.toString().endsWith('"type":"complete"}') && ++completed === count) resolve();
      }),
    );
    socket.resume();
    await all;
  });

  it('has an id free again once its operation was completed, though its document is still being registered', async () => {
    const socket = await openSocket(createBlogService());
    const messages: { type: string; payload?: unknown }[] = [];
    const done = new Promise<void>((resolve, reject) => {
      socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as (typeof messages)[number];
        messages.push(message);
        if (message.type === 'complete') resolve();
      });
    });
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
  });
});
