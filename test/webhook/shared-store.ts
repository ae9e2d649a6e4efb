import { afterEach } from 'vitest';
import * as z from 'zod';
import { listen } from '../../src/http/node/listen.ts';
import { createService, defineContract, event, memoryHub, type EventHub } from '../../src/index.ts';
import { memoryWebhookStore, webhookHandler, type WebhookHandlerOptions, type WebhookStore } from '../../src/webhook/server.ts';
import { until } from '../support/until.ts';
import { startEndpoint, type Got } from '../support/webhooks.ts';

export const contract = defineContract({
  name: 'news',
  events: { article: event({ channel: 'articles', type: 'article.published', payload: z.object({ n: z.int32() }) }) },
});
export const LEASE_MS = 500;

export const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Dispatchers of one hub and one store. */
export function shared(hub = memoryHub(), store = memoryWebhookStore()) {
  cleanups.push(() => hub.close());
  return async (options: WebhookHandlerOptions = {}) => {
    const service = createService(contract, {}, { hub });
    const handler = webhookHandler(service, { allowPrivate: true, store, leaseMs: LEASE_MS, ...options });
    const server = await listen(handler);
    cleanups.push(
      () => service.close(),
      () => server.close(0),
      () => handler.close(),
    );
    await handler.ready;
    const api = async (method: string, path = '', body?: unknown) => {
      const response = await fetch(`${server.url}/webhooks/subscriptions${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, any> };
    };
    return { handler, api, publish: (n: number) => service.publish('article', { n }) };
  };
}

/** A store that tells when each of its dispatchers has taken up what stands in it now. */
export function countedStore() {
  const store = memoryWebhookStore();
  const { sharing } = store;
  if (!sharing) throw new Error('it is shared');
  const begun = new Map<string, number>();
  const counted: WebhookStore = {
    ...store,
    sharing: {
      ...sharing,
      claim: (worker, ...claimed) => {
        begun.set(worker, (begun.get(worker) ?? 0) + 1);
        return sharing.claim(worker, ...claimed);
      },
    },
  };
  /** A claim begins when the one before it is taken up, so the second from now shows that the first is. */
  const renewed = async () => {
    const before = new Map(begun);
    await until(() => [...before].every(([worker, count]) => (begun.get(worker) ?? 0) >= count + 2), 'each dispatcher has claimed twice');
  };
  return { store: counted, renewed };
}

/** A hub that lets subscribers in when it is told to. */
export function slowHub() {
  const hub = memoryHub();
  let entry = Promise.resolve();
  let waiting = 0;
  const shut = () => {
    let letIn = () => {};
    entry = new Promise((resolve) => (letIn = resolve));
    return letIn;
  };
  const slow: EventHub = {
    publish: (definition, published) => hub.publish(definition, published),
    subscribe: async (request, sink) => {
      waiting++;
      await entry;
      waiting--;
      return hub.subscribe(request, sink);
    },
    close: () => hub.close(),
  };
  return { hub: slow, shut, waiting: () => waiting };
}

/** A store whose writes wait, once it is held, for a claim that is read before them; that claim is given when it is told to. */
export function lateStore() {
  const store = memoryWebhookStore();
  const { saveSubscription, deleteSubscription, sharing } = store;
  let given: Promise<void> | undefined;
  let onRead: (() => void) | undefined;
  let begun: Promise<void> | undefined;
  let claims = 0;
  const read = async () => {
    if (given && !onRead) await new Promise<void>((resolve) => (onRead = resolve));
  };
  const late: WebhookStore = {
    ...store,
    saveSubscription: (...saved) => read().then(() => saveSubscription(...saved)),
    deleteSubscription: (id) => read().then(() => deleteSubscription(id)),
    sharing: sharing && {
      ...sharing,
      claim: async (...claimed) => {
        claims++;
        await begun;
        const claim = await sharing.claim(...claimed);
        onRead?.();
        if (onRead) await given;
        return claim;
      },
    },
  };
  const hold = () => {
    let give = () => {};
    given = new Promise((resolve) => (give = resolve));
    return give;
  };
  /** Lets no claim that begins be read, until it is told to. */
  const block = () => {
    let go = () => {};
    begun = new Promise((resolve) => (go = resolve));
    return go;
  };
  return { store: late, hold, block, claims: () => claims };
}

export async function endpoint(answer?: (got: Got) => Promise<number>) {
  const started = await startEndpoint(answer);
  cleanups.push(started.close);
  const heard = () => started.got.map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n);
  return { ...started, heard };
}
