import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineContract, query } from '../../src/core/define.ts';

/** A contract of some operations with one type, and how often its schemas are looked at. */
function looksAt(operations: number): number {
  let looks = 0;
  const shared = z.object({
    inner: z.lazy(() => {
      looks++;
      return z.string();
    }),
  });
  const names = Array.from({ length: operations }, (_, index) => `get${index}`);
  defineContract({ name: 'large', operations: Object.fromEntries(names.map((name) => [name, query({ output: shared })])) });
  return looks;
}

describe('the checks of a large contract', () => {
  test('a type that operations share is checked once, not by each of them', () => {
    expect(looksAt(50)).toBe(looksAt(1));
  });

  test('a mistake in a type that was looked through is told for each contract that has it', () => {
    const shared = z.object({ at: z.object({ day: z.string().transform((text) => text.length) }) });
    for (let attempt = 0; attempt < 2; attempt++)
      expect(() =>
        defineContract({
          name: 'large',
          operations: { ok: query({ output: z.object({ a: z.string() }) }), get: query({ output: shared }) },
        }),
      ).toThrow(/operation get: output\.at\.day: a transform works one way only/);
  });
});
