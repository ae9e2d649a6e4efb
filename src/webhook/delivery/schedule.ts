import type { StoredDelivery } from '../store/store.ts';
import { now } from '../../life/now.ts';
import { after } from '../../life/timers.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The waits between attempts, in milliseconds: ten attempts over three days. Source: https://www.standardwebhooks.com */
export const RETRY_SCHEDULE_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** An endpoint that asks for more is asked again after a day. */
const MAX_RETRY_AFTER_MS = 24 * HOUR;
/** How much longer a wait may be than the schedule says, so that endpoints that failed together are not asked together. */
const JITTER = 0.2;

/** The wait after attempt `attempts` (from 1); `undefined` if it was the last. */
export function retryDelayMs(schedule: readonly number[], attempts: number, retryAfterMs = 0, random = Math.random): number | undefined {
  const wait = schedule[attempts - 1];
  if (wait === undefined) return undefined;
  return Math.max(wait * (1 + JITTER * random()), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
}

/** The rest of a wait. A wall clock that was set back since does not make it longer than it was. */
export function waitLeftMs({ nextAttemptAt = 0, attempts }: StoredDelivery, wallMs: number): number {
  const begunAt = Date.parse(attempts.at(-1)?.at ?? '');
  return Math.max(0, nextAttemptAt - Math.max(wallMs, begunAt || 0));
}

/** Time, so that tests of three days need not take three days. */
export interface WebhookClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds on a clock that nobody sets, for the waits between attempts. @default `now` */
  elapsed?(): number;
  /** Calls `listener` once after `ms` milliseconds; the function that it gives takes that back. */
  after(ms: number, listener: () => void): () => void;
}

/** The time of waits. */
export function elapsedMs(clock: WebhookClock): number {
  return clock.elapsed?.() ?? clock.now();
}

export const systemClock: WebhookClock = {
  now: () => Date.now(),
  elapsed: now,
  after: (ms, listener) => after(ms, listener),
};
