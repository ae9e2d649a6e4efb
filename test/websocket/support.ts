import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { createBlogService } from '../../src/blog/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import type { Transport } from '../../src/core/transport.ts';
import { webSocketHandler, type WebSocketHandlerOptions } from '../../src/websocket/server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
export function onEnd<T>(value: T, cleanup: (value: T) => unknown): T {
  cleanups.push(() => cleanup(value));
  return value;
}

export async function serve(transport: Transport, options: WebSocketHandlerOptions = {}, port = 0) {
  const server = await listen(() => undefined, { port });
  const handler = webSocketHandler(transport, options);
  handler.attach(server.server);
  const close = async (graceMs = 1000) => void (await Promise.all([handler.close(graceMs), server.close(graceMs)]));
  onEnd(close, (each) => each());
  return { url: server.url.replace('http', 'ws'), port: server.port, handler, close, server };
}

export async function serveBlog(options: WebSocketHandlerOptions = {}) {
  const service = onEnd(createBlogService(), (each) => each.close());
  return { service, ...(await serve(service, options)) };
}

/** A client that anyone could have written: frames in, frames out. */
export class Peer {
  readonly #frames: string[] = [];
  readonly #waiters: ((frame: string) => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  readonly ws: WebSocket;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer) => {
      const waiter = this.#waiters.shift();
      if (waiter) waiter(data.toString());
      else this.#frames.push(data.toString());
    });
    ws.on('error', () => {});
    this.closed = new Promise((resolve) => ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  }

  static async open(url: string, protocols?: string | string[], options?: WebSocket.ClientOptions): Promise<Peer> {
    const ws = onEnd(new WebSocket(url, protocols, options), (each) => each.terminate());
    const peer = new Peer(ws);
    await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
    return peer;
  }

  send(value: unknown): void {
    this.ws.send(typeof value === 'string' ? value : JSON.stringify(value));
  }

  async text(): Promise<string> {
    return this.#frames.shift() ?? new Promise((resolve) => this.#waiters.push(resolve));
  }

  async next(): Promise<any> {
    return JSON.parse(await this.text());
  }

  async ask(value: unknown): Promise<any> {
    this.send(value);
    return this.next();
  }
}

export const rpc = (id: unknown, method: string, params?: unknown, more: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params !== undefined && { params }),
  ...more,
});

/** Status, headers and body of an upgrade that is refused. */
export function refusal(url: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    };
    const request = httpRequest(url.replace('ws:', 'http:'), { headers: upgrade });
    request.on('response', (response: IncomingMessage) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve({ status: 101, text: '' });
    });
    request.on('error', reject);
    request.end();
  });
}

/** A server that somebody else wrote: it chooses no subprotocol, as most do. */
export async function serveForeign(onConnection: (peer: WebSocket, path: string) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false });
  await once(server, 'listening');
  onEnd(server, (each) => {
    for (const peer of each.clients) peer.terminate();
    each.close();
  });
  server.on('connection', (peer, { url = '' }) => onConnection(peer, url));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
