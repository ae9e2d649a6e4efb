import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import * as z from 'zod/mini';
import { createBlogService } from '../../src/blog/index.ts';
import { graphql, type GraphqlOptions } from '../../src/graphql/client.ts';
import { encodingSink } from '../../src/graphql/engine/encoding-sink.ts';
import { Engine, type Caller, type PreparedEvents } from '../../src/graphql/engine/engine.ts';
import { readHandlerOptions } from '../../src/graphql/options.ts';
import { graphqlHandler, type GraphqlHandlerOptions } from '../../src/graphql/server.ts';
import { sseFraming } from '../../src/graphql/stream/framing.ts';
import { EventStreams } from '../../src/graphql/stream/server.ts';
import type { HttpRequest } from '../../src/http/message/message.ts';
import { listen } from '../../src/http/node/listen.ts';
import {
  ApiError,
  createClient,
  createService,
  defineContract,
  event,
  isApiError,
  mutation,
  query,
  type Transport,
} from '../../src/index.ts';

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

  it('hold so many events that wait for their relations, and end behind them', async () => {
    const heard: (string | undefined)[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const ended = new Promise<void>((resolve) => {
      const sink = encodingSink(
        async ({ id }) => (await gate, JSON.stringify({ extensions: { id } })),
        () => expect.unreachable('nothing fails'),
        {
          next: (payload) => heard.push((JSON.parse(payload) as { extensions: { id: string } }).extensions.id),
          gap: () => {},
          end: (error) => (heard.push(error?.code), resolve()),
        },
      );
      for (let n = 0; n < 3000; n++) void sink.next({ id: String(n), time: '', data: {} });
    });
    release();
    await ended;
    // The first is being encoded while a thousand wait.
    expect(heard).toEqual([...Array.from({ length: 1001 }, (_, n) => String(n)), 'RESOURCE_EXHAUSTED']);
  });

  it('share what is encoded, but not whose request it was', async () => {
    const service = createBlogService();
    const engine = new Engine(service, { ...readHandlerOptions(), introspection: true }, () => {});
    const body = { query: 'subscription { message { sender } }' };
    const encoders = ['first', 'second'].map((id) => {
      const caller: Caller = { headers: { 'x-request-id': id }, deadline: undefined, peer: { protocol: 'graphql' }, onLeave: () => {} };
      return engine.subscription(engine.prepare(body), body, caller).encode;
    });
    // Whether the document has been compiled by then or not.
    const texts = Array.from({ length: 5 }, () => encoders.map((encode) => encode({ id: '1', time: '', data: {} }))).flat();
    expect(new Set(texts).size).toBe(1);
    expect(JSON.parse(texts[0] as string)).toMatchObject({ data: null, errors: [{ extensions: { code: 'DATA_LOSS' } }] });
    expect(texts[0]).not.toContain('requestId');
    await service.close();
  });

  it('have the defaults that their document declares', async () => {
    const contract = defineContract({
      name: 'rooms',
      operations: {},
      events: { said: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), text: z.string() }) }) },
    });
    const service = createService(contract, {});
    const engine = new Engine(service, { ...readHandlerOptions(), introspection: true }, () => {});
    const caller: Caller = { headers: {}, deadline: undefined, peer: { protocol: 'graphql' }, onLeave: () => {} };
    const query = 'subscription ($room: String = "42") { said(room: $room) { text } }';
    const paramsOf = (variables: object | undefined) => {
      const body = { query, variables: variables as Record<string, unknown> };
      return (engine.subscription(engine.prepare(body), body, caller) as PreparedEvents).params;
    };
    expect(paramsOf(undefined)).toEqual({ room: '42' });
    expect(paramsOf({ room: '7' })).toEqual({ room: '7' });
    expect(paramsOf({ room: null })).toEqual({});
    await service.close();
  });

  it('that are refused say when to come back, in their head too', async () => {
    const busy = () => {
      throw new ApiError('RESOURCE_EXHAUSTED', 'later', { retryAfterMs: 2500 });
    };
    const server = await listen(graphqlHandler(createBlogService({ context: busy })));
    closing.push(() => server.close(0));
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const body = JSON.stringify({ query: 'subscription { message { sender } }' });
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'RESOURCE_EXHAUSTED', retryAfterMs: 2500 } }] });
  });

  it('leave nothing behind where they are refused', async () => {
    const service = createBlogService();
    const engine = new Engine(service, { ...readHandlerOptions(), introspection: true }, () => {});
    const caller: Caller = { headers: {}, deadline: undefined, peer: { protocol: 'graphql' }, onLeave: () => {} };
    const body = { query: 'subscription { message { sender } }', extensions: { lastEventId: 5 } };
    const release = vi.fn();
    const subscription = { ...engine.subscription(engine.prepare(body), body, caller), release };
    const request = { headers: {}, onAbort: () => {} } as unknown as HttpRequest;
    await expect(new EventStreams(engine, sseFraming, 1000, 1000).open(request, body, subscription, caller)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' }); // prettier-ignore
    expect(release).toHaveBeenCalledOnce();
    await service.close();
  });
});

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

/** Sockets of `graphql-transport-ws` at a server of their own. */
async function serveSockets(transport: Transport, options: GraphqlHandlerOptions = {}) {
  const handler = graphqlHandler(transport, options);
  const server = await listen(handler);
  handler.attach(server.server);
  const close = (graceMs?: number) => handler.close(graceMs);
  closing.push(async () => {
    await close(0);
    await server.close(0);
  });
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    closing.push(() => socket.removeAllListeners('close').terminate());
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return socket;
  };
  return { open, close };
}

async function openSocket(transport: Transport, options?: GraphqlHandlerOptions): Promise<WebSocket> {
  return (await serveSockets(transport, options)).open();
}

/** Sends messages behind a `connection_init`; what comes back is put into a list. */
function talk(socket: WebSocket, ...messages: readonly Message[]): Message[] {
  const heard: Message[] = [];
  socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as Message));
  for (const message of [{ type: 'connection_init' }, ...messages]) socket.send(JSON.stringify(message));
  return heard;
}

const ask = (id: string, query: string): Message => ({ id, type: 'subscribe', payload: { query } });

describe('a socket', () => {
  /** Calls that wait until they are released. */
  function slowService() {
    const contract = defineContract({
      name: 'slow',
      operations: { wait: query({}) },
      events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int32() }) }) },
    });
    const waiting: (() => void)[] = [];
    const service = createService(contract, { wait: () => new Promise<void>((resolve) => waiting.push(resolve)) }, { graceMs: 1 });
    return { service, waiting };
  }

  it('lets calls finish when the server stops, then closes with 1001; who comes meanwhile is told to come back', async () => {
    const { service, waiting } = slowService();
    const { open, close } = await serveSockets(service);
    const [busy, idle] = [await open(), await open()];
    const closed = [busy, idle].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    const heard = talk(busy, ask('1', 'subscription { tick { n } }'), ask('2', '{ wait }'));
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    const stopped = close();
    expect(await closed[1]).toBe(1001);
    await expect(open()).rejects.toThrow('503');
    busy.send(JSON.stringify(ask('3', '{ wait }')));
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    expect(heard[1]).toMatchObject({ id: '3', type: 'error', payload: [{ extensions: { code: 'UNAVAILABLE' } }] });
    waiting[0]?.();
    expect(await closed[0]).toBe(1001);
    expect(heard.slice(2)).toEqual([
      { id: '2', type: 'next', payload: { data: { wait: true } } },
      { id: '2', type: 'complete' },
    ]);
    await stopped;
  });

  it('is cut where its calls do not end within the grace', async () => {
    const { service, waiting } = slowService();
    const { open, close } = await serveSockets(service);
    const socket = await open();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    talk(socket, ask('1', '{ wait }'));
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    await close(20);
    expect(await closed).toBe(1006);
  });

  it('runs so many calls and so many subscriptions at once', async () => {
    const { service, waiting } = slowService();
    const socket = await openSocket(service, { maxCalls: 2, maxSubscriptions: 1 });
    const on = 'subscription { tick { n } }';
    const heard = talk(socket, ask('1', on), ask('2', on), ask('3', '{ wait }'), ask('4', '{ wait }'), ask('5', '{ wait }'));
    const refused = () => heard.flatMap(({ type, id = '' }) => (type === 'error' ? [id] : [])).sort();
    await vi.waitFor(() => expect(refused()).toEqual(['2', '5']));
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    waiting[0]?.();
    socket.send(JSON.stringify({ id: '1', type: 'complete' }));
    await vi.waitFor(() => expect(heard.at(-1)).toEqual({ id: '3', type: 'complete' }));
    socket.send(JSON.stringify(ask('6', '{ wait }')));
    socket.send(JSON.stringify(ask('7', on)));
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    expect(refused()).toEqual(['2', '5']);
  });

  it('gives each operation a request id of its own, unless it was given one', async () => {
    const contract = defineContract({ name: 'ids', operations: { getId: query({ output: z.object({ id: z.string() }) }) } });
    const { open } = await serveSockets(createService(contract, { getId: (_, { headers }) => ({ id: headers['x-request-id'] ?? '' }) }));
    const idsOf = async (payload: object | undefined) => {
      const socket = await open();
      const heard: Message[] = [];
      socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as Message));
      for (const message of [{ type: 'connection_init', payload }, ask('1', '{ id { id } }'), ask('2', '{ id { id } }')])
        socket.send(JSON.stringify(message));
      await vi.waitFor(() => expect(heard.filter(({ type }) => type === 'complete')).toHaveLength(2));
      const answers = heard.filter(({ type }) => type === 'next') as { payload: { data: { id: { id: string } } } }[];
      return answers.map(({ payload: { data } }) => data.id.id);
    };
    expect(new Set(await idsOf(undefined)).size).toBe(2);
    expect(await idsOf({ 'x-request-id': 'mine' })).toEqual(['mine', 'mine']);
  });

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
