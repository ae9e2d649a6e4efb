import { type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { HttpRequest, HttpWriter } from '../../src/http/message/message.ts';
import { type HttpServer } from '../../src/http/node/listen.ts';
import { deferred, dial, echo, GET, serve } from '../support/dial.ts';

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
