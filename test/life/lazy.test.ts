import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/core/errors.ts';
import { here, lazy, withPart } from '../../src/life/lazy.ts';

describe('a part that is loaded later', () => {
  it('is loaded once, by its first use, and is there at once from then on', async () => {
    let loads = 0;
    const part = lazy(async () => ({ name: `load ${++loads}` }));
    expect(loads).toBe(0);
    const both = await Promise.all([part(), part()]);
    expect(both.map(({ name }) => name)).toEqual(['load 1', 'load 1']);
    expect(part()).toBe(both[0]);
    expect(withPart(part, ({ name }) => name)).toBe('load 1');
  });

  it('is tried again after a load that failed, and says that nothing was sent', async () => {
    let loads = 0;
    const cause = new TypeError('Failed to fetch dynamically imported module');
    const part = lazy(async () => {
      if (++loads === 1) throw cause;
      return { loads };
    });
    const failure = await Promise.resolve(part()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', sent: false, cause });
    expect(await part()).toEqual({ loads: 2 });
  });

  it('is no promise if it is here', () => {
    const module = { value: 1 };
    expect(here(module)()).toBe(module);
    expect(withPart(here(module), ({ value }) => value + 1)).toBe(2);
  });
});
