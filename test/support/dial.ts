/** Connections to a server of a test, byte by byte. */
import { connect } from 'node:net';
import { afterEach, expect } from 'vitest';
import type { HttpHandler } from '../../src/http/message/message.ts';
import { listen, type HttpServer, type ListenOptions } from '../../src/http/node/listen.ts';

const opened: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close(0)));
});

/** Serves a handler until the test is over; a failure that it reports fails the test. */
export async function serve(handler: HttpHandler, options: ListenOptions = {}): Promise<HttpServer> {
  const server = await listen(handler, { onError: (error) => expect.unreachable(String(error)), ...options });
  opened.push(server);
  return server;
}

/** A connection to write anything on; `text` is what came back, `closed` resolves with all of it. */
export function dial(server: HttpServer, first = '') {
  const socket = connect(server.port, '127.0.0.1');
  let text = '';
  const waiting: [string, () => void][] = [];
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    for (const [part, resolve] of waiting) if (text.includes(part)) resolve();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  if (first !== '') socket.write(first);
  const until = (part: string) => new Promise<void>((resolve) => (text.includes(part) ? resolve() : waiting.push([part, resolve])));
  return { socket, closed, until, text: () => text };
}

export function deferred<T = void>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** Answers with what it got. */
export const echo: HttpHandler = async (request) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ method: request.method, path: request.path, query: request.query, body: await request.text(1000) }),
});
export const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
