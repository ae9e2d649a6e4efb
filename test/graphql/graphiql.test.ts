import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { noChromium, openPage, type Page } from '../support/chromium.ts';
import { ROOT } from '../support/source-graph.ts';

const ARTICLE = '{ user(id: 123) { username posts { title } } }';
const FILES = ['app.js', 'app.css'];
const service = createBlogService();
let server: HttpServer;
let close: () => Promise<void>;

beforeAll(async () => {
  if (!existsSync(join(ROOT, 'dist/graphiql/app.js.gz'))) execFileSync(process.execPath, [join(ROOT, 'scripts/graphiql.mjs')]);
  const handler = graphqlHandler(service);
  server = await listen(handler);
  handler.attach(server.server);
  close = () => handler.close();
}, 60_000);
afterAll(async () => {
  await close();
  await server.close();
  await service.close();
});

describe('GraphiQL', () => {
  it('comes from the package alone, and only where a browser asks for a page', async () => {
    const page = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).not.toMatch(/https?:/);
    for (const name of FILES) {
      const file = await fetch(`${server.url}/graphql/${name}`);
      expect([name, file.status, file.headers.get('content-encoding')]).toEqual([name, 200, 'gzip']);
      const content = await file.text();
      expect(content.length).toBeGreaterThan(10_000);
      const plain = await fetch(`${server.url}/graphql/${name}`, { headers: { 'accept-encoding': 'identity' } });
      expect([plain.headers.get('content-encoding'), (await plain.text()) === content]).toEqual([null, true]);
    }
    expect((await fetch(`${server.url}/graphql/nothing.js`)).status).toBe(404);
    expect((await fetch(`${server.url}/graphql/..%2fpackage.json`)).status).toBe(404);
    expect((await fetch(`${server.url}/graphql`)).headers.get('content-type')).not.toContain('text/html');
  });

  describe.skipIf(noChromium)(`in Chromium${noChromium ? ` (${noChromium})` : ''}`, () => {
    // The editor writes spaces that do not break.
    const textOf = (page: Page, part: string) =>
      page.evaluate(`(document.querySelector('${part}')?.innerText ?? '').replaceAll('\\u00a0', ' ')`);
    const shown = (page: Page) => textOf(page, '.graphiql-response');
    const run = `document.querySelector('.graphiql-execute-button')`;

    async function withPage(query: string, check: (page: Page) => Promise<void>): Promise<void> {
      const page = await openPage(`${server.url}/graphql?example=${encodeURIComponent(query)}`);
      try {
        const isReady = () => page.evaluate(`${run} !== null && !document.querySelector('.graphiql-spinner')`);
        await expect.poll(isReady, { timeout: 30_000 }).toBe(true);
        await expect.poll(() => textOf(page, '.graphiql-editors'), { timeout: 30_000 }).toContain(query);
        await page.evaluate(`${run}.click()`);
        await check(page);
      } finally {
        await page.close();
      }
    }

    it('runs the query of the article and shows its result', { timeout: 90_000 }, () =>
      withPage(ARTICLE, async (page) => {
        await expect.poll(() => shown(page), { timeout: 30_000 }).toContain('"Advanced GraphQL Techniques"');
        const text = String(await shown(page));
        expect(text).toContain('"username": "john_doe"');
        for (const title of ['RESTful APIs 101', 'Building Scalable Web Applications', 'GraphQL Introduction'])
          expect(text).toContain(`"title": "${title}"`);
        // To look at it oneself.
        const { SCREENSHOT } = process.env;
        if (SCREENSHOT !== undefined) writeFileSync(SCREENSHOT, await page.screenshot());
        expect(page.requested.filter((url) => !url.startsWith(server.url) && !/^(data|blob|about):/.test(url))).toEqual([]);
        expect(page.complaints).toEqual([]);
      }),
    );

    it('shows the events of a subscription', { timeout: 90_000 }, () =>
      withPage('subscription { message { sender message } }', async (page) => {
        // The page does not say when the subscription stands: messages are sent until one is seen.
        const publish = async () => {
          await service.publish('message', { sender: 'user123', message: 'Hello, everyone!' });
          return shown(page);
        };
        await expect.poll(publish, { timeout: 30_000, interval: 200 }).toContain('"Hello, everyone!"');
      }),
    );
  });
});
