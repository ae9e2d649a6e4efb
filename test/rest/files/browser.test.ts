/** A browser's own form, FormData, and a client in a page, against a service that takes files. */
import * as z from 'zod/mini';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createService, defineContract, file, mutation, query } from '../../../src/core.ts';
import { composeHandlers, listen, type HttpServer } from '../../../src/http/index.ts';
import { restHandler } from '../../../src/rest/server.ts';
import { noChromium, openPage, type Page } from '../../support/chromium.ts';
import { pageScript } from '../../support/page-bundle.ts';
import { until } from '../../support/until.ts';

const contract = defineContract({
  name: 'gallery',
  operations: {
    add: mutation({
      input: z.object({ title: z.string(), year: z.int(), photos: z.array(file()), note: z.optional(file()) }),
      output: z.object({ title: z.string(), year: z.int(), photos: z.array(z.string()), hasNote: z.boolean() }),
      http: 'POST /photos',
    }),
    get: query({ input: z.object({ size: z.int() }), output: file(), http: 'GET /photo' }),
  },
});

/** The same contract, in the page. */
const PROGRAM = `
import * as z from 'zod/mini';
import { createClient, defineContract, file, mutation, query } from './src/core.ts';
import { rest } from './src/rest/client.ts';
const contract = defineContract({
  name: 'gallery',
  operations: {
    add: mutation({ input: z.object({ title: z.string(), year: z.int(), photos: z.array(file()), note: z.optional(file()) }), output: z.object({ title: z.string(), year: z.int(), photos: z.array(z.string()), hasNote: z.boolean() }), http: 'POST /photos' }),
    get: query({ input: z.object({ size: z.int() }), output: file(), http: 'GET /photo' }),
  },
});
globalThis.gallery = createClient({ contract, transport: rest({ url: location.origin }) });
globalThis.pieces = async function* () { for (let at = 0; at < 5; at++) yield new Uint8Array(10).fill(at); };
`;

const service = createService(contract, {
  add: async ({ title, year, photos, note }) => {
    const all = [];
    for (const photo of photos) all.push(`${photo.name ?? '-'} ${photo.type} ${(await photo.bytes()).length}`);
    return { title, year, photos: all, hasNote: note !== undefined };
  },
  get: ({ size }) => ({ content: new Uint8Array(size), name: 'ü.png', type: 'image/png' }),
});

describe.skipIf(noChromium !== undefined)(`a browser${noChromium === undefined ? '' : ` (${noChromium})`}`, () => {
  let server: HttpServer;
  let page: Page;
  beforeAll(async () => {
    const script = await pageScript(PROGRAM);
    const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>t</title><iframe name="answer" id="answer"></iframe>
<form id="form" action="/photos" method="post" enctype="multipart/form-data" target="answer">
<input name="title"><input name="year"><input type="file" name="photos" multiple id="photos"><input type="file" name="note"></form>
<script type="module" src="/page.js"></script>`;
    server = await listen(
      composeHandlers(({ path }) => {
        if (path === '/') return { status: 200, headers: { 'content-type': 'text/html' }, body: html };
        return path === '/page.js' ? { status: 200, headers: { 'content-type': 'text/javascript' }, body: script } : undefined;
      }, restHandler(service)),
    );
    page = await openPage(`${server.url}/`);
    await until(async () => (await page.evaluate('typeof globalThis.gallery')) === 'object');
  }, 60_000);
  afterAll(async () => {
    await page.close();
    await server.close();
    await service.close();
  });

  const fill = `
    form.title.value = 'Sömmer "24"'; form.year.value = '2024';
    const picked = new DataTransfer();
    picked.items.add(new File([new Uint8Array(1000)], 'eins "1".png', { type: 'image/png' }));
    picked.items.add(new File([new Uint8Array(5)], '世界.txt', { type: 'text/plain' }));
    form.photos.files = picked.files;`;
  const wanted = {
    title: 'Sömmer "24"',
    year: 2024,
    photos: ['eins "1".png image/png 1000', '世界.txt text/plain 5'],
    hasNote: false,
  };

  test('sends its own form, without the file that nobody chose', async () => {
    await page.evaluate(`{ const form = document.querySelector('#form'); ${fill} form.submit(); }`);
    const answer = async () => String(await page.evaluate(`document.querySelector('#answer').contentDocument?.body?.textContent ?? ''`));
    await until(async () => (await answer()).includes('hasNote'));
    expect(JSON.parse(await answer())).toEqual(wanted);
  });

  test('sends FormData', async () => {
    const sent = `(async () => { const form = document.querySelector('#form'); ${fill}
      return (await fetch('/photos', { method: 'POST', body: new FormData(form) })).json(); })()`;
    expect(await page.evaluate(sent)).toEqual(wanted);
  });

  test('has a client that sends and gets files', async () => {
    const sent = `gallery.add({ title: 'x', year: 1, photos: [new File(['abc'], 'a.txt', { type: 'text/plain' }), new Uint8Array(2), pieces()] })`;
    expect(await page.evaluate(sent)).toEqual({
      title: 'x',
      year: 1,
      photos: ['a.txt text/plain 3', '- application/octet-stream 2', '- application/octet-stream 50'],
      hasNote: false,
    });
    const got = `gallery.get({ size: 300000 }).then(async (got) => [got.name, got.type, (await got.bytes()).length])`;
    expect(await page.evaluate(got)).toEqual(['ü.png', 'image/png', 300_000]);
    expect(page.complaints).toEqual([]);
  });
});
