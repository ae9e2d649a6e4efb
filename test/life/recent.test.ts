import { describe, expect, it } from 'vitest';
import { Recent } from '../../src/life/recent.ts';

describe('a map of what is recent', () => {
  it('forgets what was set longest ago, and knows what was set again', () => {
    const recent = new Recent<string, number>(2);
    recent.set('a', 1).set('b', 2).set('a', 3).set('c', 4);
    expect([...recent]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
  });
});
