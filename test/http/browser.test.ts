import { afterEach, describe, expect, it } from 'vitest';
import type { HttpOptions } from '../../src/http/serve/cors.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import type { HttpHandler } from '../../src/http/message/message.ts';

const handler: HttpHandler = (request) =>
  request.path === '/ok' ? { status: 200, headers: { vary: 'accept' }, body: request.method === 'OPTIONS' ? 'options' : 'ok' } : undefined;

const opened: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close(0)));
});

type Ask = (path: string, method: string, headers: Record<string, string>) => Promise<Response>;

/** The same cases with Node's server and with a fetch handler. A `fetch` may not set an origin, a `Request` made by hand may. */
const carriers: [string, (options: HttpOptions) => Promise<Ask>][] = [
  [
    'node',
    async (options) => {
      const server = await listen(handler, options);
      opened.push(server);
      return (path, method, headers) => fetch(server.url + path, { method, headers });
    },
  ],
  [
    'fetch',
    async (options) => {
      const handle = fetchHandler(handler, options);
      return (path, method, headers) => handle(new Request(`http://x${path}`, { method, headers }));
    },
  ],
];

const preflight = {
  origin: 'https://a.example',
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'content-type,x-a',
};
const corsOf = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'));

describe.each(carriers)('browser rules (%s)', (_name, open) => {
  it('has no CORS by default', async () => {
    const ask = await open({});
    const response = await ask('/ok', 'GET', { origin: 'https://a.example' });
    expect(corsOf(response)).toEqual({ vary: 'accept' });
    expect(await (await ask('/ok', 'OPTIONS', preflight)).text()).toBe('options');
  });

  it('lets all origins in with true', async () => {
    const ask = await open({ cors: true });
    const response = await ask('/ok', 'GET', { origin: 'https://a.example' });
    expect(corsOf(response)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'link, retry-after, etag, location, x-request-id, deprecation, sunset, x-ping-interval-ms',
      vary: 'accept, origin',
    });
    expect(corsOf(await ask('/ok', 'GET', {}))).toEqual({ vary: 'accept' });
    expect((await ask('/ok', 'POST', { origin: 'https://a.example', 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  });

  it('answers preflights of listed origins', async () => {
    const ask = await open({ cors: { origins: ['https://a.example'], credentials: true, exposeHeaders: ['x-b'], maxAgeSeconds: 5 } });
    const response = await ask('/anything', 'OPTIONS', preflight);
    expect(response.status).toBe(204);
    expect(corsOf(response)).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'content-type,x-a',
      'access-control-max-age': '5',
      vary: 'access-control-request-headers, origin',
    });
    const stranger = await ask('/anything', 'OPTIONS', { ...preflight, origin: 'https://b.example' });
    expect(stranger.status).toBe(204);
    expect(corsOf(stranger)).toEqual({ vary: 'access-control-request-headers, origin' });
    expect(await (await ask('/ok', 'OPTIONS', { origin: 'https://a.example' })).text()).toBe('options');
  });

  it('marks answers of listed origins, errors too, and says to caches that the origin matters', async () => {
    const ask = await open({ cors: { origins: (origin) => origin.endsWith('.example'), allowHeaders: ['x-c'] } });
    for (const path of ['/ok', '/none']) {
      expect((await ask(path, 'GET', { origin: 'https://b.example' })).headers.get('access-control-allow-origin')).toBe(
        'https://b.example',
      );
      expect((await ask(path, 'GET', { origin: 'https://evil.test' })).headers.has('access-control-allow-origin')).toBe(false);
      expect((await ask(path, 'GET', {})).headers.get('vary')).toContain('origin');
    }
    expect((await ask('/', 'OPTIONS', preflight)).headers.get('access-control-allow-headers')).toBe('x-c');
  });

  it('refuses unsafe requests from other sites', async () => {
    const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://a.example' };
    const ask = await open({});
    const refused = await ask('/ok', 'POST', cross);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'PERMISSION_DENIED', detail: expect.stringContaining("'cors'") });
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect((await ask('/ok', method, cross)).status).toBe(200);
    for (const site of ['same-origin', 'same-site', 'none'])
      expect((await ask('/ok', 'POST', { 'sec-fetch-site': site })).status).toBe(200);
    expect((await ask('/ok', 'POST', {})).status).toBe(200);
    expect((await (await open({ allowCrossSite: true }))('/ok', 'POST', cross)).status).toBe(200);
    const listed = await open({ cors: { origins: ['https://a.example'] } });
    expect((await listed('/ok', 'DELETE', cross)).status).toBe(200);
    expect((await listed('/ok', 'DELETE', { ...cross, origin: 'https://b.example' })).status).toBe(403);
    expect((await listed('/ok', 'DELETE', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('lets nobody in where the origins function promises an answer', async () => {
    const ask = await open({ cors: { origins: (async () => true) as never, credentials: true } });
    const origin = 'https://a.example';
    expect(corsOf(await ask('/ok', 'GET', { origin }))).toEqual({ vary: 'accept, origin' });
    expect((await ask('/ok', 'POST', { origin, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('survives an origins function that throws', async () => {
    const reported: unknown[] = [];
    const ask = await open({
      cors: {
        origins: () => {
          throw new Error('secret');
        },
      },
      onError: (error) => reported.push(error),
    });
    expect((await ask('/ok', 'GET', { origin: 'https://a.example' })).status).toBe(500);
    expect(reported).toHaveLength(1);
  });

  it('refuses options that contradict each other', async () => {
    await expect(open({ cors: { credentials: true } })).rejects.toThrow('list the origins');
    await expect(open({ cors: { origins: 'https://a.example' as never } })).rejects.toThrow("write ['https://a.example']");
    for (const origin of ['a.example', 'https://a.example/', '*.example'])
      await expect(open({ cors: { origins: [origin] } })).rejects.toThrow(origin);
  });
});
