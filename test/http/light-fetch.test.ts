import { spawn } from 'node:child_process';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { createFetch } from 'ofetch';
import { afterEach, describe, expect, it } from 'vitest';
import { FetchFailure, isUnsent, type LightFetch, type LightFetchOptions } from '../../src/http/client/fetch-like.ts';
import { createLightFetch } from '../../src/http/client/light-fetch.ts';
import { createLightFetch as createPlatformFetch } from '../../src/http/client/platform-fetch.ts';
import { until } from '../support/until.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function listenOn(server: { listen: Server['listen']; address: Server['address'] }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
}

/** A server that answers by path; `sockets` counts its connections. */
async function peer() {
  const seen: { method: string | undefined; url: string | undefined; headers: Record<string, unknown>; body: string }[] = [];
  const state = { sockets: 0, closed: 0, hanging: [] as ServerResponse[] };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      const path = request.url?.split('?')[0];
      if (path === '/hangs') return void state.hanging.push(response);
      if (path === '/redirect') return response.writeHead(302, { location: '/json' }).end();
      if (path === '/none') return response.writeHead(204).end();
      if (path === '/cut') {
        response.writeHead(200, { 'content-length': 100 });
        return response.write('abc', () => response.destroy());
      }
      if (path === '/partial') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: 1\n\n');
        return void state.hanging.push(response);
      }
      if (path === '/large') return response.end('x'.repeat(1_000_000));
      if (path === '/hints') response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.setHeader('x-list', ['a', 'b']);
      response.writeHead(200, { 'Content-Type': 'application/json', 'X-Name': 'caf\xe9' });
      response.end('\ufeff{"a":"é"}');
    });
  });
  server.on('connection', (socket) => {
    state.sockets++;
    socket.on('close', () => state.closed++);
  });
  const url = `http://127.0.0.1:${await listenOn(server)}`;
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, seen, state };
}

function light(options?: LightFetchOptions): LightFetch {
  const made = createLightFetch(options);
  cleanups.push(() => made.close());
  return made;
}

/** A signal that counts its listeners. */
function watched() {
  const controller = new AbortController();
  const { signal } = controller;
  const state = { listeners: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = ((...given: Parameters<typeof add>) => (state.listeners++, add(...given))) as typeof add;
  signal.removeEventListener = ((...given: Parameters<typeof remove>) => (state.listeners--, remove(...given))) as typeof remove;
  return { controller, signal, state };
}

describe('lightFetch', () => {
  it('sends what it is given, and what every request has', async () => {
    const { url, seen } = await peer();
    const { fetch } = light();
    for (const headers of [{ 'X-A': '1' }, new Headers({ 'X-A': '1' }), [['X-A', '1']] as [string, string][]]) {
      const response = await fetch(`${url}/a?b=c`, { method: 'PATCH', headers, body: '{"é":1}' });
      expect(await response.json()).toEqual({ a: 'é' });
      expect(seen.pop()).toMatchObject({ method: 'PATCH', url: '/a?b=c', body: '{"é":1}', headers: { 'x-a': '1', 'content-length': '8' } });
    }
    await (await fetch(url, { method: 'PUT', body: new Uint8Array([0x61]) })).text();
    expect(seen.pop()).toMatchObject({ method: 'PUT', url: '/', body: 'a' });
    await (await fetch(`${url}/ä b?#c`)).text();
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/%C3%A4%20b', body: '' });
    expect(seen[0]?.headers).toMatchObject({ 'user-agent': 'multi-api-sdk', 'accept-encoding': expect.stringMatching(/^gzip, br/) });
    await (await fetch(url, { headers: { 'user-agent': 'mine', 'accept-encoding': 'identity' } })).text();
    expect(seen.pop()?.headers).toMatchObject({ 'user-agent': 'mine', 'accept-encoding': 'identity' });
    await (await fetch(url, { headers: { accept: 'text/event-stream' } })).text();
    expect(seen.pop()?.headers).not.toHaveProperty('accept-encoding');
  });

  it('gives status, headers in any case, and the body in any form', async () => {
    const { url } = await peer();
    const { fetch } = light();
    const response = await fetch(url);
    expect([response.status, response.ok, response.statusText]).toEqual([200, true, 'OK']);
    expect([
      response.headers.get('CONTENT-type'),
      response.headers.get('x-list'),
      response.headers.get('x-name'),
      response.headers.get('none'),
    ]).toEqual(['application/json', 'a, b', 'café', null]);
    expect([response.headers.has('Date'), response.headers.has('x')]).toEqual([true, false]);
    expect(Object.fromEntries(response.headers.entries())).toMatchObject({ 'x-list': 'a, b', 'x-name': 'café' });
    const names: string[] = [];
    response.headers.forEach((_value, name) => names.push(name));
    expect(names).toContain('content-type');
    expect(await response.text()).toBe('{"a":"é"}');
    await expect(response.text()).rejects.toThrow('once');
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(13);
    expect(await new Response((await fetch(url)).body).json()).toEqual({ a: 'é' });
  });

  it('works below ofetch', async () => {
    const { url, seen } = await peer();
    const api = createFetch({ fetch: light().fetch as unknown as typeof globalThis.fetch });
    expect(await api(`${url}/json`, { method: 'POST', body: { b: 1 } })).toEqual({ a: 'é' });
    expect(seen[0]).toMatchObject({ body: '{"b":1}', headers: { 'content-type': 'application/json' } });
    expect((await api.raw(`${url}/none`, { method: 'DELETE' })).status).toBe(204);
  });

  it('does not follow redirects, and has no body where there is none', async () => {
    const { url } = await peer();
    const { fetch } = light();
    const redirect = await fetch(`${url}/redirect`, { redirect: 'manual' });
    expect([redirect.status, redirect.ok, redirect.headers.get('location')]).toEqual([302, false, '/json']);
    const none = await fetch(`${url}/none`);
    expect([none.status, none.body, await none.text()]).toEqual([204, null, '']);
    const head = await fetch(`${url}/json`, { method: 'HEAD' });
    expect([head.status, head.body, await head.text()]).toEqual([200, null, '']);
  });

  it('waits for the response behind early hints', async () => {
    const { url } = await peer();
    expect((await light().fetch(`${url}/hints`)).status).toBe(200);
  });

  it('uses a connection again', async () => {
    const { url, state } = await peer();
    const { fetch } = light();
    for (let count = 0; count < 20; count++) await (await fetch(url)).text();
    // undici looks an idle socket over before it is used again, and may open a second one meanwhile.
    expect(state.sockets).toBeLessThanOrEqual(2);
  });

  it.each(['not a url', 'ftp://x/', 'http://user:pass@127.0.0.1/', '/path'])('refuses %j', async (url) => {
    await expect(light().fetch(url)).rejects.toThrow(TypeError);
  });

  it('refuses headers that would break the request', async () => {
    const { url, seen } = await peer();
    await expect(light().fetch(url, { headers: { 'x-a': 'a\r\nb: c' } })).rejects.toThrow();
    expect(seen).toEqual([]);
  });

  it('limits what it reads, but not streams', async () => {
    const { url, state } = await peer();
    const { fetch } = light({ maxResponseBytes: 1000 });
    await expect((await fetch(`${url}/large`)).text()).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    const late = await fetch(`${url}/large`);
    await until(() => state.closed === state.sockets);
    await expect(late.text()).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
    expect(await new Response((await fetch(`${url}/large`)).body).text()).toHaveLength(1_000_000);
    expect(await (await light().fetch(`${url}/large`)).text()).toHaveLength(1_000_000);
  });
});

describe('failures', () => {
  it.each([
    ['light', createLightFetch],
    ['platform', createPlatformFetch],
  ])('says that nothing was sent where nobody listens (%s)', async (_name, create) => {
    const server = createTcpServer();
    const port = await listenOn(server as unknown as Server);
    await new Promise((resolve) => server.close(resolve));
    const { fetch, close } = create();
    cleanups.push(close);
    for (const [host, code] of [
      ['127.0.0.1', 'ECONNREFUSED'],
      ['localhost', 'ECONNREFUSED'],
      ['nobody.invalid', /^E/],
    ] as const) {
      const error: unknown = await fetch(`http://${host}:${port}/`).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(FetchFailure);
      expect((error as FetchFailure).code).toMatch(code);
      expect([(error as FetchFailure).sent, isUnsent(error), isUnsent(new Error('x', { cause: error }))]).toEqual([false, true, true]);
      expect((error as FetchFailure).message).not.toBe('');
    }
    await close();
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ sent: false });
  });

  it('does not say so where the connection broke', async () => {
    const server = createTcpServer((socket: Socket) => socket.on('error', () => undefined).on('data', () => socket.destroy()));
    const url = `http://127.0.0.1:${await listenOn(server as unknown as Server)}`;
    cleanups.push(() => server.close());
    await expect(light().fetch(url)).rejects.toMatchObject({ name: 'FetchFailure', sent: true });
    const answer = createTcpServer((socket: Socket) =>
      socket.on('error', () => undefined).on('data', () => socket.end('nonsense\r\n\r\n')),
    );
    const other = `http://127.0.0.1:${await listenOn(answer as unknown as Server)}`;
    cleanups.push(() => answer.close());
    await expect(light().fetch(other)).rejects.toMatchObject({ sent: true });
  });

  it('rejects a body that is cut', async () => {
    const { url, state: server } = await peer();
    const { fetch } = light();
    const { signal, state } = watched();
    await expect((await fetch(`${url}/cut`, { signal })).text()).rejects.toMatchObject({ name: 'FetchFailure', sent: true });
    await expect(new Response((await fetch(`${url}/cut`)).body).text()).rejects.toThrow();
    const late = await fetch(`${url}/cut`);
    await until(() => server.closed === server.sockets);
    await expect(late.text()).rejects.toMatchObject({ sent: true });
    expect(state.listeners).toBe(0);
  });
});

describe('abort', () => {
  it('before, while connecting, while waiting, and in the body: rejects with the reason and leaves no listener', async () => {
    const { url, state, seen } = await peer();
    const { fetch } = light();
    const reason = new Error('enough');

    const before = watched();
    before.controller.abort(reason);
    await expect(fetch(url, before)).rejects.toBe(reason);

    const connecting = watched();
    const first = fetch(`${url}/hangs`, connecting);
    connecting.controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    const loaded = watched();
    const second = fetch(`${url}/hangs`, loaded);
    loaded.controller.abort(reason);
    await expect(second).rejects.toBe(reason);

    const waiting = watched();
    const third = fetch(`${url}/hangs`, waiting);
    await until(() => state.hanging.length === 1);
    waiting.controller.abort(reason);
    await expect(third).rejects.toBe(reason);

    const reading = watched();
    const text = (await fetch(`${url}/partial`, reading)).text();
    reading.controller.abort(reason);
    await expect(text).rejects.toBe(reason);

    const streaming = watched();
    const reader = (await fetch(`${url}/partial`, streaming)).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n');
    const next = reader?.read();
    streaming.controller.abort(reason);
    await expect(next).rejects.toBe(reason);

    const done = watched();
    await (await fetch(url, done)).text();
    done.controller.abort(reason);

    for (const each of [before, connecting, loaded, waiting, reading, streaming, done]) expect(each.state.listeners).toBe(0);
    expect(seen.filter((request) => request.url === '/hangs')).toHaveLength(1);
    await until(() => state.hanging.every((response) => response.destroyed));
  });

  it('frees the socket when a stream is cancelled', async () => {
    const { url, state } = await peer();
    const { signal, state: listeners } = watched();
    const response = await light().fetch(`${url}/partial`, { signal });
    await response.body?.cancel();
    await until(() => state.hanging.every((each) => each.destroyed));
    expect(listeners.listeners).toBe(0);
  });

  it('frees everything on close, idle or not', async () => {
    const { url, state } = await peer();
    const made = light();
    await (await made.fetch(url)).text();
    const hanging = made.fetch(`${url}/hangs`);
    const body = (await made.fetch(`${url}/partial`)).text();
    await until(() => state.hanging.length === 2);
    await Promise.all([
      expect(hanging).rejects.toBeInstanceOf(FetchFailure),
      expect(body).rejects.toBeInstanceOf(FetchFailure),
      made.close(),
    ]);
    await made.close();
    await until(() => state.closed === state.sockets);
    await expect(made.fetch(url)).rejects.toMatchObject({ sent: false });
    await createLightFetch().close();
  });
});

describe('the process', () => {
  it('exits by itself with idle sockets', async () => {
    const { url } = await peer();
    const script = `
      import { createLightFetch } from './src/http/client/light-fetch.ts';
      const { fetch } = createLightFetch();
      console.log(await (await fetch('${url}')).text());
      const started = performance.now();
      process.on('exit', () => console.log(performance.now() - started < 2000 ? 'at once' : 'late'));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect([code, out]).toEqual([0, '{"a":"é"}\nat once\n']);
  });
});
