import { LONGEST_MS, timerMs } from './lifetime.ts';
import { now } from './now.ts';

/** Stops a timer; one that has fired, or was stopped, stays as it is. */
export type StopTimer = () => void;

/** Whether a timer keeps a program of Node alive that waits for nothing else. @default true */
export interface TimerOptions {
  readonly holds?: boolean;
}

/** Calls `listener` once after a time, however long it is; after `Infinity` never. */
export function after(ms: number, listener: () => void, { holds = true }: TimerOptions = {}): StopTimer {
  if (ms === Infinity) return NOTHING;
  if (ms <= LONGEST_MS) {
    const timer = setTimeout(listener, ms);
    if (!holds) release(timer);
    return () => clearTimeout(timer);
  }
  const end = now() + ms;
  let stop = after(LONGEST_MS, () => (stop = after(Math.max(0, end - now()), listener, { holds })), { holds });
  return () => stop();
}

/** Calls `listener` again and again; each `Infinity` milliseconds is never. */
export function every(ms: number, listener: () => void, { holds = true }: TimerOptions = {}): StopTimer {
  if (ms === Infinity) return NOTHING;
  const timer = setInterval(listener, timerMs(ms));
  if (!holds) release(timer);
  return () => clearInterval(timer);
}

/** Waits for `work` to settle, for at most a time; tells whether it did. Rejects as it does. */
export function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stop = after(ms, () => resolve(false));
    work.then(() => resolve(true), reject).finally(stop);
  });
}

/** Settles as `work` does, or rejects with the error that `late` makes if that takes too long. */
export function inTime<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  if (ms === Infinity) return work;
  return new Promise((resolve, reject) => {
    const stop = after(ms, () => reject(late()));
    work.then(resolve, reject).finally(stop);
  });
}

const NOTHING: StopTimer = () => {};

/** On Node a timer is an object that can let the program go; elsewhere it is a number. */
function release(timer: unknown): void {
  (timer as { readonly unref?: () => void }).unref?.();
}
