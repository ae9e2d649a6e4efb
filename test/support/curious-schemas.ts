import { z } from 'zod';
import { bytes, instant } from '../../src/schema/codec/scalars.ts';

/** Schemas of random contracts that a protocol lost values of, or that clients read otherwise than servers, each made as small as it went. */
export const curiousSchemas: Readonly<Record<string, () => z.core.$ZodType>> = {
  'null in one of two alike': () => z.union([z.string().nullable(), z.string()]),
  'two alike and another': () => z.union([z.string(), z.string().refine(() => true), z.boolean()]),
  'one option': () => z.union([z.string()]),
  'one option with a name': () => z.union([z.object({ a: z.string() }).meta({ id: 'Only' })]),
  'any value by a name': () => z.union([z.object({ a: z.string() }), z.unknown().meta({ id: 'Anything' })]),
  'a named union with any value': () => z.array(z.union([z.unknown(), z.enum(['p', 'q'])]).meta({ id: 'Wide' })),
  'a named union with null within': () => z.union([z.literal(['p', null]), z.boolean()]).meta({ id: 'Loose' }),
  'tags in one of several': () =>
    z.union([
      z
        .discriminatedUnion('kind', [z.object({ kind: z.literal('x') }), z.object({ kind: z.literal('y'), b: z.int32() })])
        .meta({ id: 'Kinds' }),
      z.literal('p'),
    ]),
  'a tag that stays as it is': () => z.union([z.object({ kind: z.readonly(z.literal('p')) }), z.boolean()]),
  'a field of both sides': () =>
    z.intersection(z.object({ a: z.string().prefault('x'), b: z.int32() }), z.object({ a: z.string().prefault('x') })),
  'a nullable field of both sides': () =>
    z.intersection(z.object({ a: z.iso.datetime().nullable() }), z.object({ a: z.iso.datetime().nullish(), b: z.int32() })),
  'every value on both sides': () => {
    const a = z.json();
    return z.intersection(z.object({ a }), z.object({ a, b: z.int32() }));
  },
  'two names': () => z.enum(['p', 'q']).meta({ id: 'First' }).meta({ id: 'Second' }),
  'a codec by a name, described': () => {
    const moment = instant();
    z.globalRegistry.add(moment, { id: 'Moment' });
    const described = z.core.clone(moment);
    z.globalRegistry.add(described, { description: 'when' });
    return z.object({ described });
  },
  'every value by a name, described': () => {
    const json = z.json();
    z.globalRegistry.add(json, { id: 'Everything' });
    return z.object({ a: json.describe('anything') });
  },
  'bytes or a word': () => z.union([z.enum(['p', 'q']), bytes()]),
  'a union in a nullable union': () =>
    z.union([z.nullable(z.union([z.object({ a: z.string() }), z.object({ b: z.int32() })])), z.object({ c: z.boolean() })]),
  'a record of nothing': () => z.record(z.string(), z.null()),
  'null by a name': () => z.union([z.null().meta({ id: 'Nothing' }), z.object({ a: z.string() })]),
};
