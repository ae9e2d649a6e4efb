/** How long to wait between tries: exponential with full jitter. */
export interface BackoffOptions {
  /** Ceiling of the first wait, in milliseconds. @default 200 */
  readonly minDelayMs?: number;
  /** Ceiling of every wait, in milliseconds. @default 30_000 */
  readonly maxDelayMs?: number;
}

/**
 * The wait before try `attempt` (from 0): a random part of an exponentially growing ceiling, so that clients
 * that failed together do not come back together. A peer's `retryAfterMs` is the least.
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(attempt: number, { minDelayMs = 200, maxDelayMs = 30_000 }: BackoffOptions, retryAfterMs = 0): number {
  const ceiling = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(attempt, 30));
  return Math.max(Math.random() * ceiling, retryAfterMs);
}
