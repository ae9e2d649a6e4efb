import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/core/errors.ts';
import { Lifetime } from '../../src/life/lifetime.ts';

const REASON = new ApiError('CANCELLED', 'over');

describe('a lifetime', () => {
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
