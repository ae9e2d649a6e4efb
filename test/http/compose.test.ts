import { expect, it, describe } from 'vitest';
import { composeHandlers } from '../../src/http/serve/compose.ts';
import type { HttpHandler, HttpRequest, HttpResponse } from '../../src/http/message/message.ts';

const get = (path: string, method = 'GET') => ({ method, path }) as HttpRequest;
const serve =
  (path: string, method: string, name: string): HttpHandler =>
  (request): HttpResponse | undefined => {
    if (request.path !== path) return undefined;
    if (request.method === 'OPTIONS') return { status: 204, headers: { allow: `${method}, OPTIONS` } };
    if (request.method !== method) return { status: 405, headers: { allow: `${method}, OPTIONS` }, body: name };
    return { status: 200, headers: {}, body: name };
  };
const later =
  (handler: HttpHandler): HttpHandler =>
  async (request) => {
    await Promise.resolve();
    return handler(request);
  };

describe('composeHandlers', () => {
  it.each([
    ['sync', (handler: HttpHandler) => handler],
    ['async', later],
  ])('asks each in turn (%s)', async (_name, as) => {
    const handler = composeHandlers(as(serve('/a', 'GET', 'first')), serve('/b', 'GET', 'second'), as(serve('/b', 'POST', 'third')));
    expect((await handler(get('/a')))?.body).toBe('first');
    expect((await handler(get('/b')))?.body).toBe('second');
    expect((await handler(get('/b', 'POST')))?.body).toBe('third');
    expect(await handler(get('/c'))).toBeUndefined();
    expect(await handler(get('/b', 'PUT'))).toEqual({ status: 405, headers: { allow: 'GET, OPTIONS, POST' }, body: 'second' });
    expect(await handler(get('/b', 'OPTIONS'))).toEqual({ status: 204, headers: { allow: 'GET, OPTIONS, POST' } });
  });

  it('stays synchronous and asks nobody after the one that answered', () => {
    let asked = 0;
    const handler = composeHandlers(serve('/a', 'GET', 'first'), () => void asked++);
    expect(handler(get('/a'))).toMatchObject({ body: 'first' });
    expect(asked).toBe(0);
    expect(composeHandlers()(get('/a'))).toBeUndefined();
  });
});
