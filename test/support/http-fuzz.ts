/** Requests as no sane client sends them, and a strict reader of what comes back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { ERROR_CODES } from '../../src/index.ts';
import { everyKind } from './every-kind.ts';

/** Together a quarter of a minute; a run that is cut short is no failure. */
export const LIMITS = { interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false } as const;

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
export const path = fc.oneof(
  fc.constantFrom(...WELL_KNOWN),
  fc
    .tuple(fc.constantFrom(...OWN_PATHS), fc.array(escaped, { minLength: 4, maxLength: 4 }))
    .map(([template, values]) => template.replace(/\{[^}]*\}/g, () => values.pop() ?? 'x')),
  fc.array(escaped, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
);
const KEYS = ['limit', 'after', 'fields', 'tags', 'owner', 'id', '__proto__', 'constructor', 'toString', ''];
export const query = fc.oneof(
  fc.constant(''),
  visible.map((text) => `?${text}`),
  fc
    .array(fc.tuple(fc.constantFrom(...KEYS), escaped), { maxLength: 5 })
    .map((pairs) => `?${pairs.map(([key, value]) => `${key}=${value}`).join('&')}`),
);
export const target = fc.tuple(path, query).map(([left, right]) => (left + right).replace(/[\s\u0085\u00a0]/g, '+'));

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
export const body = fc.oneof(
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
export const wireRequest: fc.Arbitrary<WireRequest> = fc.record({
  method: fc.constantFrom(...METHODS),
  target,
  headers: fc.array(header, { maxLength: 4 }),
  body: fc.oneof(fc.constant(Buffer.alloc(0)), body),
  isChunked: fc.boolean(),
});

/** A whole request, framed as HTTP wants it; what stands in it may be nonsense. */
export function bytesOf({ method, target, headers, body, isChunked }: WireRequest, isLast: boolean): Buffer {
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
export function parseResponses(bytes: Buffer, methods: readonly string[]): WireResponse[] {
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
export function checkResponse({ status, headers, body }: WireResponse): void {
  if (status >= 500 && status !== 501) throw new Error(`${status}: ${body}`);
  if (status < 400 || body === '') return;
  expect(headers.get('content-type')).toBe('application/problem+json');
  const document = JSON.parse(body) as Record<string, unknown>;
  expect(document).toMatchObject({ type: 'about:blank', status, detail: expect.any(String) as string });
  expect(ERROR_CODES).toContain(document['code']);
  expect(String(document['detail'])).not.toMatch(/\n\s+at |node:internal|TypeError/);
}

/** Sends bytes and reads until the server closes, or a stream of events has begun. */
export async function exchange(port: number, bytes: Buffer, isCut: boolean): Promise<Buffer> {
  const socket: Socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    // The head of one: descriptions name the type too.
    if (chunk.includes('content-type: text/event-stream')) socket.destroy();
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  if (isCut) socket.end(bytes);
  else socket.write(bytes);
  await closed;
  return Buffer.concat(chunks);
}
