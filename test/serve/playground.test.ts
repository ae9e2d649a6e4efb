import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBlogService } from '../../src/blog/service.ts';
import { createService, defineContract, instant, mutation, query, stream } from '../../src/core.ts';
import { serve, type Served, type ServeOptions } from '../../src/serve/index.ts';
import { noChromium, openPage, type Page } from '../support/chromium.ts';

const HTML = { headers: { accept: 'text/html,*/*;q=0.8' } };
const blog = createBlogService();
let served: Served;
const others: Served[] = [];

async function serveWith(options: ServeOptions, service = blog): Promise<Served> {
  const other = await serve(service, { port: 0, grpcPort: 0, ...options });
  others.push(other);
  return other;
}

beforeAll(async () => {
  served = await serve(blog, { port: 0, grpcPort: 0, allowPrivateWebhooks: true, playground: { examples: { getUser: { id: 123 } } } });
});
afterEach(async () => {
  for (const other of others.splice(0)) await other.close();
});
afterAll(async () => {
  await served.close();
  await blog.close();
});

async function run(url: string, body: unknown): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${url}/playground/run`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return (await response.text()).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
} // prettier-ignore

describe('the playground', () => {
  it.each(['rest', 'graphql', 'websocket', 'soap', 'grpc', 'mqtt', 'mcp'])('calls over %s, and shows what went over the wire', async (protocol) => {
    const reports = await run(served.http, { protocol, member: 'getUser', input: { id: 123 } });
    expect(reports.at(-1)).toMatchObject({ output: { id: 123, username: 'john_doe' }, ms: expect.any(Number) });
    expect(reports).toContainEqual({ wire: expect.objectContaining({ direction: 'out' }) });
    expect(reports).toContainEqual({ wire: expect.objectContaining({ direction: 'in' }) });
  }); // prettier-ignore

  it.each(['rest', 'webhook', 'mqtt'])('watches over %s until the page leaves', async (protocol) => {
    const leave = new AbortController();
    const response = await fetch(`${served.http}/playground/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ protocol, member: 'message' }),
      signal: leave.signal,
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      const isFirst = !text.includes('"watching"');
      text += decoder.decode(chunk, { stream: true });
      if (isFirst && text.includes('"watching"')) await blog.publish('message', { sender: 'a', message: 'b' });
      if (text.includes('"data":{"sender":"a","message":"b"}')) break;
    }
    leave.abort();
    expect(text).toContain('"event"');
  });

  it('gives codecs and streams as JSON', async () => {
    const contract = defineContract({
      name: 'forms',
      operations: {
        later: query({ input: z.object({ at: instant() as never }), output: z.object({ at: instant() as never }) }),
        count: stream({ item: z.object({ n: z.int32() }) }),
        fail: mutation({}),
      },
    });
    const service = createService(contract, {
      later: ({ at }: { readonly at: unknown }) => ({ at }),
      async *count() {
        yield { n: 1 };
        yield { n: 2 };
      },
      fail: () => {
        throw new Error('secret');
      },
    } as never);
    const { http } = await serveWith({ protocols: ['rest'], onError: () => {} }, service as never);
    expect((await run(http, { protocol: 'rest', member: 'later', input: { at: '2024-01-01T00:00:00Z' } })).at(-1)).toMatchObject({
      output: { at: '2024-01-01T00:00:00.000Z' },
    });
    const counted = await run(http, { protocol: 'rest', member: 'count' });
    expect(counted.filter((report) => 'item' in report)).toEqual([{ item: { n: 1 } }, { item: { n: 2 } }]);
    const failed = await run(http, { protocol: 'rest', member: 'fail' });
    expect(failed.at(-1)).toMatchObject({ error: { code: 'INTERNAL' } });
    expect(JSON.stringify(failed)).not.toContain('secret');
    expect((await run(http, { protocol: 'rest', member: 'later', input: { at: 'x' } })).at(-1)).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
    await service.close();
  }); // prettier-ignore

  it('is off in production, on other hosts, and when it is not wanted', async () => {
    const at = async (options: ServeOptions) => {
      const other = await serveWith({ protocols: ['rest'], ...options });
      const { status } = await fetch(`${other.http.replace('0.0.0.0', '127.0.0.1')}/`, HTML);
      return [status, other.playground !== undefined];
    };
    expect(await at({})).toEqual([200, true]);
    expect(await at({ playground: false })).toEqual([404, false]);
    expect(await at({ host: '0.0.0.0' })).toEqual([404, false]);
    const { NODE_ENV } = process.env;
    process.env['NODE_ENV'] = 'production';
    try {
      expect(await at({})).toEqual([404, false]);
      expect(await at({ playground: true })).toEqual([200, true]);
    } finally {
      process.env['NODE_ENV'] = NODE_ENV;
    }
  });

  it('leaves `/` to a contract that has it, and to programs', async () => {
    const home = defineContract({ name: 'home', operations: { home: query({ output: z.object({ at: z.string() }), http: 'GET /' }) } });
    const service = createService(home, { home: () => ({ at: 'home' }) });
    const { http } = await serveWith({ protocols: ['rest'] }, service as never);
    expect(await (await fetch(`${http}/`, HTML)).json()).toEqual({ at: 'home' });
    expect((await fetch(`${served.http}/`)).status).toBe(404);
    await service.close();
  });

  it.each([
    [{ 'content-type': 'text/plain' }, '{"protocol":"rest","member":"getUser"}', 415],
    [{ 'content-type': 'application/json', origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' }, '{}', 403],
    [{ 'content-type': 'application/json' }, '{"protocol":"nothing","member":"getUser"}', 400],
    [{ 'content-type': 'application/json' }, 'null', 400],
    [{ 'content-type': 'application/json' }, '{"protocol":"rest","member":"getUser","headers":{"a b":"c"}}', 400],
  ])('refuses %j %s', async (headers, body, status) => {
    expect((await fetch(`${served.http}/playground/run`, { method: 'POST', headers: headers as Record<string, string>, body })).status).toBe(status);
  }); // prettier-ignore

  it('asks for nothing from elsewhere, and weighs little', async () => {
    const files = await Promise.all(
      ['', 'playground/app.js', 'playground/style.css'].map((path) => fetch(`${served.http}/${path}`, HTML).then((file) => file.text())),
    );
    expect(files.join('').length).toBeLessThan(24_000);
    expect(files.join('')).not.toMatch(/https?:\/\/|innerHTML|insertAdjacentHTML|document\.write/);
    const page = await fetch(`${served.http}/`, HTML);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  });
});

describe.skipIf(noChromium)(`the playground in Chromium${noChromium ? ` (${noChromium})` : ''}`, () => {
  const text = (page: Page, id: string) => page.evaluate(`document.getElementById('${id}').innerText`);

  it('calls by keyboard alone, over the protocol that is picked, and watches events', { timeout: 90_000 }, async () => {
    const page = await openPage(`${served.http}/#getUser`);
    try {
      await expect.poll(() => text(page, 'member'), { timeout: 30_000 }).toBe('getUser');
      const focused = () =>
        page.evaluate('document.activeElement.id || document.activeElement.value || document.activeElement.textContent');
      const tabTo = async (wanted: string) => {
        for (let tries = 0; tries < 60 && (await focused()) !== wanted; tries++) await page.press('Tab');
        expect(await focused()).toBe(wanted);
      };
      await tabTo('rest');
      // The arrow keys pick among the radio buttons.
      await page.press('ArrowRight');
      expect(await focused()).toBe('graphql');
      await tabTo('run');
      await page.press('Enter');
      await expect.poll(() => text(page, 'status')).toMatch(/^done in/);
      expect(await text(page, 'output')).toContain('"john_doe"');
      expect(await text(page, 'wire')).toContain('→ POST');
      const { SCREENSHOT } = process.env;
      if (SCREENSHOT !== undefined) writeFileSync(SCREENSHOT, await page.screenshot());

      await page.evaluate(`[...document.querySelectorAll('#members button')].find((each) => each.textContent === 'message').focus()`);
      await page.press('Enter');
      expect(await text(page, 'run')).toBe('Watch');
      await tabTo('run');
      await page.press('Enter');
      await expect.poll(() => text(page, 'status')).toBe('watching message');
      await blog.publish('message', { sender: '<img src=x onerror=alert(1)>', message: 'hello' });
      await expect.poll(() => text(page, 'output')).toContain('<img src=x');
      expect(await page.evaluate(`document.querySelectorAll('pre img').length`)).toBe(0);
      await page.press('Escape');
      await expect.poll(() => text(page, 'status')).toBe('stopped');
      expect(page.complaints).toEqual([]);
      expect(page.requested.filter((url) => !url.startsWith(served.http) && !/^(data|about):/.test(url))).toEqual([]);
    } finally {
      await page.close();
    }
  });
});
