import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bytes, defineContract, instant, int64, query } from '../../src/core.ts';
import { checkOf } from '../../src/schema/codec/codec.ts';
import { samplePattern } from '../../src/schema/sample/pattern.ts';
import { seededRandom } from '../../src/schema/sample/random.ts';
import { sampleOf } from '../../src/schema/sample/sample.ts';
import { describeContract } from '../../src/schema/view.ts';
import { Comment, Everything } from '../support/every-kind.ts';

const Leaf = z.object({ leaf: z.int32() });
const Sum = z.object({
  get terms(): z.ZodType {
    return z.object({ left: Expression, middle: Expression, right: Expression });
  },
});
const Product = z.object({
  get factors(): z.ZodType {
    return z.array(z.union([Sum, Leaf, Expression])).min(3);
  },
});
const Expression = z.union([Sum, Product, Leaf]);

const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

function samplesOf(output: z.ZodType): { valid: boolean; value: unknown }[] {
  const contract = defineContract({ name: 'samples', operations: { get: query({ output }) } });
  const use = describeContract(contract).operations.get('get')?.output;
  if (!use) throw new Error('no output');
  return SEEDS.map((seed) => {
    const value = sampleOf(use, seededRandom(seed));
    const checked = checkOf(output)(value);
    if (checked instanceof Promise) throw new Error('asynchronous');
    return { valid: !checked.issues, value };
  });
}

describe('sampleOf', () => {
  test.each([
    ['every kind', Everything],
    ['a recursive type', Comment],
    ['recursive unions of objects', Expression],
    ['codecs', z.object({ blob: bytes() as never, at: instant() as never, big: int64() as never })],
    ['bounds', z.object({ a: z.int().max(-5), b: z.number().gt(0).lt(0.01), c: z.string().length(3), d: z.string().min(40), e: z.number().max(-1e9) })],
    ['formats', z.object({ a: z.ipv4(), b: z.ipv6(), c: z.iso.time(), d: z.iso.duration(), e: z.cuid2(), f: z.ulid(), g: z.nanoid(), h: z.guid() })],
    ['patterns', z.object({ iban: z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/), plate: z.string().regex(/^(?:[A-Z]{1,3}-\d+|exempt)$/), not: z.string().regex(/^[^\s"]{4,}$/) })],
  ])('gives valid values of %s', (_, schema) => {
    expect(samplesOf(schema).filter(({ valid }) => !valid)).toEqual([]);
  }); // prettier-ignore

  test('takes the examples of the schema', () => {
    const schema = z.object({ name: z.string().meta({ examples: ['Ada'] }), size: z.int32().default(20) });
    expect(samplesOf(schema)[0]).toEqual({ valid: true, value: { name: 'Ada', size: 20 } });
  });

  test('gives the same value for the same seed, and others for other seeds', () => {
    const [first, again] = [samplesOf(Everything), samplesOf(Everything)];
    expect(first).toEqual(again);
    expect(first[0]).not.toEqual(first[1]);
  });
});

describe('samplePattern', () => {
  test.each([
    '^a|b$',
    '^(ab)+c?$',
    '^\\d{3}-\\w{2,}$',
    '^[a-f\\d]{8}$',
    '^x-',
    '^[^/]+/[\\w.-]+$',
    '^(?<year>\\d{4})$',
    '^\\S+@\\S+$',
    '^a.c$',
    '^a{250}$',
    '^(?:[a-f]\\d){300,}$',
  ])('matches %s', (pattern) => {
    for (const seed of SEEDS) expect(samplePattern(pattern, seededRandom(seed))).toMatch(new RegExp(pattern, 'u'));
  });

  test.each(['^(?=.*\\d)a$', '(', '^(a)\\1$', '[^\\s\\S]', '^a{20000}$', '^(?:a{1000}){1000}$', '^(?:(?:a{999999999}){999999999}){9}$'])(
    'gives nothing for %s',
    (pattern) => {
      expect(samplePattern(pattern, seededRandom(1))).toBeUndefined();
    },
  );
});
