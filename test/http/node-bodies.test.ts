import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodeListener } from '../../src/http/node/listener.ts';
import { deferred, dial, echo, serve } from '../support/dial.ts';

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
    const errors: unknown[] = [];
    const listener = nodeListener(echo, { onError: (error) => void errors.push(error) });
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
      // Advice is for whoever mounted the handler, not for the caller.
      expect(await response.text()).not.toMatch(/express|mount/);
    }
    expect(errors.map(String)).toEqual([0, 1].map(() => expect.stringContaining('before body parsers such as express.json()')));
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
      const read = request.text(100).catch(failed.resolve);
      wire.socket.destroy();
      await read;
      return { status: 200, headers: {} };
    });
    const wire = dial(server, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
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
