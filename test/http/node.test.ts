import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpError } from '../../src/http/message/error.ts';
import type { HttpHandler } from '../../src/http/message/message.ts';
import { listen } from '../../src/http/node/listen.ts';
import { nodeListener } from '../../src/http/node/listener.ts';
import { dial, echo, GET, serve } from '../support/dial.ts';

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
