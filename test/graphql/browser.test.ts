import { describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import type { HttpHandler } from '../../src/http/message/message.ts';
import { noChromium, openPage } from '../support/chromium.ts';
import { pageScript } from '../support/page-bundle.ts';

const PROGRAM = `
import { createClient } from './src/index.ts';
import { graphql } from './src/graphql/client.ts';
const blogOf = (options) => createClient({ transport: graphql({ url: '/graphql', headers: { 'x-page': 'yes' }, ...options }) });
globalThis.select = () => blogOf().getUser({ id: 123 }, { select: { username: true, posts: { title: true } } });
globalThis.fail = () => blogOf().getUser({ id: 7 }).catch(({ code, message }) => ({ code, message }));
globalThis.listen = async (subscriptions) => {
  const seen = (globalThis.seen = []);
  await blogOf({ subscriptions }).onMessage(({ message }) => void seen.push(message));
};
globalThis.isReady = true;
`;

describe.skipIf(noChromium)(`our client in Chromium${noChromium ? ` (${noChromium})` : ''}`, () => {
  it('calls, selects, fails and subscribes, from a bundle for browsers', { timeout: 60_000 }, async () => {
    const script = await pageScript(PROGRAM);
    const service = createBlogService();
    const api = graphqlHandler(service);
    const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
      '/': ['text/html', '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app.js"></script>'],
      '/app.js': ['text/javascript', script],
    };
    const handler: HttpHandler = (request) => {
      const [type, body] = files[request.path] ?? [];
      return type === undefined || body === undefined ? api(request) : { status: 200, headers: { 'content-type': type }, body };
    };
    const server = await listen(handler);
    api.attach(server.server);
    const page = await openPage(`${server.url}/`);
    try {
      await expect.poll(() => page.evaluate('globalThis.isReady'), { timeout: 30_000 }).toBe(true);
      expect(await page.evaluate('select()')).toEqual({
        username: 'john_doe',
        posts: expect.arrayContaining([{ title: 'GraphQL Introduction' }]),
      });
      expect(await page.evaluate('fail()')).toEqual({ code: 'NOT_FOUND', message: '[NOT_FOUND] no user has the id 7' });
      for (const subscriptions of ['ws', 'sse']) {
        await page.evaluate(`listen('${subscriptions}')`);
        await service.publish('message', { sender: 'a', message: `over ${subscriptions}` });
        await expect.poll(() => page.evaluate('seen'), { timeout: 10_000 }).toEqual([`over ${subscriptions}`]);
      }
      expect(page.complaints).toEqual([]);
    } finally {
      await page.close();
      await api.close();
      await server.close();
      await service.close();
    }
  });
});
