import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { listen } from '../../src/http/node/listen.ts';
import { ApiError, createService, defineContract, event, type ContextInfo, type ServiceOptions } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import {
  fileWebhookStore,
  memoryWebhookStore,
  webhookHandler,
  type WebhookHandlerOptions,
  type WebhookStore,
} from '../../src/webhook/server.ts';
import { until } from '../support/until.ts';
import { startEndpoint } from '../support/webhooks.ts';

const contract = defineContract({
  name: 'news',
  events: { article: event({ channel: 'articles', type: 'article.published', payload: z.object({ n: z.int32() }) }) },
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open<T>(serviceOptions: ServiceOptions<T> = {}, options: WebhookHandlerOptions = {}) {
  const errors: unknown[] = [];
  const service = createService(contract, {}, { onError: ({ error }) => errors.push(error), ...serviceOptions });
  const handler = webhookHandler(service, { allowPrivate: true, onError: (error) => errors.push(error), ...options });
  const server = await listen(handler);
  cleanups.push(
    () => service.close(),
    () => server.close(0),
    () => handler.close(),
  );
  const api = async (key: string, method: string, path = '', body?: unknown) => {
    const response = await fetch(`${server.url}/webhooks/subscriptions${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(key !== '' && { 'x-api-key': key }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Record<string, any>) };
  };
  return { service, handler, api, errors, publish: (n: number) => service.publish('article', { n }) };
}

async function endpoint() {
  const started = await startEndpoint(() => 204);
  cleanups.push(started.close);
  const heard = () => started.got.map(({ body }) => (JSON.parse(body.toString()) as { data: { n: number } }).data.n);
  return { url: started.url, heard };
}

describe('a subscription of a service that knows its callers by a key', () => {
  const users = new Map([
    ['ka', 'alice'],
    ['kb', 'bob'],
  ]);
  const context = ({ headers, onBehalfOf }: ContextInfo) => {
    const caller = onBehalfOf ?? users.get(headers['x-api-key'] ?? '');
    if (caller === undefined || ![...users.values()].includes(caller)) throw new ApiError('UNAUTHENTICATED', 'who are you?');
    return { caller };
  };

  it('is seen, rotated and deleted by its owner only, and by nobody without a key', async () => {
    const { api } = await open({ context });
    const { url } = await endpoint();
    const { status, body } = await api('ka', 'POST', '', { url, events: ['article.published'] });
    expect(status).toBe(201);
    const id = String(body?.['id']);
    expect((await api('kb', 'GET')).body).toEqual([]);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/rotate'],
      ['DELETE', ''],
    ] as const) {
      expect((await api('kb', method, `/${id}${path}`)).status).toBe(404);
      expect((await api('', method, `/${id}${path}`)).status).toBe(401);
    }
    expect((await api('', 'GET')).status).toBe(401);
    expect((await api('ka', 'GET')).body).toMatchObject([{ id }]);
  });

  it('is out of reach for a key that was revoked, and ends when its owner is no longer known', async () => {
    const stored = memoryWebhookStore();
    const first = await open({ context }, { store: stored });
    const { url, heard } = await endpoint();
    await first.api('ka', 'POST', '', { url, events: ['article.published'] });
    await first.publish(1);
    await until(() => heard().includes(1), 'it is delivered on behalf of its owner, without any credentials');
    expect(JSON.stringify(await stored.load())).not.toContain('"ka"');
    await first.handler.close();
    users.delete('ka');
    try {
      const second = await open({ context }, { store: stored });
      await second.handler.ready;
      expect((await second.api('ka', 'GET')).status).toBe(401);
      await second.publish(2);
      await until(async () => (await stored.load()).subscriptions.length === 0, 'it has ended');
      expect(heard()).toEqual([1]);
    } finally {
      users.set('ka', 'alice');
    }
  });

  it('needs a context that takes onBehalfOf; the cure is reported once', async () => {
    const strict = ({ headers }: ContextInfo) => {
      const caller = users.get(headers['x-api-key'] ?? '');
      if (caller === undefined) throw new ApiError('UNAUTHENTICATED', 'who are you?');
      return { caller };
    };
    const { api, errors } = await open({ context: strict });
    const { url } = await endpoint();
    for (let tries = 0; tries < 2; tries++) expect((await api('ka', 'POST', '', { url, events: ['article.published'] })).status).toBe(401);
    expect(errors.map(String).filter((text) => text.includes("let its context take 'onBehalfOf'"))).toHaveLength(1);
  });

  it('is refused if the service cannot tell its callers apart', async () => {
    const { api } = await open({ context: () => ({ user: 1 }) });
    const { url } = await endpoint();
    expect((await api('ka', 'POST', '', { url, events: ['article.published'] })).body).toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it("of a peer needs the handler's own option 'caller'", async () => {
    const far = rest({ url: 'http://127.0.0.1:1' })(contract);
    expect(() => webhookHandler(far)).toThrow(/give the option 'caller'/);
    await far.close();
  });

  it('is one of a share: a caller who takes all of it leaves room for the others', async () => {
    const { api } = await open({ context }, { maxSubscriptionsPerCaller: 2 });
    const { url } = await endpoint();
    const subscribe = async (key: string) => (await api(key, 'POST', '', { url, events: ['article.published'] })).status;
    expect([await subscribe('ka'), await subscribe('ka'), await subscribe('ka'), await subscribe('kb')]).toEqual([201, 201, 429, 201]);
  });

  it('leaves its place again if a resolver never answers', async () => {
    let isSilent = true;
    const resolve = async () => (isSilent ? new Promise<never>(() => {}) : [{ address: '8.8.8.8', family: 4 }]);
    const { api } = await open({ context }, { maxSubscriptionsPerCaller: 1, timeoutMs: 100, resolve });
    const body = { url: 'https://slow.example/', events: ['article.published'] };
    expect((await api('ka', 'POST', '', body)).body).toMatchObject({ code: 'UNAVAILABLE' });
    isSilent = false;
    expect((await api('ka', 'POST', '', body)).status).toBe(201);
  });
});

describe('events that are published while the store is still being read', () => {
  it('are acknowledged when they are stored, and are delivered', async () => {
    const store = memoryWebhookStore();
    const { url, heard } = await endpoint();
    const first = await open({}, { store });
    await first.api('', 'POST', '', { url, events: ['article.published'] });
    await first.publish(1);
    await until(() => heard().length === 1, 'the first is delivered');
    await first.handler.close();

    let read = (): void => {};
    const held = new Promise<void>((resolve) => (read = resolve));
    const slow: WebhookStore = { ...store, load: async () => (await held, store.load()), sharing: undefined };
    const second = await open({}, { store: slow });
    let isAcknowledged = false;
    const early = [2, 3].map((n) => second.publish(n).then(() => (isAcknowledged = true)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isAcknowledged).toBe(false);
    read();
    await Promise.all(early);
    await second.publish(4);
    await until(() => heard().length >= 4, 'all are delivered');
    expect(heard().sort()).toEqual([1, 2, 3, 4]);
  });

  it('are neither acknowledged nor lost while the store cannot be read, which is told', async () => {
    const store = memoryWebhookStore();
    const { url, heard } = await endpoint();
    const first = await open({}, { store });
    await first.api('', 'POST', '', { url, events: ['article.published'] });
    await first.handler.close();
    let isFull = true;
    const failing: WebhookStore = {
      ...store,
      load: async () => (isFull ? Promise.reject(new Error('disk full')) : store.load()),
      sharing: undefined,
    };
    const second = await open({}, { store: failing, storeTimeoutMs: 20 });
    const publishing = second.publish(1);
    await until(() => second.errors.some((error) => String(error).includes('was not read within 20 ms')), 'the wait is told');
    expect(second.handler.problems).toEqual(['the webhook store cannot be read: no webhooks are delivered']);
    expect(await second.api('', 'GET')).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    isFull = false;
    await second.handler.ready;
    await publishing;
    await until(() => heard().includes(1), 'it is delivered');
    expect(second.handler.problems).toEqual([]);
    expect(await second.api('', 'GET')).toMatchObject({ status: 200 });
    expect(second.errors.map(String).filter((text) => text.includes('disk full'))).toHaveLength(1);
  });

  it('are read from a file on a disk that takes no more', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'webhooks-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'store.jsonl');
    const store = fileWebhookStore(path);
    await store.saveSubscription({
      id: 's', owner: '', url: 'http://127.0.0.1:9/', events: ['article.published'], format: 'json', params: {}, ordered: false, notices: false,
      secrets: [{ secret: 'whsec_VigceYHVXdMIUpAlR3+zDuSYkvADdP62496G5FyWdbg=' }], createdAt: '2026-01-31T12:00:00.000Z',
    }); // prettier-ignore
    await store.close();
    // What makes the file anew cannot be made.
    await (await import('node:fs/promises')).mkdir(`${path}.next`);
    const again = fileWebhookStore(path);
    expect((await again.load()).subscriptions).toMatchObject([{ id: 's' }]);
    await again.close();
  });
});

describe('a deletion', () => {
  it('is not undone by a write that was under way', async () => {
    const memory = memoryWebhookStore();
    let release = (): void => {};
    let isSlow = false;
    let isWriting = false;
    const saveSubscription: WebhookStore['saveSubscription'] = async (subscription) => {
      if (isSlow) await new Promise<void>((resolve) => ((release = resolve), (isWriting = true)));
      await memory.saveSubscription(subscription);
    };
    const { api } = await open({}, { store: { ...memory, saveSubscription, sharing: undefined } });
    const { url } = await endpoint();
    const id = String((await api('', 'POST', '', { url, events: ['article.published'] })).body?.['id']);
    isSlow = true;
    const rotating = api('', 'POST', `/${id}/rotate`, {});
    await until(() => isWriting, 'the write is under way');
    const deleting = api('', 'DELETE', `/${id}`);
    await new Promise((resolve) => setImmediate(resolve));
    release();
    expect((await deleting).status).toBe(204);
    await rotating;
    expect((await memory.load()).subscriptions).toEqual([]);
  });

  it('is tried again by itself after the store failed', async () => {
    const memory = memoryWebhookStore();
    let failures = 1;
    const deleteSubscription: WebhookStore['deleteSubscription'] = (id) =>
      failures-- > 0 ? Promise.reject(new Error('disk full')) : memory.deleteSubscription(id);
    const { api } = await open({}, { store: { ...memory, deleteSubscription } });
    const { url } = await endpoint();
    const id = String((await api('', 'POST', '', { url, events: ['article.published'] })).body?.['id']);
    expect((await api('', 'DELETE', `/${id}`)).status).toBe(500);
    await until(async () => (await memory.load()).subscriptions.length === 0, 'the store has it');
  });
});

describe('a rotation', () => {
  it('is not undone by one before it, which failed and is taken back', async () => {
    const memory = memoryWebhookStore();
    /** How many writes it takes until one fails; the next takes it back, and goes on when later requests are answered. */
    let left = Infinity;
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let writing = 0;
    const saveSubscription: WebhookStore['saveSubscription'] = async (subscription) => {
      left--;
      if (left === 0) throw new Error('disk full');
      writing++;
      if (left === -1) await held;
      await memory.saveSubscription(subscription);
      writing--;
    };
    const { api } = await open({}, { store: { ...memory, saveSubscription, sharing: undefined } });
    const { url } = await endpoint();
    const id = String((await api('', 'POST', '', { url, events: ['article.published'] })).body?.['id']);
    left = 1;
    const rotations = Promise.all([1, 2].map(() => api('', 'POST', `/${id}/rotate`, { overlapSeconds: 0 })));
    await until(() => writing > 0, 'the first one is taken back');
    await api('', 'GET', `/${id}`);
    goOn();
    const [failed, rotated] = await rotations;
    expect([failed?.status, rotated?.status]).toEqual([500, 200]);
    await until(() => writing === 0, 'nothing is being written');
    expect((await memory.load()).subscriptions[0]?.secrets).toMatchObject([{ secret: rotated?.body?.['secret'] }]);
  });
});
