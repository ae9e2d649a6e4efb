import { createHmac } from 'node:crypto';
import { afterEach } from 'vitest';
import * as z from 'zod';
import { fetchHandler } from '../../../src/http/fetch/handler.ts';
import { createClient, defineContract, event, type Contract } from '../../../src/index.ts';
import { webhook, type WebhookOptions } from '../../../src/webhook/client.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export const later = (cleanup: () => Promise<unknown>): void => void cleanups.push(cleanup);

export const anything = z.looseObject({});

/** A contract with one event for each type, named after it. */
export function contractOf(types: Readonly<Record<string, string>>) {
  return defineContract({
    name: 'foreign',
    events: Object.fromEntries(
      Object.entries(types).map(([name, type]) => [name, event({ channel: name, type, payload: z.looseObject({}) })]),
    ),
  }) as Contract;
}

/** What a listener was given. */
export interface Heard {
  readonly event: string;
  readonly data: unknown;
  readonly id: string;
  readonly time: string;
}

/** A receiver whose listeners write down what they hear. */
export async function receive(contract: Contract, options: WebhookOptions, listenTo: readonly string[] = Object.keys(contract.events)) {
  const errors: unknown[] = [];
  const heard: Heard[] = [];
  const hooks = webhook({ onError: (error) => errors.push(error), ...options });
  const client = createClient({ contract, transport: hooks, onError: (error) => errors.push(error) });
  later(() => client.close());
  const { events } = client as unknown as {
    events: Record<string, { listen(listener: (data: unknown, info: Heard) => void): Promise<unknown> }>;
  };
  for (const name of listenTo) await events[name]?.listen((data, { id, time }) => void heard.push({ event: name, data, id, time }));
  const handle = fetchHandler(hooks.handler);
  const ask = async (url: string, init: RequestInit = {}) => {
    const response = await handle(new Request(new URL(url, 'http://receiver.example/hook'), init));
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const post = (body: string | Uint8Array, headers: Record<string, string>, url = '') =>
    ask(url, { method: 'POST', body: body as string, headers: { 'content-type': 'application/json', ...headers } });
  return { hooks, client, heard, errors, ask, post };
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export function hmac(
  hash: string,
  encoding: 'hex' | 'base64',
  secret: string | Uint8Array,
  ...parts: readonly (string | Uint8Array)[]
): string {
  const made = createHmac(hash, secret);
  for (const part of parts) made.update(part);
  return made.digest(encoding);
}

export const seconds = (): string => String(Math.floor(Date.now() / 1000));

export function slack(body: string, secret = 'slack secret'): Record<string, string> {
  const at = seconds();
  return { 'x-slack-request-timestamp': at, 'x-slack-signature': `v0=${hmac('sha256', 'hex', secret, `v0:${at}:${body}`)}` };
}

export const github = (body: string, type: string, id = 'd-1', secret = 'github secret'): Record<string, string> => ({
  'x-github-event': type,
  'x-github-delivery': id,
  'x-hub-signature-256': `sha256=${hmac('sha256', 'hex', secret, body)}`,
});

export const shopify = (body: string, topic: string, id = 'w-1', secret = 'shopify secret'): Record<string, string> => ({
  'x-shopify-topic': topic,
  'x-shopify-webhook-id': id,
  'x-shopify-hmac-sha256': hmac('sha256', 'base64', secret, body),
});
