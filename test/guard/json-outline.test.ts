import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemsOf, outlineOf } from '../../src/guard/json-outline.ts';

describe('the outline of a JSON text', () => {
  const member = fc.record({ id: fc.jsonValue(), method: fc.string(), params: fc.jsonValue() }, { requiredKeys: [] });

  it('has the members that JSON.parse finds, and no others', () => {
    fc.assert(
      fc.property(member, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const { params: _, ...wanted } = value;
        const text = JSON.stringify(value, undefined, space);
        expect(JSON.stringify({ ...outlineOf(text, ['id', 'method']) })).toBe(JSON.stringify(JSON.parse(JSON.stringify(wanted))));
      }),
    );
  });

  it('cuts lists into their items', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.constantFrom(undefined, 2), (list, space) => {
        const items = itemsOf(JSON.stringify(list, undefined, space), 100) ?? [];
        expect(items.map((item) => JSON.stringify(JSON.parse(item)))).toEqual(list.map((item) => JSON.stringify(item)));
      }),
    );
    expect(itemsOf('[1,2,3]', 2)).toEqual(['1', '2']);
    expect([itemsOf('{}', 1), itemsOf('', 1), itemsOf(' []', 1)]).toEqual([undefined, undefined, []]);
  });

  it('ends with any text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]{}",:\\a1 ]*$/), (text) => {
        outlineOf(text, ['a', '']);
        itemsOf(text, 10);
      }),
      { numRuns: 1000 },
    );
    expect({ ...outlineOf('{"__proto__":1,"id":2,"x":[}', ['id', '__proto__']) }).toEqual({ ['__proto__']: 1, id: 2 });
  });

  it('does not build what is not asked for', () => {
    const text = `{"params":[${'{},'.repeat(500_000)}{}],"id":7}`;
    const before = process.memoryUsage().heapUsed;
    expect(outlineOf(text, ['id'])).toEqual({ id: 7 });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  });
});
