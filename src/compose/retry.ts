import { ApiError, isApiError, mayMend } from '../core/errors.ts';
import { count, readOptions } from '../core/options.ts';
import { backoffMs, backoffReaders } from '../life/backoff.ts';
import { now } from '../life/now.ts';
import { delay } from '../life/lifetime.ts';
import { connect, markGuarded } from '../guard/guard.ts';
import type { Adapter, CallRequest, Transport } from '../core/transport.ts';

/** Options of `retry`. */
export interface RetryOptions {
  /** Tries in all, the first included. @default 3 */
  readonly attempts?: number;
  /** Base of the waits, in milliseconds: the first is a random part of it, the later ones grow exponentially. @default 100 */
  readonly baseDelayMs?: number;
  /** Ceiling of every wait, in milliseconds. @default 2_000 */
  readonly maxDelayMs?: number;
}

/**
 * Tries failed calls again where that is safe: those that surely were not sent, queries, idempotent mutations, and
 * calls with an idempotency key. A peer's `retryAfterMs` is waited for; the call's deadline holds for all tries together.
 * Subscriptions pass: the client connects them again by itself.
 */
export function retry<V extends string>(source: Adapter<V> | Transport, options: RetryOptions = {}): Adapter<V> {
  const { attempts, ...delays } = readOptions('retry', options, { attempts: count(3), ...backoffReaders(100, 2_000) }, []);
  return (contract) => {
    const inner = connect(source, contract);
    return markGuarded({
      contract: inner.contract,
      name: inner.name,
      subscribe: (request, sink) => inner.subscribe(request, sink),
      ...(inner.identify && { identify: inner.identify.bind(inner) }),
      ...(inner.lease && { lease: inner.lease.bind(inner) }),
      close: async () => {
        if (typeof source === 'function') await inner.close();
      },
      async call(request) {
        for (let attempt = 1; ; attempt++) {
          try {
            return await inner.call(request);
          } catch (error) {
            if (attempt >= attempts || !isApiError(error) || !mayRetry(error, request)) throw error;
            const waitMs = backoffMs(attempt - 1, delays, error.retryAfterMs);
            if (request.deadline !== undefined && now() + waitMs >= request.deadline) throw error;
            await delay(waitMs, request.signal).catch((reason: unknown) => {
              throw ApiError.from(reason, 'CANCELLED', 'the caller cancelled the call');
            });
          }
        }
      },
    });
  };
}

function mayRetry(error: ApiError, { operation, headers }: CallRequest): boolean {
  const hasKey = headers['idempotency-key'] !== undefined;
  const { retry } = mayMend[error.code];
  // The key's first call is still running: its outcome is what the next try gets.
  if (retry === 'keyed') return hasKey;
  return (retry === 'remote' ? error.remote : retry) && (!error.sent || operation.kind === 'query' || operation.idempotent || hasKey);
}
