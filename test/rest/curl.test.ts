/** The REST section of the wire format, asked line by line with a client that was not written here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createService, defineContract, mutation } from '../../src/index.ts';
import { listen } from '../../src/http/index.ts';
import { restHandler } from '../../src/rest/server.ts';
import { STATUS } from '../../src/rest/status.ts';
import { curl, curlUntil, NO_CURL } from '../support/curl.ts';
import { startServe, type ServeProcess } from '../support/serve-process.ts';

describe.skipIf(NO_CURL !== undefined)(`REST asked by curl${NO_CURL === undefined ? '' : ` (skipped: ${NO_CURL})`}`, () => {
  let server: ServeProcess;
  let folder: string;
  const at = (path: string) => `${server.url}${path}`;
  const json = (body: unknown) => ['-H', 'content-type: application/json', '--data', JSON.stringify(body)];
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return `@${path}`;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rest-curl-'));
    server = await startServe();
  }, 60_000);

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    const code = await server.stop();
    expect([code, server.stderr()]).toEqual([0, '']);
  });

  const isProblem = (answer: Awaited<ReturnType<typeof curl>>, status: number, code: string) => {
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
    expect(answer.json()).toMatchObject({ type: 'about:blank', title: expect.any(String) as string, status, code });
    const { detail } = answer.json() as { detail: string };
    expect(detail.length).toBeGreaterThan(5);
    expect(detail).not.toMatch(/\bat .*:\d+:\d+|node:|TypeError/);
  };

  test('GET: path parameters by the type of the schema, 200 with the output', async () => {
    const answer = await curl(at('/users/123'));
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(answer.headers['x-request-id']).toMatch(/^\S+$/);
    expect(answer.json()).toEqual({
      id: 123,
      username: 'john_doe',
      email: 'john.doe@example.com',
      createdAt: expect.stringMatching(/Z$/) as string,
    });
    isProblem(await curl(at('/users/abc')), 400, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/1e2')), 400, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/4294967296')), 400, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/999')), 404, 'NOT_FOUND');
    expect((await curl(at('/weather/L%6Fndon'))).json()).toMatchObject({ location: 'London', temperature: '22°C' });
    isProblem(await curl(at('/weather/%E0%A4%A')), 400, 'INVALID_ARGUMENT');
  });

  test('GET and DELETE: what is left of the input is the query', async () => {
    const page = await curl(at('/users/123/posts?limit=2&after=1&unknown=x'));
    expect((page.json() as { id: number }[]).map(({ id }) => id)).toEqual([2, 3]);
    const wrong = await curl(at('/users/123/posts?limit=101'));
    isProblem(wrong, 400, 'INVALID_ARGUMENT');
    expect(wrong.json()).toMatchObject({ details: { issues: [{ path: ['limit'] }] } });
    isProblem(await curl(at('/users/123/posts?limit=1&limit=2')), 400, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/123/posts?limit=%zz')), 400, 'INVALID_ARGUMENT');
  });

  test('POST: 201 with the output and a Location that can be read; PATCH and PUT: 200; DELETE: 204', async () => {
    const made = await curl(at('/posts'), ...json({ authorId: 123, title: 'Grüße', content: '日本', extra: 1 }));
    expect([made.status, made.headers['content-type']]).toEqual([201, 'application/json']);
    const post = made.json() as { id: number };
    expect(post).toMatchObject({ authorId: 123, title: 'Grüße', content: '日本' });
    expect(post).not.toHaveProperty('extra');
    expect(made.headers['location']).toBe(`/posts/${post.id}`);
    expect((await curl(at(made.headers['location'] ?? ''))).json()).toEqual(post);

    const patched = await curl('-X', 'PATCH', at(`/posts/${post.id}`), ...json({ title: 'Patched' }));
    expect([patched.status, patched.json()]).toEqual([200, { ...post, title: 'Patched' }]);
    const put = await curl('-X', 'PUT', at(`/posts/${post.id}`), ...json({ content: 'Put' }));
    expect([put.status, put.json()]).toEqual([200, { ...post, title: 'Patched', content: 'Put' }]);

    const gone = await curl('-X', 'DELETE', at(`/posts/${post.id}`));
    expect([gone.status, gone.body]).toEqual([204, '']);
    expect(gone.headers).not.toHaveProperty('content-length');
    isProblem(await curl(at(`/posts/${post.id}`)), 404, 'NOT_FOUND');
  });

  test('POST without a body needs no content type, and is the empty input', async () => {
    const answer = await curl('-X', 'POST', at('/posts'));
    isProblem(answer, 400, 'INVALID_ARGUMENT');
    expect((answer.json() as { details: { issues: unknown[] } }).details.issues.length).toBe(3);
    expect((await curl('-X', 'PATCH', at('/posts/1'))).status).toBe(200);
  });

  test('a POST without a GET to read the result has no Location', async () => {
    const said = await curl(at('/chat'), ...json({ sender: 'curl', message: 'hi' }));
    expect(said.status).toBe(201);
    expect(said.headers).not.toHaveProperty('location');
  });

  test('lists are plain arrays; a full page links to the next until there is none', async () => {
    const ids: number[] = [];
    let path = '/users/123/posts?limit=2&fields=id';
    for (let pages = 0; pages < 5 && path !== ''; pages++) {
      const page = await curl(at(path));
      ids.push(...(page.json() as { id: number }[]).map(({ id }) => id));
      path = /^<([^>]+)>; rel="next"$/.exec(page.headers['link'] ?? '')?.[1] ?? '';
    }
    expect(ids.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(path).toBe('');
    expect((await curl(at('/users/123/posts?limit=2&after=1'))).headers['link']).toBe('</users/123/posts?after=3&limit=2>; rel="next"');
    expect((await curl(at('/users/123/posts'))).headers).not.toHaveProperty('link');
  });

  test('errors are problem documents with the status of their code', async () => {
    const taken = await curl(at('/users'), ...json({ username: 'john_doe', email: 'x@example.com' }));
    isProblem(taken, STATUS.ALREADY_EXISTS, 'ALREADY_EXISTS');
    const wrong = await curl(at('/users'), ...json({ username: '', email: 'nonsense' }));
    isProblem(wrong, 400, 'INVALID_ARGUMENT');
    expect((wrong.json() as { details: { issues: { path: string[] }[] } }).details.issues.map(({ path }) => path)).toEqual([
      ['username'],
      ['email'],
    ]);
    const id = (wrong.json() as { requestId: string }).requestId;
    expect(id).toBe(wrong.headers['x-request-id']);
    const echoed = await curl(at('/users/999'), '-H', 'X-Request-ID: mine-1');
    expect([echoed.headers['x-request-id'], (echoed.json() as { requestId: string }).requestId]).toEqual(['mine-1', 'mine-1']);
  });

  test('what HTTP itself refuses has the request id too', async () => {
    const refused: readonly (readonly string[])[] = [
      ['-X', 'DELETE', at('/users/123')],
      ['-H', 'Accept: text/html', at('/users/123')],
      ['-H', 'Accept: text/html', at('/chat')],
      ['--data', 'sender=a', at('/chat')],
      [at('/weather/%zz')],
    ];
    for (const args of refused) {
      const answer = await curl(...args, '-H', 'X-Request-ID: mine-2');
      expect([answer.headers['x-request-id'], (answer.json() as { requestId?: string }).requestId]).toEqual(['mine-2', 'mine-2']);
    }
  });

  test('404 for unknown paths, 405 with Allow for other methods, OPTIONS, HEAD', async () => {
    isProblem(await curl(at('/nowhere')), 404, 'UNIMPLEMENTED');
    isProblem(await curl(at('/users/')), 404, 'UNIMPLEMENTED');
    const wrong = await curl('-X', 'DELETE', at('/users/123'));
    isProblem(wrong, 405, 'UNIMPLEMENTED');
    expect(wrong.headers['allow']).toBe('GET, HEAD, OPTIONS');
    const options = await curl('-X', 'OPTIONS', at('/posts/1'));
    expect([options.status, options.body]).toEqual([204, '']);
    expect(options.headers['allow']?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'PUT']);

    const get = await curl(at('/users/123'));
    const head = await curl('--head', at('/users/123'));
    expect([head.status, head.body]).toEqual([200, '']);
    for (const name of ['content-type', 'content-length', 'etag']) expect(head.headers[name]).toBe(get.headers[name]);
    const missing = await curl('--head', at('/users/999'));
    expect([missing.status, missing.body]).toEqual([404, '']);
    expect((await curl('--head', at('/chat'))).status).toBe(200);
  });

  test('406 where Accept rules JSON out', async () => {
    isProblem(await curl(at('/users/123'), '-H', 'Accept: application/xml'), 406, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/123'), '-H', 'Accept: application/json;q=0, text/html'), 406, 'INVALID_ARGUMENT');
    for (const accept of ['text/html, */*;q=0.1', 'application/*', 'application/json; charset=utf-8', 'APPLICATION/JSON'])
      expect((await curl(at('/users/123'), '-H', `Accept: ${accept}`)).status).toBe(200);
    expect((await curl(at('/users/123'), '-H', 'Accept:')).status).toBe(200);
    isProblem(await curl(at('/chat'), '-H', 'Accept: application/json'), 406, 'INVALID_ARGUMENT');
  });

  test('413 over the body limit, whether its length is announced or not, and the answer arrives', async () => {
    const big = file('big.json', JSON.stringify({ authorId: 123, title: 'big', content: 'x'.repeat(3 * 1024 * 1024) }));
    const type = ['-H', 'content-type: application/json'];
    isProblem(await curl(at('/posts'), ...type, '--data-binary', big), 413, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/posts'), ...type, '-H', 'Expect:', '--data-binary', big), 413, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/posts'), ...type, '-H', 'Transfer-Encoding: chunked', '--data-binary', big), 413, 'INVALID_ARGUMENT');
    const fits = file('fits.json', JSON.stringify({ authorId: 123, title: 'fits', content: 'x'.repeat(1_000_000) }));
    const made = await curl(at('/posts'), ...type, '--data-binary', fits);
    expect(made.status).toBe(201);
    await curl('-X', 'DELETE', at(made.headers['location'] ?? ''));
  });

  test('415 for a body that is not JSON; 400 for JSON that is none', async () => {
    isProblem(await curl(at('/chat'), '--data', 'sender=a&message=b'), 415, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/chat'), '-H', 'Content-Type:', '--data', '{"sender":"a","message":"b"}'), 415, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/chat'), '-H', 'Content-Type: application/json; charset=latin1', '--data', '{}'), 415, 'INVALID_ARGUMENT');
    isProblem(
      await curl(at('/chat'), '-H', 'Content-Type: application/json', '-H', 'Content-Encoding: gzip', '--data', '{}'),
      415,
      'INVALID_ARGUMENT',
    );
    for (const body of ['{', '[]', 'null', '"x"', '{"sender":"a",}', ''.padEnd(200, '{"a":')])
      isProblem(await curl(at('/chat'), '-H', 'Content-Type: application/json', '--data', body), 400, 'INVALID_ARGUMENT');
    const invalid = file('latin1.json', Buffer.from('{"sender":"\xe9","message":"b"}', 'latin1'));
    isProblem(await curl(at('/chat'), '-H', 'Content-Type: application/json', '--data-binary', invalid), 400, 'INVALID_ARGUMENT');
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/merge-patch+json'])
      expect((await curl(at('/chat'), '-H', `Content-Type: ${type}`, '--data', '{"sender":"a","message":"b"}')).status).toBe(201);
  });

  test('ETag on GET, and 304 on If-None-Match', async () => {
    const { headers } = await curl(at('/users/123'));
    const etag = headers['etag'] ?? '';
    expect(etag).toMatch(/^(W\/)?"[^"]+"$/);
    for (const tags of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*']) {
      const unchanged = await curl(at('/users/123'), '-H', `If-None-Match: ${tags}`);
      expect([unchanged.status, unchanged.body, unchanged.headers['etag']]).toEqual([304, '', etag]);
    }
    expect((await curl(at('/users/123'), '-H', 'If-None-Match: "other"')).status).toBe(200);
    expect((await curl('--head', at('/users/123'), '-H', `If-None-Match: ${etag}`)).status).toBe(304);
    expect((await curl(at('/users/123?fields=id'), '-H', `If-None-Match: ${etag}`)).status).toBe(200);
    expect((await curl('-X', 'PATCH', at('/posts/1'))).headers).not.toHaveProperty('etag');
  });

  test('Idempotency-Key, bare or quoted: once, 422 with another body, 409 while in progress', async () => {
    const post = (title: string, key: string) =>
      curl(at('/posts'), '-H', `Idempotency-Key: ${key}`, ...json({ authorId: 123, title, content: '' }));
    const first = await post('Once', '"curl-1"');
    const again = await post('Once', 'curl-1');
    expect([again.status, again.json()]).toEqual([201, first.json()]);
    expect(again.headers['location']).toBe(first.headers['location']);
    const reused = await post('Twice', '"curl-1"');
    isProblem(reused, 422, 'FAILED_PRECONDITION');
    expect((await post('Once', 'curl-2')).json()).not.toEqual(first.json());
  });

  test('Idempotency-Key of a call that is still running: 409 with Retry-After', async () => {
    const gate = gateOf();
    const begun = gateOf();
    const contract = defineContract({ name: 'slow', operations: { wait: mutation({ http: 'POST /wait' }) } });
    const service = createService(contract, {
      wait: async () => {
        begun.resolve();
        await gate.promise;
      },
    });
    const slow = await listen(restHandler(service));
    const post = () => curl('-X', 'POST', '-H', 'Idempotency-Key: "slow-1"', `${slow.url}/wait`);
    try {
      const first = post();
      await begun.promise;
      const second = await post();
      isProblem(second, 409, 'ABORTED');
      expect(second.headers['retry-after']).toBe('1');
      gate.resolve();
      expect((await first).status).toBe(204);
      expect((await post()).status).toBe(204);
    } finally {
      gate.resolve();
      await slow.close();
      await service.close();
    }
  });

  test('?fields= selects own fields, of an object and of a list', async () => {
    expect((await curl(at('/users/123?fields=username,email'))).json()).toEqual({ username: 'john_doe', email: 'john.doe@example.com' });
    expect((await curl(at('/users/123/posts?limit=1&fields=title'))).json()).toEqual([{ title: 'RESTful APIs 101' }]);
    isProblem(await curl(at('/users/123?fields=password')), 400, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/123?fields=__proto__')), 400, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/123?fields=')), 400, 'INVALID_ARGUMENT');
  });

  test('a deadline that is no deadline is refused', async () => {
    isProblem(await curl(at('/users/123'), '-H', 'x-timeout-ms: soon'), 400, 'INVALID_ARGUMENT');
    isProblem(await curl(at('/users/123'), '-H', 'x-timeout-ms: 0'), 400, 'INVALID_ARGUMENT');
    expect((await curl(at('/users/123'), '-H', 'x-timeout-ms: 5000')).status).toBe(200);
  });

  test('events: id, event, data, time; Last-Event-ID resumes; an unknown one is a gap', async () => {
    const report = (celsius: number) => curl(at('/sensors/temperature'), ...json({ sensorId: 'curl', celsius }));
    let sent = 0;
    const live = await curlUntil(
      (text) => {
        // The head has come, so that no event is missed from here on.
        if (sent === 0 && text.includes('\r\n\r\n')) {
          sent = 1;
          void report(1).then(() => report(2));
        }
        return /"celsius":2[\s\S]*\n\n/.test(text);
      },
      at('/sensors/temperature'),
      '-H',
      'Accept: text/event-stream',
    );
    expect(live.status).toBe(200);
    expect(live.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store, no-transform' });
    const events = eventsOf(live.body);
    expect(events.map(({ event }) => event)).toEqual(['sensor.temperature', 'sensor.temperature']);
    const [first, second] = events;
    expect(first?.['id']).toMatch(/^[^.]+-\d+$/);
    expect(first?.['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(JSON.parse(first?.['data'] ?? '')).toMatchObject({ sensorId: 'curl', celsius: 1 });

    const resumed = await curlUntil(
      (text) => text.includes('"celsius":2'),
      at('/sensors/temperature'),
      '-H',
      `Last-Event-ID: ${first?.['id']}`,
    );
    expect(eventsOf(resumed.body)).toEqual([second]);

    const isGap = (text: string) => text.includes('event: gap');
    for (const unknown of ['nobody-1', 'nonsense', first?.['id']?.replace(/-.*/, '-999999')]) {
      const gap = await curlUntil(isGap, at('/sensors/temperature'), '-H', `Last-Event-ID: ${unknown}`);
      expect(eventsOf(gap.body).map(({ event }) => event)).toEqual(['gap']);
    }
  });

  test('events: the GET of a channel that has a POST too, */* will do, and 405 elsewhere', async () => {
    const opened = await curlUntil((text) => text.includes('\r\n\r\n'), at('/articles/published'), '-H', 'Accept: */*');
    expect(opened.headers['content-type']).toBe('text/event-stream');
    isProblem(await curl('-X', 'DELETE', at('/chat')), 405, 'UNIMPLEMENTED');
    const options = await curl('-X', 'OPTIONS', at('/chat'));
    expect(options.headers['allow']?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
  });

  test('descriptions and health', async () => {
    const openapi = await curl(at('/openapi.json'));
    expect([openapi.status, openapi.headers['content-type']]).toEqual([200, 'application/json']);
    expect(openapi.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) as string, paths: { '/users/{id}': {} } });
    const asyncapi = await curl(at('/asyncapi.json'));
    expect(asyncapi.json()).toMatchObject({ asyncapi: expect.stringMatching(/^3\.0\./) as string, channels: {} });
    const health = await curl(at('/healthz'));
    expect([health.status, health.json()]).toEqual([200, { status: 'ok' }]);
    expect((await curl('--head', at('/healthz'))).status).toBe(200);
    isProblem(await curl('-X', 'POST', at('/healthz')), 405, 'UNIMPLEMENTED');
  });

  test('one connection carries many requests, errors included', async () => {
    const answer = await curl(
      '--write-out',
      '%{num_connects}',
      at('/users/999'),
      '--next',
      '-s',
      '-i',
      '--write-out',
      '%{num_connects}',
      at('/users/123'),
    );
    expect(answer.body).toContain('"john_doe"');
    expect(answer.body.trim().endsWith('0')).toBe(true);
  });
});

/** The events of a stream, each as its fields. */
function eventsOf(body: string): Record<string, string>[] {
  return body
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith(':')))
    .filter((lines) => lines.length > 0)
    .map((lines) => Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)])));
}

function gateOf(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
