/** How transfers of files end: at the pace of the reader, by its leaving, by a cut in the middle, and what may be done again. */
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import * as z from 'zod/mini';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createClient, createService, defineContract, file, mutation, query } from '../../../src/core.ts';
import { cache, dedupe, retry } from '../../../src/compose/index.ts';
import { fetchHandler, listen, type HttpServer } from '../../../src/http/index.ts';
import { rest } from '../../../src/rest/client.ts';
import { restHandler } from '../../../src/rest/server.ts';

const contract = defineContract({
  name: 'ends',
  operations: {
    put: mutation({
      input: z.object({ how: z.optional(z.string()), content: file() }),
      output: z.object({ size: z.int() }),
      idempotent: true,
      http: { route: 'PUT /file', body: 'content' },
    }),
    form: mutation({
      input: z.object({ note: z.optional(z.string()), content: file() }),
      output: z.object({ size: z.int() }),
      http: 'POST /form',
    }),
    get: query({ input: z.object({ size: z.int() }), output: file(), http: 'GET /file' }),
    limited: mutation({ input: z.object({ content: file({ maxBytes: 10_000_000 }) }), http: { route: 'PUT /limited', body: 'content' } }),
    copy: mutation({ input: z.object({ content: file() }), output: file(), http: { route: 'POST /copy', body: 'content' } }),
  },
});

const PIECE = 64 * 1024;
let made = 0;
let taken = 0;
let isLeft = false;
let failure: unknown;
let release: () => void = () => {};
let runs = 0;

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < count; at++) {
      made++;
      yield await Promise.resolve(new Uint8Array(PIECE).fill(at));
    }
  } finally {
    isLeft = true;
  }
}

const service = createService(
  contract,
  {
    async put({ how, content }) {
      runs++;
      if (how === 'unread') return { size: 0 };
      if (how === 'wait') await new Promise<void>((resolve) => (release = resolve));
      let size = 0;
      try {
        for await (const chunk of content) {
          size += chunk.byteLength;
          taken++;
          if (how === 'break') break;
        }
      } catch (error) {
        failure = error;
        throw error;
      }
      return { size };
    },
    async form({ content }) {
      return { size: (await content.bytes()).byteLength };
    },
    get: ({ size }) => pieces(size),
    limited: ({ content }) => void content.cancel(),
    copy: ({ content }) => (runs++, content),
  },
  { onError: () => {} },
);

let server: HttpServer;
let client: ReturnType<typeof open>;
const open = () => createClient({ contract, transport: rest({ url: server.url }), timeoutMs: 20_000 });

beforeAll(async () => {
  server = await listen(restHandler(service, { maxBodyBytes: 200_000, maxFileBytes: 50_000_000 }));
  client = open();
});
beforeEach(() => {
  [made, taken, runs, isLeft, failure] = [0, 0, 0, false, undefined];
});
afterAll(async () => {
  await client.close();
  await server.close();
});

/** Waits until a number stands still. */
async function still(read: () => number): Promise<number> {
  for (let last = -1, times = 0; ;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (read() === last && ++times === 4) return last;
    if (read() !== last) [last, times] = [read(), 0];
  }
}

describe('the pace of the reader', () => {
  test('a download waits for a reader that does not read', async () => {
    const got = await client.get({ size: 2000 });
    const reader = got[Symbol.asyncIterator]();
    await reader.next();
    // What sockets and streams hold, of 125 MiB.
    expect(await still(() => made)).toBeLessThan(400);
    await reader.return?.();
    await expect.poll(() => isLeft).toBe(true);
  });

  test('an upload waits for a handler that does not read', async () => {
    const call = client.put({ how: 'wait', content: pieces(700) });
    await expect.poll(() => runs).toBe(1);
    expect(await still(() => made)).toBeLessThan(400);
    release();
    expect(await call).toEqual({ size: 700 * PIECE });
  });
});

describe('leaving', () => {
  test.each(['unread', 'break'])('a handler may answer without reading all (%s)', async (how) => {
    for (const count of [1, 100, 700]) expect((await client.put({ how, content: pieces(count) })).size).toBeLessThanOrEqual(2 * PIECE);
    expect(await client.put({ content: pieces(3) })).toEqual({ size: 3 * PIECE });
  });

  test('a caller that cancels an upload ends its content, and the handler’s reading', async () => {
    const controller = new AbortController();
    const call = client.put({ content: pieces(1_000_000) }, { signal: controller.signal });
    await expect.poll(() => taken).toBeGreaterThan(5);
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => isLeft).toBe(true);
    await expect.poll(() => failure).toBeDefined();
  });

  test('a caller’s signal ends a download that has begun, and one that was not begun', async () => {
    for (const isBegun of [true, false]) {
      isLeft = false;
      const controller = new AbortController();
      const got = await client.get({ size: 1_000_000 }).catch(() => undefined);
      await got?.cancel();
      const second = await client.get({ size: 1_000_000 }, { signal: controller.signal });
      const reader = second[Symbol.asyncIterator]();
      if (isBegun) await reader.next();
      controller.abort();
      await expect(reader.next()).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect.poll(() => isLeft).toBe(true);
    }
  });
});

describe('a cut in the middle', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((each) => each.close()));

  test.each([
    ['by its length', 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nshort'],
    ['by its chunks', 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n'],
  ])('of an answer is an error of its reader (%s)', async (_, text) => {
    const raw = createServer();
    servers.push(raw);
    raw.on('connection', (socket: Socket) => socket.once('data', () => socket.end(text)));
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const cut = createClient({ contract, transport: rest({ url: `http://127.0.0.1:${(raw.address() as AddressInfo).port}` }) });
    const got = await cut.get({ size: 1 });
    await expect(got.bytes()).rejects.toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|DATA_LOSS/) as string });
    await cut.close();
  });

  test('of a request is an error of the handler’s reading', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(`PUT /file HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 900000\r\n\r\n${'x'.repeat(300_000)}`);
    await expect.poll(() => taken).toBeGreaterThan(0);
    socket.destroy();
    await expect.poll(() => failure).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('cut off') as string });
  });

  test('of a form in one of its parts is refused', async () => {
    const whole = '--b\r\ncontent-disposition: form-data; name="content"; filename="a"\r\n\r\ncontent\r\n--b--\r\n';
    for (const end of [whole.length - 6, 70, 20, 0]) {
      const answer = await fetch(`${server.url}/form`, {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: whole.slice(0, end),
      });
      expect([end, answer.status]).toEqual([end, 400]);
    }
    const ok = await fetch(`${server.url}/form`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: whole,
    });
    expect(await ok.json()).toEqual({ size: 7 });
  });
});

describe('limits', () => {
  test('a body over maxFileBytes is 413, by its length and while it is read', async () => {
    await expect(client.put({ content: { content: pieces(1000), size: 1000 * PIECE } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(client.put({ content: pieces(1000) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('50000000') as string,
    });
  });

  test('what comes after a large file is refused', async () => {
    const form = new FormData();
    form.append('content', new Blob([new Uint8Array(300_000)]));
    form.append('note', 'late');
    const answer = await fetch(`${server.url}/form`, { method: 'POST', body: form });
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      400,
      expect.stringContaining('send the largest file last') as string,
    ]);
  });

  test('forms without a boundary, of too many parts, with broken heads and unknown types are refused', async () => {
    const send = async (type: string, body: string | Buffer<ArrayBuffer>) =>
      (await fetch(`${server.url}/form`, { method: 'POST', headers: { 'content-type': type }, body })).status;
    expect(await send('multipart/form-data', 'x')).toBe(400);
    expect(
      await send('multipart/form-data; boundary=b', `${'--b\r\ncontent-disposition: form-data; name="x"\r\n\r\n1\r\n'.repeat(1002)}--b--`),
    ).toBe(413);
    expect(await send('multipart/form-data; boundary=b', '--b\r\n\u0001: x\r\n\r\n1\r\n--b--')).toBe(400);
    expect(await send('multipart/form-data; boundary=b', `--b\r\nx: ${'y'.repeat(20_000)}\r\n\r\n1\r\n--b--`)).toBe(400);
    expect(await send('application/x-www-form-urlencoded', 'content=x')).toBe(415);
    const notText = Buffer.concat([
      Buffer.from('--b\r\ncontent-disposition: form-data; name="note"\r\n\r\n'),
      Buffer.from([0xff]),
      Buffer.from('\r\n--b--'),
    ]);
    expect(await send('multipart/form-data; boundary=b', notText)).toBe(400);
    expect(
      await send(
        'multipart/form-data; boundary=b',
        `--b\r\ncontent-disposition: form-data; name="note"\r\n\r\n${'x'.repeat(300_000)}\r\n--b--`,
      ),
    ).toBe(413);
  });
});

describe('a handler for the Fetch API', () => {
  const handle = fetchHandler(restHandler(service));

  test('streams in both directions', async () => {
    const fetchClient = createClient({
      contract,
      transport: rest({ url: 'http://x', fetch: (url, init) => handle(new Request(url, init as RequestInit)) }),
    });
    expect(await fetchClient.put({ content: pieces(100) })).toEqual({ size: 100 * PIECE });
    expect((await (await fetchClient.get({ size: 100 })).bytes()).byteLength).toBe(100 * PIECE);
    const copied = await fetchClient.copy({ content: { content: pieces(20), name: 'a.txt', type: 'text/plain' } });
    expect([copied.name, copied.type, (await copied.bytes()).byteLength]).toEqual(['a.txt', 'text/plain', 20 * PIECE]);
  });
});

describe('doing it again', () => {
  test('a file that is a stream is not sent twice, bytes are', async () => {
    let tries = 0;
    const flaky = rest({
      url: server.url,
      fetch: async (url, init) => {
        tries++;
        const answer = await fetch(url, init);
        if (tries > 1) return answer;
        await answer.text();
        throw new TypeError('the connection broke');
      },
    });
    const again = createClient({ contract, transport: retry(flaky, { baseDelayMs: 1 }) });
    expect(await again.put({ content: new Uint8Array(5) })).toEqual({ size: 5 });
    expect(tries).toBe(2);
    tries = 0;
    await expect(again.put({ content: pieces(2) })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(tries).toBe(1);
    await again.close();
  });

  test('equal downloads are each made', async () => {
    const shared = createClient({ contract, transport: cache(dedupe(rest({ url: server.url }))) });
    const [one, two] = await Promise.all([shared.get({ size: 2 }), shared.get({ size: 2 })]);
    expect([(await one.bytes()).length, (await two.bytes()).length]).toEqual([2 * PIECE, 2 * PIECE]);
    await shared.close();
  });

  test('a key gives the same file again, and takes no stream', async () => {
    const small = { content: { content: new Uint8Array([1, 2, 3]), name: 'a.bin', type: 'text/plain' } };
    for (const _ of [1, 2]) {
      const got = await client.copy(small, { idempotencyKey: 'copy' });
      expect([got.name, got.type, await got.bytes()]).toEqual(['a.bin', 'text/plain', new Uint8Array([1, 2, 3])]);
    }
    expect(runs).toBe(1);
    await expect(client.copy({ content: new Uint8Array([1]) }, { idempotencyKey: 'copy' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    await expect(client.copy({ content: pieces(20) }, { idempotencyKey: 'large' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a file that cannot be sent', () => {
  const reports: unknown[] = [];
  const making = defineContract({
    name: 'making',
    operations: { get: query({ input: z.object({ how: z.string() }), output: file(), http: 'GET /file' }) },
  });
  let other: HttpServer;
  beforeAll(async () => {
    async function* failing() {
      yield await Promise.resolve(new Uint8Array(10));
      throw new Error('the disk is gone');
    }
    const locked = () => {
      const stream = new Blob(['abc']).stream();
      stream.getReader();
      return stream;
    };
    const maker = createService(making, {
      get: ({ how }) => {
        if (how === 'locked') return locked();
        if (how === 'short') return { content: pieces(1), size: PIECE + 1 };
        return failing();
      },
    });
    other = await listen(restHandler(maker, { onError: (error) => reports.push(error) }), { onError: () => {} });
  });
  beforeEach(() => void (reports.length = 0));
  afterAll(() => other.close());

  test('because it is locked is a failure before the head', async () => {
    const response = await fetch(`${other.url}/file?how=locked`);
    expect(response.status).toBe(500);
    expect(reports).toHaveLength(1);
  });

  test.each([
    ['failing', 'the disk is gone'],
    ['short', 'not as long as its size says'],
  ])('to its end is cut, and reported (%s)', async (how, text) => {
    const response = await fetch(`${other.url}/file?how=${how}`);
    await expect(response.arrayBuffer()).rejects.toThrow();
    await expect.poll(() => inspect(reports[0])).toContain(text);
  });
});

describe('a file with a limit', () => {
  test('is left when its handler cancels it, also if its source does not go on', async () => {
    let isLeftNow = false;
    const stalled: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          isLeftNow = true;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    const limited = createClient({ contract, transport: service });
    await limited.limited({ content: stalled });
    await expect.poll(() => isLeftNow).toBe(true);
    await limited.close();
  });
});
