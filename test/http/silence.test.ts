import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Silence } from '../../src/http/events/silence.ts';

describe('how long a server may be silent', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is unlimited until it has sent a comment, and then as long as nothing is known of its interval', () => {
    const silence = new Silence();
    expect(silence.limitMs(0)).toBeUndefined();
    expect(silence.limitMs(1)).toBe(180_000);
    vi.advanceTimersByTime(10_000);
    // A timer that has run before the stream began says nothing yet.
    expect(silence.limitMs(2)).toBe(180_000);
    vi.advanceTimersByTime(60_000);
    expect(silence.limitMs(3)).toBe(180_000);
  });

  it('is three times the interval, within bounds', () => {
    const limitOf = (intervalMs: number) => {
      const silence = new Silence();
      let limit: number | undefined;
      for (let comments = 1; comments <= 4; comments++) {
        limit = silence.limitMs(comments);
        vi.advanceTimersByTime(intervalMs);
      }
      return limit;
    };
    expect(limitOf(5000)).toBe(45_000);
    expect(limitOf(20_000)).toBe(60_000);
    expect(limitOf(3_600_000)).toBe(180_000);
  });
});
