import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createClient, defineContract, event } from '../../../src/index.ts';
import { webhook, type UnhandledWebhook } from '../../../src/webhook/client.ts';
import { contractOf, receive, shopify } from './support.ts';

const shop = { secret: 'shopify secret', scheme: 'shopify' } as const;
const body = '{"id":1}';

describe('types of any spelling', () => {
  it.each([
    ['orders/create', 'orders.create'],
    ['orders/create', 'orders_create'],
    ['ORDERS_CREATE', 'orders.create'],
    ['repo:push', 'repo.push'],
    ['customer.subscription.trial_will_end', 'customerSubscriptionTrialWillEnd'],
    ['order-created', 'orderCreated'],
  ])('%s reaches a listener to %s', async (given, type) => {
    const { post, heard, errors } = await receive(contractOf({ order: type, other: 'something.else' }), shop);
    expect((await post(body, shopify(body, given))).status).toBe(200);
    expect([heard.map(({ event }) => event), errors]).toEqual([['order'], []]);
  });

  it('are mapped to events, one or several to each', async () => {
    const contract = contractOf({ orderCreated: 'order.created', order: 'any.order', app: 'app' });
    const { post, heard } = await receive(contract, {
      ...shop,
      events: {
        orderCreated: { type: 'orders/create' },
        order: { type: ['orders/create', 'orders/updated'] },
        app: { type: '中文 / типы' },
      },
    });
    for (const [at, type] of ['orders/create', 'orders/updated', 'order.created'].entries())
      await post(body, shopify(body, type, `w-${at}`));
    expect(heard.map(({ event, id }) => `${event} ${id}`).toSorted()).toEqual(['order w-0', 'order w-1', 'orderCreated w-0']);
  });

  it('are not guessed if two events are the same but for their spelling', async () => {
    const { post, heard, errors } = await receive(contractOf({ a: 'orders.create', b: 'orders_create' }), shop);
    expect((await post(body, shopify(body, 'orders/create'))).status).toBe(200);
    expect((await post(body, shopify(body, 'orders_create', 'w-2'))).status).toBe(200);
    expect(heard.map(({ event }) => event)).toEqual(['b']);
    expect(errors.map(String)).toEqual([expect.stringMatching(/'orders\/create'.*it could be a or b.*option 'events'/)]);
  });

  it('are checked against the contract when the adapter is used', () => {
    const contract = contractOf({ order: 'order' });
    const use = (events: unknown) => () => createClient({ contract, transport: webhook({ ...shop, events: events as never }) });
    expect(use({ ordre: { type: 'x' } })).toThrow(/no event 'ordre'/);
    expect(use({ order: { type: [] } })).toThrow(/events\.order: type must be/);
    expect(use({ order: { type: 7 } })).toThrow(/events\.order: type must be/);
    expect(() => webhook({ events: { order: {} }, subscribe: { url: 'http://a', callbackUrl: 'http://b' } })).toThrow(
      /leave out 'subscribe'/,
    );
  });
});

describe('a verified type that nobody listens to', () => {
  it('is answered 2xx and reported once', async () => {
    const { post, errors } = await receive(contractOf({ order: 'order' }), shop);
    for (let at = 0; at < 3; at++) expect((await post(body, shopify(body, 'app/uninstalled', `w-${at}`))).status).toBe(200);
    expect(errors.map(String)).toEqual([expect.stringMatching(/'app\/uninstalled.*nobody listens.*option 'events'.*'onUnhandled'/)]);
  });

  it('goes to onUnhandled, each one', async () => {
    const unhandled: UnhandledWebhook[] = [];
    const { post, errors } = await receive(contractOf({ order: 'order' }), { ...shop, onUnhandled: (each) => unhandled.push(each) });
    for (const id of ['w-1', 'w-2']) await post(body, shopify(body, 'app/uninstalled', id));
    expect(unhandled).toMatchObject([
      { types: ['app/uninstalled'], id: 'w-1', data: { id: 1 } },
      { types: ['app/uninstalled'], id: 'w-2' },
    ]);
    expect(errors).toEqual([]);
  });

  it('comes again if somebody did listen to it, or if nobody listens to anything', async () => {
    const contract = contractOf({ order: 'orders.create', app: 'app' });
    const { post, client } = await receive(contract, shop, ['app']);
    const { order } = (client as unknown as { events: Record<string, { listen(listener: () => void): Promise<() => Promise<void>> }> })
      .events;
    const leave = await order?.listen(() => {});
    await leave?.();
    expect((await post(body, shopify(body, 'orders/create'))).status).toBe(503);
    expect((await (await receive(contract, shop, [])).post(body, shopify(body, 'orders/create'))).status).toBe(503);
  });

  it('is not what GitHub tries the address with', async () => {
    const { github } = await import('./support.ts');
    const { post, errors } = await receive(contractOf({ push: 'push' }), { secret: 'github secret', scheme: 'github' }, []);
    expect((await post('{"zen":"x"}', github('{"zen":"x"}', 'ping'))).status).toBe(200);
    expect(errors).toEqual([]);
  });
});

describe('read of a mapping', () => {
  const contract = defineContract({
    name: 'read',
    events: {
      message: event({ channel: 'messages/{from}', type: 'message', payload: z.object({ from: z.string(), text: z.string() }) }),
      state: event({ channel: 'status', type: 'status', payload: z.object({ id: z.string() }) }),
    },
  });
  const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const options = {
    ...shop,
    events: {
      message: { type: 'whatsapp', read: (data: unknown) => listOf((data as { messages?: unknown }).messages) },
      state: {
        type: 'whatsapp',
        read: (data: unknown, { header }: { header: (name: string) => string | undefined }) =>
          header('X-Kind') === 'status' ? (data as { status: unknown }).status : undefined,
      },
    },
  };

  it('takes the payload out of an envelope, or several, or says that it is another event', async () => {
    const { post, heard, errors } = await receive(contract, options);
    const batch = JSON.stringify({
      messages: [
        { from: 'a', text: '1' },
        { from: 'b', text: '2' },
      ],
    });
    expect((await post(batch, shopify(batch, 'whatsapp'))).status).toBe(200);
    const status = '{"status":{"id":"s"}}';
    expect((await post(status, { ...shopify(status, 'whatsapp', 'w-2'), 'x-kind': 'status' })).status).toBe(200);
    expect(heard).toMatchObject([
      { event: 'message', data: { from: 'a', text: '1' }, id: 'w-1' },
      { event: 'message', data: { from: 'b', text: '2' }, id: 'w-1-2' },
      { event: 'state', data: { id: 's' }, id: 'w-2' },
    ]);
    expect(errors).toEqual([]);
  });

  it('of several, those that were handled do not come again', async () => {
    const hooks = webhook({ ...options, onError: () => {} });
    const client = createClient({ contract, transport: hooks, onError: () => {} });
    const seen: string[] = [];
    await client.onMessage(({ text }) => {
      seen.push(text);
      if (seen.length === 2) throw new Error('not now');
    });
    const { fetchHandler } = await import('../../../src/http/fetch/handler.ts');
    const batch = JSON.stringify({ messages: ['1', '2', '3'].map((text) => ({ from: 'a', text })) });
    const post = () =>
      fetchHandler(hooks.handler)(new Request('http://a/', { method: 'POST', body: batch, headers: shopify(batch, 'whatsapp') }));
    expect([(await post()).status, (await post()).status, (await post()).status]).toEqual([500, 200, 200]);
    expect(seen).toEqual(['1', '2', '2', '3']);
    await client.close();
  });

  it('refuses the webhook if it throws or if what it gives breaks the contract', async () => {
    const { post, heard, errors } = await receive(contract, {
      ...shop,
      events: { message: { type: 'whatsapp', read: (data) => (data as { deep: { message: unknown } }).deep.message } },
    });
    for (const [at, text] of ['{}', '{"deep":{"message":7}}', '{"deep":{"message":[7]}}'].entries())
      expect((await post(text, shopify(text, 'whatsapp', `w-${at}`))).status, text).toBe(400);
    expect(heard).toEqual([]);
    expect(errors).toHaveLength(3);
    expect(String(errors[0])).toMatch(/'read' of events\.message cannot read what came/);
  });
});
