import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../src/core/errors.ts';
import { Lifetime } from '../../src/life/lifetime.ts';

const REASON = new ApiError('CANCELLED', 'over');

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('a lifetime', () => {
  it('begins while a worker loads its module, which refuses timers', async () => {
    vi.stubGlobal('setTimeout', () => {
      throw new Error('Disallowed operation called within global scope');
    });
    const lifetime = new Lifetime(performance.now() + 1000);
    await lifetime.start(() => Promise.resolve());
    expect(lifetime.reason).toBeUndefined();
    lifetime.abort(REASON);
    expect(lifetime.reason).toBe(REASON);
  });

  it('tells everybody who listens, whoever waits for its start or settles with it', async () => {
    const heard: string[] = [];
    const lifetime = new Lifetime();
    lifetime.listen(() => void heard.push('first'));
    await lifetime.start(() => Promise.resolve());
    lifetime.listen(() => void heard.push('second'));
    const settled = lifetime.settle(() => new Promise(() => {})).catch(() => void heard.push('settled'));
    const alive = lifetime.alive(new Promise(() => {})).catch(() => void heard.push('alive'));
    const unlisten = lifetime.listen(() => void heard.push('left'));
    unlisten();
    lifetime.abort(REASON);
    await Promise.all([settled, alive]);
    lifetime.listen(() => void heard.push('late'));
    expect(heard.sort()).toEqual(['alive', 'first', 'late', 'second', 'settled']);
  });

  it('rejects a start that it did not survive, also one that is over at once', async () => {
    const lifetime = new Lifetime();
    const starting = lifetime.start(() => {
      lifetime.abort(REASON);
      return Promise.resolve();
    });
    await expect(starting).rejects.toBe(REASON);
    await expect(lifetime.start(() => Promise.resolve())).rejects.toBe(REASON);
  });
});
