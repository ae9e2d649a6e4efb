/** Answers and streams of a foreign GraphQL server, spoiled: what the contract says, or an error that says what is wrong. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createClient, defineContract, ERROR_CODES, event, isApiError, query } from '../../src/core.ts';
import { graphql } from '../../src/graphql/client.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil } from '../support/fuzz.ts';

const RUNS = runs(400);
const Product = z.object({ title: z.string(), price: z.number().nullable(), tags: z.array(z.string()) });
const Tick = z.object({ n: z.int() });
const contract = defineContract({
  name: 'shop',
  operations: { product: query({ input: z.object({ id: z.int() }), output: Product.nullable() }) },
  events: { tick: event({ channel: 'ticks', payload: Tick }) },
});
const mapping = {
  operations: { product: 'query ($id: ID!) { product(id: $id) { title price tags } }' },
  events: { tick: 'subscription { tick { n } }' },
};
const product = { title: 'Ü cup', price: 2.5, tags: ['a', 'b'] };
const ANSWERS = [
  { data: { product } },
  { data: { product: null }, errors: [{ message: 'no', path: ['product'], locations: [{ line: 1, column: 2 }], extensions: { code: 'NOT_FOUND' } }] },
  { data: null, errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED', documentation: 'https://a.test' } }], extensions: { cost: { requestedQueryCost: 101, throttleStatus: { currentlyAvailable: 4 } } } },
  { errors: [{ message: 'Not Found', extensions: { code: 'INTERNAL_SERVER_ERROR', originalError: { statusCode: 404 }, exception: { status: 404 }, http: { status: 404 } } }] },
  { errors: [{ message: 'gone', code: 410, type: 'NOT_FOUND', errorType: 'x', classification: 'y' }] },
  { error: 'invalid_token', error_description: 'it has expired' },
].map((each) => JSON.stringify(each)); // prettier-ignore
const TYPES = ['application/json', 'application/graphql-response+json', 'text/plain', 'application/json; charset=utf-16', ''];

const next = (payload: unknown) => `event: next\ndata: ${JSON.stringify(payload)}\n\n`;
const SSE = [
  `:\n\n${next({ data: { tick: { n: 1 } } })}${next({ data: { tick: { n: 2 } } })}event: complete\ndata:\n\n`,
  `${next({ data: null, errors: [{ message: 'no', path: ['tick'] }] })}${next({ data: { tick: { n: 3 } } })}event: complete\n\n`,
  `${next({ errors: [{ message: 'denied', extensions: { code: 'FORBIDDEN' } }] })}event: complete\ndata:\n\n`,
];
const part = (body: unknown) => `\r\n--graphql\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(body)}`;
const PARTS = [
  `${part({})}${part({ payload: { data: { tick: { n: 1 } } } })}${part({ payload: { data: { tick: { n: 2 } }, errors: [{ message: 'no' }] } })}\r\n--graphql--\r\n`,
  `preamble${part({ payload: { data: { tick: { n: 1 } } }, done: false })}${part({ payload: null, errors: [{ message: 'gone', extensions: { code: 'SUBREQUEST_HTTP_ERROR' } }] })}\r\n--graphql--`,
];

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** An error that a client may give: one of ours, which can be shown. */
function checked(error: unknown): string {
  if (!isApiError(error)) throw error;
  expect(ERROR_CODES).toContain(error.code);
  JSON.stringify(error);
  return error.code;
}

describe('a foreign GraphQL server', () => {
  it('answers: an output of the contract or an ApiError', FUZZ_TIMEOUT, async () => {
    const counts: Record<string, number> = {};
    let current = 0;
    const answer: FetchLike = () => {
      const dice = new Dice(current);
      const body = dice.chance(0.95) ? spoil(dice, ANSWERS) : Buffer.from(dice.pick(ANSWERS));
      const type = dice.pick(TYPES);
      const status = dice.pick([200, 200, 200, 200, 400, 401, 403, 422, 429, 500, 503]);
      const headers = { ...(type !== '' && { 'content-type': type }), ...(dice.chance(0.2) && { 'retry-after': dice.pick(['1', 'x']) }) };
      return Promise.resolve(new Response(Uint8Array.from(body), { status, headers }) as never);
    };
    const client = createClient({ contract, transport: graphql({ url: 'http://a.test/graphql', fetch: answer, ...mapping }) });
    await each(RUNS, 1, async (n) => {
      current = n;
      try {
        Product.nullable().parse(await inTime(client.product({ id: n }), () => `answer ${n}`));
        count(counts, 'outputs');
      } catch (error) {
        count(counts, checked(error));
      }
    });
    await client.close();
    figures('foreign answers of GraphQL', counts);
  });

  it.each([
    ['server-sent events', 'sse', SSE, 'text/event-stream'],
    ['parts', 'multipart', PARTS, 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0'],
  ] as const)(
    'streams %s: each ends in time, with events of the contract and errors of ours',
    FUZZ_TIMEOUT,
    async (name, form, valid, type) => {
      const counts: Record<string, number> = { heard: 0, gaps: 0, reported: 0 };
      let body: Buffer | undefined;
      const answer: FetchLike = () => {
        const sent = body;
        body = undefined;
        // Another connection finds nothing more.
        if (!sent) return Promise.resolve(new Response('{"errors":[{"message":"no more","extensions":{"code":"NOT_FOUND"}}]}', { status: 404 }) as never); // prettier-ignore
        const at = sent.length >> 1;
        const pieces = new ReadableStream({
          start(controller) {
            for (const piece of [sent.subarray(0, at), sent.subarray(at)]) controller.enqueue(Uint8Array.from(piece));
            controller.close();
          },
        });
        return Promise.resolve(new Response(pieces, { headers: { 'content-type': type } }) as never);
      };
      const tell = (error: unknown) => void (checked(error), count(counts, 'reported'));
      const client = createClient({
        contract,
        transport: graphql({ url: 'http://a.test/graphql', fetch: answer, subscriptions: form, onError: tell, ...mapping }),
        reconnect: { baseDelayMs: 0, maxDelayMs: 0 },
        onError: tell,
      });
      await each(RUNS, 1, async (n) => {
        const dice = new Dice(n);
        const sent = dice.chance(0.95) ? spoil(dice, valid) : Buffer.from(dice.pick(valid));
        body = sent;
        const loop = async () => {
          try {
            for await (const tick of client.onTick({ onGap: () => count(counts, 'gaps') })) {
              Tick.parse(tick);
              count(counts, 'heard');
            }
            count(counts, 'ends');
          } catch (error) {
            count(counts, checked(error));
          }
        };
        await inTime(loop(), () => JSON.stringify(String(sent)));
      });
      await client.close();
      expect(counts['heard']).toBeGreaterThan(0);
      figures(`foreign subscriptions of GraphQL as ${name}`, counts);
    },
  );
});
