import { ApiError } from '../core/errors.ts';
import { inTime } from '../life/timers.ts';
import type { IdempotencyStore } from '../stores/idempotency.ts';

/** A store each of whose answers is waited for no longer than `timeoutMs`. */
export function keyStoreInTime(store: IdempotencyStore, timeoutMs: number): IdempotencyStore {
  const late = () => new ApiError('UNAVAILABLE', `the idempotency store did not answer within ${timeoutMs} ms`);
  const bound = <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) => {
    return (...args: A): Promise<T> => inTime(timeoutMs, work(...args), late);
  };
  return {
    begin: bound((key, fingerprint, leaseMs, caller) => store.begin(key, fingerprint, leaseMs, caller)),
    renew: bound((key, owner, leaseMs) => store.renew(key, owner, leaseMs)),
    finish: bound((key, owner, outcome, ttlMs) => store.finish(key, owner, outcome, ttlMs)),
    release: bound((key, owner) => store.release(key, owner)),
    ...(store.finishIn && {
      finishIn: bound(
        (transaction, key, owner, outcome, ttlMs) => store.finishIn?.(transaction, key, owner, outcome, ttlMs) ?? Promise.resolve(false),
      ),
    }),
  };
}
