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
  if (!existsSync(join(ROOT, 'dist/graphiql/app.js.br'))) execFileSync(process.execPath, [join(ROOT, 'scripts/graphiql.mjs')]);
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
      const file = await fetch(`${server.url}/graphql/${name}`, { headers: { 'accept-encoding': 'gzip, br' } });
      expect([name, file.status, file.headers.get('content-encoding')]).toEqual([name, 200, 'br']);
      const content = await file.text();
      expect(content.length).toBeGreaterThan(10_000);
      const plain = await fetch(`${server.url}/graphql/${name}`, { headers: { 'accept-encoding': 'gzip, br;q=0' } });
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

    it('has its documentation, tabs, history, dialogs and completion', { timeout: 90_000 }, () =>
      withPage(ARTICLE, async (page) => {
        const click = (selector: string) => page.evaluate(`document.querySelector('${selector}').click()`);
        const count = (selector: string) => page.evaluate(`document.querySelectorAll('${selector}').length`);
        const text = (part: string, found: string) => expect.poll(() => textOf(page, part), { timeout: 30_000 }).toContain(found);
        await text('.graphiql-response', '"Advanced GraphQL Techniques"');

        await click('.graphiql-sidebar button[aria-label="Show Documentation Explorer"]');
        await text('.graphiql-doc-explorer', 'Query');
        await page.evaluate(`document.querySelector('.graphiql-doc-explorer-search input').focus()`);
        await page.press(...'weat');
        await text('.graphiql-doc-explorer-search [role=listbox]', 'weather');
        await page.evaluate(`[...document.querySelectorAll('[role=option]')].find((each) => each.innerText === 'Weather').click()`);
        await text('.graphiql-doc-explorer', 'conditions');

        await click('.graphiql-tab-add');
        await expect.poll(() => count('.graphiql-tab'), { timeout: 30_000 }).toBe(2);
        await click('.graphiql-tab:first-child .graphiql-tab-button');
        await text('.graphiql-query-editor', 'username');
        await click('.graphiql-tab:last-child .graphiql-tab-close');
        await expect.poll(() => count('.graphiql-tab'), { timeout: 30_000 }).toBe(1);

        await click('.graphiql-sidebar button[aria-label="Show History"]');
        await text('.graphiql-history', 'username');
        await click('.graphiql-sidebar button[aria-label="Open short keys dialog"]');
        await text('[role=dialog]', 'Short Keys');
        await page.press('Escape');
        await expect.poll(() => count('[role=dialog]'), { timeout: 30_000 }).toBe(0);
        await click('.graphiql-sidebar button[aria-label="Open settings dialog"]');
        await text('[role=dialog]', 'Persist headers');
        await page.press('Escape');

        await expect.poll(() => count('[role=dialog]'), { timeout: 30_000 }).toBe(0);

        const editor = `document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror`;
        await page.evaluate(`${editor}.setValue('{ '); ${editor}.setCursor(0, 2); ${editor}.focus()`);
        await page.evaluate(`${editor}.showHint({ completeSingle: false })`);
        await text('.CodeMirror-hints', 'user');
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
