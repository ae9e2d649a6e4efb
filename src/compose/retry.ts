import { type ApiError, isApiError } from '../core/errors.ts';
import { mayMend } from '../life/mending.ts';
import { count, ms, readOptions, type OptionReader } from '../core/options.ts';
import type { Operation } from '../core/contract.ts';
import type { CallRequest } from '../core/transport.ts';
import { CALLER_UNKNOWN } from '../guard/caller.ts';
import { backoffMs, backoffReaders } from '../life/backoff.ts';
import { hurried } from '../life/call.ts';
import { cancelled, delay } from '../life/lifetime.ts';
import { now } from '../life/now.ts';
import { filesIn } from '../schema/codec/files-in.ts';
import { hasFile } from '../schema/codec/has-file.ts';
import { compose, withHeaders, type Composed, type Source } from './wrap.ts';

/** Options of `retry`. */
export interface RetryOptions {
  /** Tries in all, the first included. @default 3 */
  readonly attempts?: number;
  /** Base of the waits, in milliseconds: the first is a random part of it, the later ones grow exponentially. @default 100 */
  readonly baseDelayMs?: number;
  /** Ceiling of every wait, in milliseconds. @default 2_000 */
  readonly maxDelayMs?: number;
  /**
   * How long one try may take, in milliseconds; then the next one begins. It holds for calls that may be repeated: others wait for their
   * answer. @default no limit but the call's deadline
   */
  readonly attemptTimeoutMs?: number;
  /**
   * Tries beyond the first that all calls together may have at once; each success gives a tenth of one back. When a peer is down for long, most calls
   * fail after one try then. `Infinity` for no limit. @default 100
   */
  readonly budget?: number;
  /**
   * Gives mutations without a key an idempotency key, so they can be tried again. Use it only for services that keep keys, as those of this library
   * do. Another service would run the call twice. It stops if the service says that it cannot tell its callers apart. @default false
   */
  readonly idempotencyKeys?: boolean;
}

/** How much of a try each success gives back. Source: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs */
const REFUND = 0.1;

const flag: OptionReader<boolean> = (value, owner, name) => {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new TypeError(`${owner}: ${name} must be true or false`);
};

/**
 * Tries failed calls again if that is safe: calls that were certainly not sent, queries, idempotent mutations, and
 * calls with an idempotency key. It waits for a peer's `retryAfterMs`. The call's deadline holds for all tries together.
 * Subscriptions pass: the client connects them again by itself.
 */
export function retry<S extends Source>(source: S, options: RetryOptions = {}): Composed<S> {
  const readers = {
    attempts: count(3),
    attemptTimeoutMs: ms(Infinity),
    ...backoffReaders(100, 2_000),
    budget: count(100, { zero: true }),
    idempotencyKeys: flag,
  };
  const { attempts, attemptTimeoutMs, budget, idempotencyKeys, ...delays } = readOptions('retry', options, readers, []);
  return compose(source, (inner) => {
    let left = budget;
    let makesKeys = idempotencyKeys;
    const refund = <T>(output: T): T => {
      left = Math.min(budget, left + REFUND);
      return output;
    };
    const isTimed = (request: CallRequest): boolean => attemptTimeoutMs < Infinity && isRepeatable(request);
    const send = (request: CallRequest): Promise<unknown> => {
      if (!isTimed(request)) return inner.call(request);
      const latest = now() + attemptTimeoutMs;
      if (latest >= (request.deadline ?? Infinity)) return inner.call(request);
      return hurried(request, latest, (tried) => inner.call(tried));
    };
    // The time of a try is over, and not that of the call, which is looked at below.
    const mayTryAgain = (error: ApiError, request: CallRequest): boolean =>
      error.code === 'DEADLINE_EXCEEDED' ? isTimed(request) : mayRepeat(error, request);
    const again = async (first: unknown, request: CallRequest, madeKey: boolean): Promise<unknown> => {
      let error = first;
      for (let attempt = 1; ;) {
        if (madeKey && isApiError(error) && isCallerUnknown(error)) {
          // Refused before anything ran.
          makesKeys = false;
          madeKey = false;
          const { 'idempotency-key': _, ...headers } = request.headers;
          request = withHeaders(request, headers);
        } else {
          if (attempt >= attempts || !isApiError(error) || !mayTryAgain(error, request) || left < 1) throw error;
          const waitMs = backoffMs(attempt - 1, delays, error.retryAfterMs);
          if (request.deadline !== undefined && now() + waitMs >= request.deadline) throw error;
          left--;
          attempt++;
          await delay(waitMs, request.signal).catch((reason: unknown) => {
            throw cancelled({ reason });
          });
        }
        try {
          return refund(await send(request));
        } catch (failure) {
          error = failure;
        }
      }
    };
    return {
      call(given) {
        const madeKey = makesKeys && wantsKey(given);
        const request = madeKey ? withHeaders(given, { ...given.headers, 'idempotency-key': crypto.randomUUID() }) : given;
        return send(request).then(refund, (error: unknown) => again(error, request, madeKey));
      },
    };
  });
}

function wantsKey({ operation, headers }: CallRequest): boolean {
  return operation.kind === 'mutation' && !operation.idempotent && headers['idempotency-key'] === undefined;
}

function isCallerUnknown({ code, details }: ApiError): boolean {
  return code === 'FAILED_PRECONDITION' && details?.['reason'] === CALLER_UNKNOWN.reason;
}

function mayRepeat(error: ApiError, { operation, headers, input }: CallRequest): boolean {
  if (isSpent(operation, input)) return false;
  const hasKey = headers['idempotency-key'] !== undefined;
  const { retry } = mayMend[error.code];
  // The key's first call is still running: its outcome is what the next try gets.
  if (retry === 'keyed') return hasKey;
  return (retry === 'remote' ? error.remote : retry) && (!error.sent || isRepeatable({ operation, headers, input }));
}

/** Whether an input has a file of which a part has been read, and cannot be read again. */
export function isSpent({ input: schema }: Operation, input: unknown): boolean {
  return schema !== undefined && hasFile(schema) && filesIn(input).some((file) => file.isSpent);
}

/** Whether running a call twice is the same as running it once. */
export function isRepeatable({ operation, headers, input }: Pick<CallRequest, 'operation' | 'headers' | 'input'>): boolean {
  // A file that is a stream can be sent once.
  if (operation.input && hasFile(operation.input) && filesIn(input).some((file) => !file.isRepeatable)) return false;
  return operation.kind === 'query' || operation.idempotent || headers['idempotency-key'] !== undefined;
}
