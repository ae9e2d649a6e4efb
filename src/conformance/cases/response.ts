import * as z from 'zod/mini';
import { defineContract, mutation, query, stream } from '../../core/define.ts';
import { createService } from '../../service/service.ts';
import type { Client } from '../../client/types.ts';
import type { Headers } from '../../core/transport.ts';
import type { Deprecation } from '../../core/contract.ts';
import { equal, fails, ok, until } from '../assert.ts';
import { casesOf } from '../define.ts';
import type { CaseContext } from '../types.ts';

const define = casesOf('response', ['call']);
const defineStream = casesOf('response', ['stream']);

const contract = defineContract({
  name: 'answers',
  operations: {
    read: query({
      input: z.object({ how: z.enum(['headers', 'nothing', 'fail', 'own', 'broken']) }),
      output: z.object({ how: z.string() }),
    }),
    write: mutation({ input: z.object({ text: z.string() }), output: z.object({ runs: z.int32() }) }),
    clear: mutation({}),
  },
});

async function open(t: CaseContext): Promise<Client<typeof contract>> {
  let runs = 0;
  const service = createService(contract, {
    read({ how }, { response: { headers } }) {
      if (how !== 'nothing') headers.set('x-total', '3; "a", b=~!@#$%^&*()');
      if (how === 'headers') headers.set('Cache-Control', 'max-age=60');
      if (how === 'own') headers.set('content-length', '1');
      if (how === 'broken') headers.set('x-broken', 'a\r\nset-cookie: b=c');
      if (how === 'fail') throw new RangeError('SECRET');
      return { how };
    },
    write(_, { response: { headers } }) {
      headers.set('x-run', String(++runs));
      headers.append('set-cookie', 'session=SECRET; HttpOnly');
      return { runs };
    },
    clear: (_, { response: { headers } }) => headers.set('x-cleared', 'all'),
  }, { onError: ({ error }) => reported.push(error) }); // prettier-ignore
  const reported: unknown[] = [];
  return t.connect(contract, service);
}

/** Those that the case set, of all that came with the answer. */
function set(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    ['x-total', 'cache-control', 'x-run', 'x-cleared'].flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}

export const responseCases = [
  define('headers', 'Headers that a handler sets reach the caller with lower-case names, beside the output.', async (t) => {
    const client = await open(t);
    const { output, headers } = await client.read.withResponse({ how: 'headers' });
    equal(output, { how: 'headers' }, 'the output');
    equal(set(headers), { 'x-total': '3; "a", b=~!@#$%^&*()', 'cache-control': 'max-age=60' }, 'the headers');
    equal(set((await client.clear.withResponse()).headers), { 'x-cleared': 'all' }, 'the headers beside no output');
    equal(set((await client.read.withResponse({ how: 'nothing' })).headers), {}, 'the headers of another call');
  }),

  define('errors', 'They come with an error too.', async (t) => {
    const client = await open(t);
    let heard: Headers | undefined;
    await fails(client.read({ how: 'fail' }, { onResponse: ({ headers }) => (heard = headers) }), 'INTERNAL');
    equal(set(heard ?? {}), { 'x-total': '3; "a", b=~!@#$%^&*()' }, 'the headers');
  }),

  define('repeats', 'A repeated call with an idempotency key gets the headers of the first, and never its cookies.', async (t) => {
    const client = await open(t);
    const options = { idempotencyKey: 'response-repeats' };
    const first = await client.write.withResponse({ text: 'x' }, options);
    const second = await client.write.withResponse({ text: 'x' }, options);
    equal([set(first.headers), set(second.headers)], [{ 'x-run': '1' }, { 'x-run': '1' }], 'the headers');
    ok(!JSON.stringify(second).includes('SECRET'), 'a cookie was kept');
  }),

  define(
    'refused',
    'A header that the protocols write themselves, and a value with a line break, are the handler’s mistake: INTERNAL.',
    async (t) => {
      const client = await open(t);
      for (const how of ['own', 'broken'] as const) await fails(client.read({ how }), 'INTERNAL');
    },
  ),

  define('deprecated', 'An answer says since when and until when its operation works; the client tells once.', async (t) => {
    const make = (deprecated?: Deprecation) =>
      defineContract({
        name: 'old',
        operations: { read: query({ output: z.object({ id: z.int32() }), ...(deprecated && { deprecated }) }) },
      });
    const link = 'https://example.com/why';
    const service = createService(make({ since: '2026-01-31', sunset: '2026-12-31T23:59:59Z', link, note: 'use list' }), {
      read: () => ({ id: 1 }),
    });
    const heard: unknown[] = [];
    const client = await t.connect(make(), service, { client: { onDeprecated: (use) => heard.push(use) } });
    for (let times = 0; times < 3; times++) await client.read();
    await until(() => heard.length > 0, 'the client to tell');
    const since = new Date('2026-01-31');
    equal(heard, [{ operation: 'read', since, sunset: new Date('2026-12-31T23:59:59Z'), link }], 'what was told');
  }),

  defineStream('streams', 'Headers that a handler sets before it gives its items reach the caller before the first of them.', async (t) => {
    const client = await openStreams(t, () => {});
    const told: unknown[] = [];
    const options = { onResponse: ({ headers }: { readonly headers: Headers }) => void told.push(headers['x-total']) };
    for await (const item of client.list({ how: 'before' }, options)) told.push(item);
    equal(told, ['2', 1, 2], 'what was told');
  }),

  defineStream(
    'streams-late',
    'A header that is set once the stream has begun is the handler’s mistake, and so is a status.',
    async (t) => {
      const reported: unknown[] = [];
      const client = await openStreams(t, (error) => void reported.push(error));
      await fails(client.list({ how: 'after' }).next(), 'INTERNAL');
      await fails(client.list({ how: 'status' }).next(), 'INTERNAL');
      equal(reported.map((error) => error instanceof TypeError), [true, true], 'what was reported'); // prettier-ignore
    },
  ),
];

const streams = defineContract({
  name: 'lists',
  operations: { list: stream({ input: z.object({ how: z.enum(['before', 'after', 'status']) }), item: z.int32() }) },
});

function openStreams(t: CaseContext, report: (error: unknown) => void): Promise<Client<typeof streams>> {
  const service = createService(streams, {
    list({ how }, { response }) {
      if (how === 'before') response.headers.set('x-total', '2');
      if (how === 'status') response.status = 206;
      return (async function* () {
        if (how === 'after') response.headers.set('x-total', '2');
        yield 1;
        yield 2;
      })();
    },
  }, { onError: ({ error }) => report(error) }); // prettier-ignore
  return t.connect(streams, service);
}
