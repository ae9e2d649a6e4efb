import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InFlight } from '../../src/life/drain.ts';
import { after, every, inTime, within } from '../../src/life/timers.ts';

const FOUR_WEEKS = 28 * 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('after', () => {
  it('fires once, after times that no timer of the platform can wait too', () => {
    const fired = vi.fn();
    after(FOUR_WEEKS, fired);
    vi.advanceTimersByTime(FOUR_WEEKS - 1);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never fires after Infinity, nor once it was stopped', () => {
    const fired = vi.fn();
    after(Infinity, fired);
    expect(vi.getTimerCount()).toBe(0);
    after(FOUR_WEEKS, fired)();
    after(10, fired)();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('every', () => {
  it('fires again and again until it is stopped; each Infinity is never', () => {
    const fired = vi.fn();
    every(Infinity, fired);
    expect(vi.getTimerCount()).toBe(0);
    const stop = every(10, fired);
    vi.advanceTimersByTime(35);
    stop();
    vi.advanceTimersByTime(100);
    expect(fired).toHaveBeenCalledTimes(3);
  });
});

describe('within and inTime', () => {
  it('wait for what settles in time, and leave no timer', async () => {
    expect(await within(10, Promise.resolve())).toBe(true);
    await expect(within(10, Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await inTime(10, Promise.resolve(1), () => new Error('late'))).toBe(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('give up on what does not', async () => {
    const never = new Promise(() => {});
    const waited = within(10, never);
    const late = inTime(10, never, () => new Error('late'));
    late.catch(() => {});
    vi.advanceTimersByTime(10);
    expect(await waited).toBe(false);
    await expect(late).rejects.toThrow('late');
  });
});

describe('what is in flight', () => {
  it('is waited for, for as long as the grace', async () => {
    const inFlight = new InFlight();
    expect(await inFlight.idle(Infinity)).toBe(true);
    inFlight.enter();
    inFlight.enter();
    const idle = inFlight.idle(Infinity);
    const soon = new InFlight();
    soon.enter();
    const late = soon.idle(10);
    inFlight.leave();
    inFlight.leave();
    expect(await idle).toBe(true);
    vi.advanceTimersByTime(10);
    expect(await late).toBe(false);
  });
});
