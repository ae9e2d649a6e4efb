import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { blogContract } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createService } from '../../src/service/service.ts';
import type { Transport } from '../../src/core/transport.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { errorOf, post, serveBlogOverSoap, weather } from '../support/soap.ts';

const server = serveBlogOverSoap();

describe('unions without a discriminator, and any JSON', () => {
  const contract = defineContract({
    name: 'mixed',
    operations: {
      echo: mutation({
        input: z.object({
          key: z.union([z.string(), z.int(), z.boolean()]).nullable(),
          any: z.unknown(),
          list: z.array(z.union([z.string(), z.object({ a: z.string() })])),
        }),
        output: z.object({
          key: z.union([z.string(), z.int(), z.boolean()]).nullable(),
          any: z.unknown(),
          list: z.array(z.union([z.string(), z.object({ a: z.string() })])),
        }),
      }),
    },
  });

  test('come back as they were', async () => {
    const mixed = createService(contract, { echo: (input) => input as never });
    const own = await listen(soapHandler(mixed));
    const client = createClient({ contract, transport: soap({ url: `${own.url}/soap` }) });
    for (const key of ['7', 7, true, '', null]) {
      for (const any of [null, 'null', 7, { a: ['<&>', null, '\ufffe\u0000'] }, []]) {
        const value = { key, any, list: ['x', { a: '1' }, ''] };
        expect(await client.echo(value)).toEqual(value);
      }
    }
    await client.close();
    await own.close();
  });
});

describe('null where a schema has it', () => {
  test.each<[string, z.ZodType, unknown]>([
    ['null', z.null(), null],
    ['a literal', z.literal(null), null],
    ['an optional null', z.null().optional(), null],
    ['a list of nulls', z.array(z.null()), [null, null]],
    ['a record of nulls', z.record(z.string(), z.null()), { a: null }],
    ['a union with null', z.union([z.object({ a: z.string() }), z.literal(null)]), null],
    ['a list of what may be null', z.array(z.union([z.string(), z.null()])), [null, 'a']],
    ['any', z.unknown(), null],
    ['lists in lists', z.array(z.array(z.string().nullable())), [['a', null]]],
    ['an object with a null', z.object({ a: z.null() }).nullable(), { a: null }],
  ])('%s', async (_, v, value) => {
    const own = defineContract({ name: 'nulls', operations: { echo: mutation({ input: z.object({ v }), output: z.object({ v }) }) } });
    const echo = createService(own, { echo: (input) => input });
    const handler = await listen(soapHandler(echo));
    const client = createClient({ contract: own, transport: soap({ url: `${handler.url}/soap` }) });
    expect(await client.echo({ v: value })).toEqual({ v: value });
    await client.close();
    await handler.close();
  });
});

describe('text that XML cannot carry', () => {
  test('is refused by name before it is sent', async () => {
    const client = createClient({ transport: soap({ url: `${server.url}/soap` }) });
    for (const [text, name] of [
      ['a\u0000b', 'U+0000'],
      ['\u001f', 'U+001F'],
      ['\uffff', 'U+FFFF'],
      ['\ud83d', 'U+D83D'],
    ] as const) {
      const error = await errorOf(client.sendMessage({ sender: 'x', message: text }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', sent: false, details: { issues: [{ path: ['message'] }] } });
      expect(error.message).toContain(name);
    }
    for (const text of [']]>', '<&>', '😀', '\u007f\u0085\u2028', 'a\r\nb\rc\td']) {
      expect((await client.sendMessage({ sender: 'x', message: text })).message).toBe(text);
    }
    await client.close();
  });

  test('in an output is INTERNAL, named, and reported; in a message it is replaced', async () => {
    const contract = defineContract({
      name: 'odd',
      operations: { give: query({ output: z.object({ list: z.array(z.string()) }) }), fail: query({}) },
    });
    const errors: unknown[] = [];
    const odd = createService(
      contract,
      {
        give: () => ({ list: ['fine', 'a\u0000'] }),
        fail: () => {
          throw new Error('not this');
        },
      },
      { onError: () => {} },
    );
    const own = await listen(soapHandler(odd, { onError: (error) => errors.push(error) }));
    const client = createClient({ contract, transport: soap({ url: `${own.url}/soap` }) });
    const error = await errorOf(client.give());
    expect(error).toMatchObject({ code: 'INTERNAL', remote: true });
    expect(error.message).toContain('list.1: the character U+0000');
    expect(errors).toHaveLength(1);
    expect((await errorOf(client.fail())).text).not.toContain('not this');
    await client.close();
    await own.close();
  });
});

describe('values over SOAP', () => {
  test('a reporter that throws changes no answer', async () => {
    const broken: Transport = {
      ...{ contract: blogContract, name: 'broken', subscribe: async () => {}, close: async () => {} },
      call: () => Promise.reject(new Error('no ApiError')),
    };
    const own = await listen(
      soapHandler(broken, {
        onError: () => {
          throw new Error('the reporter is broken too');
        },
      }),
    );
    const unheard = vi.spyOn(console, 'error').mockImplementation(() => {});
    const answer = await post(own.url, weather('London'));
    expect(answer).toMatchObject({ status: 500, type: 'text/xml; charset=utf-8' });
    expect(answer.text).toContain('INTERNAL');
    unheard.mockRestore();
    await own.close();
  });
});
