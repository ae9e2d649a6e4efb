import { createServer, request as httpRequest } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { HttpError } from '../../src/http/message/error.ts';
import { listen, type HttpServer, type ListenOptions } from '../../src/http/node/listen.ts';
import type { HttpHandler, HttpRequest, HttpWriter } from '../../src/http/message/message.ts';
import { nodeListener } from '../../src/http/node/listener.ts';

const opened: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close(0)));
});

async function serve(handler: HttpHandler, options: ListenOptions = {}): Promise<HttpServer> {
  const server = await listen(handler, { onError: (error) => expect.unreachable(String(error)), ...options });
  opened.push(server);
  return server;
}

/** A connection to write anything on; `text` is what came back, `closed` resolves with all of it. */
function dial(server: HttpServer, first = '') {
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

function deferred<T = void>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

const echo: HttpHandler = async (request) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ method: request.method, path: request.path, query: request.query, body: await request.text(1000) }),
});
const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

describe('nodeListener', () => {
  it('serves requests, also with a server of ones own', async () => {
    const server = createServer(nodeListener(echo));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a%20b?c=d&e`, {
      method: 'POST',
      body: '\ufeffhéllo',
    });
    expect(await response.json()).toEqual({ method: 'POST', path: '/a%20b', query: 'c=d&e', body: 'héllo' });
    expect(response.headers.get('content-length')).not.toBeNull();
  });

  it('tells origin and address', async () => {
    const server = await serve((request) => ({ status: 200, headers: {}, body: `${request.origin} ${request.address} ${request.path}` }));
    expect(await (await fetch(server.url)).text()).toBe(`${server.url} 127.0.0.1 /`);
    const absolute = dial(server, 'GET https://example.com/a?b HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n');
    expect(await absolute.closed).toContain('https://example.com 127.0.0.1 /a');
    const bare = dial(server, 'GET /x HTTP/1.0\r\n\r\n');
    expect(await bare.closed).toContain(`${server.url} 127.0.0.1 /x`);
  });

  it('answers HEAD as GET without the body', async () => {
    const server = await serve((request) => ({ status: 200, headers: { 'x-method': request.method }, body: 'häuser' }));
    const response = await fetch(server.url, { method: 'HEAD' });
    expect([response.headers.get('x-method'), response.headers.get('content-length'), await response.text()]).toEqual(['HEAD', '7', '']);
  });

  it('never starts a stream for HEAD', async () => {
    const server = await serve(() => ({ status: 200, headers: {}, body: () => expect.unreachable() }));
    expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200);
  });

  it.each([200, 204, 304, 404])('answers %i without a body', async (status) => {
    const server = await serve(() => ({ status, headers: {} }));
    const wire = dial(server, GET);
    await wire.until('\r\n\r\n');
    expect(/content-length: 0\r\n/.test(wire.text())).toBe(status === 200 || status === 404);
    expect(wire.text()).not.toContain('chunked');
    wire.socket.destroy();
  });

  it('answers errors as problem documents and keeps the unexpected ones to itself', async () => {
    const reported: unknown[] = [];
    const secret = new Error('secret');
    const handlers: Record<string, HttpHandler> = {
      '/none': () => undefined,
      '/later-none': async () => undefined,
      '/refused': () => Promise.reject(new HttpError(405, 'not so', { allow: 'GET' })),
      '/thrown': () => {
        throw secret;
      },
      '/rejected': () => Promise.reject(secret),
      '/head': () => ({ status: 200, headers: { 'x-a': 'a\r\nx-b: b' } }),
      '/stream': () => ({
        status: 200,
        headers: {},
        body: () => {
          throw secret;
        },
      }),
    };
    const server = await serve((request) => handlers[request.path]?.(request), { onError: (error) => reported.push(error) });
    const ask = async (path: string) => {
      const response = await fetch(server.url + path);
      return { ...((await response.json()) as object), type: response.headers.get('content-type'), allow: response.headers.get('allow') };
    };
    const type = 'application/problem+json';
    expect(await ask('/none')).toEqual({
      type,
      title: 'Not Found',
      status: 404,
      detail: 'nothing answers GET /none',
      code: 'UNIMPLEMENTED',
      allow: null,
    });
    expect(await ask('/later-none')).toMatchObject({ status: 404 });
    expect(await ask('/refused')).toMatchObject({ status: 405, detail: 'not so', code: 'UNIMPLEMENTED', allow: 'GET' });
    expect(reported).toEqual([]);
    for (const path of ['/thrown', '/rejected', '/head']) {
      expect(await ask(path)).toEqual({
        type,
        title: 'Internal Server Error',
        status: 500,
        detail: 'an unexpected error happened',
        code: 'INTERNAL',
        allow: null,
      });
    }
    expect(await (await fetch(`${server.url}/stream`)).text()).toBe('');
    expect(reported).toEqual([secret, secret, expect.objectContaining({ code: 'ERR_INVALID_CHAR' }), secret]);
  });
});

describe('bodies', () => {
  const text = (size: number) => 'x'.repeat(size);

  it('refuses one that is too large, by its length or while it comes, and the caller sees it', async () => {
    const server = await serve(echo);
    for (const init of [{ body: text(3_000_000) }, { body: new Blob([text(3_000_000)]).stream(), duplex: 'half' }]) {
      const response = await fetch(server.url, { method: 'POST', ...init });
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ code: 'INVALID_ARGUMENT', detail: 'the body is larger than 1000 bytes' });
      expect(response.headers.get('connection')).toBe('close');
    }
  });

  it('lets a caller that only reads after it wrote everything see the 413', async () => {
    const server = await serve(echo);
    const size = 6 * 1024 * 1024;
    const wire = dial(server);
    wire.socket.pause();
    wire.socket.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${size}\r\n\r\n`);
    await new Promise<void>((resolve) => wire.socket.write(text(size), () => resolve()));
    wire.socket.resume();
    expect(await wire.closed).toMatch(/^HTTP\/1.1 413 [^]*"code":"INVALID_ARGUMENT"}$/);
  });

  it('stops reading a refused body after 8 MiB', async () => {
    const server = await serve(echo);
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const piece = `10000\r\n${text(65536)}\r\n`;
    while (!wire.socket.destroyed) await new Promise<void>((resolve) => wire.socket.write(piece, () => resolve()));
    await wire.closed;
    expect(wire.socket.bytesWritten).toBeGreaterThan(8 * 1024 * 1024);
    expect(wire.text()).toContain('413');
  });

  it('keeps the connection where a small body was not read, and does not wait for a large one', async () => {
    const server = await serve((request) => ({ status: 200, headers: {}, body: request.path }));
    const wire = dial(server, 'POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    await wire.until('/1');
    wire.socket.write('POST /2 HTTP/1.1\r\nhost: x\r\ncontent-length: 90000\r\n\r\nx');
    await wire.until('/2');
    wire.socket.write(text(89_999));
    expect(await wire.closed).toContain('connection: close');
  });

  it('cuts a slow one with 408', async () => {
    const server = await serve(echo, { bodyTimeoutMs: 50 });
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
    await wire.until('"code":"DEADLINE_EXCEEDED"');
    expect(wire.text()).toContain('HTTP/1.1 408');
    wire.socket.end('defghij');
    await wire.closed;
  });

  it('may take any time', async () => {
    const server = await serve(echo, { bodyTimeoutMs: Infinity, headersTimeoutMs: Infinity, keepAliveTimeoutMs: Infinity });
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 6\r\n\r\nabc');
    wire.socket.write('def');
    expect(await wire.closed).toContain('abcdef');
  });

  it('says so where a body parser has read it before', async () => {
    const parse = express.json();
    const listener = nodeListener(echo, { onError: (error) => expect.unreachable(String(error)) });
    const server = createServer((req, res) => parse(req as never, res as never, () => listener(req, res)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const headers = { 'content-type': 'application/json' };
    for (const init of [
      { body: '{"text":"x"}', headers },
      { body: gzipSync('{"text":"x"}'), headers: { ...headers, 'content-encoding': 'gzip' } },
    ]) {
      const response = await fetch(url, { method: 'POST', ...init });
      expect(response.status).toBe(500);
      const detail = expect.stringContaining('before body parsers such as express.json()') as string;
      expect(await response.json()).toMatchObject({ code: 'INTERNAL', detail });
    }
  });

  it('keeps no timer for one that was refused with its first piece', async () => {
    const answered = deferred();
    const server = await serve(
      async (request) => {
        await request.text(1).catch(() => {});
        answered.resolve();
        return { status: 413, headers: {} };
      },
      { bodyTimeoutMs: 86_400_000 },
    );
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    // 20 callers, because the test runner may have a timer of its own.
    const wires = Array.from({ length: 20 }, () =>
      dial(server, 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'),
    );
    await answered.promise;
    for (const wire of wires) {
      await wire.until('413');
      wire.socket.destroy();
      await wire.closed;
    }
    await server.close(0);
    expect(timers()).toBeLessThan(before + 10);
  });

  it('rejects with 400 where it is cut', async () => {
    const failed = deferred<unknown>();
    const server = await serve(async (request) => {
      await request.text(100).catch(failed.resolve);
      return { status: 200, headers: {} };
    });
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
    setTimeout(() => wire.socket.destroy(), 20);
    expect(await failed.promise).toMatchObject({ status: 400, message: 'the body was cut off' });
  });

  it('keeps no timer for one that was cut before it was answered', async () => {
    let cut = 0;
    const allCut = deferred();
    const server = await serve(async (request) => {
      await request.text(100).catch(() => {});
      // By then the request has told that it is closed.
      await new Promise((resolve) => setImmediate(resolve));
      if (++cut === 20) allCut.resolve();
      return { status: 400, headers: {} };
    });
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    for (let count = 0; count < 20; count++) {
      const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n');
      // The handler reads by then.
      await wire.until('100 Continue');
      wire.socket.destroy();
    }
    await allCut.promise;
    await server.close(0);
    expect(timers()).toBeLessThan(before + 10);
  });

  it.each([
    ['that is not UTF-8', new Uint8Array([0xff, 0xfe]), {}, 400],
    ['that is compressed', 'x', { 'content-encoding': 'gzip' }, 415],
    ['that says identity', 'x', { 'content-encoding': 'identity' }, 200],
  ])('handles a body %s', async (_name, body, headers, status) => {
    const server = await serve(echo);
    expect((await fetch(server.url, { method: 'POST', body, headers: headers as Record<string, string> })).status).toBe(status);
  });

  it('reads once', async () => {
    const server = await serve(async (request) => {
      const first = request.bytes(100);
      await expect(request.text(100)).rejects.toThrow('once');
      return { status: 200, headers: {}, body: await first };
    });
    expect(await (await fetch(server.url, { method: 'POST', body: 'abc' })).text()).toBe('abc');
  });

  it('asks for the body of Expect: 100-continue only where it is wanted', async () => {
    const server = await serve((request) => (request.path === '/no' ? { status: 403, headers: {}, body: 'no' } : echo(request)));
    const head = (path: string, size: number) =>
      `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${size}\r\n\r\n`;
    const wanted = dial(server, head('/', 3));
    await wanted.until('HTTP/1.1 100 Continue\r\n\r\n');
    wanted.socket.write('abc');
    await wanted.until('"body":"abc"');
    wanted.socket.destroy();
    for (const [path, size] of [
      ['/no', 3],
      ['/', 5000],
    ] as const) {
      const refused = dial(server, head(path, size));
      expect(await refused.closed).toMatch(/^HTTP\/1.1 4(03|13) /);
    }
  });
});

describe('malformed requests', () => {
  it('are not those that expect something unknown, or that ask for a tunnel: they are answered', async () => {
    const server = await serve(echo);
    const expecting = dial(server, 'GET /a HTTP/1.1\r\nhost: x\r\nexpect: tea\r\nconnection: close\r\n\r\n');
    expect(await expecting.closed).toMatch(/^HTTP\/1\.1 200 /);
    const tunnel = dial(server, 'CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await tunnel.closed).toMatch(/^HTTP\/1\.1 501 Not Implemented\r\ncontent-type: application\/problem\+json\r\n/);
    const left = dial(server, 'CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n');
    left.socket.on('connect', () => left.socket.resetAndDestroy());
    await left.closed;
    expect(await dial(server, `${GET.slice(0, -2)}connection: close\r\n\r\n`).closed).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost\r\n\r\n', 400],
    ['two different lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
    ['length and chunks', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['a huge URL', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
    ['huge headers', `GET / HTTP/1.1\r\nhost: x\r\nx-a: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answers %s', async (_name, text, status) => {
    const server = await serve(echo);
    expect(await dial(server, text).closed).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect((await fetch(server.url)).status).toBe(200);
  });

  it('writes nothing into a response that is running', async () => {
    const server = await serve(() => ({ status: 200, headers: {}, body: (writer) => writer.write('open') }));
    const wire = dial(server, GET);
    await wire.until('open');
    wire.socket.write('nonsense\r\n\r\n');
    expect(await wire.closed).toMatch(/open\r\n$/);
  });

  it('answers broken chunks', async () => {
    const server = await serve(echo);
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n');
    expect(await wire.closed).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('callers that leave', () => {
  it('tells a handler once, and never after a complete response', async () => {
    const calls: string[] = [];
    const running = deferred();
    const left = deferred();
    const server = await serve((request) => {
      request.onAbort(() => {
        calls.push(request.path);
        left.resolve();
      });
      if (request.path === '/done') return { status: 200, headers: {}, body: 'ok' };
      running.resolve();
      return new Promise(() => undefined);
    });
    await (await fetch(`${server.url}/done`)).text();
    const wire = dial(server, 'GET /hangs HTTP/1.1\r\nhost: x\r\n\r\n');
    await running.promise;
    wire.socket.destroy();
    await left.promise;
    expect(calls).toEqual(['/hangs']);
  });

  it('tells a handler whose answer waits behind another', async () => {
    const both = deferred();
    const left = deferred();
    let running = 0;
    let aborted = 0;
    const server = await serve((request) => {
      request.onAbort(() => ++aborted === 2 && left.resolve());
      if (++running === 2) both.resolve();
      return new Promise(() => undefined);
    });
    const wire = dial(server, GET + GET);
    await both.promise;
    wire.socket.destroy();
    await left.promise;
  });

  it('tells at once where the caller has left already', async () => {
    const told = deferred();
    const running = deferred();
    const server = await serve(async (request) => {
      const gone = deferred();
      request.onAbort(gone.resolve);
      running.resolve();
      await gone.promise;
      request.onAbort(told.resolve);
      return { status: 200, headers: {}, body: 'too late' };
    });
    const wire = dial(server, GET);
    await running.promise;
    wire.socket.destroy();
    await told.promise;
  });
});

describe('streams', () => {
  it('writes pieces, and calls onClose once when it ends', async () => {
    let closed = 0;
    const server = await serve(() => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: (writer) => {
        writer.onClose(() => closed++);
        writer.write('data: 1\n\n');
        setTimeout(() => {
          writer.write('data: 2\n\n');
          writer.end();
          writer.end();
          writer.write('data: 3\n\n');
          writer.onClose(() => closed++);
        }, 5);
      },
    }));
    expect(await (await fetch(server.url)).text()).toBe('data: 1\n\ndata: 2\n\n');
    expect(closed).toBe(2);
  });

  it('sends the head before the first piece', async () => {
    let writer: HttpWriter | undefined;
    const server = await serve(() => ({ status: 200, headers: {}, body: (given) => void (writer = given) }));
    const response = await fetch(server.url);
    writer?.end();
    expect(await response.text()).toBe('');
  });

  it('shows what a slow caller has not taken, and when it leaves', async () => {
    const started = deferred<HttpWriter>();
    const closed = deferred();
    const aborted = deferred();
    const server = await serve((request) => {
      request.onAbort(aborted.resolve);
      return {
        status: 200,
        headers: {},
        body: (writer) => {
          writer.onClose(closed.resolve);
          started.resolve(writer);
        },
      };
    });
    const wire = dial(server, GET);
    const writer = await started.promise;
    expect(writer.bufferedBytes).toBeLessThan(1000);
    wire.socket.pause();
    for (let count = 0; count < 400; count++) writer.write('x'.repeat(65_536));
    expect(writer.bufferedBytes).toBeGreaterThan(1_000_000);
    wire.socket.destroy();
    await Promise.all([closed.promise, aborted.promise]);
    writer.write('x');
    writer.end();
  });
});

describe('close', () => {
  const openConnections = (server: HttpServer) =>
    new Promise<number>((resolve) => server.server.getConnections((_error, count) => resolve(count)));

  it('lets running responses finish and closes idle and silent connections', async () => {
    const running = deferred();
    const go = deferred();
    const server = await serve(async (request: HttpRequest) => {
      if (request.path === '/idle') return { status: 200, headers: {}, body: 'idle' };
      running.resolve();
      await go.promise;
      return { status: 200, headers: {}, body: 'finished' };
    });
    const silent = dial(server);
    const idle = dial(server, 'GET /idle HTTP/1.1\r\nhost: x\r\n\r\n');
    await idle.until('idle');
    const busy = dial(server, GET);
    await running.promise;
    const closing = server.close();
    expect(server.close()).toBe(closing);
    await Promise.all([silent.closed, idle.closed]);
    await expect(fetch(server.url)).rejects.toThrow();
    go.resolve();
    expect(await busy.closed).toMatch(/connection: close[^]*finished$/i);
    await closing;
    expect(await openConnections(server)).toBe(0);
  });

  it('ends streams at once, after those that want to have said so', async () => {
    const server = await serve((request) => ({
      status: 200,
      headers: {},
      body: (writer) => {
        writer.write('open ');
        if (request.path === '/told') {
          writer.onStop(() => {
            writer.write('bye');
            writer.end();
          });
        }
      },
    }));
    const [plain, told] = await Promise.all([fetch(server.url), fetch(`${server.url}/told`)]);
    const closing = server.close();
    expect(await plain.text()).toBe('open ');
    expect(await told.text()).toBe('open bye');
    await closing;
  });

  it('cuts what outlasts the grace', async () => {
    const running = deferred();
    const aborted = deferred();
    const server = await serve((request) => {
      request.onAbort(aborted.resolve);
      running.resolve();
      return new Promise(() => undefined);
    });
    const wire = dial(server, GET);
    await running.promise;
    await server.close(30);
    await Promise.all([wire.closed, aborted.promise]);
    expect(await openConnections(server)).toBe(0);
  });

  it('cuts connections that were upgraded', async () => {
    const server = await serve(echo);
    let upgraded: Socket | undefined;
    server.server.on('upgrade', (_request, socket) => {
      upgraded = socket as Socket;
      socket.on('error', () => undefined).write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    });
    const wire = dial(server, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    await wire.until('101');
    await server.close(30);
    expect(upgraded?.destroyed).toBe(true);
    await wire.closed;
  });
});

describe('listen', () => {
  it('says what to do where the port cannot be had', async () => {
    const server = await serve(echo);
    await expect(listen(echo, { port: server.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('another port'),
    });
    await expect(listen(echo, { host: '203.0.113.1' })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      message: expect.stringContaining('127.0.0.1'),
    });
  });

  it('serves many requests on one connection', async () => {
    const server = await serve(echo);
    let connections = 0;
    server.server.on('connection', () => connections++);
    const wire = dial(server, GET.repeat(50));
    await new Promise<void>((resolve) => wire.socket.on('data', () => wire.text().split('HTTP/1.1 200').length === 51 && resolve()));
    wire.socket.destroy();
    expect(connections).toBe(1);
  });

  it('serves Node clients with bodies in many pieces', async () => {
    const server = await serve(echo);
    const answer = await new Promise<string>((resolve, reject) => {
      const request = httpRequest(server.url, { method: 'PUT' }, (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk: string) => (text += chunk))
          .on('end', () => resolve(text));
      }).on('error', reject);
      const bytes = Buffer.from('é😀');
      for (const byte of bytes) request.write(Buffer.from([byte]));
      request.end();
    });
    expect(JSON.parse(answer)).toMatchObject({ body: 'é😀' });
  });
});
