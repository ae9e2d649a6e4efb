import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test, describe } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, event } from '../../src/index.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { listen } from '../../src/http/node/listen.ts';
import type { HttpResponse } from '../../src/http/message/message.ts';
import { isWebhookError, makeWebhookSecret, signWebhook, webhook, type WebhookOptions } from '../../src/webhook/client.ts';
import { webhookHandler } from '../../src/webhook/server.ts';
import { memorySeenStore, type SeenStore } from '../../src/stores/seen.ts';
import { compileXmlEncoder } from '../../src/webhook/body/xml.ts';
import { compileXmlDecoder } from '../../src/webhook/body/xml-read.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'news',
  events: {
    article: event({ channel: 'articles', type: 'article.published', payload: z.object({ title: z.string() }) }),
    push: event({ channel: 'push', type: 'push', payload: z.object({ ref: z.string() }) }),
  },
});
const secret = makeWebhookSecret();

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function open(options: Partial<WebhookOptions> = {}) {
  const errors: unknown[] = [];
  const hooks = webhook({ secret, onError: (error) => errors.push(error), ...options });
  const client = createClient({ contract, transport: hooks, onError: (error) => errors.push(error) });
  cleanups.push(() => client.close());
  const handle = fetchHandler(hooks.handler);
  const post = async (body: string, headers: Record<string, string>, url = 'http://receiver.example/webhook') => {
    const response = await handle(new Request(url, { method: 'POST', body, headers }));
    return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') };
  };
  const send = async (title: unknown, id: string = crypto.randomUUID(), type = 'article.published') => {
    const payload = JSON.stringify({ event: type, timestamp: '2026-01-31T12:00:00Z', data: { title } });
    return post(payload, await signWebhook({ payload, secret, id }));
  };
  return { client, errors, post, send, handle };
}

describe('the receiver', () => {
  test('a listener gets verified events, each once, and 2xx is answered only when it is done', async () => {
    const { client, send, errors } = open();
    const seen: unknown[] = [];
    let release: (() => void) | undefined;
    await client.onArticle(async ({ title }, { id, time }) => {
      await new Promise<void>((resolve) => (release = resolve));
      seen.push([title, id, time]);
    });
    let answered = false;
    const first = send('hello', 'e-1').finally(() => (answered = true));
    await until(() => release !== undefined, 'the listener works');
    // The same webhook while the first is being handled: come again.
    expect(await send('hello', 'e-1')).toMatchObject({ status: 409, retryAfter: '1' });
    expect([answered, seen]).toEqual([false, []]);
    release?.();
    expect((await first).status).toBe(204);
    expect((await send('hello', 'e-1')).status).toBe(204);
    expect(seen).toEqual([['hello', 'e-1', '2026-01-31T12:00:00.000Z']]);
    expect(errors).toEqual([]);
  });

  test('a store that fails: before the listener the sender is to come again, after it the webhook is taken', async () => {
    const memory = memorySeenStore();
    let isAway = true;
    const away = () => Promise.reject(new Error('store.example is away'));
    const store: SeenStore = { ...memory, begin: (...args) => (isAway ? away() : memory.begin(...args)), done: away, failed: away };
    const { client, send, errors } = open({ store });
    const seen: unknown[] = [];
    await client.onArticle(({ title }) => {
      if (seen.push(title) === 2) throw new Error('not now');
    });
    const refused = await send('hello');
    expect([refused.status, refused.text.includes('store.example'), seen]).toEqual([503, false, []]);
    isAway = false;
    expect((await send('hello')).status).toBe(204);
    expect((await send('again')).status).toBe(500);
    expect([seen, errors.filter((error) => String(error).includes('store.example')).length]).toEqual([['hello', 'again'], 3]);
  });

  test('an id counts as seen only once its listener is done: after a failure the next attempt is as new', async () => {
    for (const fails of [
      () => Promise.reject(new Error('not now')),
      () => {
        throw new Error('not now');
      },
    ]) {
      const { client, send, errors } = open();
      const seen: string[] = [];
      await client.onArticle(({ title }) => {
        seen.push(title);
        if (seen.length === 1) return fails();
      });
      expect((await send('x', 'e-1')).status).toBe(500);
      expect((await send('x', 'e-1')).status).toBe(204);
      expect((await send('x', 'e-1')).status).toBe(204);
      expect(seen).toEqual(['x', 'x']);
      expect(errors.map(String)).toEqual(['Error: not now']);
    }
  });

  test('of two listeners the one that was done is not asked again', async () => {
    const { client, send } = open();
    const [good, bad]: [string[], string[]] = [[], []];
    await client.onArticle(({ title }) => void good.push(title));
    await client.onArticle(async ({ title }) => {
      bad.push(title);
      if (bad.length === 1) throw new Error('not now');
    });
    expect([(await send('x', 'e-1')).status, (await send('x', 'e-1')).status]).toEqual([500, 204]);
    expect([good, bad]).toEqual([['x'], ['x', 'x']]);
  });

  test('with ack first the sender is answered at once', async () => {
    const work: Promise<unknown>[] = [];
    const { client, send } = open({ ack: 'first', waitUntil: (each) => work.push(each) });
    let release = () => {};
    await client.onArticle(() => new Promise<void>((resolve) => (release = resolve)));
    expect((await send('x', 'e-1')).status).toBe(202);
    expect((await send('x', 'e-1')).status).toBe(409);
    release();
    await Promise.all(work);
    expect((await send('x', 'e-1')).status).toBe(204);
  });

  test('what is not verified, no webhook, or breaks the contract never reaches a listener, and the sender learns little', async () => {
    const { client, post, send, errors, handle } = open();
    const seen: unknown[] = [];
    await client.onArticle((data) => void seen.push(data));
    const payload = '{"event":"article.published","data":{"title":"x"}}';
    const signed = await signWebhook({ payload, secret });
    expect(await post(`${payload} `, signed)).toMatchObject({ status: 401, text: expect.not.stringMatching(/secret|signature/) });
    expect((await post(payload, {})).status).toBe(401);
    expect((await post(payload, await signWebhook({ payload, secret, timestampMs: Date.now() - 1_200_000 }))).status).toBe(401);
    expect(errors.map((error) => isWebhookError(error) && error.reason)).toEqual([
      'no-matching-signature',
      'missing-header',
      'timestamp-too-old',
    ]);
    expect((await send(7)).status).toBe(400);
    for (const body of ['{', '[]', '{}', '{"event":7}'])
      expect((await post(body, await signWebhook({ payload: body, secret }))).status).toBe(400);
    expect((await handle(new Request('http://receiver.example/webhook'))).status).toBe(405);
    const large = 'x'.repeat(1_100_000);
    expect((await post(large, await signWebhook({ payload: large, secret }))).status).toBe(413);
    expect(seen).toEqual([]);
    expect((await send('still listening')).status).toBe(204);
    expect(seen.length).toBe(1);
  });

  test('who does not listen yet, or no more, has it sent again; what nobody asked for is taken and dropped', async () => {
    const { client, send } = open();
    expect(await send('early')).toMatchObject({ status: 503, retryAfter: '5' });
    const leave = await client.onArticle(() => {});
    expect((await send('x', 'e-2', 'push')).status).toBe(204);
    expect((await send('x', 'e-3', 'unknown.type')).status).toBe(204);
    await leave();
    expect((await send('late')).status).toBe(503);
  });

  test('a test event of the sender is answered, XML is read, and DTDs are refused', async () => {
    const { client, send, post } = open();
    const seen: string[] = [];
    await client.onArticle(({ title }) => void seen.push(title));
    expect((await send('x', 't', 'webhook.test')).status).toBe(204);
    const xml = async (payload: string) =>
      post(payload, { ...(await signWebhook({ payload, secret })), 'content-type': 'application/xml; charset=utf-8' });
    expect(
      (await xml('<webhook><event>article.published</event><data><title>a &lt; b<![CDATA[ & c]]></title></data></webhook>')).status,
    ).toBe(204);
    expect(seen).toEqual(['a < b & c']);
    for (const bad of [
      '<webhook>',
      '<a/>',
      '',
      '<!DOCTYPE x [<!ENTITY e "ee">]><webhook><event>&e;</event></webhook>',
      `${'<a>'.repeat(500)}`,
    ])
      expect((await xml(bad)).status, bad.slice(0, 50)).toBe(400);
  });

  test.each([{}, [], '', 0, false, null, 'a', { a: {} }, [[]]])('the JSON value %j is the same behind XML', (any) => {
    const loose = defineContract({
      name: 'loose',
      events: { made: event({ channel: 'made', payload: z.object({ any: z.unknown(), list: z.array(z.json()) }) }) },
    });
    const data = { any, list: [any] };
    const xml = compileXmlEncoder(loose)({ id: 'e', type: 'made', time: '2026-01-31T12:00:00.000Z', data: JSON.stringify(data) });
    expect(compileXmlDecoder(loose)(xml).data).toEqual(data);
  });

  test('a field whose name is not a name in XML is the same behind it', () => {
    const fields = { 'a\tb': z.string(), 'c\nd': z.string(), '"e" <': z.array(z.string()) };
    const loose = defineContract({ name: 'loose', events: { made: event({ channel: 'made', payload: z.object(fields) }) } });
    const data = { 'a\tb': '1', 'c\nd': '2', '"e" <': ['3', '4'] };
    const xml = compileXmlEncoder(loose)({ id: 'e', type: 'made', time: '2026-01-31T12:00:00.000Z', data: JSON.stringify(data) });
    expect(compileXmlDecoder(loose)(xml).data).toEqual(data);
  });

  test.each(['stripe', 'slack'] as const)('a time that is none does not keep a webhook of %s from its listener', async (scheme) => {
    const { client, post } = open({ secret: 'it is a secret', scheme });
    const times: string[] = [];
    await client.onPush((_, { time }) => void times.push(time));
    for (const [id, time] of [1e20, 'soon', 1.5e9].entries()) {
      const payload = JSON.stringify({ id: `e-${id}`, event_id: `e-${id}`, type: 'push', created: time, event_time: time, ref: 'x' });
      expect((await post(payload, await signWebhook({ payload, secret: 'it is a secret', scheme }))).status).toBe(200);
    }
    expect(times[2]).toBe('2017-07-14T02:40:00.000Z');
  });

  test('the secret in the answer of any subscription API is not told to onWire', async () => {
    // As many spaces as would take minutes, if the square of their number counted.
    const answer = `{"id":"s-1", "secret" : "hush \\" hush","url":"x"}${' '.repeat(1_000_000)}`;
    const fetch = async () => new Response(answer, { status: 201, headers: { 'content-type': 'application/json' } });
    const wire: unknown[] = [];
    const subscribe = { url: 'http://sender.example/subscriptions', callbackUrl: 'http://receiver.example/' };
    const hooks = webhook({ subscribe, fetch, onWire: (record) => wire.push(record) });
    const client = createClient({ contract, transport: hooks });
    await client.onPush(() => {});
    expect(JSON.stringify(wire)).toContain('s-1');
    expect(JSON.stringify(wire)).not.toContain('hush');
    await client.close();
  });

  test('an unknown subscription is 410 only if it comes again, or was that of a listener that left', async () => {
    const callbacks: string[] = [];
    const fetch = async (_url: unknown, init?: { readonly body?: unknown; readonly method?: string }) => {
      if (init?.method === 'POST') callbacks.push((JSON.parse(String(init.body)) as { url: string }).url);
      return new Response('{"id":"s-1","secret":"' + secret + '","url":"x"}', {
        status: 201,
        headers: { 'content-type': 'application/json' },
      });
    };
    const subscribe = { url: 'http://sender.example/subscriptions', callbackUrl: 'http://receiver.example/' };
    const { client, post } = open({ secret: undefined, subscribe, fetch: fetch });
    const stop = await client.onArticle(() => {});
    const [own = ''] = callbacks;
    const turned = own.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const statuses = [];
    for (const url of [turned, turned, own]) statuses.push((await post('{}', {}, url)).status);
    await stop();
    statuses.push((await post('{}', {}, own)).status);
    expect(statuses).toEqual([404, 410, 401, 410]);
  });

  test('webhooks of GitHub reach a listener as they are', async () => {
    const { client, post } = open({ secret: 'it is a secret', scheme: 'github' });
    const seen: unknown[] = [];
    await client.onPush((data, { id }) => void seen.push([data, id]));
    const payload = '{"ref":"refs/heads/main"}';
    const headers = await signWebhook({ payload, secret: 'it is a secret', scheme: 'github', id: 'd-1' });
    expect((await post(payload, { ...headers, 'x-github-event': 'push' })).status).toBe(200);
    expect(seen).toEqual([[{ ref: 'refs/heads/main' }, 'd-1']]);
  });

  test('options that cannot work are refused at once; calls are UNIMPLEMENTED', async () => {
    expect(() => webhook({})).toThrow(/give the sender's 'secret'/);
    expect(() => webhook({ secret: `"${secret}"` })).toThrow(/quotes/);
    expect(() => webhook({ secret, schema: 'github' } as never)).toThrow(/unknown option 'schema', do you mean 'scheme'/);
    expect(() => webhook({ secret, maxBodyBytes: NaN })).toThrow(/maxBodyBytes/);
    expect(() => webhook({ secret, scheme: 'x' as never })).toThrow(/no scheme 'x'/);
    expect(() => webhook({ subscribe: { url: 'x', callbackUrl: 'http://a' } })).toThrow(/webhook: subscribe\.url: 'x' is not a URL/);
    const transport = webhook({ secret })(contract);
    await expect(transport.call({ operation: { name: 'x', errors: {} } } as never)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });
});

const PYTHON = `
import base64, hashlib, hmac, http.server, json, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        key = base64.b64decode(Receiver.secret[len('whsec_'):])
        signed = (self.headers['webhook-id'] + '.' + self.headers['webhook-timestamp'] + '.').encode() + body
        expected = 'v1,' + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        ok = any(hmac.compare_digest(each, expected) for each in self.headers['webhook-signature'].split(' '))
        print(json.dumps({'ok': ok, 'title': json.loads(body)['data']['title']}), flush=True)
        self.send_response(200 if ok else 401)
        self.end_headers()
    def log_message(self, *args): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Receiver)
print(server.server_port, flush=True)
Receiver.secret = sys.stdin.readline().strip()
server.serve_forever()
`;

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe('the receiver', () => {
  test.skipIf(!hasPython)(
    `a receiver in Python, with its own HMAC, verifies what is sent${hasPython ? '' : ' (skipped: python3 is not installed)'}`,
    async () => {
      const service = createService(contract, {});
      const handler = webhookHandler(service, { allowPrivate: true });
      const server = await listen(handler);
      const python = spawn('python3', ['-c', PYTHON], { stdio: ['pipe', 'pipe', 'inherit'] });
      const line = async () => String(((await once(python.stdout, 'data')) as [Buffer])[0]);
      try {
        const port = (await line()).trim();
        const response = await fetch(`${server.url}/webhooks/subscriptions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ url: `http://127.0.0.1:${port}/`, events: ['article.published'] }),
        });
        python.stdin.write(`${((await response.json()) as { secret: string }).secret}\n`);
        const received = line();
        await service.publish('article', { title: 'Ünïcode 😀' });
        expect(JSON.parse(await received)).toEqual({ ok: true, title: 'Ünïcode 😀' });
      } finally {
        const ended = once(python, 'exit');
        python.kill();
        await ended;
        await handler.close();
        await server.close(0);
        await service.close();
      }
    },
  );

  test('what a subscription API answers is read for what it is: its status and headers count where its body says nothing', async () => {
    const answers: Record<string, HttpResponse> = {
      '/broken': { status: 503, headers: { 'content-type': 'application/json', 'retry-after': '7' }, body: '{"detail":' },
      '/problem': { status: 429, headers: { 'content-type': 'application/problem+json', 'retry-after': '7' }, body: '{"code":"ABORTED"}' },
      '/created': { status: 201, headers: { 'content-type': 'application/json' }, body: '<html>' },
    };
    const server = await listen(async ({ path }) => answers[path]);
    cleanups.push(() => server.close(0));
    const subscribing = async (path: string) => {
      const transport = webhook({ subscribe: { url: server.url + path, callbackUrl: 'http://receiver.example/' } })(contract);
      cleanups.push(() => transport.close());
      const request = { event: contract.events.article, params: {}, headers: {}, signal: new AbortController().signal };
      await transport.subscribe(request, { next() {}, gap() {}, end() {} });
    };
    await expect(subscribing('/broken')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 7000 });
    await expect(subscribing('/problem')).rejects.toMatchObject({ code: 'ABORTED', retryAfterMs: 7000 });
    await expect(subscribing('/created')).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});
