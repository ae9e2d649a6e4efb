import { ApiError, isApiError, KEY_REUSED, type ErrorBody } from '../core/errors.ts';
import { mayMend } from '../life/mending.ts';
import type { ResponseHead } from '../core/transport.ts';
import { every } from '../life/timers.ts';
import { sorted } from '../peer/json.ts';
import { filesIn, inMemory } from '../schema/codec/files-in.ts';
import { answerOf } from '../stores/answer.ts';
import type { IdempotencyOutcome, IdempotencyStore } from '../stores/idempotency.ts';
import { keptHead, type KeptResponse } from './response.ts';

/** The arguments of a call with a key. */
export interface KeyHold {
  /** Keeps the output within a transaction. */
  finishIn(transaction: unknown, output: unknown, head: ResponseHead | undefined): Promise<void>;
}

/** The state that all calls with keys of a service share. */
export interface KeySettings {
  readonly store: IdempotencyStore;
  readonly ttlMs: number;
  readonly leaseMs: number;
}

interface KeyScope {
  readonly caller: string;
  readonly operation: string;
  readonly key: string;
}

/** How often a key is renewed within its lease. */
const RENEWALS = 3;

/** Runs a call once per caller, operation and key: repeats get the first one's output or final error. */
export async function callOnce(
  { store, ttlMs, leaseMs }: KeySettings,
  scope: KeyScope,
  input: unknown,
  run: (hold: KeyHold) => Promise<unknown>,
  report: (error: unknown) => void,
  response: KeptResponse,
): Promise<unknown> {
  if (filesIn(input).some((file) => !file.isRepeatable)) {
    throw new ApiError(
      'INVALID_ARGUMENT',
      'a call with an idempotency key takes no file that comes as a stream, because nobody could tell whether a repeat has the same: send a smaller one, or no key',
    );
  }
  const [key, fingerprint, caller] = await Promise.all([
    sha256([scope.caller, scope.operation, scope.key]),
    sha256(input ?? null),
    sha256(scope.caller),
  ]);
  const claim = await answerOf('the idempotency store', store.begin(key, fingerprint, leaseMs, caller), report);
  if ('entry' in claim) return repeated(claim.entry.fingerprint === fingerprint, claim.entry.outcome, response);
  const { owner } = claim;
  let isKept = false;
  const hold: KeyHold = {
    async finishIn(transaction, output, head) {
      if (!store.finishIn) {
        throw new TypeError(
          "this service's idempotencyStore takes no part in transactions: give createService the store of the database, such as postgresStores(…).idempotencyStore",
        );
      }
      if (!(await store.finishIn(transaction, key, owner, { output, ...keptHead(head) }, ttlMs))) throw keyLost();
      isKept = true;
    },
  };
  const renew = () =>
    store.renew(key, owner, leaseMs).then(
      (isOurs) => {
        if (!isOurs) stop();
      },
      (error: unknown) => report(error),
    );
  const stop = every(Math.max(1, leaseMs / RENEWALS), () => void renew(), { holds: false });
  try {
    const made = await run(hold);
    const output = filesIn(made).length === 0 ? made : await inMemory(made);
    if (!isKept) {
      await keep(async () => {
        if (!(await store.finish(key, owner, { output, ...keptHead(response.head) }, ttlMs))) report(keyLost());
      });
    }
    return output;
  } catch (error) {
    // After a commit that the handler took for failed the store keeps what was committed.
    if (isApiError(error) && mayMend[error.code].keepOutcome)
      await keep(() => store.finish(key, owner, { error: withoutRequestId(error.toJSON()), ...keptHead(response.head) }, ttlMs));
    else await keep(() => store.release(key, owner));
    throw error;
  } finally {
    stop();
  }

  /** The call is done by now: if the store fails, the key stays taken until its lease ends, so that a repeat is not run at once, and the caller gets its outcome. */
  async function keep(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      report(error);
    }
  }
}

/** The result of a repeat. */
function repeated(isSameInput: boolean, outcome: IdempotencyOutcome | undefined, response: KeptResponse): unknown {
  if (!isSameInput) {
    throw new ApiError('FAILED_PRECONDITION', 'this idempotency key was used with another input: make a new key for each new call', {
      details: KEY_REUSED,
    });
  }
  if (!outcome)
    throw new ApiError('ABORTED', 'a call with this idempotency key is still in progress: try again soon', { retryAfterMs: 1000 });
  response.repeat(outcome.response);
  // Not by its output: a store that keeps JSON has none of an operation that gives none.
  if (!('error' in outcome)) return outcome.output;
  const { code, message, ...rest } = outcome.error;
  throw new ApiError(code, message, rest);
}

function keyLost(): ApiError {
  return new ApiError('ABORTED', 'another process has the idempotency key of this call by now: its lease had ended');
}

/** A repeat is a request of its own. */
function withoutRequestId({ requestId: _, ...error }: ErrorBody): ErrorBody {
  return error;
}

async function sha256(value: unknown): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(value, sorted)));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
