import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation } from '../../src/core/define.ts';
import { type Schema } from '../../src/core/contract.ts';
import { isApiError } from '../../src/core/errors.ts';
import { encodeText, writeQuery } from '../../src/http/client/query-text.ts';
import { describeContract, type Field } from '../../src/schema/view.ts';
import { compileQueryReader, compileTextReader } from '../../src/schema/text.ts';

function fieldsOf(shape: Record<string, Schema>): readonly Field[] {
  const contract = defineContract({ name: 'one', operations: { send: mutation({ input: z.object(shape) }) } });
  return describeContract(contract).operations.get('send')?.input?.fields ?? [];
}

function readerOf(schema: Schema): (text: string) => unknown {
  const [field] = fieldsOf({ x: schema });
  if (!field) throw new Error('no field');
  return compileTextReader(field);
}

const invalid = (message: string) => (error: unknown) =>
  isApiError(error) && error.code === 'INVALID_ARGUMENT' && error.message.includes(message) && Array.isArray(error.details?.['issues']);

function refusal(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('text to value', () => {
  it.each<[string, Schema, [string, unknown][]]>([
    ['integer', z.int(), [['12', 12], ['-7', -7], ['007', 7], ['-0', 0], ['1.0', '1.0'], ['1e3', '1e3'], ['', ''], [' 1', ' 1'], ['+1', '+1'], ['0x10', '0x10'],
      ['9007199254740991', 9007199254740991], ['9007199254740992', '9007199254740992'], ['null', 'null'], ['１', '１']]],
    ['number', z.number(), [['1.50', 1.5], ['-0', 0], ['1e3', 1000], ['1E-2', 0.01], ['.5', '.5'], ['5.', '5.'], ['01', '01'], ['1e999', '1e999'], ['NaN', 'NaN'],
      ['Infinity', 'Infinity'], ['', '']]],
    ['boolean', z.boolean(), [['true', true], ['false', false], ['1', '1'], ['True', 'True'], ['', '']]],
    ['text', z.string(), [['12', '12'], ['true', 'true'], ['null', 'null'], ['', '']]],
    ['nullable number', z.number().nullable(), [['null', null], ['3', 3], ['x', 'x']]],
    ['nullable text', z.string().nullable(), [['null', 'null']]],
    ['nullable enum', z.enum(['a', 'b']).nullable(), [['null', null], ['a', 'a']]],
    ['null', z.null(), [['null', null], ['x', 'x']]],
    ['enum', z.enum(['1', 'true']), [['1', '1'], ['true', 'true']]],
    ['literal', z.literal([1, 'auto', true]), [['1', 1], ['auto', 'auto'], ['true', true], ['2', '2']]],
    ['falsy literal', z.literal([0, false]), [['0', 0], ['false', false]]],
    ['union', z.union([z.string(), z.int(), z.boolean()]), [['1', 1], ['true', true], ['x', 'x']]],
    ['union without text', z.union([z.int(), z.null()]), [['null', null], ['true', 'true']]],
    ['any', z.unknown(), [['1', '1']]],
  ])('%s', (_, schema, cases) => {
    const read = readerOf(schema);
    for (const [text, value] of cases) expect(read(text), text).toBe(value);
  }); // prettier-ignore
});

describe('a query', () => {
  const read = compileQueryReader(
    fieldsOf({
      text: z.string().optional(),
      limit: z.int32().default(20),
      tags: z.array(z.string()).optional(),
      ids: z.array(z.int32()),
      nick: z.string().nullish(),
      'odd key&=': z.string().optional(),
      maybe: z.array(z.int32()).nullish(),
    }),
  );

  it.each<[string, Record<string, unknown>]>([
    ['', {}],
    ['&&', {}],
    ['limit=5&text=a+b%20c', { limit: 5, text: 'a b c' }],
    ['tags=a', { tags: ['a'] }],
    ['tags=a&limit=1&tags=b%26', { tags: ['a', 'b&'], limit: 1 }],
    ['tags', { tags: [] }],
    ['tags=', { tags: [''] }],
    ['tags&tags=a', { tags: ['a'] }],
    ['ids=1&ids=x', { ids: [1, 'x'] }],
    ['nick', { nick: null }],
    ['nick=', { nick: '' }],
    ['nick=null', { nick: 'null' }],
    ['text', { text: '' }],
    ['text==a=b', { text: '=a=b' }],
    ['maybe', { maybe: null }],
    ['odd+key%26%3D=1', { 'odd key&=': '1' }],
    ['unknown=1&__proto__=2&constructor=3&toString=4&unknown=%', {}],
  ])('%s', (query, values) => {
    expect(read(query)).toEqual({ ids: [], ...values });
  });

  it('leaves Object.prototype alone', () => {
    expect(Object.getPrototypeOf(read('__proto__=1&__proto__[x]=1'))).toBe(Object.prototype);
    expect(read('__proto__[x]=1')).not.toHaveProperty('x');
  });

  it('is refused where a scalar comes twice or the encoding is broken', () => {
    expect(refusal(() => read('limit=1&limit=2'))).toSatisfy(invalid("'limit' twice"));
    expect(refusal(() => read('nick&nick'))).toSatisfy(invalid("'nick' twice"));
    for (const query of ['text=%', 'text=%zz', 'text=%ff', '%=1', 'tags=a&tags=%C3']) {
      expect(
        refusal(() => read(query)),
        query,
      ).toSatisfy(invalid('percent-encoded'));
    }
  });

  it('is written without what is undefined, and refuses what no URL can carry', () => {
    expect(writeQuery({})).toBe('');
    expect(writeQuery({ a: undefined, b: 'x y&', c: [1, 2], d: null, e: [], f: false })).toBe('?b=x%20y%26&c=1&c=2&d&e&f=false');
    expect(() => writeQuery({ a: {} })).toThrow('[INVALID_ARGUMENT] a: an object');
    expect(() => writeQuery({ a: '\ud800' })).toThrow('[INVALID_ARGUMENT] a: the text has half of a surrogate pair');
    expect(encodeText('a/b', 'x')).toBe('a%2Fb');
  });
});

describe('value to query to value', () => {
  const text = fc.string({ unit: 'grapheme' });
  const integer = fc.maxSafeInteger();
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
  const kinds: [string, Schema, fc.Arbitrary<unknown>][] = [
    ['text', z.string(), text],
    ['integer', z.int(), integer],
    ['number', z.number(), number],
    ['boolean', z.boolean(), fc.boolean()],
    ['null', z.null(), fc.constant(null)],
    ['enum', z.enum(['1', 'null', 'a b']), fc.constantFrom('1', 'null', 'a b')],
    ['literal', z.literal([1, 'x', true]), fc.constantFrom(1, 'x', true)],
    ['union', z.union([z.number(), z.boolean(), z.enum(['auto'])]), fc.oneof(number, fc.boolean(), fc.constant('auto'))],
    ['nullable text', z.string().nullable(), fc.option(text)],
    ['nullable number', z.number().nullable(), fc.option(number)],
    ['nullable union', z.union([z.int(), z.string()]).nullable(), fc.option(fc.oneof(integer, fc.constant('x'), fc.constant('null')))],
    ['texts', z.array(z.string()), fc.array(text)],
    ['integers', z.array(z.int()), fc.array(integer)],
    ['numbers', z.array(z.number()), fc.array(number)],
    ['booleans', z.array(z.boolean()), fc.array(fc.boolean())],
    ['enums', z.array(z.enum(['', 'b'])), fc.array(fc.constantFrom('', 'b'))],
  ];

  it.each(kinds)('%s', (_, schema, values) => {
    const read = compileQueryReader(fieldsOf({ x: schema }));
    fc.assert(fc.property(values, (x) => void expect(read(writeQuery({ x }).slice(1))).toEqual({ x })));
  });

  it('all together, each optional', () => {
    const read = compileQueryReader(fieldsOf(Object.fromEntries(kinds.map(([name, schema]) => [name, z.optional(schema as z.ZodType)]))));
    const record = fc.record(Object.fromEntries(kinds.map(([name, , values]) => [name, values])), { requiredKeys: [] });
    fc.assert(fc.property(record, (values) => void expect(read(writeQuery(values).slice(1))).toEqual({ ...values })));
  });

  it('gives text for text or an INVALID_ARGUMENT, whatever the query', () => {
    const read = compileQueryReader(fieldsOf({ a: z.int().optional(), b: z.array(z.string()).optional() }));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '=', '&', '%', '+', '2', 'é') }), (query) => {
        const error = refusal(() => read(query));
        return error === undefined || (isApiError(error) && error.code === 'INVALID_ARGUMENT');
      }),
    );
  });
});
