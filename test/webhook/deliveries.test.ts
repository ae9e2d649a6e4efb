import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, expect, vi } from 'vitest';
import { ApiError, type EventSink } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { memoryWebhookStore, RETRY_SCHEDULE_MS, webhookHandler, type StoredDelivery } from '../../src/webhook/server.ts';
import { Source } from '../../src/webhook/delivery/source.ts';
import { until } from '../support/until.ts';
import { ManualClock, verified } from '../support/webhooks.ts';
import { cleanups, contract, endpoint, open, stub } from './support.ts';

describe('deliveries', () => {
  it('the body is XML for a subscription that asks for it', async () => {
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
    expect(bodies[0]).toContain('<data><title json="true">"a &lt; b &amp; \\"c\\"\\u0001"</title><tags/></data></webhook>');
    expect(bodies[1]).toContain('<data><title>plain</title><tags><item>x</item><item/></tags></data></webhook>');
  });

  it('an endpoint that fails is asked again by the schedule, with jitter, until it is given up', async () => {
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

  it('what is delivered again by hand is not where it goes on after a restart', async () => {
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

  it('what was given up is delivered again by hand, with the same id', async () => {
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

  it('Retry-After is the least, and a redirect is a failure that nobody follows', async () => {
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

  it('410 ends the subscription', async () => {
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

  it('a test event goes out at once, and its outcome is the answer', async () => {
    const { subscribe, api } = await open();
    const { url, got } = await endpoint((_, count) => (count === 1 ? 200 : 503));
    const { id, secret } = await subscribe(url);
    expect((await api('POST', `/${id}/test`)).body).toEqual({ at: expect.any(String), durationMs: expect.any(Number), status: 200 });
    expect((await verified(got[0], secret)).json()).toEqual({ event: 'webhook.test', timestamp: expect.any(String), data: {} });
    expect((await api('POST', `/${id}/test`)).body.status).toBe(503);
    expect((await api('GET', `/${id}/deliveries`)).body).toEqual([]);
  });

  it('with order a failed event holds up those behind it; without, it does not', async () => {
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

  it('an endpoint that hangs slows no other, gets one request at a time, and has a bounded queue', async () => {
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

  it('what waits for all endpoints together is bounded, at the cost of who holds more than a share', async () => {
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

  it('events that wait are bounded by their size, each counted once', async () => {
    const dead: StoredDelivery[] = [];
    const { subscribe, publish, api } = await open({
      maxPendingBytes: 250_000,
      retryScheduleMs: [60_000],
      onDeadLetter: (each) => dead.push(each),
    });
    const endpoints = [await endpoint(() => 500), await endpoint(() => 500), await endpoint(() => 500)];
    const ids: string[] = [];
    for (const each of endpoints) ids.push((await subscribe(each.url)).id);
    const send = async (n: number) => {
      await publish('x'.repeat(100_000));
      await Promise.all(endpoints.map((each) => each.wait(n)));
    };
    const waiting = async () => {
      const lists = await Promise.all(ids.map(async (id) => (await api('GET', `/${id}/deliveries`)).body as { state: string }[]));
      return lists.flat().filter(({ state }) => state === 'pending').length;
    };
    for (let n = 1; n <= 2; n++) await send(n);
    // Six deliveries of 200 kB: as large as two events.
    await until(async () => (await waiting()) === 6, 'all of them wait');
    expect(dead).toEqual([]);
    for (let n = 3; n <= 8; n++) await send(n);
    await until(async () => dead.length + (await waiting()) === 24, 'each event waits or is dead');
    expect(dead.length).toBeGreaterThanOrEqual(12);
    expect(await waiting()).toBeGreaterThan(0);
  });

  it('events that a store gives each delivery a copy of are counted once too', async () => {
    const memory = memoryWebhookStore();
    const dead: StoredDelivery[] = [];
    const endpoints = [await endpoint(() => 500), await endpoint(() => 500), await endpoint(() => 500)];
    const limits = { maxPendingBytes: 250_000, retryScheduleMs: [60_000], onDeadLetter: (each: StoredDelivery) => dead.push(each) };
    const first = await open({ ...limits, store: memory });
    for (const { url } of endpoints) await first.subscribe(url);
    for (let n = 1; n <= 2; n++) {
      await first.publish('x'.repeat(100_000));
      await Promise.all(endpoints.map((each) => each.wait(n)));
    }
    await first.handler.close();
    // As a store in a database does it.
    const load: typeof memory.load = async () => {
      const { subscriptions, pending } = await memory.load();
      return { subscriptions, pending: pending.map((each) => structuredClone(each)) };
    };
    const second = await open({ ...limits, store: { ...memory, load, sharing: undefined } });
    await second.publish('y');
    await Promise.all(endpoints.map((each) => each.wait(3)));
    expect(dead).toEqual([]);
  });

  it('an answer is read up to a limit', async () => {
    const { subscribe, api } = await open({ maxResponseBytes: 1000 });
    const { url } = await endpoint(() => ({ status: 200, headers: {}, body: 'x'.repeat(5_000_000) }));
    const { id } = await subscribe(url);
    expect((await api('POST', `/${id}/test`)).body).toMatchObject({ status: 200, response: 'x'.repeat(500) });
  });

  it('listeners that throw stop nothing', async () => {
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

  it.each([true, false])('a subscription that the service ends is told of once, with why (notices: %s)', async (notices) => {
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

  it('a status counts, whatever becomes of the body behind it', async () => {
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

  it('an event whose id no webhook can have is delivered, with one that it keeps, and one without an id never as a repetition', async () => {
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

  it('a service that accepts and ends at once is asked again less and less often', async () => {
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
});
