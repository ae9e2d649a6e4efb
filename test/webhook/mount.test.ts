import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, describe } from 'vitest';
import { createClient } from '../../src/index.ts';
import { signWebhook, webhook, type WebhookAdapter } from '../../src/webhook/client.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
let folder = '';
let page = '';

beforeAll(async () => {
  // Within the repository, where the frameworks are found.
  folder = await mkdtemp(join(ROOT, 'test/.mount-'));
  page = await readFile(join(ROOT, 'docs/protocols/webhook.md'), 'utf8');
  await writeFile(
    join(folder, 'hooks.ts'),
    `import { createBlogService } from '../../src/blog/index.js';
import { webhook } from '../../src/webhook/client.js';
import { webhookHandler } from '../../src/webhook/server.js';
export const hooks = webhook({ secret: '${SECRET}', onError: () => {} });
export const sender = webhookHandler(createBlogService());`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The page's program for a framework, as it stands there, with what it takes for granted before it. */
async function load(framework: string, before = ''): Promise<{ readonly hooks: WebhookAdapter; readonly [name: string]: unknown }> {
  const program = new RegExp(`\\*\\*${framework}\\b[^]*?\`\`\`ts\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (program === undefined) throw new Error(`the page has no program for ${framework}`);
  const file = join(folder, `${framework}.ts`);
  await writeFile(
    file,
    `import { fetchHandler, nodeListener } from '../../src/http/index.js';
import { hooks, sender } from './hooks.js';
export { hooks };
${before}
${program}`,
  );
  return (await import(file)) as { hooks: WebhookAdapter };
}

/** Sends a good and a bad webhook, and an order to the subscription API where it is mounted. */
async function exercise(send: (request: Request) => Promise<Response>, hooks: WebhookAdapter, hasSender: boolean): Promise<void> {
  const client = createClient({ transport: hooks });
  const titles: string[] = [];
  const leave = await client.onArticlePublished(({ title }) => void titles.push(title));
  // Spaces that a parser would drop.
  const payload = '{ "event": "article.published", "data": { "title": "Ünï", "author": "a", "content": "" } }';
  const headers = { 'content-type': 'application/json', ...(await signWebhook({ payload, secret: SECRET })) };
  const post = (body: string) => send(new Request('http://host/webhook/callback', { method: 'POST', body, headers }));
  expect((await post(payload)).status).toBe(204);
  expect((await post(`${payload} `)).status).toBe(401);
  expect(titles).toEqual(['Ünï']);
  if (hasSender) {
    const body = JSON.stringify({ url: 'http://127.0.0.1/', events: ['article.published'] });
    const request = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    const answer = await send(new Request('http://host/webhooks/subscriptions', request));
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([400, expect.stringContaining('public address')]);
    expect((await send(new Request('http://host/webhooks/subscriptions'))).status).toBe(200);
  }
  await leave();
  await client.close();
}

async function overHttp<T>(listener: RequestListener, use: (send: (request: Request) => Promise<Response>) => Promise<T>): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await use((request) => fetch(new Request(request.url.replace('//host', `//127.0.0.1:${port}`), request)));
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a receiver in a server of somebody else', () => {
  test('Express', async () => {
    const { app, hooks } = await load('Express', "import express from 'express';\nexport const app = express();");
    await overHttp(app as RequestListener, (send) => exercise(send, hooks, true));
  });

  test('Fastify, which reads the bodies of its other routes', async () => {
    const before = `import fastify from 'fastify';
export const app = fastify();
app.post('/other', async ({ body }) => ({ got: body }));`;
    const { app, hooks } = await load('Fastify', before);
    const { server, ready, close } = app as { server: { emit: unknown }; ready(): Promise<void>; close(): Promise<void> };
    await ready.call(app);
    const listener = (...args: unknown[]) => void (server.emit as (...all: unknown[]) => void).call(server, 'request', ...args);
    await overHttp(listener, async (send) => {
      await exercise(send, hooks, true);
      const headers = { 'content-type': 'application/json' };
      const other = await send(new Request('http://host/other', { method: 'POST', body: '{"n":1}', headers }));
      expect(await other.json()).toEqual({ got: { n: 1 } });
    });
    await close.call(app);
  });

  test('Hono', async () => {
    const { app, hooks } = await load('Hono', "import { Hono } from 'hono';\nexport const app = new Hono();");
    await exercise(async (request) => (app as { fetch(request: Request): Promise<Response> }).fetch(request), hooks, false);
  });

  test('Next.js, whose route handlers take a request and give a response', async () => {
    const { POST, hooks } = await load('Next');
    await exercise((request) => (POST as (request: Request) => Promise<Response>)(request), hooks, false);
  });

  test('behind a parser, which has read the body, a webhook is refused and not left waiting', async () => {
    const { default: express } = (await import('express')) as unknown as {
      default: { (): { use(...handlers: unknown[]): void } & RequestListener; json(): unknown };
    };
    const { nodeListener } = await import('../../src/http/node/listener.ts');
    const hooks = webhook({ secret: SECRET, onError: () => {} });
    const app = express();
    app.use(express.json());
    app.use(nodeListener(hooks.handler));
    const payload = '{"event":"article.published","data":{}}';
    const headers = { 'content-type': 'application/json', ...(await signWebhook({ payload, secret: SECRET })) };
    await overHttp(app, async (send) => {
      const answer = await send(new Request('http://host/', { method: 'POST', body: payload, headers }));
      expect(answer.ok).toBe(false);
    });
  });
});
