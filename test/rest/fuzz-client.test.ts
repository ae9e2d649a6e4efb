/** Whatever comes to the client over the wire: the output, or an error that says what is wrong. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient, isApiError, type BlogClient, ERROR_CODES } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { LIMITS, body } from '../support/http-fuzz.ts';
import { startRawServer, type RawServer } from '../support/raw-server.ts';

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
