import { describe, it, expect } from 'vitest';
import { memoryWebhookStore } from '../../src/webhook/server.ts';
import { until } from '../support/until.ts';
import { ManualClock, verified } from '../support/webhooks.ts';
import { byToken, endpoint, open } from './support.ts';

describe('subscriptions', () => {
  it('a subscription gets signed events, and its secret is shown once', async () => {
    const { api, publish } = await open();
    const { url, got, wait } = await endpoint();
    const created = await api('POST', '', { url: `${url}/webhook/callback?a=1`, events: ['article.published'] });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.any(String),
      url: `${url}/webhook/callback?a=1`,
      events: ['article.published'],
      format: 'json',
      createdAt: expect.any(String),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret, ...shown } = created.body;
    expect(created.headers.get('location')).toBe(`/webhooks/subscriptions/${shown.id}`);
    expect((await api('GET')).body).toEqual([shown]);
    expect((await api('GET', `/${shown.id}`)).body).toEqual(shown);
    await publish('New Blog Post');
    await wait(1);
    const webhook = await verified(got[0], secret);
    expect(webhook.id).toMatch(/^[^.]+-1$/);
    expect(webhook.json()).toEqual({ event: 'article.published', timestamp: expect.any(String), data: { title: 'New Blog Post' } });
    expect([got[0]?.headers['content-type'], got[0]?.path]).toEqual(['application/json', '/webhook/callback']);
    expect((await api('DELETE', `/${shown.id}`)).status).toBe(204);
    expect((await api('GET', `/${shown.id}`)).status).toBe(404);
    await publish('nobody gets this');
    expect(got.length).toBe(1);
  });

  it('the number of subscriptions is limited, also for those that come at once', async () => {
    // A resolver that takes its time: all are there before the first is made.
    const resolve = () =>
      new Promise<{ address: string; family: number }[]>((found) => setTimeout(found, 100, [{ address: '127.0.0.1', family: 4 }]));
    const { api } = await open({ maxSubscriptions: 2, resolve });
    const subscribing = Array.from({ length: 5 }, () => api('POST', '', { url: 'http://host.example:8080/', events: ['other'] }));
    const statuses = (await Promise.all(subscribing)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 201, 429, 429, 429]);
    expect((await api('GET')).body.length).toBe(2);
  });

  it('a type that is subscribed to twice is delivered once', async () => {
    const { api, publish } = await open();
    const { url, got, wait } = await endpoint();
    const { body } = await api('POST', '', { url, events: ['article.published', 'article.published'] });
    expect(body.events).toEqual(['article.published']);
    await publish('x');
    await wait(1);
    await until(async () => (await api('GET', `/${body.id}/deliveries`)).body[0]?.state === 'delivered', 'it is delivered');
    expect([got.length, (await api('GET', `/${body.id}/deliveries`)).body.length]).toEqual([1, 1]);
  });

  it('a rotation that could not be stored is none, and secrets do not pile up', async () => {
    const memory = memoryWebhookStore();
    let isFull = false;
    const saveSubscription: typeof memory.saveSubscription = (subscription) =>
      isFull ? Promise.reject(new Error('disk full')) : memory.saveSubscription(subscription);
    const { api, subscribe, publish } = await open({ store: { ...memory, saveSubscription, sharing: undefined } });
    const { url, got, wait } = await endpoint();
    const { id, secret } = await subscribe(url);
    isFull = true;
    expect((await api('POST', `/${id}/rotate`, { overlapSeconds: 0 })).status).toBe(500);
    await publish('x');
    await wait(1);
    await verified(got[0], secret);
    isFull = false;
    for (let n = 0; n < 20; n++) await api('POST', `/${id}/rotate`);
    await publish('y');
    await wait(2);
    expect(String(got[1]?.headers['webhook-signature']).split(' ').length).toBe(8);
  });

  it('a deletion that the store failed at can be asked for again, and ends deliveries at once', async () => {
    const memory = memoryWebhookStore();
    let isFull = true;
    const deleteSubscription: typeof memory.deleteSubscription = (id) =>
      isFull ? Promise.reject(new Error('disk full')) : memory.deleteSubscription(id);
    const { api, subscribe, publish } = await open({ caller: byToken, store: { ...memory, deleteSubscription } });
    const { url, got } = await endpoint();
    const { id } = await subscribe(url);
    expect((await api('DELETE', `/${id}`)).status).toBe(500);
    await publish('x');
    expect((await memory.load()).pending).toEqual([]);
    expect((await api('DELETE', `/${id}`, undefined, { authorization: 'someone else' })).status).toBe(404);
    isFull = false;
    expect((await api('DELETE', `/${id}`)).status).toBe(204);
    expect((await memory.load()).subscriptions).toEqual([]);
    expect((await api('DELETE', `/${id}`)).status).toBe(404);
    expect(got).toEqual([]);
  });

  it('what cannot be subscribed to is refused with what is wrong', async () => {
    const { api } = await open({ allowPrivate: false });
    const url = 'http://127.0.0.1:8080/';
    for (const [body, status, code, message] of [
      [{}, 400, 'INVALID_ARGUMENT', /url.*events/],
      ['{', 400, 'INVALID_ARGUMENT', /not JSON/],
      [{ url, events: [] }, 400, 'INVALID_ARGUMENT', /events/],
      [{ url, events: ['nothing'] }, 400, 'UNIMPLEMENTED', /there are article\.published, other/],
      [{ url, events: ['other'] }, 400, 'INVALID_ARGUMENT', /public/],
      [{ url, events: ['other'], params: { x: 'x'.repeat(5000) } }, 400, 'INVALID_ARGUMENT', /params hold 4096 characters at most/],
      [{ url: 'ftp://example.com', events: ['other'] }, 400, 'INVALID_ARGUMENT', /https:\/\/ or http:\/\//],
      [{ url, events: ['other', 'article.published'], lastEventId: 'x' }, 400, 'INVALID_ARGUMENT', /lastEventId/],
    ] as const) {
      const response = await api('POST', '', body);
      expect([response.status, response.body.code, response.headers.get('content-type')]).toEqual([
        status,
        code,
        'application/problem+json',
      ]);
      expect(response.body.detail).toMatch(message);
      expect(response.body.title).toBe('Bad Request');
    }
    expect((await api('GET')).body).toEqual([]);
    const put = await api('PUT', '', {});
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD, OPTIONS']);
    expect((await api('POST', '', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('a subscription is its owner’s alone', async () => {
    const { api } = await open({ caller: byToken });
    const { url } = await endpoint();
    const [mine, theirs] = [{ authorization: 'Bearer mine' }, { authorization: 'Bearer theirs' }];
    const { id } = (await api('POST', '', { url, events: ['other'] }, mine)).body;
    expect((await api('GET', '', undefined, theirs)).body).toEqual([]);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/rotate'],
      ['POST', '/test'],
      ['GET', '/deliveries'],
    ] as const)
      expect((await api(method, `/${id}${path}`, undefined, theirs)).status).toBe(404);
    expect((await api('GET', `/${id}`, undefined, mine)).status).toBe(200);
  });

  it('after a rotation both secrets sign, until the old one expires', async () => {
    const clock = new ManualClock();
    const { subscribe, publish, api } = await open({ clock });
    const { url, got, wait } = await endpoint();
    const { id, secret: old } = await subscribe(url);
    const { secret } = (await api('POST', `/${id}/rotate`, { overlapSeconds: 60 })).body;
    expect(secret).not.toBe(old);
    await publish('during');
    await wait(1);
    expect(String(got[0]?.headers['webhook-signature']).split(' ').length).toBe(2);
    for (const each of [old, secret]) await verified(got[0], each);
    clock.advance(60_000);
    await publish('after');
    await wait(2);
    await verified(got[1], secret);
    await expect(verified(got[1], old)).rejects.toThrow('no signature fits');
    expect((await api('POST', `/${id}/rotate`, { overlapSeconds: -1 })).status).toBe(400);
  });

  it('the API is described', async () => {
    const { server } = await open();
    const document = await (await fetch(`${server.url}/webhooks/openapi.json`)).json();
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/webhooks/subscriptions', '/webhooks/subscriptions/{id}/rotate']));
    expect(Object.keys(document.webhooks)).toEqual(['article.published', 'other']);
    const { Validator } = await import('@seriousme/openapi-schema-validator');
    expect(await new Validator().validate(document)).toMatchObject({ valid: true });
  });

  it('a subscription that is being made when the handler closes is refused and leaves nothing behind', async () => {
    const store = memoryWebhookStore();
    let found: ((addresses: { address: string; family: number }[]) => void) | undefined;
    const { api, handler } = await open({ store, resolve: () => new Promise((resolve) => (found = resolve)) });
    const creating = api('POST', '', { url: 'http://endpoint.example/', events: ['article.published'] });
    await until(() => found !== undefined, 'the host is looked up');
    await handler.close();
    found?.([{ address: '127.0.0.1', family: 4 }]);
    expect((await creating).status).toBe(503);
    expect(await store.load()).toEqual({ subscriptions: [], pending: [] });
  });
});
