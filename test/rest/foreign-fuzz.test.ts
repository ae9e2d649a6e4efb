/** Whatever a foreign API answers: what the contract says, or an error that says what is wrong. */
import { createServer, type Socket } from 'node:net';
import * as zlib from 'node:zlib';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { bytes, createClient, defineContract, ERROR_CODES, event, isApiError, query } from '../../src/core.ts';
import { rest, type RestPages } from '../../src/rest/client.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, RUNS } from '../support/fuzz.ts';

const input = z.object({ n: z.int32() });
const Item = z.object({ id: z.int32(), title: z.string() });
const paged = (name: string) =>
  query({ input: z.object({ ...input.shape, limit: z.int32().default(2), after: z.int32().optional() }), output: z.array(Item), pagedBy: 'id', http: `GET /${name}/{n}` }); // prettier-ignore
const contract = defineContract({
  name: 'any',
  operations: {
    json: query({ input, output: Item, http: 'GET /json/{n}' }),
    text: query({ input, output: z.string(), http: 'GET /text/{n}' }),
    raw: query({ input, output: bytes(), http: 'GET /raw/{n}' }),
    link: paged('link'),
    cursor: paged('cursor'),
    number: paged('number'),
    offset: paged('offset'),
  },
  events: { thing: event({ channel: 'things/{n}', payload: z.object({ n: z.string() }) }) },
});
const pages: Readonly<Record<string, RestPages>> = {
  link: { by: 'link', limit: 'size' },
  cursor: { by: 'cursor', cursor: 'cursor', next: 'next' },
  number: { by: 'number', page: 'page' },
  offset: { by: 'offset', offset: 'skip', limit: 'take' },
};
const KINDS = ['json', 'json', 'text', 'raw', 'link', 'cursor', 'number', 'offset'] as const;

/** An answer as bytes. `item` is what it holds if there is nothing wrong with it. */
interface Reply {
  readonly pieces: readonly Uint8Array[];
  readonly ends: boolean;
  readonly item: z.output<typeof Item> | undefined;
}

const ERRORS: readonly ((dice: Dice) => unknown)[] = [
  (dice) => ({ error: { type: dice.text(), code: dice.json(1), message: dice.json(1) } }),
  (dice) => ({ detail: [{ loc: ['body', dice.json(1)], msg: dice.json(1), type: 'x' }] }),
  (dice) => ({ errors: [{ source: { pointer: dice.pick(['/data/a', '', dice.text()]) }, detail: dice.json(1) }] }),
  (dice) => ({ [dice.text() || 'a']: [dice.text()] }),
  (dice) => ({ kind: 'Status', reason: dice.json(1), code: dice.int(600), message: dice.text() }),
  (dice) => ({ 'odata.error': { message: { value: dice.json(1) } } }),
];
const TYPES = [
  'application/json', 'application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.api+json', 'application/problem+json', 'text/plain', 'text/html',
  'text/plain; charset=iso-8859-1', 'application/json; charset=utf-16le', 'application/json; charset="shift_jis"', 'application/json; charset=nonsense', 'image/png', 'application/xml',
  'application/x-ndjson', 'multipart/mixed', '', ';;;',
]; // prettier-ignore

function encoded(
  dice: Dice,
  body: Uint8Array,
): { readonly encoding: string | undefined; readonly body: Uint8Array; readonly isSound: boolean } {
  const kind = dice.int(12);
  if (kind === 0) return { encoding: 'gzip', body: zlib.gzipSync(body), isSound: true };
  if (kind === 1) return { encoding: dice.pick(['br', 'BR']), body: zlib.brotliCompressSync(body), isSound: true };
  if (kind === 2) return { encoding: 'deflate', body: zlib.deflateSync(body), isSound: true };
  if (kind === 3) return { encoding: 'gzip, br', body: zlib.brotliCompressSync(zlib.gzipSync(body)), isSound: true };
  if (kind === 4) return { encoding: 'gzip', body: zlib.gzipSync(body).subarray(0, dice.int(20)), isSound: false };
  if (kind === 5)
    return { encoding: dice.pick(['zstd', 'gzip', 'compress', 'br', 'gzip, gzip, gzip', '']), body: dice.bytes(), isSound: false };
  if (kind === 6) return { encoding: dice.pick(['identity', 'none']), body, isSound: true };
  return { encoding: undefined, body, isSound: true };
}

function replyOf(dice: Dice): Reply {
  const item = { id: dice.int(100), title: dice.text() };
  const isItem = dice.chance(0.4);
  const status = isItem ? 200 : dice.pick([200, 200, 201, 202, 203, 204, 205, 206, 300, 302, 304, 307, 308, 400, 401, 403, 404, 408, 409, 422, 429, 430, 500, 503, 599, 600, 799, 999]); // prettier-ignore
  const shape = dice.int(6);
  const text = isItem
    ? JSON.stringify({ ...item, more: dice.json(1) })
    : shape === 0
      ? dice.nearlyJson()
      : shape === 1
        ? dice.text(40)
        : shape === 2
          ? JSON.stringify(dice.pick(ERRORS)(dice))
          : shape === 3
            ? JSON.stringify(dice.list(4, () => ({ id: dice.int(100), title: 't' })))
            : shape === 4
              ? JSON.stringify({ next: dice.pick([dice.json(1), dice.text(), null]), data: dice.json(2) })
              : JSON.stringify(dice.json());
  const isText = isItem || dice.chance(0.9);
  const { encoding, body, isSound } = encoded(dice, isText ? Buffer.from(text) : dice.bytes(200));
  const type = isItem && dice.chance(0.8) ? 'application/json' : dice.pick(TYPES);
  const hasLie = dice.chance(0.05);
  const isChunked = dice.chance(0.3);
  const bodiless = status === 204 || status === 304;
  const headers = [
    ...(type === '' ? [] : [`content-type: ${type}`]),
    ...(encoding === undefined ? [] : [`content-encoding: ${encoding}`]),
    ...dice.list(4, () =>
      dice.pick([
        `retry-after: ${dice.pick(['0.5', '3', '-1', '1e9', 'Fri, 31 Dec 1999 23:59:59 GMT', 'soon', '9'.repeat(30), ''])}`,
        `link: ${dice.pick(['</next>; rel="next"', '<https://evil.example/>; rel=next', '<>; rel="next"', '<http://[>; rel=next', '<'.repeat(300), '<a>; rel="prev next"'])}`,
        `x-ratelimit-remaining: ${dice.pick(['0', '1', 'x'])}`,
        `x-ratelimit-reset: ${dice.pick(['5', '99999999999', 'x', '-1'])}`,
        `location: ${dice.pick(['/', 'http://[', 'https://evil.example/', ''])}`,
        `x-request-id: ${dice.text(5).replace(/[^\x21-\x7e]/g, '')}`,
        'set-cookie: secret=1',
        `x-${dice.int(100)}: ${'v'.repeat(dice.int(200))}`,
      ]),
    ),
    ...(bodiless ? [] : [isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length + (hasLie ? dice.pick([1, 50]) : 0)}`]),
  ];
  const head = Buffer.from(`HTTP/1.1 ${status} Any\r\n${headers.join('\r\n')}\r\n\r\n`, 'latin1');
  const at = dice.int(body.length + 1);
  const chunk = (part: Uint8Array) =>
    part.length === 0 ? [] : [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')];
  const framed = bodiless
    ? []
    : isChunked
      ? [...chunk(body.subarray(0, at)), ...chunk(body.subarray(at)), ...(hasLie ? [] : [Buffer.from('0\r\n\r\n')])]
      : [body.subarray(0, at), body.subarray(at)];
  const isHonest = isItem && isSound && !hasLie && type === 'application/json' && !text.includes('\\ud800');
  return { pieces: [head, ...framed], ends: hasLie || dice.chance(0.05), item: isHonest ? item : undefined };
}

/** Server-sent events as a browser reads them, from the whole text. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
function readByStandard(text: string): { readonly events: readonly (readonly [type: string, data: string])[]; readonly lastId: string } {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  lines.pop();
  const events: [string, string][] = [];
  let [data, type, buffer, lastId] = ['', '', '', ''];
  for (const line of lines) {
    const [, field = '', value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
    if (line === '') {
      lastId = buffer;
      if (data !== '') events.push([type || 'message', data.slice(0, -1)]);
      [data, type] = ['', ''];
    } else if (field === 'event') type = value;
    else if (field === 'data') data += `${value}\n`;
    else if (field === 'id' && !value.includes('\0')) buffer = value;
  }
  return { events, lastId };
}

/** What arrives of an id; one with control characters cannot be sent, and a very long one is not. */
function headerOf(id: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters that are meant
  return id.length > 4096 || /[\0-\x08\n-\x1f\x7f]/.test(id) ? '' : id.replace(/^[ \t]+|[ \t]+$/g, '');
}

function streamOf(dice: Dice): string {
  const value = () => dice.pick([dice.text(8), JSON.stringify(dice.json(2)), '', ' x', 'gap', 'end', '\0', 'é😀']).replace(/[\r\n]/g, '');
  const line = () => {
    const name = dice.pick(['data', 'data', 'data', 'id', 'event', 'time', '', ' data', 'DATA', 'retry', 'x', '\ufeffdata']);
    // A wait that is in force would be waited for.
    const written = name === 'retry' ? dice.pick(['1', '1.5', '-1', '+1', ' 1', '٣', '1e3', 'x']) : value();
    return dice.pick([`${name}:${written}`, `${name}: ${written}`, name, `:${written}`]);
  };
  const ends = dice.pick([['\n'], ['\r'], ['\r\n'], ['\n', '\r', '\r\n']]);
  const start = dice.pick(['', '', '\ufeff', '\ufeff\ufeff', '\n', ':\n\n']);
  return (
    start +
    dice
      .list(
        10,
        () =>
          dice
            .list(5, line)
            .map((each) => each + dice.pick(ends))
            .join('') + dice.pick([...ends, '']),
      )
      .join('')
  );
}

describe('answers of foreign APIs', () => {
  const replies = new Map<string, Reply>();
  const streams = new Map<string, { readonly pieces: readonly Uint8Array[]; readonly head: string; asked: string[] }>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      for (let end = head.indexOf('\r\n\r\n'); end !== -1; end = head.indexOf('\r\n\r\n')) {
        const [, kind = '', n = ''] = /^GET \/(\w+)\/(\d+)/.exec(head) ?? [];
        if (kind === 'things') answerStream(socket, n, head.slice(0, end));
        else answer(socket, n);
        head = head.slice(end + 4);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const answer = (socket: Socket, n: string) => {
    const { pieces = [], ends = true } = replies.get(n) ?? {};
    for (const piece of pieces) socket.write(piece);
    if (ends) socket.end();
  };
  const answerStream = (socket: Socket, n: string, head: string) => {
    const stream = streams.get(n);
    if (!stream) return socket.destroy();
    stream.asked.push(/\r\nlast-event-id:[ \t]*([^\r]*?)[ \t]*(?:\r|$)/i.exec(head)?.[1] ?? '');
    if (stream.asked.length > 1) return socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    socket.write(stream.head);
    const next = (at: number) => {
      const piece = stream.pieces[at];
      if (piece === undefined) return socket.end();
      socket.write(piece);
      setImmediate(next, at + 1);
    };
    next(0);
  };
  const connect = (read: (data: unknown, event: { readonly type: string }) => unknown = () => undefined) =>
    createClient({
      contract,
      transport: rest({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        redirects: 'same-origin',
        operations: {
          json: {}, text: { answer: 'text' }, raw: {},
          ...Object.fromEntries(Object.entries(pages).map(([name, by]) => [name, { pages: by }])),
        }, // prettier-ignore
        events: { thing: { http: 'GET /things/{n}', types: '*', read } },
      }),
      timeoutMs: 5000,
      reconnect: { baseDelayMs: 0, maxDelayMs: 0 },
      onError: () => {},
    });

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('are the output, or an ApiError with a bounded body', FUZZ_TIMEOUT, async () => {
    const client = connect();
    const counts: Record<string, number> = {};
    await each(RUNS, 8, async (n) => {
      const dice = new Dice(n);
      const reply = replyOf(dice);
      const kind = reply.item ? 'json' : dice.pick(KINDS);
      replies.set(String(n), reply);
      const shown = () => `${kind} of ${Buffer.concat(reply.pieces).toString('latin1').slice(0, 1500)}`;
      try {
        const output = await inTime<unknown>(client[kind]({ n }), shown);
        if (reply.item) expect(output, shown()).toMatchObject(reply.item);
        else if (kind === 'json') Item.parse(output);
        counts['outputs'] = (counts['outputs'] ?? 0) + 1;
      } catch (error) {
        if (!isApiError(error) || reply.item) throw new Error(`${String(error)} for ${shown()}`, { cause: error });
        expect(ERROR_CODES).toContain(error.code);
        if (!error.response) expect(error.code, shown()).not.toBe('DEADLINE_EXCEEDED');
        JSON.stringify(error);
        const { response } = error;
        expect(JSON.stringify(response?.headers ?? {})).not.toContain('secret=1');
        if (typeof response?.body === 'string') expect(response.body.length).toBeLessThanOrEqual(65_536);
        counts[error.code] = (counts[error.code] ?? 0) + 1;
      } finally {
        replies.delete(String(n));
      }
    });
    await client.close();
    figures('REST answers', counts);
  });

  it('as streams are what a browser reads, and are resumed where it would', FUZZ_TIMEOUT, async () => {
    let heardInAll = 0;
    const readers = Array.from({ length: 8 }, () => {
      const heard: unknown[] = [];
      const client = connect((data, { type }) => void heard.push([type, typeof data === 'string' ? data : JSON.stringify(data)]));
      return { heard, client };
    });
    await each(RUNS, readers.length, async (n, worker) => {
      const { heard, client } = readers[worker] ?? expect.unreachable();
      heard.length = 0;
      const dice = new Dice(n + 0.5);
      const text = streamOf(dice);
      const whole = Buffer.from(text);
      const isZipped = dice.chance(0.2);
      let body: Buffer = isZipped ? zlib.gzipSync(whole) : whole;
      const pieces: Uint8Array[] = [];
      while (body.length > 0) {
        const size = 1 + dice.int(dice.pick([1, 4, 400]));
        pieces.push(body.subarray(0, size));
        body = body.subarray(size);
      }
      const type = dice.pick(['text/event-stream', 'Text/Event-Stream;charset=UTF-8']);
      const head = `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n${isZipped ? 'content-encoding: gzip\r\n' : ''}\r\n`;
      const stream = { pieces, head, asked: [] as string[] };
      streams.set(String(n), stream);
      const loop = async () => {
        for await (const _ of client.onThing({ params: { n: String(n) } })) expect.unreachable();
      };
      await inTime(loop(), () => JSON.stringify(text));
      const standard = readByStandard(whole.toString());
      const asJson = (data: string) => {
        try {
          return JSON.stringify(JSON.parse(data)) === undefined ? data : typeof JSON.parse(data) === 'string' ? (JSON.parse(data) as string) : JSON.stringify(JSON.parse(data));
        } catch {
          return data;
        }
      }; // prettier-ignore
      expect(heard, JSON.stringify(text)).toEqual(standard.events.map(([name, data]) => [name, asJson(data)]));
      expect(Buffer.from(stream.asked[1] ?? '', 'latin1').toString(), JSON.stringify(text)).toBe(headerOf(standard.lastId));
      heardInAll += heard.length;
      streams.delete(String(n));
    });
    await Promise.all(readers.map(({ client }) => client.close()));
    figures('server-sent events', { streams: RUNS, events: heardInAll });
  });
});
