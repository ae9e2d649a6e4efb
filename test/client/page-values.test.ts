import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation } from '../../src/index.ts';
import type * as page from '../../src/client/client.ts';
import { loadAsPage } from '../support/page-bundle.ts';

const { module, remove } = await loadAsPage<typeof page>(`export * from './src/client/client.ts';`);
afterAll(remove);

const contract = defineContract({
  name: 'values',
  operations: {
    unknown: mutation({ input: z.object({ v: z.unknown() }) }),
    record: mutation({ input: z.object({ v: z.record(z.string(), z.any()) }) }),
    custom: mutation({ input: z.object({ v: z.custom() }) }),
  },
});
const sent: unknown[] = [];
const client = module.createClient({
  contract,
  transport: () => ({
    contract,
    name: 'sent',
    call: ({ input }) => Promise.resolve(void sent.push(JSON.parse(JSON.stringify(input)))),
    subscribe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }),
});

/** Values that `JSON.stringify` would change, leave out or refuse in words of its own. */
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const REFUSED: Readonly<Record<string, readonly [value: unknown, message: string]>> = {
  NaN: [NaN, 'v.a: JSON has no NaN'],
  Infinity: [[1, -Infinity], 'v.a.1: JSON has no -Infinity'],
  'half of a surrogate pair': ['\ud83d', 'v.a: half of a surrogate pair'],
  'a function': [() => 1, 'v.a: JSON has no function'],
  'a symbol': [Symbol('s'), 'v.a: JSON has no symbol'],
  'a map': [new Map(), 'v.a: JSON has no Map'],
  'a bigint': [1n, 'v.a: JSON has no bigint'],
  'a cycle': [cyclic, 'has it a cycle?'],
};

describe('what a page sends for a schema that takes anything', () => {
  it.each(Object.entries(REFUSED))('%s is refused before it is sent', async (_, [a, message]) => {
    sent.length = 0;
    const asked = [client.unknown, client.record, client.custom].map((call) =>
      expect(call({ v: { a } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', text: expect.stringContaining(message) as string }),
    );
    await Promise.all(asked);
    expect(sent).toEqual([]);
  });

  it('is what JSON makes of the others', async () => {
    sent.length = 0;
    await client.unknown({ v: { a: -0, b: [undefined, null], c: undefined, d: new Date(0) } });
    expect(sent).toEqual([{ v: { a: 0, b: [null, null], d: '1970-01-01T00:00:00.000Z' } }]);
  });
});
