/** Whatever comes over the wire: no 5xx, no hang, no crash, and errors that both sides understand. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { ApiError, createClient, createService, ERROR_CODES, isApiError, type BlogClient, type Service } from '../../src/index.ts';
import { composeHandlers, listen, type HttpHandler, type HttpRequest, type HttpServer } from '../../src/http/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { everyKind } from '../support/every-kind.ts';
import { startRawServer, type RawServer } from '../support/raw-server.ts';

/** Together a quarter of a minute; a run that is cut short is no failure. */
const LIMITS = { interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false } as const;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'CONNECT', 'BREW', 'get'];
const OWN_PATHS = [...Object.values(blogContract.operations), ...Object.values(everyKind.operations)].flatMap(({ http }) =>
  http.map(({ path }) => path),
);
const WELL_KNOWN = ['/', '//', '/*', '/openapi.json', '/asyncapi.json', '/chat', '/rooms/+/messages', '/__proto__', '/users/constructor'];

// Everything but what ends a line or a target; the rest of a request line is the server's to judge.
const visible = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 30 });
const escaped = fc.oneof(
  visible,
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => encodeURIComponent(text)),
  fc.constantFrom(
    '%',
    '%zz',
    '%E0%A4%A',
    '%00',
    '%2F',
    '%2e%2e',
    '..',
    '.',
    '1e999',
    '-0',
    '0x10',
    '2147483648',
    '__proto__',
    'NaN',
    'null',
  ),
  fc.integer().map(String),
);
const path = fc.oneof(
  fc.constantFrom(...WELL_KNOWN),
  fc
    .tuple(fc.constantFrom(...OWN_PATHS), fc.array(escaped, { minLength: 4, maxLength: 4 }))
    .map(([template, values]) => template.replace(/\{[^}]*\}/g, () => values.pop() ?? 'x')),
  fc.array(escaped, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
);
const KEYS = ['limit', 'after', 'fields', 'tags', 'owner', 'id', '__proto__', 'constructor', 'toString', ''];
const query = fc.oneof(
  fc.constant(''),
  visible.map((text) => `?${text}`),
  fc
    .array(fc.tuple(fc.constantFrom(...KEYS), escaped), { maxLength: 5 })
    .map((pairs) => `?${pairs.map(([key, value]) => `${key}=${value}`).join('&')}`),
);
const target = fc.tuple(path, query).map(([left, right]) => (left + right).replace(/[\s\u0085\u00a0]/g, '+'));

const header = fc.tuple(
  fc.constantFrom(
    'accept', 'content-type', 'if-none-match', 'idempotency-key', 'x-timeout-ms', 'x-request-id', 'last-event-id', 'cookie', 'authorization', 'expect', 'range',
    'sec-fetch-site', 'origin', 'content-encoding', 'upgrade', 'traceparent', '__proto__', 'constructor', 'x-any',
  ), // prettier-ignore
  fc.oneof(
    fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
    fc.constantFrom(
      '*/*',
      'application/json',
      'text/event-stream',
      '*',
      '""',
      '"a',
      '0',
      '-1',
      '1e3',
      '9'.repeat(30),
      'cross-site',
      'gzip',
      'a,'.repeat(200),
    ),
  ),
);

/** One valid input of each operation that has a body, to be spoiled. */
const INPUTS: readonly object[] = [
  { username: 'ada', email: 'ada@example.com' },
  { authorId: 123, title: 'Title', content: 'Text' },
  { sender: 'ada', message: 'hello' },
  { sensorId: 'roof', celsius: 21.5 },
  { room: 'a', text: 'b' },
];
const ODD = [
  '\u0000',
  '\ud800',
  1e308,
  -0,
  2 ** 53,
  5e-324,
  '',
  'x'.repeat(5000),
  [],
  {},
  [[]],
  null,
  true,
  '__proto__',
  '2024-02-30T25:61:61Z',
];
const oddText = fc.oneof(
  fc.json({ maxDepth: 6 }),
  fc
    .tuple(fc.constantFrom(...INPUTS), fc.nat(2), fc.oneof(fc.constantFrom(...ODD), fc.jsonValue()))
    .map(([input, at, odd]) => JSON.stringify({ ...input, [Object.keys(input)[at] ?? 'x']: odd })),
  fc
    .constantFrom(...INPUTS)
    .map((input) => `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${JSON.stringify(input).slice(1)}`),
  fc.constantFrom(
    '', ' ', '{', '}', '[]', 'null', '"\\u0000"', '1e999', `{"celsius":1e999,"sensorId":"a"}`, `{"id":${'9'.repeat(400)}}`, '['.repeat(5000), '{"a":'.repeat(65),
    `${'['.repeat(64)}${']'.repeat(64)}`, '{"title":"\\ud800","authorId":123,"content":""}', '{"sender":"a","sender":"b","message":"c"}', '\ufeff{}',
  ), // prettier-ignore
);
const body = fc.oneof(
  oddText.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(...INPUTS).map((input) => Buffer.from(JSON.stringify(input).replace('"a', '"\u00ff'), 'latin1')),
);

interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly isChunked: boolean;
}
const wireRequest: fc.Arbitrary<WireRequest> = fc.record({
  method: fc.constantFrom(...METHODS),
  target,
  headers: fc.array(header, { maxLength: 4 }),
  body: fc.oneof(fc.constant(Buffer.alloc(0)), body),
  isChunked: fc.boolean(),
});

/** A whole request, framed as HTTP wants it; what stands in it may be nonsense. */
function bytesOf({ method, target, headers, body, isChunked }: WireRequest, isLast: boolean): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, 'host: localhost', ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (isLast) lines.push('connection: close');
  const framed = isChunked && body.length > 0;
  if (framed) lines.push('transfer-encoding: chunked');
  else if (body.length > 0) lines.push(`content-length: ${body.length}`);
  const pieces = framed ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')] : [body];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), ...pieces]);
}

interface WireResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Reads responses strictly; throws where they are not HTTP. What is after a stream of events is not read. */
function parseResponses(bytes: Buffer, methods: readonly string[]): WireResponse[] {
  const responses: WireResponse[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end === -1) throw new Error(`half a head: ${bytes.toString('latin1', at, at + 200)}`);
    const [start = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) /.exec(start)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no status line: ${start.slice(0, 200)}`);
    const headers = new Map(
      lines.map((line) => {
        const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line);
        if (!match?.[1]) throw new Error(`no header: ${line}`);
        return [match[1].toLowerCase(), match[2] ?? ''] as const;
      }),
    );
    at = end + 4;
    if (status < 200) continue;
    if (headers.get('content-type') === 'text/event-stream') return [...responses, { status, headers, body: '' }];
    const length = Number(headers.get('content-length') ?? 0);
    // What the parser refused has no method: it is answered with a body, and nothing follows.
    const isRefused = headers.get('connection') === 'close' && bytes.length === at + length;
    const hasBody = (methods[responses.length] !== 'HEAD' || isRefused) && status !== 204 && status !== 304;
    if (hasBody && bytes.length < at + length) throw new Error('half a body');
    responses.push({ status, headers, body: hasBody ? bytes.toString('utf8', at, at + length) : '' });
    if (hasBody) at += length;
  }
  return responses;
}

/** Never a 5xx but 501; an error is a problem document. */
function checkResponse({ status, headers, body }: WireResponse): void {
  if (status >= 500 && status !== 501) throw new Error(`${status}: ${body}`);
  if (status < 400 || body === '') return;
  expect(headers.get('content-type')).toBe('application/problem+json');
  const document = JSON.parse(body) as Record<string, unknown>;
  expect(document).toMatchObject({ type: 'about:blank', status, detail: expect.any(String) as string });
  expect(ERROR_CODES).toContain(document['code']);
  expect(String(document['detail'])).not.toMatch(/\n\s+at |node:internal|TypeError/);
}

/** Sends bytes and reads until the server closes, or a stream of events has begun. */
async function exchange(port: number, bytes: Buffer, isCut: boolean): Promise<Buffer> {
  const socket: Socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    if (chunk.includes('text/event-stream')) socket.destroy();
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  if (isCut) socket.end(bytes);
  else socket.write(bytes);
  await closed;
  return Buffer.concat(chunks);
}

describe('the server', () => {
  const reported: unknown[] = [];
  const onError = (error: unknown) => void reported.push(error);
  let services: Service[];
  let handler: HttpHandler;
  let server: HttpServer;

  beforeAll(async () => {
    const kinds = createService(
      everyKind,
      {
        createThing: (input) => input,
        getThing: ({ id }) => {
          throw new ApiError('NOT_FOUND', `no thing has the id ${id}`);
        },
        listThings: () => [],
        updateThing: () => ({ done: true }),
        deleteThing: () => {},
        countThings: () => 0,
        reset: () => {},
        write: (input) => input,
      },
      { onError },
    );
    services = [createBlogService({ onError }), kinds];
    handler = composeHandlers(...services.map((service) => restHandler(service, { onError })));
    server = await listen(handler, { onError, bodyTimeoutMs: 2_000 });
  });

  afterEach(async () => {
    expect(reported).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((await fetch(`${server.url}/users/123`)).status).toBe(200);
  });

  afterAll(async () => {
    await server.close(100);
    for (const service of services) await service.close();
  });

  test('answers whole requests, one after the other or pipelined', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wireRequest, { minLength: 1, maxLength: 4 }), async (requests) => {
        const bytes = Buffer.concat(requests.map((request, at) => bytesOf(request, at === requests.length - 1)));
        const answers = parseResponses(
          await exchange(server.port, bytes, false),
          requests.map(({ method }) => method),
        );
        expect(answers.length).toBeGreaterThan(0);
        expect(answers.length).toBeLessThanOrEqual(requests.length);
        answers.forEach(checkResponse);
      }),
      { ...LIMITS, numRuns: 1_500 },
    );
  });

  test('survives requests that are cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(wireRequest, fc.double({ min: 0, max: 1, noNaN: true }), async (request, share) => {
        const bytes = bytesOf(request, true);
        const answers = parseResponses(await exchange(server.port, bytes.subarray(0, Math.floor(bytes.length * share)), true), [
          request.method,
        ]);
        answers.forEach(checkResponse);
      }),
      { ...LIMITS, numRuns: 600 },
    );
  });

  test('survives bytes that are no HTTP', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const answers = parseResponses(await exchange(server.port, Buffer.from(bytes), true), ['GET']);
        answers.forEach(checkResponse);
      }),
      { ...LIMITS, numRuns: 300 },
    );
  });

  test('its handler answers any request, however it is mounted', async () => {
    await fc.assert(
      fc.asyncProperty(wireRequest, async ({ method, target, headers, body }) => {
        const mark = target.indexOf('?');
        const left: (() => void)[] = [];
        const request: HttpRequest = {
          method,
          path: mark === -1 ? target : target.slice(0, mark),
          query: mark === -1 ? '' : target.slice(mark + 1),
          origin: 'http://localhost',
          headers: { 'content-type': 'application/json', ...Object.fromEntries(headers) },
          address: undefined,
          onAbort: (listener) => void left.push(listener),
          text: () => Promise.resolve(body.toString('utf8')),
          bytes: () => Promise.resolve(body),
        };
        const response = await handler(request);
        for (const leave of left) leave();
        if (!response) return;
        expect(typeof response.body === 'function' ? response.status : 200).toBe(200);
        const text = typeof response.body === 'string' ? response.body : '';
        checkResponse({ status: response.status, headers: new Map(Object.entries(response.headers)), body: text });
      }),
      { ...LIMITS, numRuns: 3_000 },
    );
  });
});

describe('the client', () => {
  let raw: RawServer;
  let blog: BlogClient;
  let reply: readonly Buffer[] = [];

  beforeAll(async () => {
    raw = await startRawServer((socket) => {
      for (const piece of reply) socket.write(piece);
      socket.end();
    });
    blog = createClient({ transport: rest({ url: raw.url }), timeoutMs: 5_000, reconnect: { baseDelayMs: 1, maxDelayMs: 1 } });
  });

  afterAll(async () => {
    await blog.close();
    await raw.allClosed();
    await raw.close();
  });

  const status = fc.oneof(fc.constantFrom(200, 200, 200, 201, 204, 301, 304, 400, 404, 429, 500, 503), fc.integer({ min: 100, max: 999 }));
  const USER = { id: 1, username: 'ada', email: 'ada@example.com', createdAt: '2024-01-01T00:00:00Z' };
  const problem = fc.record(
    {
      code: fc.oneof(fc.constantFrom(...ERROR_CODES), fc.jsonValue()),
      detail: fc.jsonValue(),
      details: fc.jsonValue(),
      retryAfterMs: fc.jsonValue(),
      error: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const replyBody = fc.oneof(
    body,
    problem.map((document) => Buffer.from(JSON.stringify(document))),
    fc
      .tuple(fc.constantFrom(...Object.keys(USER)), fc.jsonValue())
      .map(([key, odd]) => Buffer.from(JSON.stringify({ ...USER, [key]: odd }))),
  );
  const replyHeaders = fc.array(
    fc.tuple(
      fc.constantFrom('content-type', 'location', 'retry-after', 'x-request-id', 'content-encoding', 'etag', 'connection'),
      fc.oneof(
        fc.constantFrom('application/json', 'application/problem+json', 'text/html', 'text/event-stream', '1', 'close'),
        fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
      ),
    ),
    { maxLength: 4 },
  );
  const response = fc
    .tuple(status, replyHeaders, replyBody, fc.constantFrom(0, 0, 0, 5, -5), fc.boolean())
    .map(([code, headers, content, lie, isChunked]) => {
      const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${Math.max(0, content.length + lie)}`;
      const head = [`HTTP/1.1 ${code} Status`, ...headers.map(([name, value]) => `${name}: ${value}`), framing, '', ''].join('\r\n');
      const pieces = isChunked ? [Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from('\r\n0\r\n\r\n')] : [content];
      return [Buffer.from(head, 'latin1'), ...pieces];
    });
  const bytes = fc.uint8Array({ maxLength: 300 }).map((some) => [Buffer.from(some)]);

  /** What a call gives: an output that keeps to the contract, or an `ApiError`. */
  async function check(call: () => Promise<unknown>, isOutput: (output: unknown) => boolean): Promise<void> {
    let output: unknown;
    try {
      output = await call();
    } catch (error) {
      if (!isApiError(error)) throw error;
      expect(ERROR_CODES).toContain(error.code);
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: error.code, message: expect.any(String) as string });
      return;
    }
    expect(isOutput(output)).toBe(true);
  }

  test('rejects with an ApiError or gives what the contract says, whatever the reply', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: response }, bytes), async (pieces) => {
        reply = pieces;
        await check(
          () => blog.getUser({ id: 1 }),
          (output) => (output as { id?: unknown }).id !== undefined,
        );
        await check(
          () => blog.deletePost({ id: 1 }),
          (output) => output === undefined,
        );
      }),
      { ...LIMITS, numRuns: 400 },
    );
  });

  test('reads any stream of events, or ends it with an ApiError', async () => {
    const line = fc.tuple(
      fc.constantFrom('data', 'id', 'event', 'retry', 'time', '', ':', 'x'),
      fc.oneof(
        fc.constantFrom('{"sender":"a","message":"b"}', 'gap', 'end', 'chat.message', '{"code":"UNAVAILABLE"}', '\u0000', '1'),
        fc.json({ maxDepth: 2 }),
        fc.string({ maxLength: 20 }),
      ),
      fc.constantFrom('\n', '\r', '\r\n', '\n\n'),
    );
    const stream = fc.array(line, { maxLength: 12 }).map((lines) => lines.map(([name, value, end]) => `${name}: ${value}${end}`).join(''));
    await fc.assert(
      fc.asyncProperty(stream, async (text) => {
        // The first end is ours, so that the subscription does not come back for ever.
        const end = '\n\nevent: end\ndata: {"code":"PERMISSION_DENIED","message":"that is all"}\n\n';
        reply = [Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${text}${end}`)];
        await check(
          async () => {
            for await (const message of blog.onMessage()) expect(typeof message.sender).toBe('string');
          },
          () => true,
        );
      }),
      { ...LIMITS, numRuns: 250 },
    );
  });
});
