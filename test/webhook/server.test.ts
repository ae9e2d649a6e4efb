import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { ApiError, createClient, createService, defineContract, event, mutation, type EventSink, type Transport } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import {
  memoryWebhookStore,
  RETRY_SCHEDULE_MS,
  webhookHandler,
  type StoredDelivery,
  type WebhookHandlerOptions,
} from '../../src/webhook/server.ts';
import { Source } from '../../src/webhook/delivery/source.ts';
import { until } from '../support/until.ts';
import { ManualClock, startEndpoint, verified } from '../support/webhooks.ts';

const contract = defineContract({
  name: 'news',
  events: {
    article: event({
      channel: 'articles',
      type: 'article.published',
      payload: z.object({ title: z.string(), tags: z.array(z.string()).optional() }),
    }),
    other: event({ channel: 'other', payload: z.object({ n: z.number() }) }),
  },
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A service that does with subscriptions what a test says. */
function stub(subscribe: Transport['subscribe']): Transport {
  return { contract, name: 'stub', call: async () => undefined, subscribe, identify: async () => ({ caller: '' }), close: async () => {} };
}

/** Tells callers apart as a test needs it. */
const byToken: WebhookHandlerOptions['caller'] = ({ headers }) => headers['authorization'] ?? '';

async function open(options: WebhookHandlerOptions = {}) {
  const errors: unknown[] = [];
  const service = createService(contract, {});
  const handler = webhookHandler(service, { allowPrivate: true, onError: (error) => errors.push(error), ...options });
  const server = await listen(handler);
  cleanups.push(
    () => service.close(),
    () => server.close(0),
    () => handler.close(),
  );
  const api = async (method: string, path = '', body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}/webhooks/subscriptions${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  const subscribe = async (url: string, more: object = {}) => {
    const { status, body } = await api('POST', '', { url, events: ['article.published'], ...more });
    expect(status, JSON.stringify(body)).toBe(201);
    return body as { id: string; secret: string };
  };
  return { service, handler, server, api, subscribe, errors, publish: (title: string) => service.publish('article', { title }) };
}

async function endpoint(...args: Parameters<typeof startEndpoint>) {
  const started = await startEndpoint(...args);
  cleanups.push(started.close);
  return started;
}

test('a subscription gets signed events, and its secret is shown once', async () => {
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

test('the number of subscriptions is limited, also for those that come at once', async () => {
  // A resolver that takes its time: all are there before the first is made.
  const resolve = () =>
    new Promise<{ address: string; family: number }[]>((found) => setTimeout(found, 100, [{ address: '127.0.0.1', family: 4 }]));
  const { api } = await open({ maxSubscriptions: 2, resolve });
  const subscribing = Array.from({ length: 5 }, () => api('POST', '', { url: 'http://host.example:8080/', events: ['other'] }));
  const statuses = (await Promise.all(subscribing)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([201, 201, 429, 429, 429]);
  expect((await api('GET')).body.length).toBe(2);
});

test('a type that is subscribed to twice is delivered once', async () => {
  const { api, publish } = await open();
  const { url, got, wait } = await endpoint();
  const { body } = await api('POST', '', { url, events: ['article.published', 'article.published'] });
  expect(body.events).toEqual(['article.published']);
  await publish('x');
  await wait(1);
  await until(async () => (await api('GET', `/${body.id}/deliveries`)).body[0]?.state === 'delivered', 'it is delivered');
  expect([got.length, (await api('GET', `/${body.id}/deliveries`)).body.length]).toEqual([1, 1]);
});

test('a rotation that could not be stored is none, and secrets do not pile up', async () => {
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

test('a deletion that the store failed at can be asked for again, and ends deliveries at once', async () => {
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

test('an event is acknowledged once it is in the store, and a store that fails holds up nobody', async () => {
  const memory = memoryWebhookStore();
  let store: () => Promise<void> = async () => {};
  const addDeliveries = async (deliveries: readonly StoredDelivery[]) => {
    await store();
    await memory.addDeliveries(deliveries);
  };
  const { subscribe, publish, errors } = await open({ store: { ...memory, addDeliveries } });
  const { url, wait } = await endpoint();
  await subscribe(url);
  let release = () => {};
  store = () => new Promise((resolve) => (release = resolve));
  let isPublished = false;
  const publishing = publish('x').then(() => (isPublished = true));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isPublished).toBe(false);
  release();
  await publishing;
  store = () => Promise.reject(new Error('disk full'));
  await publish('y');
  await wait(2);
  expect(errors.map(String)).toEqual(['Error: disk full']);
});

test('a store that never answers holds up no later event, no caller and no end', async () => {
  const memory = memoryWebhookStore();
  const never = new Promise<never>(() => {});
  let isSilent = false;
  const { handler, api, subscribe, publish, errors } = await open({
    storeTimeoutMs: 20,
    store: {
      ...memory,
      addDeliveries: (deliveries) => (isSilent ? never : memory.addDeliveries(deliveries)),
      saveDelivery: (delivery) => (isSilent ? never : memory.saveDelivery(delivery)),
      // As a store does that goes on behind the dispatcher's back.
      saveSubscription: (subscription) => memory.saveSubscription(subscription).then(() => (isSilent ? never : undefined)),
      deliveries: (id, limit) => (isSilent ? never : memory.deliveries(id, limit)),
      sharing: undefined,
    },
  });
  const { url, got, wait } = await endpoint();
  const { id, secret } = await subscribe(url);
  isSilent = true;
  await Promise.all([publish('x'), publish('y').then(() => publish('z'))]);
  await wait(3);
  expect(got.map(({ body }) => (JSON.parse(body) as { data: { title: string } }).data.title).sort()).toEqual(['x', 'y', 'z']);
  await until(() => errors.some((error) => String(error).includes('saveDelivery')), 'an outcome is reported');
  expect(errors.map(String)).toContain('Error: the webhook store has not answered addDeliveries within 20 ms');
  expect((await api('GET', `/${id}/deliveries`)).status).toBe(500);
  expect((await api('POST', '', { url, events: ['other'] })).status).toBe(500);
  expect((await api('POST', `/${id}/rotate`, { overlapSeconds: 0 })).status).toBe(500);
  isSilent = false;
  await publish('stored again');
  expect((await memory.load()).pending.length + (await memory.deliveries(id, 10)).length).toBeGreaterThan(0);
  await handler.close();
  // Neither of what was refused is there: a subscription whose secret nobody knows, and a secret that nobody was told.
  const { subscriptions } = await memory.load();
  expect(subscriptions.map((each) => [each.id, each.secrets.map((each) => each.secret)])).toEqual([[id, [secret]]]);
});

test('what a store failed to take is in it once it works again, or when the handler closes, if it is still pending', async () => {
  const store = memoryWebhookStore();
  let isFull = true;
  const addDeliveries: typeof store.addDeliveries = (deliveries) =>
    isFull ? Promise.reject(new Error('disk full')) : store.addDeliveries(deliveries);
  const { handler, subscribe, publish } = await open({ store: { ...store, addDeliveries }, retryScheduleMs: [60_000] });
  const down = await endpoint(() => 500);
  const up = await endpoint();
  const { id } = await subscribe(down.url);
  await subscribe(up.url);
  const pending = async () => (await store.load()).pending.map((each) => [each.subscriptionId, each.message.data, each.attempts.length]);
  await publish('x');
  await Promise.all([down.wait(1), up.wait(1)]);
  await publish('y');
  expect(await pending()).toEqual([]);
  isFull = false;
  await publish('z');
  const tried = async () => (await pending()).every(([, , attempts]) => attempts === 1);
  await until(async () => (await pending()).length === 3 && (await tried()), 'those before are there, as they are now');
  expect((await pending()).map(([owner]) => owner)).toEqual([id, id, id]);
  expect((await pending()).map(([, data]) => data)).toContain('{"title":"x"}');
  const place = (await store.load()).subscriptions[0]?.lastEventIds;
  expect(place).toEqual({
    'article.published': (await store.load()).pending.find(({ message }) => message.data.includes('z'))?.message.id,
  });
  isFull = true;
  await publish('late');
  isFull = false;
  await handler.close();
  expect((await pending()).map(([, data]) => data)).toContain('{"title":"late"}');
});

test('what a store failed to take is forgotten with its subscription', async () => {
  const store = memoryWebhookStore();
  const offered: number[] = [];
  let isFull = true;
  const addDeliveries: typeof store.addDeliveries = async (deliveries) => {
    offered.push(deliveries.length);
    if (isFull) throw new Error('disk full');
    await store.addDeliveries(deliveries);
  };
  const { handler, api, subscribe, publish } = await open({ store: { ...store, addDeliveries }, retryScheduleMs: [60_000] });
  const down = await endpoint(() => 500);
  const { id } = await subscribe(down.url);
  await publish('x');
  await down.wait(1);
  expect((await api('DELETE', `/${id}`)).status).toBe(204);
  isFull = false;
  await subscribe(down.url);
  await publish('y');
  await handler.close();
  expect(offered).toEqual([1, 1]);
});

test('a store that is never read holds up neither callers nor the end', async () => {
  const { handler, api } = await open({ store: { ...memoryWebhookStore(), load: () => new Promise<never>(() => {}), sharing: undefined } });
  const listing = api('GET');
  await handler.close();
  expect((await listing).status).toBe(503);
  await expect(handler.ready).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('an operation that writes an event is answered once that is in the store', async () => {
  const memory = memoryWebhookStore();
  let release: (() => void) | undefined;
  const addDeliveries = async (deliveries: readonly StoredDelivery[]) => {
    await new Promise<void>((resolve) => (release = resolve));
    await memory.addDeliveries(deliveries);
  };
  const text = z.object({ text: z.string() });
  const chat = defineContract({
    name: 'chat',
    operations: { say: mutation({ input: text, output: text }) },
    events: { said: event({ channel: 'said', payload: text, writtenBy: 'say' }) },
  });
  const service = createService(chat, { say: async (input) => input });
  const handler = webhookHandler(service, { allowPrivate: true, store: { ...memory, addDeliveries } });
  const server = await listen(handler);
  cleanups.push(
    () => service.close(),
    () => server.close(0),
    () => handler.close(),
  );
  const { url } = await endpoint();
  const body = JSON.stringify({ url, events: ['said'] });
  await fetch(`${server.url}/webhooks/subscriptions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  let isAnswered = false;
  const call = createClient({ contract: chat, transport: service })
    .say({ text: 'hello' })
    .then(() => (isAnswered = true));
  await until(() => release !== undefined, 'the store is asked');
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isAnswered).toBe(false);
  release?.();
  await call;
});

test('the body is XML for a subscription that asks for it', async () => {
  const { service, subscribe } = await open();
  const { url, got, wait } = await endpoint();
  const { secret } = await subscribe(url, { format: 'xml' });
  await service.publish('article', { title: 'a < b & "c"\u0001', tags: [] });
  await service.publish('article', { title: 'plain', tags: ['x', ''] });
  await wait(2);
  expect(got[0]?.headers['content-type']).toBe('application/xml');
  const bodies = got.map(({ body }) => body);
  bodies.sort();
  expect((await verified(got[0], secret)).text()).toMatch(
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<webhook><event>article.published<\/event><timestamp>[^<]+Z<\/timestamp><data>/,
  );
  expect(bodies[0]).toContain(
    '<data><title json="true">&quot;a &lt; b &amp; \\&quot;c\\&quot;\\u0001&quot;</title><tags/></data></webhook>',
  );
  expect(bodies[1]).toContain('<data><title>plain</title><tags><item>x</item><item/></tags></data></webhook>');
});

test('what cannot be subscribed to is refused with what is wrong', async () => {
  const { api } = await open({ allowPrivate: false });
  const url = 'http://127.0.0.1:8080/';
  for (const [body, status, code, message] of [
    [{}, 400, 'INVALID_ARGUMENT', /url.*events/],
    ['{', 400, 'INVALID_ARGUMENT', /not JSON/],
    [{ url, events: [] }, 400, 'INVALID_ARGUMENT', /events/],
    [{ url, events: ['nothing'] }, 400, 'UNIMPLEMENTED', /there are article\.published, other/],
    [{ url, events: ['other'] }, 400, 'INVALID_ARGUMENT', /public/],
    [{ url: 'ftp://example.com', events: ['other'] }, 400, 'INVALID_ARGUMENT', /https:\/\/ or http:\/\//],
    [{ url, events: ['other', 'article.published'], lastEventId: 'x' }, 400, 'INVALID_ARGUMENT', /lastEventId/],
  ] as const) {
    const response = await api('POST', '', body);
    expect([response.status, response.body.code, response.headers.get('content-type')]).toEqual([status, code, 'application/problem+json']);
    expect(response.body.detail).toMatch(message);
    expect(response.body.title).toBe('Bad Request');
  }
  expect((await api('GET')).body).toEqual([]);
  const put = await api('PUT', '', {});
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST, GET, HEAD, OPTIONS']);
  expect((await api('POST', '', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
});

test('a subscription is its owner’s alone', async () => {
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

test('an endpoint that fails is asked again by the schedule, with jitter, until it is given up', async () => {
  const clock = new ManualClock();
  const dead: StoredDelivery[] = [];
  const { subscribe, publish, api } = await open({ clock, onDeadLetter: (delivery) => dead.push(delivery) });
  const { url, got, wait } = await endpoint(() => ({ status: 500, headers: {}, body: 'try later' }));
  const { id, secret } = await subscribe(url);
  await publish('x');
  const waits: number[] = [];
  for (let attempt = 1; attempt <= RETRY_SCHEDULE_MS.length; attempt++) {
    await wait(attempt);
    waits.push(await clock.next());
  }
  await until(() => dead.length === 1, 'it is given up');
  expect(got.length).toBe(10);
  for (const [index, waited] of waits.entries()) {
    const planned = RETRY_SCHEDULE_MS[index] ?? 0;
    expect(waited).toBeGreaterThanOrEqual(planned);
    expect(waited).toBeLessThanOrEqual(planned * 1.2 + 1);
  }
  expect(clock.nextMs).toBeUndefined();
  const ids = await Promise.all(got.map(async (each) => (await verified(each, secret)).id));
  expect(new Set(ids).size).toBe(1);
  expect(new Set(got.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10);
  const [delivery] = (await api('GET', `/${id}/deliveries`)).body;
  expect([delivery.state, delivery.attempts.length, delivery.attempts[0]]).toEqual([
    'dead',
    10,
    { at: '2026-01-31T00:00:00.000Z', durationMs: 0, status: 500, response: 'try later' },
  ]);
});

test('what is delivered again by hand is not where it goes on after a restart', async () => {
  const store = memoryWebhookStore();
  const { api, subscribe, publish } = await open({ store });
  const { url, got, wait } = await endpoint();
  const { id } = await subscribe(url);
  await publish('x');
  await publish('y');
  await wait(2);
  await until(async () => (await store.load()).pending.length === 0, 'both are delivered');
  const { message, id: first } = (await store.deliveries(id, 10)).at(-1) ?? {};
  const before = (await store.load()).subscriptions[0]?.lastEventIds;
  expect((await api('POST', `/${id}/deliveries/${first}/redeliver`)).status).toBe(202);
  await wait(3);
  expect(got[2]?.headers['webhook-id']).toBe(message?.id);
  expect((await store.load()).subscriptions[0]?.lastEventIds).toEqual(before);
});

test('what was given up is delivered again by hand, with the same id', async () => {
  let status = 500;
  const { subscribe, publish, api } = await open({ retryScheduleMs: [] });
  const { url, got, wait } = await endpoint(() => status);
  const { id, secret } = await subscribe(url);
  await publish('x');
  await until(async () => (await api('GET', `/${id}/deliveries`)).body[0]?.state === 'dead', 'it is dead');
  const [{ id: delivery }] = (await api('GET', `/${id}/deliveries`)).body;
  status = 200;
  expect((await api('POST', `/${id}/deliveries/${delivery}/redeliver`)).status).toBe(202);
  await wait(2);
  expect((await verified(got[1], secret)).id).toBe((await verified(got[0], secret)).id);
  await until(async () => (await api('GET', `/${id}/deliveries?limit=1`)).body[0]?.state === 'delivered', 'it is delivered');
  expect((await api('GET', `/${id}/deliveries?limit=1`)).body.length).toBe(1);
  for (const limit of ['-1', 'abc', '1e3', '99999', ''])
    expect((await api('GET', `/${id}/deliveries?limit=${limit}`)).status, `limit=${limit}`).toBe(400);
  expect((await api('POST', `/${id}/deliveries/nothing/redeliver`)).status).toBe(404);
});

test('Retry-After is the least, and a redirect is a failure that nobody follows', async () => {
  const clock = new ManualClock();
  const { subscribe, publish } = await open({ clock, retryScheduleMs: [1000, 1000] });
  const { url, got, wait } = await endpoint((_, count) =>
    count === 1
      ? { status: 429, headers: { 'retry-after': '60' } }
      : count === 2
        ? { status: 302, headers: { location: '/elsewhere' } }
        : 200,
  );
  await subscribe(url);
  await publish('x');
  await wait(1);
  expect(await clock.next()).toBe(60_000);
  await wait(2);
  expect(await clock.next()).toBeLessThanOrEqual(1201);
  await wait(3);
  expect(got.map(({ path }) => path)).toEqual(['/', '/', '/']);
});

test('410 ends the subscription', async () => {
  const ended: unknown[] = [];
  const { subscribe, publish, api } = await open({ onEnd: ({ id }, error) => ended.push([id, error?.text]) });
  const { url, got } = await endpoint(() => 410);
  const { id } = await subscribe(url);
  await publish('x');
  await until(async () => (await api('GET', `/${id}`)).status === 404, 'it is gone');
  await publish('y');
  expect(got.length).toBe(1);
  expect(ended).toEqual([[id, 'the endpoint answered 410: it is gone']]);
});

test('after a rotation both secrets sign, until the old one expires', async () => {
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

test('a test event goes out at once, and its outcome is the answer', async () => {
  const { subscribe, api } = await open();
  const { url, got } = await endpoint((_, count) => (count === 1 ? 200 : 503));
  const { id, secret } = await subscribe(url);
  expect((await api('POST', `/${id}/test`)).body).toEqual({ at: expect.any(String), durationMs: expect.any(Number), status: 200 });
  expect((await verified(got[0], secret)).json()).toEqual({ event: 'webhook.test', timestamp: expect.any(String), data: {} });
  expect((await api('POST', `/${id}/test`)).body.status).toBe(503);
  expect((await api('GET', `/${id}/deliveries`)).body).toEqual([]);
});

test('with order a failed event holds up those behind it; without, it does not', async () => {
  const clock = new ManualClock();
  const { subscribe, publish } = await open({ clock, retryScheduleMs: [1000] });
  const failsFirst = () => {
    let failed = false;
    return ({ body }: { body: string }) => (body.includes('"1"') && !failed ? ((failed = true), 500) : 200);
  };
  const [ordered, loose] = [await endpoint(failsFirst()), await endpoint(failsFirst())];
  await subscribe(ordered.url, { ordered: true });
  await subscribe(loose.url);
  const titles = (each: typeof loose) => each.got.map(({ body }) => JSON.parse(body).data.title);
  for (const title of ['1', '2', '3']) await publish(title);
  await loose.wait(3);
  await ordered.wait(1);
  expect(titles(ordered)).toEqual(['1']);
  clock.advance(2000);
  await ordered.wait(4);
  await loose.wait(4);
  expect(titles(ordered)).toEqual(['1', '1', '2', '3']);
  expect(titles(loose).slice(0, 3).sort()).toEqual(['1', '2', '3']);
  expect(titles(loose)[3]).toBe('1');
});

test('an endpoint that hangs slows no other, gets one request at a time, and has a bounded queue', async () => {
  const dead: StoredDelivery[] = [];
  const { subscribe, publish } = await open({
    timeoutMs: 50,
    maxInFlight: 2,
    maxPending: 5,
    retryScheduleMs: [60_000],
    onDeadLetter: (each) => dead.push(each),
  });
  const release: (() => void)[] = [];
  const hanging = await endpoint(() => new Promise((resolve) => release.push(() => resolve(200))));
  const live = await endpoint();
  await subscribe(hanging.url);
  await subscribe(live.url);
  for (let n = 0; n < 10; n++) {
    await publish(String(n));
    await live.wait(n + 1);
  }
  await until(() => dead.length === 5, 'what does not fit is given up');
  expect(dead[0]?.attempts.at(-1)?.error).toBe('given up: 5 later events wait for this endpoint');
  // The first two were under way, and so are among the later ones: what waited longest went.
  const titles = dead.map(({ message }) => (JSON.parse(message.data) as { title: string }).title);
  expect(titles).not.toContain('9');
  await hanging.wait(3);
  for (const each of release) each();
});

test('what waits for all endpoints together is bounded, at the cost of who holds more than a share', async () => {
  const dead: StoredDelivery[] = [];
  const { subscribe, publish, api } = await open({
    maxPendingTotal: 6,
    retryScheduleMs: [60_000],
    onDeadLetter: (each) => dead.push(each),
  });
  const [gone, other, live] = [await endpoint(() => 500), await endpoint(() => 500), await endpoint()];
  const ids = new Map<string, string>();
  for (const each of [gone, other, live]) ids.set((await subscribe(each.url)).id, each.url);
  for (let n = 0; n < 10; n++) {
    await publish(String(n));
    await Promise.all([gone, other, live].map((each) => each.wait(n + 1)));
  }
  const pending = async (url: string) => {
    const id = [...ids].find(([, each]) => each === url)?.[0] ?? '';
    const list = (await api('GET', `/${id}/deliveries`)).body as { state: string }[];
    return list.filter(({ state }) => state === 'pending').length;
  };
  const waiting = async () => (await pending(gone.url)) + (await pending(other.url));
  await until(async () => dead.length + (await waiting()) === 20, 'each event of theirs waits or is dead');
  expect(await waiting()).toBeLessThanOrEqual(6);
  expect(await waiting()).toBeGreaterThan(3);
  expect(await pending(live.url)).toBe(0);
});

test('an answer is read up to a limit', async () => {
  const { subscribe, api } = await open({ maxResponseBytes: 1000 });
  const { url } = await endpoint(() => ({ status: 200, headers: {}, body: 'x'.repeat(5_000_000) }));
  const { id } = await subscribe(url);
  expect((await api('POST', `/${id}/test`)).body).toMatchObject({ status: 200, response: 'x'.repeat(500) });
});

test('the API is described', async () => {
  const { server } = await open();
  const document = await (await fetch(`${server.url}/webhooks/openapi.json`)).json();
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/webhooks/subscriptions', '/webhooks/subscriptions/{id}/rotate']));
  expect(Object.keys(document.webhooks)).toEqual(['article.published', 'other']);
  const { Validator } = await import('@seriousme/openapi-schema-validator');
  expect(await new Validator().validate(document)).toMatchObject({ valid: true });
});

test('an event to many subscriptions, and what comes while the store is busy, is one call of the store each', async () => {
  const memory = memoryWebhookStore();
  const calls: number[] = [];
  let release = () => {};
  const addDeliveries = async (deliveries: readonly StoredDelivery[]) => {
    calls.push(deliveries.length);
    await new Promise<void>((resolve) => (release = resolve));
    await memory.addDeliveries(deliveries);
    if (calls.length === 2) throw new Error('disk full');
  };
  const { subscribe, publish, errors } = await open({ store: { ...memory, addDeliveries } });
  const { url, wait } = await endpoint();
  for (let n = 0; n < 3; n++) await subscribe(`${url}/${n}`);
  const first = publish('a');
  await until(() => calls.length === 1, 'the first is on its way');
  const others = ['b', 'c'].map(publish);
  release();
  await first;
  await until(() => calls.length === 2, 'the others are on their way');
  release();
  await Promise.all(others);
  expect(calls).toEqual([3, 6]);
  await wait(9);
  // Also what was not stored is delivered, as long as this process lives; and one failure is told once.
  expect(errors.map(String)).toEqual(['Error: disk full']);
});

test('listeners that throw stop nothing', async () => {
  const dead: unknown[] = [];
  const { subscribe, publish } = await open({
    retryScheduleMs: [],
    onDeadLetter: ({ message }) => {
      dead.push(message.data);
      throw new Error('the listener failed');
    },
    onError: (error) => {
      dead.push(String(error));
      throw new Error('the reporter failed');
    },
  });
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {});
  cleanups.push(async () => reported.mockRestore());
  const { url } = await endpoint(() => 500);
  await subscribe(url);
  for (const title of ['x', 'y']) {
    await publish(title);
    await until(() => dead.includes(JSON.stringify({ title })), `${title} was given up`);
  }
  expect(dead).toEqual(['{"title":"x"}', 'Error: the listener failed', '{"title":"y"}', 'Error: the listener failed']);
  expect(reported).toHaveBeenCalledTimes(2);
});

test.each([true, false])('a subscription that the service ends is told of once, with why (notices: %s)', async (notices) => {
  const ended: unknown[] = [];
  const sinks: EventSink[] = [];
  const transport = stub(async (_, sink) => void sinks.push(sink));
  const handler = webhookHandler(transport, { allowPrivate: true, onEnd: ({ id }, error) => ended.push([id, error?.code]) });
  const server = await listen(handler);
  cleanups.push(
    () => server.close(0),
    () => handler.close(),
  );
  const { url } = await endpoint();
  const subscriptions = `${server.url}/webhooks/subscriptions`;
  const body = JSON.stringify({ url, events: ['article.published'], notices });
  const created = await fetch(subscriptions, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { id } = (await created.json()) as { id: string };
  sinks.at(-1)?.end(new ApiError('PERMISSION_DENIED', 'no more'));
  await until(async () => (await fetch(`${subscriptions}/${id}`)).status === 404, 'it is gone');
  expect(ended).toEqual([[id, 'PERMISSION_DENIED']]);
});

test('a subscription that is being made when the handler closes is refused and leaves nothing behind', async () => {
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

test('a status counts, whatever becomes of the body behind it', async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200).write('the rest never comes');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { subscribe, publish, api } = await open({ timeoutMs: 100 });
  const { id } = await subscribe(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await publish('x');
  const deliveries = async () => (await api('GET', `/${id}/deliveries`)).body;
  await until(async () => (await deliveries())[0]?.attempts.length === 1, 'it was tried');
  expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: [{ status: 200, response: 'the rest never comes' }] }]);
});

test('an event that could not be stored is taken when it comes again; any other repetition is not', async () => {
  let sink: EventSink | undefined;
  const transport = stub(async (_, given) => void (sink = given));
  const taken: string[] = [];
  let isFull = true;
  const next = async (_: unknown, { id }: { id: string }) => {
    taken.push(id);
    if (isFull) throw new Error('disk full');
  };
  const source = new Source({
    transport,
    event: contract.events.article,
    params: {},
    onBehalfOf: undefined,
    lastEventId: undefined,
    next,
    gap() {},
    place() {},
    end() {},
  });
  await source.open();
  const message = { id: 'a-1', time: '2026-01-31T12:00:00.000Z', data: { title: 'x' } };
  await expect(sink?.next(message)).rejects.toThrow('disk full');
  isFull = false;
  await sink?.next(message);
  await sink?.next(message);
  expect(taken).toEqual(['a-1', 'a-1']);
  source.close();
});

test('an event whose id no webhook can have is delivered, with one that it keeps, and one without an id never as a repetition', async () => {
  let sink: EventSink | undefined;
  const transport = stub(async (_, given) => void (sink = given));
  const store = memoryWebhookStore();
  const handler = webhookHandler(transport, { allowPrivate: true, store, retryScheduleMs: [0] });
  const server = await listen(handler);
  cleanups.push(
    () => server.close(0),
    () => handler.close(),
  );
  const { url, got, wait } = await endpoint((_, count) => (count === 1 ? 500 : 204));
  const body = JSON.stringify({ url, events: ['article.published'], ordered: true });
  await fetch(`${server.url}/webhooks/subscriptions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  for (const id of ['1.2 3', 'local-1', '']) await sink?.next({ id, time: '2026-01-31T12:00:00.000Z', data: { title: id } });
  await wait(4);
  const ids = got.map(({ headers }) => String(headers['webhook-id']));
  expect(ids[0]).toMatch(/^[\w-]{43}$/);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[2]).not.toContain('local');
  expect(new Set(ids).size).toBe(3);
});

test('a service that accepts and ends at once is asked again less and less often', async () => {
  vi.useFakeTimers();
  const random = vi.spyOn(Math, 'random').mockReturnValue(1);
  const asked: number[] = [];
  const transport = stub(async (_, sink) => {
    asked.push(Date.now());
    sink.end(new ApiError('UNAVAILABLE', 'away'));
  });
  const init = { transport, event: contract.events.article, params: {}, onBehalfOf: undefined, lastEventId: undefined };
  const source = new Source({ ...init, next: async () => {}, gap() {}, place() {}, end() {} });
  try {
    void source.start();
    await vi.advanceTimersByTimeAsync(7000);
    const waits = asked.map((at, index) => at - (asked[index - 1] ?? at)).slice(1);
    expect(waits).toEqual([200, 400, 800, 1600, 3200]);
  } finally {
    source.close();
    random.mockRestore();
    vi.useRealTimers();
  }
});
