import { ApiError, isApiError, KEY_REUSED, mayMend, type ErrorBody } from '../core/errors.ts';
import type { IdempotencyStore } from './idempotency.ts';

/** Runs a call once per caller, operation and key: repeats get the first one's output or final error. */
export async function callOnce(
  store: IdempotencyStore,
  scope: { readonly caller: string; readonly operation: string; readonly key: string },
  input: unknown,
  run: () => Promise<unknown>,
  report: (error: unknown) => void,
): Promise<unknown> {
  const [key, fingerprint] = await Promise.all([sha256([scope.caller, scope.operation, scope.key]), sha256(input ?? null)]);
  const entry = await store.begin(key, fingerprint);
  if (entry && entry.fingerprint !== fingerprint) {
    throw new ApiError('FAILED_PRECONDITION', 'this idempotency key was used with another input: make a new key for each new call', {
      details: KEY_REUSED,
    });
  }
  if (entry?.outcome) {
    // Not by its output: a store that keeps JSON has none of an operation that gives none.
    if (!('error' in entry.outcome)) return entry.outcome.output;
    const { code, message, ...rest } = entry.outcome.error;
    throw new ApiError(code, message, rest);
  }
  if (entry) throw new ApiError('ABORTED', 'a call with this idempotency key is still in progress: try again soon', { retryAfterMs: 1000 });
  let output: unknown;
  try {
    output = await run();
  } catch (error) {
    if (isApiError(error) && mayMend[error.code].keepOutcome)
      await keep(() => store.finish(key, { error: withoutRequestId(error.toJSON()) }));
    else await keep(() => store.release(key));
    throw error;
  }
  await keep(() => store.finish(key, { output }));
  return output;

  /** The call is done by now: where the store fails, the key stays reserved, so that a repeat is not run again, and the caller gets its outcome. */
  async function keep(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      report(error);
    }
  }
}

/** A repeat is a request of its own. */
function withoutRequestId({ requestId: _, ...error }: ErrorBody): ErrorBody {
  return error;
}

async function sha256(value: unknown): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(value)));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
