import { describe, it, expect } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, event, mutation, type EventSink } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { memoryWebhookStore, webhookHandler, type StoredDelivery } from '../../src/webhook/server.ts';
import { HeldEvents } from '../../src/webhook/delivery/held-events.ts';
import { Source } from '../../src/webhook/delivery/source.ts';
import { until } from '../support/until.ts';
import { cleanups, contract, endpoint, open, stub } from './support.ts';

describe('webhooks and their store', () => {
  it('an event is acknowledged once it is in the store, and a store that fails holds up nobody', async () => {
    const memory = memoryWebhookStore();
    let store: () => Promise<void> = async () => {};
    const addDeliveries = async (deliveries: readonly StoredDelivery[]) => {
      await store();
      await memory.addDeliveries(deliveries);
    };
    const { subscribe, publish, errors } = await open({ store: { ...memory, addDeliveries } });
    const { url, wait } = await endpoint();
    await subscribe(url);
    let release: (() => void) | undefined;
    store = () => new Promise((resolve) => (release = resolve));
    let isPublished = false;
    const publishing = publish('x').then(() => (isPublished = true));
    await until(() => release !== undefined, 'the store is asked');
    await new Promise(setImmediate);
    expect(isPublished).toBe(false);
    release?.();
    await publishing;
    store = () => Promise.reject(new Error('disk full'));
    await publish('y');
    await wait(2);
    expect(errors.map(String)).toEqual(['Error: disk full']);
  });

  it('a store that never answers holds up no later event, no caller and no end', async () => {
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

  it('what a store failed to take is in it once it works again, or when the handler closes, if it is still pending', async () => {
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

  it('an event that is published before the store was read is acknowledged once it is stored, however long that takes', async () => {
    const memory = memoryWebhookStore();
    const first = await open({ store: memory });
    const { url, got } = await endpoint();
    await first.subscribe(url);
    await first.handler.close();
    let isFull = true;
    const load = () => (isFull ? Promise.reject(new Error('disk full')) : memory.load());
    const { publish, errors } = await open({ store: { ...memory, load, sharing: undefined }, storeTimeoutMs: 20 });
    let isPublished = false;
    const publishing = publish('held').then(() => (isPublished = true));
    await until(() => errors.some((error) => String(error).includes('was not read within 20 ms')), 'the wait is told');
    await new Promise(setImmediate);
    expect(isPublished).toBe(false);
    isFull = false;
    await publishing;
    await until(() => got.length === 1, 'it is delivered');
  });

  it('an event beyond those that are held while the store cannot be read is told', async () => {
    let sink: EventSink | undefined;
    const reported: string[] = [];
    const transport = stub(async (_, given) => void (sink = given));
    const held = new HeldEvents(transport, Infinity, true, (error) => reported.push(String(error)));
    const take = (id: number) => Promise.resolve(sink?.next({ id: `a-${id}`, time: '2026-01-01T00:00:00.000Z', data: {} })).catch(String);
    for (let id = 0; id < 100_000; id++) void take(id);
    await Promise.all([take(100_001), take(100_002)]);
    const full = 'Error: 100000 events wait for the webhook store: one more is not stored';
    expect(reported).toEqual([full]);
    held.abandon(new Error('over'));
    expect(reported).toHaveLength(2);
  });

  it('what a store failed to take is forgotten with its subscription', async () => {
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

  it('a store that is never read holds up neither callers nor the end', async () => {
    const { handler, api } = await open({
      store: { ...memoryWebhookStore(), load: () => new Promise<never>(() => {}), sharing: undefined },
    });
    const listing = api('GET');
    await handler.close();
    expect((await listing).status).toBe(503);
    await expect(handler.ready).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('a store that is slow to be read is told, and callers are refused until it is', async () => {
    const memory = memoryWebhookStore();
    let read: () => void = () => {};
    const slow = new Promise<void>((resolve) => (read = resolve));
    const load = () => slow.then(() => memory.load());
    const { handler, api, errors } = await open({ store: { ...memory, load, sharing: undefined }, storeTimeoutMs: 50 });
    expect((await api('GET')).status).toBe(503);
    expect(handler.problems).toEqual(['the webhook store has not been read yet: no webhooks are delivered']);
    expect(errors.map(String)).toEqual(['Error: the webhook store has not been read yet: no webhooks are delivered']);
    read();
    await handler.ready;
    expect([(await api('GET')).status, handler.problems]).toEqual([200, []]);
  });

  it('an operation that writes an event is answered once that is in the store', async () => {
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

  it('an event to many subscriptions, and what comes while the store is busy, is one call of the store each', async () => {
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

  it('an event that could not be stored is taken when it comes again; any other repetition is not', async () => {
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
});
