import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { nodeListener } from '../../src/http/node/listener.ts';
import { openApi } from '../../src/rest/schema.ts';
import { restHandler } from '../../src/rest/server.ts';
import { noChromium, openPage } from '../support/chromium.ts';

const files = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript; charset=utf-8', css: 'text/css' };
const PAGE = `<!doctype html><link rel="icon" href="data:,"><link rel="stylesheet" href="/swagger-ui.css"><main id="ui"></main><script src="/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', docExpansion: 'full', tryItOutEnabled: true, defaultModelsExpandDepth: -1, onComplete: () => (window.isReady = true) });</script>`;

/**
 * Executes each operation with what Swagger UI filled in, and gives the status that it shows. Of an event stream it shows none, since it waits for the
 * end of every answer. Webhooks are shown too, but nobody executes them.
 */
const executeAll = (operations: number) => `(async () => {
  const until = async (find) => {
    const last = Date.now() + 60000;
    while (!find() && Date.now() < last) await new Promise((done) => setTimeout(done, 20));
    return find();
  };
  const blocks = () => [...document.querySelectorAll('.opblock')].filter((block) => block.querySelector('.execute'));
  await until(() => window.isReady && blocks().length === ${operations});
  const shown = {};
  for (const { id } of blocks()) {
    const find = (selector) => document.getElementById(id).querySelector(selector);
    const part = (name) => find('.opblock-summary-' + name).textContent.replaceAll('\u200b', '');
    const isStream = document.getElementById(id).textContent.includes('A stream that does not end by itself.');
    const status = () => find('.live-responses-table tbody .response-col_status')?.textContent;
    const isLoading = () => find('.loading-container') !== null;
    // While Swagger UI still renders it loses clicks. It shows at once that it took one.
    await until(() => status() || isLoading() || (find('.execute').click(), isLoading()));
    shown[part('method') + ' ' + part('path')] = isStream && isLoading() ? 'a stream' : await until(status);
  }
  return shown;
})()`;

describe.skipIf(noChromium)(`Swagger UI in Chromium${noChromium ? ` (${noChromium})` : ''}`, () => {
  it('executes every operation with the examples of the contract', { timeout: 120_000 }, async () => {
    const service = createBlogService();
    const api = nodeListener(restHandler(service));
    const server = createServer((request, response) => {
      const name = (request.url ?? '/').slice(1);
      const type = TYPES[name.split('.').at(-1) ?? ''];
      if (name === '') response.setHeader('content-type', 'text/html').end(PAGE);
      else if (type === undefined) api(request, response);
      else response.setHeader('content-type', type).end(readFileSync(join(files, name)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const page = await openPage(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    try {
      const paths = Object.entries(openApi(blogContract)['paths'] as Record<string, Record<string, object>>);
      const operations = paths.flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
      const shown = (await page.evaluate(executeAll(operations.length))) as Record<string, string>;
      expect(Object.keys(shown).sort()).toEqual(operations.sort());
      for (const [operation, status] of Object.entries(shown)) expect(`${operation} ${status}`).toMatch(/ (20\d|a stream)$/);
      expect(page.complaints).toEqual([]);
    } finally {
      await page.close();
      server.closeAllConnections();
      server.close();
      await service.close();
    }
  });
});
