import { ms, readOptions, type OptionReader } from '../core/options.ts';

/** How long to wait between tries: exponential with full jitter. */
export interface BackoffOptions {
  /** Base of the waits, in milliseconds: the first is a random part of it, the later ones grow exponentially. @default 200 */
  readonly baseDelayMs?: number;
  /** Ceiling of every wait, in milliseconds. @default 30_000 */
  readonly maxDelayMs?: number;
}

/** A connection that lived this long proved stable: the next wait is short again. In milliseconds. */
export const STABLE_MS = 5000;

/** Reads the two options; without a wait tries follow each other at once. */
export function backoffReaders(baseDelayMs: number, maxDelayMs: number) {
  return { baseDelayMs: ms(baseDelayMs, { zero: true, infinity: false }), maxDelayMs: ms(maxDelayMs, { zero: true }) };
}

/** Reads an option that holds the two. */
export const backoff: OptionReader<Required<BackoffOptions>> = (value = {}, owner, name) =>
  readOptions(`${owner}: ${name}`, value as BackoffOptions, backoffReaders(200, 30_000), []);

/**
 * The wait before try `attempt` (from 0): a random part of an exponentially growing ceiling, so that clients
 * that failed together do not come back together. A peer's `retryAfterMs` is the least.
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(attempt: number, { baseDelayMs = 200, maxDelayMs = 30_000 }: BackoffOptions, retryAfterMs = 0): number {
  const ceiling = Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(attempt, 30));
  return Math.max(Math.random() * ceiling, retryAfterMs);
}
