/** The REST client against servers that misbehave. */
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { listen } from '../../src/http/index.ts';
import { blogContract, createClient, type BlogClient, type ErrorCode } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { failure } from '../support/failure.ts';
import { startRawServer, type RawServer } from '../support/raw-server.ts';

const USER = '{"id":123,"username":"john_doe","email":"john.doe@example.com","createdAt":"2024-01-15T09:30:00Z"}';
const ERROR_PAGE = '<!doctype html><title>Sign in</title><h1>Sign in</h1>';
const answer = (status: string, headers: readonly string[], body: string | Buffer = '') => [
  [`HTTP/1.1 ${status}`, ...headers, `content-length: ${Buffer.byteLength(body)}`, '', ''].join('\r\n'),
  body,
];
const JSON_HEADER = 'content-type: application/json';

describe('a server that misbehaves', () => {
  let raw: RawServer | undefined;
  let blog: BlogClient | undefined;

  const serve = async (reply: (socket: Socket, head: string) => void, timeoutMs = 10_000): Promise<BlogClient> => {
    raw = await startRawServer(reply);
    return (blog = createClient({ transport: rest({ url: raw.url }), timeoutMs, reconnect: { baseDelayMs: 1, maxDelayMs: 2 } }));
  };
  const replying = (...pieces: readonly (string | Buffer)[]) =>
    serve((socket) => {
      for (const piece of pieces) socket.write(piece);
    });

  afterEach(async () => {
    await blog?.close();
    // Nothing of the client's is left: else this waits until the test fails.
    await raw?.allClosed();
    await raw?.close();
    raw = blog = undefined;
  });

  test('its error passes a gateway without the id and the wait that no header can hold', async () => {
    const body = '{"code":"NOT_FOUND","detail":"none","requestId":"a\\r\\nset-cookie: b=c","retryAfterMs":1e400}';
    raw = await startRawServer((socket) => {
      for (const piece of answer('404 Not Found', [JSON_HEADER], body)) socket.write(piece);
    });
    const upstream = rest({ url: raw.url })(blogContract);
    const gateway = await listen(restHandler(upstream, { onError() {} }), { port: 0 });
    try {
      const response = await fetch(`${gateway.url}/users/1`);
      expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ code: 'NOT_FOUND', detail: 'none' })]);
      expect(response.headers.get('retry-after')).toBeNull();
    } finally {
      await gateway.close(0);
      await upstream.close?.();
    }
  });

  /** What is answered, the code, what the message says. The server keeps the connection open after it. */
  const ANSWERS: readonly (readonly [name: string, pieces: readonly (string | Buffer)[], code: ErrorCode, says: RegExp])[] = [
    ['HTML', answer('200 OK', ['content-type: text/html'], ERROR_PAGE), 'DATA_LOSS', /text\/html, not JSON: is the url right\?/],
    [
      'HTML as an error',
      answer('502 Bad Gateway', ['content-type: text/html'], ERROR_PAGE),
      'UNAVAILABLE',
      /answered 502: a proxy gets no proper answer from the server$/,
    ],
    ['a page where nothing is', answer('404 Not Found', ['content-type: text/html'], ERROR_PAGE), 'NOT_FOUND', /is the url right\?$/],
    ['an empty body', answer('200 OK', [JSON_HEADER]), 'DATA_LOSS', /empty/],
    ['204 where there is an output', ['HTTP/1.1 204 No Content\r\n\r\n'], 'DATA_LOSS', /empty/],
    ['JSON as text', answer('200 OK', ['content-type: text/plain'], '{"id":'), 'DATA_LOSS', /text\/plain, not JSON/],
    ['no content type', answer('200 OK', [], 'hello'), 'DATA_LOSS', /no content type, not JSON/],
    // undici takes it for the answer to an `Expect` that was never sent.
    ['100 that nobody asked for', ['HTTP/1.1 100 Continue\r\n\r\n', ...answer('200 OK', [], USER)], 'UNAVAILABLE', /connection/],
    ['half of the JSON', answer('200 OK', [JSON_HEADER], '{"id":123,'), 'DATA_LOSS', /the reply is not JSON/],
    ['JSON too deep', answer('200 OK', [JSON_HEADER], '['.repeat(100_000)), 'DATA_LOSS', /nested|not JSON/],
    [
      'another shape',
      answer('200 OK', [JSON_HEADER], '{"error":"not signed in"}'),
      'DATA_LOSS',
      /getUser: the reply breaks the contract: id/,
    ],
    ['null', answer('200 OK', [JSON_HEADER], 'null'), 'DATA_LOSS', /breaks the contract/],
    [
      'a redirect',
      answer('302 Found', ['location: https://example.com/login']),
      'UNKNOWN',
      /redirects \(302\) to https:\/\/example\.com\/login/,
    ],
    ['a redirect to nowhere', answer('308 Permanent Redirect', []), 'UNKNOWN', /redirects \(308\) to another address/],
    ['304 that nobody asked for', ['HTTP/1.1 304 Not Modified\r\n\r\n'], 'FAILED_PRECONDITION', /304/],
    ['a status that does not exist', answer('799 Odd', []), 'UNKNOWN', /799/],
    ['a foreign 406', answer('406 Not Acceptable', []), 'INVALID_ARGUMENT', /406/],
    ['a foreign 413', answer('413 Content Too Large', []), 'INVALID_ARGUMENT', /413/],
    ['a foreign 415', answer('415 Unsupported Media Type', []), 'INVALID_ARGUMENT', /415/],
    ['broken gzip', answer('200 OK', [JSON_HEADER, 'content-encoding: gzip'], gzipSync(USER).subarray(0, 40)), 'DATA_LOSS', /broken/],
    ['an unknown encoding', answer('200 OK', [JSON_HEADER, 'content-encoding: lzma'], 'x'), 'DATA_LOSS', /'lzma'/],
    ['a bomb', answer('200 OK', [JSON_HEADER, 'content-encoding: gzip'], gzipSync(Buffer.alloc(20 * 1024 * 1024))), 'DATA_LOSS', /larger/],
    ['bytes that are not UTF-8', answer('200 OK', [JSON_HEADER], Buffer.from([0x22, 0xe9, 0x22])), 'DATA_LOSS', /not UTF-8/],
    ['an unknown charset', answer('200 OK', ['content-type: application/json; charset=x-odd'], '{}'), 'DATA_LOSS', /'x-odd'/],
    ['20 MiB', answer('200 OK', [JSON_HEADER], Buffer.alloc(20 * 1024 * 1024, 'x')), 'DATA_LOSS', /larger than 8388608 bytes/],
    ['20 MiB in chunks', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', chunked(20)], 'DATA_LOSS', /larger than 8388608/],
    ['chunked garbage', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello'], 'UNAVAILABLE', /HTTP\/1\.1 protocol/],
    ['no HTTP', ['SSH-2.0-OpenSSH_9.2\r\n'], 'UNAVAILABLE', /HTTP\/1\.1 protocol/],
    ['two content lengths', ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxy'], 'UNAVAILABLE', /CONTENT_LENGTH/],
    ['headers of 1 MiB', [`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(1024 * 1024)}\r\n\r\n`], 'UNAVAILABLE', /headers/],
    ['a content length that is too short', ['HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n', USER], 'DATA_LOSS', /not JSON/],
  ];

  test.each(ANSWERS)('%s', async (_, pieces, code, says) => {
    const client = await replying(...pieces);
    const error = await failure(client.getUser({ id: 123 }));
    expect([error.code, error.text]).toEqual([code, expect.stringMatching(says)]);
    expect(error.sent).toBe(true);
  });

  /** Replies after which the server closes the connection. */
  const CUTS: readonly (readonly [name: string, piece: string])[] = [
    ['nothing at all', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-ty'],
    ['half a body', `HTTP/1.1 200 OK\r\ncontent-length: ${USER.length}\r\n\r\n${USER.slice(0, 40)}`],
    ['a content length that is too long', `HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n${USER}`],
    ['half a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{"id"'],
    ['no last chunk', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${USER.length.toString(16)}\r\n${USER}\r\n`],
    ['103 and nothing more', 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n'],
  ];

  test.each(CUTS)('%s, then the connection is closed', async (_, piece) => {
    const client = await serve((socket) => socket.end(piece));
    const error = await failure(client.getUser({ id: 123 }));
    expect([error.code, error.sent]).toEqual(['UNAVAILABLE', true]);
  });

  test.each(CUTS)('%s, then the connection is reset', async (_, piece) => {
    const client = await serve((socket) => socket.write(piece, () => socket.resetAndDestroy()));
    expect((await failure(client.getUser({ id: 123 }))).code).toBe('UNAVAILABLE');
  });

  /** Replies that never become a whole response. */
  const STALLS: readonly (readonly [name: string, pieces: readonly string[]])[] = [
    ['silence', []],
    ['half a head', ['HTTP/1.1 200 OK\r\n']],
    ['half a body', ['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{']],
    ['102 Processing', ['HTTP/1.1 102 Processing\r\n\r\n'.repeat(10)]],
  ];

  test.each(STALLS)('%s, for ever: the deadline ends it', async (_, pieces) => {
    const client = await serve((socket) => pieces.forEach((piece) => socket.write(piece)), 150);
    expect((await failure(client.getUser({ id: 123 }))).code).toBe('DEADLINE_EXCEEDED');
  });

  test('headers that never end: the limit of the head or the deadline ends it', async () => {
    const client = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const drip = () => {
        if (!socket.destroyed) socket.write(`x-${'h'.repeat(500)}: y\r\n`, () => setImmediate(drip));
      };
      drip();
    }, 3_000);
    expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain((await failure(client.getUser({ id: 123 }))).code);
  });

  test('informational responses before the real one are no answer', async () => {
    const client = await replying(
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n',
      ...answer('200 OK', [JSON_HEADER], USER),
    );
    expect(await client.getUser({ id: 123 })).toMatchObject({ id: 123 });
  });

  test('a switch of protocols that nobody asked for is an error', async () => {
    const client = await replying('HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n');
    expect((await failure(client.getUser({ id: 123 }))).code).toBe('UNAVAILABLE');
  });

  test('JSON with a wrong content type, a byte order mark or in pieces is JSON', async () => {
    const pieces = [...answer('200 OK', ['content-type: text/plain'], `\ufeff${USER}`)];
    const client = await replying(...pieces);
    expect(await client.getUser({ id: 123 })).toMatchObject({ id: 123 });
    const inPieces = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      for (const char of USER) socket.write(`1\r\n${char}\r\n`);
      socket.write('0\r\nx-trailer: late\r\n\r\n');
    });
    expect(await inPieces.getUser({ id: 123 })).toMatchObject({ id: 123 });
  });

  test('an error page with status 200 is no success of an operation without output', async () => {
    const client = await replying(...answer('200 OK', ['content-type: text/html; charset=utf-8'], ERROR_PAGE));
    const error = await failure(client.deletePost({ id: 1 }));
    expect([error.code, error.text]).toEqual(['DATA_LOSS', expect.stringMatching(/text\/html/)]);
  });

  test.each(['', '{}', '{"deleted":true}', 'null'])('an operation without output takes the reply %j', async (body) => {
    const client = await replying(...answer('200 OK', [JSON_HEADER], body));
    expect(await client.deletePost({ id: 1 })).toBeUndefined();
  });

  test('errors in the many shapes of foreign servers keep their words', async () => {
    for (const [body, says] of [
      ['{"message":"no such user"}', 'no such user'],
      ['{"error":"no such user"}', 'no such user'],
      ['{"error":{"message":"no such user","code":5}}', 'no such user'],
      ['{"title":"no such user"}', 'no such user'],
      ['{"detail":["x"]}', 'x'],
      ['[]', 'the server answered 404'],
      ['{"code":"NO_SUCH_CODE","details":"x","requestId":5,"retryAfterMs":"soon"}', 'the server answered 404'],
    ] as const) {
      const client = await replying(...answer('404 Not Found', [JSON_HEADER], body));
      const error = await failure(client.getUser({ id: 1 }));
      expect([error.code, error.text]).toEqual(['NOT_FOUND', says]);
      expect([error.details, error.requestId, error.retryAfterMs]).toEqual([undefined, undefined, undefined]);
      await client.close();
      await raw?.close();
    }
  });

  test.each([
    ['retry-after: 3', 3000],
    ['retry-after: Fri, 31 Dec 1999 23:59:59 GMT', 0],
    ['retry-after: soon', undefined],
    ['retry-after: -1', undefined],
  ])('503 with %s', async (header, retryAfterMs) => {
    const client = await replying(...answer('503 Service Unavailable', [header]));
    const error = await failure(client.getUser({ id: 1 }));
    expect([error.code, error.retryAfterMs]).toEqual(['UNAVAILABLE', retryAfterMs]);
  });

  test('after a broken answer the same client works again', async () => {
    let asked = 0;
    const client = await serve((socket) => {
      if (++asked === 1) socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n');
      else for (const piece of answer('200 OK', [JSON_HEADER], USER)) socket.write(piece);
    });
    await failure(client.getUser({ id: 1 }));
    expect(await client.getUser({ id: 123 })).toMatchObject({ id: 123 });
  });

  test('calls of one client do not see the answers of others, though answers are cut', async () => {
    const client = await serve((socket, head) => {
      const id = Number(/\/users\/(\d+)/.exec(head)?.[1]);
      if (id % 3 === 0) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{');
      else for (const piece of answer('200 OK', [JSON_HEADER], USER.replace('123', String(id)))) socket.write(piece);
    });
    const results = await Promise.allSettled(Array.from({ length: 60 }, (_, id) => client.getUser({ id })));
    results.forEach((result, id) => {
      if (id % 3 === 0) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
      else expect(result).toMatchObject({ status: 'fulfilled', value: { id } });
    });
  });

  describe('events', () => {
    const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n';
    const data = '{"sender":"a","message":"b"}';

    test.each([
      ['HTML', answer('200 OK', ['content-type: text/html'], ERROR_PAGE), 'DATA_LOSS', /text\/html, not text\/event-stream/],
      ['HTML without an end', ['HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<p>'], 'DATA_LOSS', /text\/html/],
      ['a redirect', answer('301 Moved', ['location: /elsewhere']), 'UNKNOWN', /redirects \(301\) to \/elsewhere/],
      ['403', answer('403 Forbidden', []), 'PERMISSION_DENIED', /403/],
    ] as const)('%s instead of a stream', async (_, pieces, code, says) => {
      const client = await replying(...pieces);
      const error = await failure(client.onMessage(() => {}));
      expect([error.code, error.text]).toEqual([code, expect.stringMatching(says)]);
    });

    test.each([
      ['no JSON', 'data: {"sender"\n\n', 'DATA_LOSS'],
      ['another shape', 'data: {"sender":5}\n\n', 'DATA_LOSS'],
      ['an end with an error', 'event: end\ndata: {"code":"PERMISSION_DENIED","message":"no more"}\n\n', 'PERMISSION_DENIED'],
    ] as const)('%s in a stream ends the loop', async (_, text, code) => {
      const client = await replying(`${STREAM_HEAD}data: ${data}\n\n${text}`);
      const seen: unknown[] = [];
      const loop = async () => {
        for await (const message of client.onMessage()) seen.push(message);
      };
      expect((await failure(loop())).code).toBe(code);
      expect(seen).toEqual([{ sender: 'a', message: 'b' }]);
    });

    test.each([
      ['garbage that is no field', `\u0000\u0001 nonsense\n\nevent: other\ndata: {"x":1}\n\nid: 1\n\ndata: ${data}\n\n`],
      ['CR and CRLF', `:\r\rdata: ${data}\r\n\r\n`],
      ['a byte order mark', `\ufeffdata: ${data}\n\n`],
      ['several data lines', `data: {"sender":"a",\ndata: "message":"b"}\n\n`],
    ])('%s is read as the specification says', async (_, text) => {
      const client = await replying(`${STREAM_HEAD}${text}`);
      for await (const message of client.onMessage()) {
        expect(message).toEqual({ sender: 'a', message: 'b' });
        break;
      }
    });

    test('an event without an end is refused before it fills the memory', async () => {
      const client = await serve((socket) => {
        socket.write(`${STREAM_HEAD}data: ${data}\n\ndata: "`);
        const flood = () => {
          if (!socket.destroyed) socket.write('x'.repeat(65_536), () => setImmediate(flood));
        };
        flood();
      });
      const loop = async () => {
        for await (const message of client.onMessage()) expect(message).toEqual({ sender: 'a', message: 'b' });
      };
      expect((await failure(loop())).code).toBe('DATA_LOSS');
    });

    test('events that share the id of one before them are events of their own', async () => {
      const event = (message: string) => `data: {"sender":"a","message":"${message}"}\n\n`;
      const client = await replying(`${STREAM_HEAD}id: 5\n${event('1')}${event('2')}${event('3')}`);
      const seen: string[] = [];
      for await (const { message } of client.onMessage()) if (seen.push(message) === 3) break;
      expect(seen).toEqual(['1', '2', '3']);
    });

    test.each([
      ['from the last id, where only some events have one', 'id: 5\n', ['last-event-id: 5'], 0],
      ['with a gap, where none has an id', '', [], 1],
      ['with a gap, where no header can carry the id', 'id: 5\u0001\n', [], 1],
      // The head is read byte by byte.
      ['from an id that is not ASCII, as its UTF-8', 'id: é\n', ['last-event-id: Ã©'], 0],
    ])('a stream that is cut comes back %s', async (_, id, sent, gaps) => {
      const client = await serve((socket) => void socket.end(`${STREAM_HEAD}${id}data: ${data}\n\ndata: ${data}\n\n`));
      let gap = 0;
      let seen = 0;
      // The third is the second connection's.
      for await (const message of client.onMessage({ onGap: () => void gap++ })) {
        expect(message).toEqual({ sender: 'a', message: 'b' });
        if (++seen === 3) break;
      }
      expect(raw?.heads[1]?.split('\r\n').filter((line) => line.startsWith('last-event-id'))).toEqual(sent);
      expect(gap).toBe(gaps);
    });

    test('a stream that is cut comes back with the last id', async () => {
      const client = await serve((socket, head) => {
        const last = /last-event-id: (\S+)/i.exec(head)?.[1] ?? '0';
        socket.write(STREAM_HEAD);
        socket.end(`id: ${Number(last) + 1}\ndata: {"sender":"a","message":"${Number(last) + 1}"}\n\nid: 99\ndata: {"sen`);
      });
      const seen: string[] = [];
      for await (const { message } of client.onMessage()) {
        seen.push(message);
        if (seen.length === 4) break;
      }
      expect(seen).toEqual(['1', '2', '3', '4']);
    });
  });
});

/** Chunks of 1 MiB. */
function chunked(count: number): string {
  return `100000\r\n${'x'.repeat(1024 * 1024)}\r\n`.repeat(count);
}
