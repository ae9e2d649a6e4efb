import * as z from 'zod';
import * as mini from 'zod/mini';
import { describe, expect, it } from 'vitest';
import { bytes, createClient, createService, defineContract, event, instant, int64, mutation, query } from '../../src/index.ts';
import { converterOf, wireOf } from '../../src/schema/codec/codec.ts';
import { compileCheck } from '../../src/schema/validate.ts';
import { describeContract } from '../../src/schema/view.ts';
import type { CallRequest } from '../../src/index.ts';
import { until } from '../support/until.ts';

/** Reverses text: decoded twice it is what it was. */
const reversed = z.codec(z.string(), z.string(), {
  decode: (text) => [...text].reverse().join(''),
  encode: (text) => [...text].reverse().join(''),
});

const json = z.codec(z.string(), z.object({ a: z.number() }), {
  decode: (text) => JSON.parse(text) as { a: number },
  encode: (value) => JSON.stringify(value),
});

async function both(schema: z.ZodType | mini.ZodMiniType, value: unknown): Promise<{ wire: unknown; back: unknown }> {
  const encoded = await converterOf(schema)?.encode(value);
  if (!encoded || encoded.issues) throw new Error(JSON.stringify(encoded));
  const fitting = await compileCheck(wireOf(schema))(encoded.value);
  if (fitting.issues) throw new Error(JSON.stringify(fitting));
  const decoded = await converterOf(schema)?.decode(fitting.value);
  if (!decoded || decoded.issues) throw new Error(JSON.stringify(decoded));
  return { wire: fitting.value, back: decoded.value };
}

describe('a converter', () => {
  const Tree = z.object({
    at: instant(),
    get children() {
      return z.array(Tree);
    },
  });
  const date = new Date('2026-01-31T23:59:59.123Z');
  const text = '2026-01-31T23:59:59.123Z';

  it.each<[string, z.ZodType, unknown, unknown]>([
    ['an instant', instant() as never, date, text],
    ['a whole number', int64() as never, 9_007_199_254_740_993n, '9007199254740993'],
    ['an object', z.object({ at: instant(), n: z.number() }), { at: date, n: 1 }, { at: text, n: 1 }],
    ['a list', z.array(instant()), [date, date], [text, text]],
    ['a record', z.record(z.string(), int64()), { a: 1n, __proto__x: 2n }, { a: '1', __proto__x: '2' }],
    ['null', z.nullable(instant()), null, null],
    ['what is absent', z.object({ at: z.optional(instant()) }), {}, {}],
    [
      'a type that contains itself',
      Tree,
      { at: date, children: [{ at: date, children: [] }] },
      { at: text, children: [{ at: text, children: [] }] },
    ],
    ['a lazy schema', z.lazy(() => z.array(int64())), [1n], ['1']],
    ['a union', z.union([instant(), int64(), z.string()]), 5n, '5'],
    [
      'a tagged union',
      z.discriminatedUnion('k', [z.object({ k: z.literal('a'), v: int64() }), z.object({ k: z.literal('b'), v: instant() })]),
      { k: 'b', v: date },
      { k: 'b', v: text },
    ],
    ['a text', reversed, 'abc', 'cba'],
    ['codecs in a row', reversed.pipe(reversed), 'abc', 'abc'],
    [
      'a codec around others',
      z.codec(z.object({ t: z.string() }), z.object({ at: instant() }), {
        decode: ({ t }) => ({ at: t }),
        encode: ({ at }) => ({ t: at }),
      }),
      { at: date },
      { t: text },
    ],
    ['a readonly list', z.array(reversed).readonly(), ['ab'], ['ba']],
    ['stringbool', z.stringbool(), true, 'true'],
    ['a preprocessed codec', z.preprocess((v) => v ?? '1', int64()), 3n, '3'],
    [
      'an asynchronous codec',
      z.object({ a: z.array(z.codec(z.string(), z.number(), { decode: async (t) => Number(t), encode: async (n) => String(n) })) }),
      { a: [1, 2] },
      { a: ['1', '2'] },
    ],
  ])('takes %s to the wire and back', async (_, schema, value, wire) => {
    expect(await both(schema, value)).toEqual({ wire, back: value });
  });

  it('takes bytes as they are, and as base64 where text is written', async () => {
    const value = { data: new Uint8Array([0, 250, 255]) };
    const schema = z.object({ data: bytes() });
    const { wire, back } = await both(schema, value);
    expect(back).toEqual(value);
    expect(JSON.stringify(wire)).toBe('{"data":"APr/"}');
    const check = compileCheck(wireOf(schema));
    expect(JSON.stringify(await check({ data: 'APr_' }))).toBe('{"value":{"data":"APr/"}}');
    for (const bad of ['A', 'AP=r', 'a b=', '====', 5, null, undefined]) expect(await check({ data: bad })).toHaveProperty('issues');
  });

  it('leaves out what has a default, which the wire side has in its own form', async () => {
    const schema = z.object({ at: instant().check(mini.refine(() => true)), n: z._default(int64(), 7n), word: z.string().default('x') });
    const { wire, back } = await both(schema, { at: date });
    expect(wire).toEqual({ at: text, n: '7', word: 'x' });
    expect(back).toEqual({ at: date, n: 7n, word: 'x' });
  });

  it('says where a value does not fit, on either side', async () => {
    const schema = z.object({ list: z.array(z.object({ json, at: instant() })) });
    expect(
      await converterOf(schema)?.encode({
        list: [
          { json: { a: 'x' }, at: date },
          { json: { a: 1 }, at: 'now' },
        ],
      }),
    ).toEqual({
      issues: [
        { path: ['list', 0, 'json', 'a'], message: expect.stringContaining('expected number') },
        { path: ['list', 1, 'at'], message: expect.stringContaining('expected date') },
      ],
    });
    expect(await converterOf(schema)?.decode({ list: [{ json: '{', at: text }] })).toEqual({
      issues: [{ path: ['list', 0, 'json'], message: expect.stringContaining('JSON') }],
    });
  });

  it('has refinements see application values', async () => {
    const schema = z
      .object({ from: instant(), to: instant() })
      .refine(({ from, to }) => from < to, { message: 'from is after to', path: ['to'] });
    const later = new Date(date.getTime() + 1);
    expect(await both(schema, { from: date, to: later })).toMatchObject({ back: { to: later } });
    const refused = { issues: [{ path: ['to'], message: 'from is after to' }] };
    expect(await converterOf(schema)?.encode({ from: later, to: date })).toEqual(refused);
    expect(await converterOf(schema)?.decode({ from: later.toJSON(), to: text })).toEqual(refused);
  });

  it('is absent for schemas without codecs', () => {
    const plain = z.object({ a: z.string().pipe(z.string()), b: z.array(z.iso.datetime()) });
    expect(converterOf(plain)).toBeUndefined();
    expect(wireOf(plain)).toBe(plain);
  });

  it('does not change what it was given', async () => {
    const value = Object.freeze({ list: Object.freeze([date]) });
    expect(await both(z.object({ list: z.array(instant()) }), value)).toEqual({ wire: { list: [text] }, back: { list: [date] } });
  });
});

describe('a contract with codecs', () => {
  const Note = z.object({ id: int64(), at: instant(), secret: reversed, data: z.optional(bytes()) }).meta({ id: 'Note' });
  const contract = defineContract({
    name: 'notes',
    operations: {
      put: mutation({ input: Note, output: Note }),
      get: query({ input: z.object({ id: int64(), at: z._default(instant(), new Date(0)) }), output: Note, http: 'GET /notes/{id}' }),
    },
    events: { said: event({ channel: 'notes/{id}/said', payload: Note, writtenBy: 'put' }) },
  });
  const note = { id: 5n, at: new Date('2026-01-31T23:59:59.123Z'), secret: 'abc', data: new Uint8Array([1, 2]) };

  it('gives application values to handlers, callers and listeners, and wire values to all between', async () => {
    const seen: unknown[] = [];
    const service = createService(contract, {
      put: (input) => (seen.push(input), input),
      get: ({ id, at }) => ({ id, at, secret: 'xyz' }),
    });
    const crossed: unknown[] = [];
    const client = createClient({
      contract,
      transport: {
        ...service,
        contract,
        name: 'x',
        close: () => service.close(),
        subscribe: service.subscribe.bind(service),
        async call(request: CallRequest) {
          const output = await service.call(request);
          crossed.push(JSON.parse(JSON.stringify([request.input, output])));
          return output;
        },
      },
    });
    const heard: unknown[] = [];
    await client.onSaid((data) => void heard.push(data), { params: { id: 5n } });
    expect(await client.put(note)).toEqual(note);
    expect(seen).toEqual([note]);
    const wire = { id: '5', at: '2026-01-31T23:59:59.123Z', secret: 'cba', data: 'AQI=' };
    expect(crossed).toEqual([[wire, wire]]);
    await until(() => heard.length === 1);
    expect(heard).toEqual([note]);
    expect(await client.get({ id: 6n })).toEqual({ id: 6n, at: new Date(0), secret: 'xyz' });
    expect(await client.get({ id: 6n }, { select: { secret: true } })).toEqual({ secret: 'xyz' });
    await expect(client.put({ ...note, id: 'x' as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      sent: false,
      details: { issues: [{ path: ['id'] }] },
    });
    await client.close();
    await service.close();
  });

  it('is described by its wire side', () => {
    const view = describeContract(contract);
    expect(view.definitions.output['Note']).toMatchObject({
      properties: { id: { type: 'string', format: 'int64' }, at: { type: 'string', format: 'date-time' }, secret: { type: 'string' } },
    });
    const get = view.operations.get('get');
    expect(get?.input?.fields.find(({ name }) => name === 'at')).toMatchObject({ default: '1970-01-01T00:00:00.000Z' });
    expect(get?.output?.node).toBe(view.operations.get('put')?.output?.node);
  });

  it('counts the same input in two forms as one call', async () => {
    let runs = 0;
    const service = createService(contract, { put: (input) => (runs++, input), get: () => ({ ...note }) });
    const call = (at: string) =>
      service.call({
        operation: contract.operations.put,
        input: { id: '5', at, secret: 'x' },
        signal: new AbortController().signal,
        headers: { 'idempotency-key': 'k' },
      });
    const first = await call('2026-01-31T23:59:59+00:00');
    expect(await call('2026-01-31T23:59:59.000Z')).toEqual(first);
    expect(runs).toBe(1);
    await service.close();
  });
});

describe('an instant that is received', () => {
  const schema = z.object({
    at: z.iso.datetime(),
    list: z.array(z.union([z.iso.datetime(), z.int()])),
    text: z.union([z.iso.datetime(), z.string()]),
  });

  it('is UTC after its check, whatever its offset', async () => {
    const check = compileCheck(schema);
    const offset = '2026-01-31T23:30:00.123456+02:30';
    expect(await check({ at: offset, list: ['2026-01-31t21:00:00z', 5], text: offset })).toEqual({
      value: { at: '2026-01-31T21:00:00.123456Z', list: ['2026-01-31T21:00:00Z', 5], text: offset },
    });
  });

  it.each([
    '2026-02-30T00:00:00+00:00',
    '2026-01-31T23:59:59',
    '2026-01-31T23:59:59+2',
    'now',
    '2026-01-31 23:59:59Z',
    '2026-01-31T25:59:59+01:00',
  ])('is refused if it is %s', async (at) => {
    expect(await compileCheck(schema)({ at, list: [], text: '' })).toMatchObject({ issues: [{ path: ['at'] }] });
    expect(await compileCheck(wireOf(z.object({ at: instant() })))({ at })).toMatchObject({ issues: [{ path: ['at'] }] });
  });
});
