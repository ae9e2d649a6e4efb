/** Answers in XML and streams of JSON of a foreign API, spoiled: what the contract says, or an error that says what is wrong. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { createClient, defineContract, isApiError, query, stream } from '../../src/core.ts';
import { rest } from '../../src/rest/client.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil } from '../support/fuzz.ts';

const RUNS = runs(300);
const Item = z.object({ key: z.string(), size: z.int32(), isLatest: z.boolean().optional(), tags: z.array(z.string()) });
const contract = defineContract({
  name: 'foreign',
  operations: {
    list: query({ input: z.object({ n: z.int32() }), output: z.array(Item) }),
    rows: stream({ input: z.object({ n: z.int32() }), item: z.object({ id: z.int32(), text: z.string() }) }),
    frames: stream({ input: z.object({ n: z.int32() }), item: z.object({ id: z.int32(), text: z.string() }) }),
  },
});
const ITEM =
  '<Contents id="7"><Key>a &amp; b</Key><Size>5</Size><IsLatest>true</IsLatest><Tags><member>x</member><member>y</member></Tags></Contents>';
const XML = [
  `<?xml version="1.0" encoding="UTF-8"?><List xmlns="urn:s3"><IsTruncated>false</IsTruncated>${ITEM}${ITEM}</List>`,
  `<List>${ITEM}</List>`,
  '<x:List xmlns:x="urn:x"/>',
  '<Error><Code>NoSuchKey</Code><Message>it is gone</Message></Error>',
].map((text) => text.padEnd(text.length + 1)); // prettier-ignore
const JSON_STREAMS = [
  '[{"id":1,"text":"a"}\n,\r\n{"id":2,"text":"]}\\"{["}]',
  '{"id":1,"text":"a"}\n{"id":2,"text":"b"}\n',
  '{\n "id": 1,\n "text": "a"\n}{\n "id": 2,\n "text": "b"\n}',
  '[]',
  '[{"error":{"message":"no"}}]',
];

/** Frames of a stream in bytes: the length of each as 32 bits, then JSON. */
const FRAME_STREAMS = [
  [{ id: 1, text: 'a' }, { id: 2, text: 'Ü' }],
  [{ id: 1, text: 'a' }, { error: { message: 'no' } }],
  [],
].map((all) =>
  Buffer.concat(
    all.flatMap((each) => {
      const body = Buffer.from(JSON.stringify(each));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return [length, body];
    }),
  ),
); // prettier-ignore

/** As a program takes the bytes apart. It throws a SyntaxError for what is not JSON. */
async function* framesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let held = Buffer.alloc(0);
  for await (const piece of bytes) {
    held = Buffer.concat([held, piece]);
    for (let end; held.length >= 4 && held.length >= (end = 4 + held.readUInt32BE(0)); held = held.subarray(end))
      yield JSON.parse(held.toString('utf8', 4, end));
  }
  if (held.length > 0) throw new Error('the answer ends within a frame');
}

/** A client of an API that answers each call by its number. */
async function open(answer: (n: number) => { readonly status: number; readonly type: string; readonly body: Uint8Array }) {
  // A process that is held up does not close what it is about to use.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const { status, type, body } = answer(Number(new URL(request.url ?? '', 'http://api').searchParams.get('n')));
    response.writeHead(status, { 'content-type': type });
    response.write(body.subarray(0, body.length >> 1));
    response.end(body.subarray(body.length >> 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createClient({
    contract,
    transport: rest({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      defaults: {
        isError: ({ body }) => Object.hasOwn(Object(body) as object, 'error') || Object.hasOwn(Object(body) as object, 'Code'),
        error: ({ body }) => ({ details: { found: typeof body } }),
      },
      operations: {
        list: { http: 'GET /list', answer: 'xml', output: 'Contents' },
        rows: { http: 'GET /rows', params: { n: 'query' } },
        frames: { http: 'GET /frames', params: { n: 'query' }, split: framesOf },
      },
    }),
  });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

const types = ['application/xml', 'text/xml; charset=utf-8', 'application/xml; charset=utf-16', 'application/xml; charset=nonsense', ''];

describe('foreign answers', () => {
  it('in XML', FUZZ_TIMEOUT, async () => {
    const client = await open((n) => {
      const dice = new Dice(n);
      const body = dice.chance(0.9) ? spoil(dice, XML) : Buffer.from(dice.pick(XML));
      return { status: dice.pick([200, 200, 200, 400, 404, 503]), type: dice.pick(types), body };
    });
    const counts: Record<string, number> = {};
    await each(RUNS, 4, async (n) => {
      let outcome = 'outputs';
      try {
        expect(z.array(Item).safeParse(await inTime(client.list({ n }), () => `answer ${n}`)).success).toBe(true);
      } catch (error) {
        if (!isApiError(error)) throw error;
        expect(['DATA_LOSS', 'INVALID_ARGUMENT', 'NOT_FOUND', 'UNAVAILABLE', 'UNKNOWN'], String(error)).toContain(error.code);
        if (error.code !== 'DATA_LOSS') expect(error.response?.status).toBeGreaterThan(0);
        JSON.stringify(error);
        outcome = error.code;
      }
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    });
    figures('foreign answers in XML', counts);
  });

  it.each([
    ['JSON', 'rows', JSON_STREAMS, ['DATA_LOSS', 'UNKNOWN']],
    ['frames that a program takes apart', 'frames', FRAME_STREAMS, ['DATA_LOSS', 'UNKNOWN']],
  ] as const)('as streams of %s', FUZZ_TIMEOUT, async (name, operation, valid, codes) => {
    const client = await open((n) => {
      const dice = new Dice(n);
      return { status: 200, type: 'application/json', body: dice.chance(0.9) ? spoil(dice, valid) : Buffer.from(dice.pick<string | Uint8Array>(valid)) };
    }); // prettier-ignore
    const counts: Record<string, number> = {};
    await each(RUNS, 4, async (n) => {
      let outcome = 'ends';
      const read = async () => {
        for await (const row of client[operation]({ n })) expect(typeof row.text).toBe('string');
      };
      try {
        await inTime(read(), () => `stream ${n}`);
      } catch (error) {
        if (!isApiError(error)) throw error;
        expect(codes, String(error)).toContain(error.code);
        outcome = error.code;
      }
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    });
    figures(`foreign streams of ${name}`, counts);
  });
});
