import { z } from 'zod';
import { defineContract, event, mutation, query, type Contract } from '../../src/core.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { Random } from '../../src/schema/sample/random.ts';
import { describeContract } from '../../src/schema/view.ts';
import { RandomSchema } from './random-schema.ts';

const OPERATIONS = [
  'go',
  'delete',
  'class',
  'getA',
  'getURL',
  'a1',
  'toJson',
  'import',
  'query',
  'request',
  'xMLData',
  'value',
  'string',
  'int32',
];
const EVENTS = ['moved', 'new', 'item', 'error', 'a2', 'messageSent', 'data', 'import', 'type'];
const FIELDS = [
  'a', 'b', 'A', 'class', 'constructor', '__proto__', 'toString', '1st', '2', 'a-b', 'a_b', 'a b', 'é', '$ref', '_', 'type', '__typename', 'id', 'value', 'items',
  'kind', 'a_null', 'data', 'error', 'then', 'length', 'xmlThing', 'after', 'limit', 'fields', 'params', 'headers', 'v.w', 'a:b', 'ID', 'Id',
]; // prettier-ignore
const CODES: readonly ErrorCode[] = [
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
];
const REASONS = ['TAKEN', 'OUT_OF_STOCK', 'A1', 'ITEM_GONE'];
const PARAMS = [
  'x',
  'a',
  'class',
  'constructor',
  'toString',
  'a_b',
  '_',
  'type',
  'id',
  'ID',
  'value',
  'kind',
  'data',
  'error',
  'after',
  'v1',
  'length',
  'room',
];
/** Those that a path or a channel may hold. */
const SCALARS: readonly (() => z.core.$ZodType)[] = [
  () => z.string(),
  () => z.int32(),
  () => z.int(),
  () => z.number(),
  () => z.boolean(),
  () => z.enum(['p', 'q', 'a/b']),
  () => z.literal('p'),
  () => z.iso.date(),
];

/** A contract with every kind of member under random names, whose schemas and routes are random too. Throws a `TypeError` if it is not one. */
export function randomContract(random: Random): Contract {
  const below = (end: number) => Math.floor(random() * end);
  const one = <T>(list: readonly T[]) => list[below(list.length)] as T;
  const schemas = new RandomSchema(below);
  /** A schema that every protocol describes. */
  const any = (isWhole = false): z.core.$ZodType => {
    for (let left = 10; left > 0; left--) {
      const made = schemas.any(2);
      if ((isWhole && made._zod.optin !== undefined) || !isDescribed(made)) continue;
      return made;
    }
    return z.string();
  };

  const fields = (most: number, make: () => z.core.$ZodType) =>
    // Not by assignment: a name may be `__proto__`.
    Object.fromEntries(Array.from({ length: below(most + 1) }, () => [below(3) > 0 ? one(['x', 'y', 'z']) : one(FIELDS), make()]));
  const scalars = (most: number) => Object.fromEntries(Array.from({ length: below(most + 1) }, () => [one(PARAMS), one(SCALARS)()]));
  const optional = (schema: z.core.$ZodType) => (below(2) === 0 ? z.optional(schema) : schema);
  const input = (inPath: Record<string, z.core.$ZodType>, most: number, make: () => z.core.$ZodType) =>
    z.object({ ...fields(most, make), ...inPath });
  const path = (names: readonly string[]) =>
    names.map((name) => one([`/{${name}}`, `/x/{${name}}`, `/x{${name}}`, `/{${name}}:do`])).join('');
  const details = () => {
    const made = schemas.object(2);
    return isDescribed(made) ? made : z.object({ a: z.int32() });
  };
  const errors = () =>
    Object.fromEntries(
      Array.from({ length: below(3) }, () => [one(REASONS), { code: one(CODES), ...(below(2) && { details: details() }) }]),
    );
  const result = () => (below(4) === 0 ? undefined : any(true));

  const asked = scalars(2);
  const isBound = below(3) > 0;
  const changed = scalars(2);
  const names: string[] = [];
  const free = (list: readonly string[]) => {
    const left = list.filter((name) => !names.includes(name));
    names.push(one(left));
    return names.at(-1) as string;
  };
  const output = result();
  const put = result();
  return defineContract({
    name: 'random',
    operations: {
      [free(OPERATIONS)]: query({
        input: input(asked, 2, () =>
          optional(below(3) === 0 ? z.array(one(SCALARS)()) : !isBound && below(3) === 0 ? any() : one(SCALARS)()),
        ),
        ...(output && { output: output as z.ZodType }),
        errors: errors(),
        ...(isBound && { http: `GET /asked${path(Object.keys(asked))}` }),
      }),
      [free(OPERATIONS)]: mutation({
        input: input(changed, 3, () => any()),
        ...(put && { output: put as z.ZodType }),
        errors: errors(),
        ...(below(3) > 0 && { http: `${one(['POST', 'PUT', 'PATCH'])} /changed${path(Object.keys(changed))}` }),
      }),
      [free(OPERATIONS)]: query({ input: z.object(scalars(2)), item: any(true) as z.ZodType, errors: errors() }),
    },
    events: Object.fromEntries(
      [0, 1].map((index) => {
        const params = scalars(1);
        const payload = z.object({ ...fields(2, () => any()), ...params });
        return [free(EVENTS), event({ channel: ['events', index, ...Object.keys(params).map((name) => `{${name}}`)].join('/'), payload })];
      }),
    ),
  });
}

function isDescribed(v: z.core.$ZodType): boolean {
  const made = { input: z.object({ v }), output: z.object({ v }) };
  try {
    describeContract(defineContract({ name: 'one', operations: { one: mutation(made) } }));
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
