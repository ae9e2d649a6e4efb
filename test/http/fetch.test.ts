import { describe, expect, it, vi } from 'vitest';
import { HttpError } from '../../src/http/message/error.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import type { HttpHandler, HttpWriter } from '../../src/http/message/message.ts';

const echo: HttpHandler = async (request) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    method: request.method,
    path: request.path,
    query: request.query,
    origin: request.origin,
    address: request.address,
    accept: request.headers['accept'],
    body: await request.text(1000),
  }),
});
const unreachable = { onError: (error: unknown) => expect.unreachable(String(error)) };
const post = (body: unknown, more: RequestInit = {}) =>
  new Request('https://example.com/a%20b?c=d#e', { method: 'POST', body, duplex: 'half', ...more } as RequestInit);

describe('fetchHandler', () => {
  it('serves a Request', async () => {
    const response = await fetchHandler(echo, unreachable)(post('\ufeffhéllo', { headers: { accept: 'x/y' } }), { address: '1.2.3.4' });
    expect(await response.json()).toEqual({
      method: 'POST',
      path: '/a%20b',
      query: 'c=d',
      origin: 'https://example.com',
      address: '1.2.3.4',
      accept: 'x/y',
      body: 'héllo',
    });
  });

  it('adds no content type of its own, and keeps the length for HEAD', async () => {
    const handler = fetchHandler(() => ({ status: 200, headers: {}, body: 'häuser' }), unreachable);
    const get = await handler(new Request('http://x/'));
    expect([get.headers.get('content-type'), await get.text()]).toEqual([null, 'häuser']);
    const head = await handler(new Request('http://x/', { method: 'HEAD' }));
    expect([head.headers.get('content-length'), head.body]).toEqual(['7', null]);
  });

  it.each([204, 304])('answers %i without a body', async (status) => {
    const response = await fetchHandler(() => ({ status, headers: {}, body: 'x' }), unreachable)(new Request('http://x/'));
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it.each([
    ['one too large by its length', 'x'.repeat(2000), {}, 413],
    ['one too large while it comes', new Blob(['x'.repeat(2000)]).stream(), {}, 413],
    ['one that is not UTF-8', new Uint8Array([0xff]), {}, 400],
    ['a compressed one', 'x', { 'content-encoding': 'br' }, 415],
    ['a cut one', new ReadableStream({ start: (controller) => controller.error(new Error('cut')) }), {}, 400],
    ['a slow one', new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }), {}, 408],
    ['none', null, {}, 200],
  ])('handles bodies: %s', async (_name, body, headers, status) => {
    const response = await fetchHandler(echo, { ...unreachable, bodyTimeoutMs: 30 })(
      post(body, { headers: headers as Record<string, string> }),
    );
    expect(response.status).toBe(status);
    if (status !== 200) expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it('waits for a body without end where no time is set', async () => {
    vi.useFakeTimers();
    try {
      const body = new TransformStream<Uint8Array, Uint8Array>();
      const answer = fetchHandler(echo, { ...unreachable, bodyTimeoutMs: Infinity })(post(body.readable));
      await vi.advanceTimersByTimeAsync(86_400_000);
      await body.writable.close();
      expect((await answer).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it('reports it where somebody has read the body before, or is reading it', async () => {
    const read = post('abc');
    await read.text();
    const locked = post('abc');
    locked.body?.getReader();
    const errors: unknown[] = [];
    for (const request of [read, locked]) {
      const response = await fetchHandler(echo, { onError: (error) => void errors.push(error) })(request);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain('read before');
    }
    expect(errors.map(String)).toEqual([0, 1].map(() => expect.stringContaining('was read before it came here')));
  });

  it('reads a body once', async () => {
    const twice: HttpHandler = async (request) => {
      const text = await request.text(10);
      await expect(request.bytes(10)).rejects.toThrow('can be read once');
      return { status: 200, headers: {}, body: text };
    };
    expect(await (await fetchHandler(twice, unreachable)(post('abc'))).text()).toBe('abc');
  });

  it('answers errors as problem documents and reports the unexpected ones', async () => {
    const reported: unknown[] = [];
    const options = { onError: (error: unknown) => reported.push(error) };
    const ask = async (handler: HttpHandler) => (await fetchHandler(handler, options)(new Request('http://x/'))).json() as Promise<object>;
    expect(await ask(() => undefined)).toMatchObject({ status: 404, code: 'UNIMPLEMENTED' });
    expect(await ask(() => Promise.reject(new HttpError(406, 'no')))).toMatchObject({
      status: 406,
      code: 'INVALID_ARGUMENT',
      detail: 'no',
    });
    expect(reported).toEqual([]);
    expect(await ask(() => Promise.reject(new Error('secret')))).toMatchObject({ status: 500, detail: 'an unexpected error happened' });
    expect(await ask(() => ({ status: 200, headers: { 'x-a': 'a\nb' } }))).toMatchObject({ status: 500 });
    expect(await ask(() => ({ status: 200, headers: {}, body: () => expect.unreachable('secret') }))).toMatchObject({ status: 500 });
    expect(reported).toHaveLength(3);
  });

  it('streams, and shows what is not taken', async () => {
    let writer: HttpWriter | undefined;
    let closed = 0;
    const handler = fetchHandler(
      () => ({ status: 200, headers: {}, body: (given) => void (writer = given).onClose(() => closed++) }),
      unreachable,
    );
    const reader = (await handler(new Request('http://x/'))).body?.getReader();
    writer?.write('äb');
    writer?.write('c');
    expect(writer?.bufferedBytes).toBe(4);
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('äb');
    expect(writer?.bufferedBytes).toBe(1);
    writer?.end();
    writer?.end();
    writer?.write('d');
    await reader?.read();
    expect((await reader?.read())?.done).toBe(true);
    expect(closed).toBe(1);
  });

  it('tells when the caller leaves a stream: by cancel or by signal', async () => {
    for (const leave of [
      (_: AbortController, body: ReadableStream) => body.cancel(),
      (controller: AbortController) => controller.abort(),
    ]) {
      const calls: string[] = [];
      const controller = new AbortController();
      const handler = fetchHandler((request) => {
        request.onAbort(() => calls.push('abort'));
        return {
          status: 200,
          headers: {},
          body: (writer) => {
            writer.onClose(() => {
              calls.push('close');
              writer.write('x');
              writer.end();
            });
          },
        };
      }, unreachable);
      const response = await handler(new Request('http://x/', { signal: controller.signal }));
      await leave(controller, response.body ?? expect.unreachable());
      expect(calls).toEqual(['abort', 'close']);
    }
  });

  it('tells a running handler, and none that has answered', async () => {
    const calls: string[] = [];
    const controller = new AbortController();
    const handler = fetchHandler((request) => {
      request.onAbort(() => calls.push(request.path));
      if (request.path === '/done') return { status: 200, headers: {} };
      return new Promise((resolve) => request.onAbort(() => resolve({ status: 200, headers: {} })));
    }, unreachable);
    await handler(new Request('http://x/done', { signal: controller.signal }));
    const hanging = handler(new Request('http://x/hangs', { signal: controller.signal }));
    controller.abort();
    await hanging;
    expect(calls).toEqual(['/hangs']);
    await handler(new Request('http://x/left', { signal: controller.signal }));
    expect(calls).toEqual(['/hangs', '/left']);
  });
});
