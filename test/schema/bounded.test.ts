import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { compileCheck } from '../../src/schema/validate.ts';

const Option = (kind: number) => z.object({ [`a${kind}`]: z.string(), [`b${kind}`]: z.int() });
const list = z.object({ list: z.array(z.union([Option(1), Option(2), Option(3), Option(4), Option(5)])) });

/** How often getters were read: what a check looked at. */
function watched(count: number): { readonly items: unknown[]; reads(): number } {
  let reads = 0;
  const items = Array.from({ length: count }, () => Object.defineProperty({}, 'a1', { enumerable: true, get: () => (reads++, 5) }));
  return { items, reads: () => reads };
}

describe('the check of a long value that does not fit', () => {
  it('stops after 100 issues, and looks at no more', async () => {
    const { items, reads } = watched(50_000);
    const checked = await compileCheck(list)({ list: items });
    expect(checked.issues).toHaveLength(100);
    expect(checked.issues?.[99]?.path).toEqual(['list', 99]);
    expect(reads()).toBeLessThan(2000);
  });

  it('names the place of what is wrong behind many that fit', async () => {
    const items: unknown[] = Array.from({ length: 1000 }, () => ({ a1: 'x', b1: 1 }));
    items[777] = {};
    expect(await compileCheck(list)({ list: items })).toMatchObject({ issues: [{ path: ['list', 777] }] });
  });

  it('stops in records too, and in lists of lists', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'x']));
    const record = await compileCheck(z.record(z.string(), z.int()))(wrong);
    expect(record.issues).toHaveLength(100);
    const matrix = await compileCheck(z.array(z.array(z.int())))(Array.from({ length: 300 }, () => ['x']));
    expect(matrix.issues).toHaveLength(100);
    expect(matrix.issues?.[99]?.path).toEqual([99, 0]);
  });

  it('keeps what refinements, sizes and names say', async () => {
    const schema = z
      .array(z.string())
      .min(2)
      .refine((all) => all[0] === 'a', 'the first is not a')
      .meta({ id: 'BoundedList' });
    expect(await compileCheck(schema)(['b', 'c'])).toEqual({ issues: [{ path: [], message: 'the first is not a' }] });
    expect(await compileCheck(schema)(['a'])).toMatchObject({ issues: [{ path: [] }] });
  });

  it('gives back a few hundred characters of a name or a message', async () => {
    const key = 'k'.repeat(100_000);
    const record = await compileCheck(z.record(z.string(), z.int()))({ [key]: 'x' });
    expect(JSON.stringify(record).length).toBeLessThan(1000);
    const strict = await compileCheck(z.strictObject({ a: z.int() }))({ a: 1, [key]: 1 });
    expect(JSON.stringify(strict).length).toBeLessThan(1000);
  });
});
