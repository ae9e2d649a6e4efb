import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket as TcpSocket } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, it, vi } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import * as z from 'zod/mini';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { defineContract, query } from '../../src/core/define.ts';
import { isApiError } from '../../src/core/errors.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { createService } from '../../src/service/service.ts';
import type { Transport } from '../../src/core/transport.ts';
import { webSocket, type WebSocketConstructor, type WebSocketState } from '../../src/websocket/client.ts';
import { Peer, onEnd, rpc, serve, serveBlog } from './support.ts';

describe('the client', () => {
  it('rejects with UNAVAILABLE, not sent, where nobody listens', async () => {
    const states: WebSocketState[] = [];
    const client = onEnd(
      createClient({ transport: webSocket({ url: 'ws://127.0.0.1:1', onState: (state) => states.push(state) }) }),
      (each) => each.close(),
    );
    const error: unknown = await client.getUser({ id: 123 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', sent: false });
    expect((error as Error).message).toContain('ECONNREFUSED');
    expect(states).toEqual(['connecting', 'closed']);
  });

  it('makes one connection at its first use, for all calls and subscriptions', async () => {
    const { url, handler } = await serveBlog();
    const states: WebSocketState[] = [];
    const client = onEnd(createClient({ transport: webSocket({ url, onState: (state) => states.push(state) }) }), (each) => each.close());
    expect(handler.connections).toBe(0);
    await Promise.all([client.getUser({ id: 123 }), client.getPost({ id: 1 }), client.onMessage(() => {}), client.onTemperature(() => {})]);
    expect(handler.connections).toBe(1);
    await client.close();
    await vi.waitFor(() => expect(handler.connections).toBe(0));
    expect(states).toEqual(['connecting', 'open', 'closed']);
  });

  it.each([
    ['not a url', /is not a URL/],
    ['ftp://x', /must begin with/],
    ['ws://a:b@x', /put credentials/],
    ['ws://x/#y', /fragment/],
  ])('refuses the url %s', (url, message) => {
    expect(() => webSocket({ url })).toThrow(message);
  });

  it('says what an upgrade was refused with', async () => {
    const { url } = await serveBlog();
    const client = (path: string) => onEnd(createClient({ transport: webSocket({ url: url + path }) }), (each) => each.close());
    await expect(client('/nowhere').getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNIMPLEMENTED', sent: false });
    const plain = createServer((_, response) => response.writeHead(503).end('<html>'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onEnd(plain, (each) => (each.closeAllConnections(), each.close()));
    const down = onEnd(createClient({ transport: webSocket({ url: `ws://127.0.0.1:${(plain.address() as AddressInfo).port}` }) }), (each) =>
      each.close(),
    );
    await expect(down.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
    const full = await serveBlog({ maxConnectionsPerAddress: 1 });
    await Peer.open(`${full.url}/ws`);
    const late = onEnd(createClient({ transport: webSocket({ url: full.url }) }), (each) => each.close());
    await expect(late.getUser({ id: 123 })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfterMs: 5000, sent: false });
  });

  it('may be closed by who hears that it connects', async () => {
    const { url, handler } = await serveBlog();
    let isConnecting = false;
    const onState = (state: string) => {
      if (state !== 'connecting') return;
      isConnecting = true;
      void transport.close();
    };
    const transport: Transport = webSocket({ url, onState })(blogContract);
    const headers = {};
    const operation = blogContract.operations.getUser;
    const call = transport.call({ operation, input: { id: 123 }, headers, signal: new AbortController().signal });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(isConnecting).toBe(true);
    expect(handler.connections).toBe(0);
  });

  it('goes on if its onState throws: calls fail, and subscriptions come back', async () => {
    const { url, service, server } = await serveBlog();
    const printed = onEnd(
      vi.spyOn(console, 'error').mockImplementation(() => {}),
      (each) => each.mockRestore(),
    );
    const onState = () => {
      throw new Error('a bug');
    };
    const client = onEnd(createClient({ transport: webSocket({ url, onState }), reconnect: { baseDelayMs: 1 } }), (each) => each.close());
    const heard: string[] = [];
    const sockets: TcpSocket[] = [];
    server.server.on('connection', (socket: TcpSocket) => void sockets.push(socket));
    await client.onArticlePublished(({ title }) => void heard.push(title));
    sockets.shift()?.destroy();
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    await service.publish('articlePublished', { title: 'hello', author: 'a', content: 'b' });
    await vi.waitFor(() => expect(heard).toEqual(['hello']));
    expect(printed).toHaveBeenCalledWith(new Error('a bug'));
  });

  it('refuses a message over the limit, and fails calls in flight when the connection is lost', async () => {
    const { url, service, handler } = await serveBlog();
    const client = onEnd(createClient({ transport: webSocket({ url }) }), (each) => each.close());
    await expect(client.createPost({ authorId: 123, title: 'x', content: 'ä'.repeat(600_000) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      sent: false,
    });
    void service;
    const contract = defineContract({ name: 'slow', operations: { wait: query({}) } });
    let isRunning = false;
    const wait = () => ((isRunning = true), new Promise<never>(() => {}));
    const slow = await serve(createService(contract, { wait }, { graceMs: 1 }));
    const waiting = onEnd(createClient({ contract, transport: webSocket({ url: slow.url }) }), (each) => each.close());
    const call = waiting.wait();
    const failed = expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: true });
    await vi.waitFor(() => expect(isRunning).toBe(true));
    await slow.close(10);
    await failed;
    expect(handler.connections).toBe(1);
  });

  it('asks for headers at each call, sends what differs, and takes back what is gone', async () => {
    const contract = defineContract({ name: 'who', operations: { who: query({ output: z.record(z.string(), z.string()) }) } });
    const { url } = await serve(
      createService(contract, {
        who: (_, { headers }) => ({ auth: headers['authorization'] ?? 'none', tenant: headers['tenant'] ?? 'none' }),
      }),
    );
    const platform = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
    for (const WebSocketClass of [undefined, BrowserLike, platform]) {
      const records: WireRecord[] = [];
      let headers: Record<string, string> = { authorization: 'Bearer SECRET-1', tenant: 'a' };
      const transport = webSocket({
        url,
        headers: () => headers,
        onWire: (record) => records.push(record),
        ...(WebSocketClass && { WebSocket: WebSocketClass }),
      });
      const client = onEnd(createClient({ contract, transport }), (each) => each.close());
      expect(await client.who()).toEqual({ auth: 'Bearer SECRET-1', tenant: 'a' });
      headers = { authorization: 'Bearer SECRET-2', tenant: 'a' };
      expect(await client.who()).toEqual({ auth: 'Bearer SECRET-2', tenant: 'a' });
      headers = {};
      expect(await client.who()).toEqual({ auth: 'none', tenant: 'none' });
      expect(await client.who(undefined, { headers: { authorization: 'Bearer SECRET-3' } })).toMatchObject({ auth: 'Bearer SECRET-3' });
      const out = JSON.stringify(records.filter(({ direction }) => direction === 'out'));
      expect(out).not.toContain('SECRET');
      for (const { body, direction } of records)
        if (direction === 'out' && body !== undefined) expect(() => JSON.parse(body)).not.toThrow();
      expect(out).toContain('[redacted]');
      await client.close();
    }
  });

  it('finds out within two intervals that a proxy has stopped forwarding, and comes back', async () => {
    const { url, service, port } = await serveBlog();
    void url;
    const proxy = await stallingProxy(port);
    const client = onEnd(
      createClient({ transport: webSocket({ url: proxy.url, pingIntervalMs: 100 }), reconnect: { baseDelayMs: 5, maxDelayMs: 20 } }),
      (each) => each.close(),
    );
    const heard: string[] = [];
    await client.onMessage(({ message }) => void heard.push(message), { onGap: () => heard.push('gap') });
    await service.publish('message', { sender: 'a', message: 'one' });
    await vi.waitFor(() => expect(heard).toEqual(['one']));
    proxy.stall();
    await service.publish('message', { sender: 'a', message: 'two' });
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']), 5000);
  });

  it('loses no event of 100 subscriptions while the server is killed and comes back', async () => {
    const service = onEnd(createBlogService(), (each) => each.close());
    let running = await serve(service);
    const { port, url } = running;
    const clients = Array.from({ length: 10 }, () =>
      onEnd(createClient({ transport: webSocket({ url }), reconnect: { baseDelayMs: 5, maxDelayMs: 50 } }), (each) => each.close()),
    );
    const heard: (string | number)[][] = [];
    for (const client of clients) {
      for (let n = 0; n < 10; n++) {
        const mine: (string | number)[] = [];
        heard.push(mine);
        await client.onMessage(({ message }) => void mine.push(Number(message)), { onGap: () => mine.push('gap') });
      }
    }
    let published = 0;
    const publish = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await service.publish('message', { sender: 'a', message: String(published++) });
        if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    for (let round = 0; round < 3; round++) {
      await publish(50);
      const killed = running.close(round === 1 ? 1000 : 0);
      await publish(50);
      await killed;
      await publish(20);
      running = await serve(service, {}, port);
      await publish(50);
    }
    const expected = Array.from({ length: published }, (_, n) => n);
    await vi.waitFor(() => expect(heard.every((each) => each.length >= expected.length)).toBe(true), 10_000);
    for (const each of heard) expect(each).toEqual(expected);
  }, 30_000);

  it('tells of a gap where the server that comes back has forgotten', async () => {
    const start = async (port: string) => {
      const child = spawn(process.execPath, [
        '--import',
        'tsx',
        'src/cli/main.ts',
        'serve',
        '--port',
        port,
        '--json',
        '--grpc-port',
        '0',
        '--mqtt-port',
        '0',
      ]);
      onEnd(child, (each) => each.kill('SIGKILL'));
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      return { child, url: (JSON.parse(line) as { http: string }).http };
    };
    const first = await start('0');
    const connect = () =>
      onEnd(createClient({ transport: webSocket({ url: first.url }), reconnect: { baseDelayMs: 5, maxDelayMs: 100 } }), (each) =>
        each.close(),
      );
    const [reader, writer] = [connect(), connect()];
    const heard: string[] = [];
    await reader.onMessage(({ message }) => void heard.push(message), { onGap: () => heard.push('gap') });
    for (const message of ['1', '2', '3']) await writer.sendMessage({ sender: 'a', message });
    await vi.waitFor(() => expect(heard).toHaveLength(3));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await expect(writer.sendMessage({ sender: 'a', message: 'lost' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await start(new URL(first.url).port);
    await vi.waitFor(() => expect(heard).toEqual(['1', '2', '3', 'gap']), 10_000);
    await writer.sendMessage({ sender: 'a', message: '4' });
    await vi.waitFor(() => expect(heard).toEqual(['1', '2', '3', 'gap', '4']));
  }, 60_000);

  it('takes an error whose code names a member of every object for what it is: unknown', async () => {
    const server = onEnd(new WebSocketServer({ port: 0, host: '127.0.0.1' }), (each) => each.close());
    server.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => {
        const { id } = JSON.parse(data.toString()) as { id: unknown };
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: 'toString', message: 'odd' } }));
      }),
    );
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const blog = onEnd(createClient({ transport: webSocket({ url }) }), (each) => each.close());
    await expect(blog.getUser({ id: 1 })).rejects.toMatchObject({ code: 'UNKNOWN', text: 'odd' });
  });

  it('takes events of a server that gives them no ids', async () => {
    const server = onEnd(new WebSocketServer({ port: 0, host: '127.0.0.1' }), (each) => each.close());
    server.on('connection', (ws) => {
      ws.on('message', (data: Buffer) => {
        const { id, method } = JSON.parse(data.toString()) as { id: number; method: string };
        if (method !== 'subscribe') return;
        ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: { subscription: 'abc' } }));
        for (const message of ['1', '2'])
          ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'event', params: { subscription: 'abc', data: { sender: 'a', message } } }));
        ws.send('what is this?');
        ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'end', params: { subscription: 'abc' } }));
      });
    });
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/any/path`;
    const client = onEnd(createClient({ transport: webSocket({ url }) }), (each) => each.close());
    const heard: string[] = [];
    for await (const { message } of client.onMessage()) heard.push(message);
    expect(heard).toEqual(['1', '2']);
  });

  it('survives what is no WebSocket at all', async () => {
    const { url, port, handler } = await serveBlog();
    for (let n = 0; n < 50; n++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      const head =
        'GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
      socket.write(head);
      socket.write(Buffer.from(Array.from({ length: 64 }, (_, index) => (n * 131 + index * 37) & 0xff)));
      if (n % 2 === 0) socket.destroy();
      else onEnd(socket, (each) => each.destroy());
    }
    const peer = await Peer.open(`${url}/ws`);
    expect(await peer.ask(rpc(1, 'ping'))).toMatchObject({ result: null });
    expect(handler.connections).toBeGreaterThan(0);
  });

  it('leaves nothing behind', async () => {
    const { url, handler } = await serveBlog();
    const client = createClient({ transport: webSocket({ url }) });
    const controller = new AbortController();
    const started = client.onMessage(() => {}, { signal: controller.signal });
    controller.abort();
    await started.catch((error: unknown) => expect(isApiError(error)).toBe(true));
    await client.close();
    await expect(client.getUser({ id: 123 })).rejects.toMatchObject({ code: 'CANCELLED' });
    await vi.waitFor(() => expect(handler.connections).toBe(0));
  });
});

/** As in a browser: events and `send`, no headers, no pings, no `terminate`. */
class BrowserLike extends EventTarget {
  readonly #ws: WebSocket;

  constructor(url: string, protocols?: string | string[]) {
    super();
    this.#ws = new WebSocket(url, protocols);
    this.#ws.on('open', () => this.dispatchEvent(new Event('open')));
    this.#ws.on('error', () => this.dispatchEvent(new Event('error')));
    this.#ws.on('message', (data: Buffer) => this.dispatchEvent(new MessageEvent('message', { data: data.toString() })));
    this.#ws.on('close', (code, reason) => this.dispatchEvent(Object.assign(new Event('close'), { code, reason: reason.toString() })));
  }

  get readyState(): number {
    return this.#ws.readyState;
  }
  get bufferedAmount(): number {
    return this.#ws.bufferedAmount;
  }
  send(data: string): void {
    this.#ws.send(data);
  }
  close(code?: number, reason?: string): void {
    this.#ws.close(code, reason);
  }
}

/** Forwards bytes until it is told to keep what it gets, on the connections that it has by then. */
async function stallingProxy(port: number) {
  const sockets = new Set<TcpSocket>();
  const server = createTcpServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(server, (each) => {
    each.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall: () => {
      for (const socket of sockets) socket.removeAllListeners('data').on('data', () => {});
    },
  };
}
