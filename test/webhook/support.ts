import { afterEach, expect } from 'vitest';
import * as z from 'zod';
import { createService, defineContract, event, type Transport } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { webhookHandler, type WebhookHandlerOptions } from '../../src/webhook/server.ts';
import { startEndpoint } from '../support/webhooks.ts';

export const contract = defineContract({
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

export const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A service that does with subscriptions what a test says. */
export function stub(subscribe: Transport['subscribe']): Transport {
  return { contract, name: 'stub', call: async () => undefined, subscribe, identify: async () => ({ caller: '' }), close: async () => {} };
}

/** Tells callers apart as a test needs it. */
export const byToken: NonNullable<WebhookHandlerOptions['caller']> = ({ headers }) => headers['authorization'] ?? '';

export async function open(options: WebhookHandlerOptions = {}) {
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

export async function endpoint(...args: Parameters<typeof startEndpoint>) {
  const started = await startEndpoint(...args);
  cleanups.push(started.close);
  return started;
}
