import { equal, fails, Inbox, misfit, settled } from '../assert.ts';
import { casesOf } from '../define.ts';
import type { ConvertedValue } from './values.ts';

const define = casesOf('codecs', ['call']);

const DATE = new Date('2026-01-31T23:59:59.123Z');

/** All 256 bytes, those that text cannot hold included. */
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);

function converted(change: Partial<ConvertedValue> = {}): ConvertedValue {
  return {
    id: 9_007_199_254_740_993n,
    at: DATE,
    data: ALL_BYTES,
    secret: 'abc',
    days: [DATE, new Date(0)],
    counts: { a: -1n, b: 0n },
    inner: { list: [{ at: DATE, data: new Uint8Array([1]) }] },
    choice: { kind: 'when', at: DATE },
    joined: { at: DATE, count: 5n },
    nullable: null,
    ...change,
  };
}

export const codecCases = [
  define('every-kind', 'Codecs are encoded and decoded once, wherever in a value they stand.', async (t) => {
    const { client } = await t.open();
    const input = converted();
    const filled = { ...input, since: new Date('2000-01-01T00:00:00Z') };
    equal(await client.convert(input), filled, 'the output, with the default of a codec');
    const full = converted({
      id: -(2n ** 63n),
      data: new Uint8Array(0),
      since: new Date('1969-12-31T23:59:59.999Z'),
      nullable: 2n ** 63n - 1n,
      choice: { kind: 'what', data: new Uint8Array([255, 254]) },
      maybe: new Uint8Array([0]),
      secret: '',
      days: [],
      counts: {},
      inner: { list: [] },
    });
    equal(await client.convert(full), full, 'the output with all members given');
  }),

  define('handler', 'A handler has application values: a Date, a bigint, bytes, and text that was decoded once.', async (t) => {
    const { client, probe } = await t.open();
    await client.convert(converted());
    equal(probe.converted, ['Date', 'bigint', 'Uint8Array', 'abc'], 'what the handler saw');
  }),

  define('query', 'Codecs stand in paths and query strings, lists of them included.', async (t) => {
    const { client } = await t.open();
    const input = { id: 2n ** 62n, at: DATE, data: ALL_BYTES, secret: 'a b&c/+', ids: [1n, -5n] };
    equal(await client.findConverted(input), input, 'the output');
    equal(await client.findConverted({ id: 0n, secret: 'x' }), { id: 0n, secret: 'x' }, 'the output without what is optional');
  }),

  define('select', 'Selected members of an output are decoded as the whole is.', async (t) => {
    const { client } = await t.open();
    const select = { id: true, secret: true } as const;
    equal(await client.findConverted({ id: 7n, secret: 'xyz', at: DATE }, { select }), { id: 7n, secret: 'xyz' }, 'the output');
  }),

  define('invalid', 'A value that its codec cannot encode is INVALID_ARGUMENT, with the place, and is not sent.', async (t) => {
    const { client, probe } = await t.open();
    for (const [place, change] of [
      ['at', { at: new Date(NaN) }],
      ['id', { id: 2n ** 63n }],
      ['data', { data: misfit('text') }],
    ] as const) {
      const error = await fails(client.convert(converted(change)), 'INVALID_ARGUMENT');
      const { issues } = error.details as { readonly issues: readonly { readonly path: readonly unknown[] }[] };
      equal(issues[0]?.path, [place], 'the place');
    }
    equal(probe.runsOf('convert'), 0, 'how often it ran');
  }),

  define('large', 'Half a mebibyte of bytes arrives as it was.', async (t) => {
    const { client } = await t.open();
    const data = new Uint8Array(2 ** 19).map((_, index) => (index * 7) % 251);
    const output = await client.convert(converted({ data }));
    equal(output.data.length, data.length, 'the length');
    equal(output.data.findIndex((byte, index) => byte !== data[index]), -1, 'the first byte that differs'); // prettier-ignore
  }),

  define('offset', 'An instant with an offset is the same instant in UTC; one that the calendar lacks is refused.', async (t) => {
    const { client } = await t.open();
    equal(await client.stamp({ at: '2026-02-01T01:29:59.123456+01:30' }), { at: '2026-01-31T23:59:59.123456Z' }, 'an offset');
    equal(await client.stamp({ at: '2026-01-31T23:59:59.500+00:00' }), { at: '2026-01-31T23:59:59.500Z' }, 'no offset, written as one');
    for (const at of ['2026-02-30T00:00:00+00:00', '2026-01-31T23:59:59', 'now']) await fails(client.stamp({ at }), 'INVALID_ARGUMENT');
  }),

  define('events', 'Events are decoded once, and a subscriber fixes a parameter by its application value.', {
    needs: ['subscribe'],
    run: async (t) => {
      const { client, service } = await t.open();
      const inbox = new Inbox<unknown>();
      await settled(client.onConverted(inbox.add, { params: { id: 2n ** 60n } }), 'the start');
      const payload = { id: 2n ** 60n, at: DATE, data: ALL_BYTES, secret: 'abc' };
      await service.publish('converted', { ...payload, id: 1n });
      await service.publish('converted', payload);
      equal(await inbox.wait(1, 'events'), [payload], 'the events');
    },
  }),

  define('null', 'Null is a value of its own wherever a schema says so.', async (t) => {
    const { client } = await t.open();
    const full = {
      nothing: null,
      literal: null,
      either: null,
      list: [null, null],
      mixed: ['a', null],
      values: { a: null },
      inner: { a: null },
    };
    equal(await client.nulls(full), full, 'the output');
    equal(await client.nulls({ ...full, maybe: null, either: 'x', inner: null }), { ...full, maybe: null, either: 'x', inner: null }, 'the other output'); // prettier-ignore
  }),
];
