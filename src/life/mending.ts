import { ApiError, type ErrorCode } from '../core/errors.ts';

/** The errors that another try may mend. `remote`: only if the peer gave it, because what arose here would come again. */
export interface Mending {
  /** Whether a subscription connects again; `connected`: only if the connection had been acknowledged, since credentials may have expired. */
  readonly reconnect: boolean | 'remote' | 'connected';
  /** Whether the same call is tried again; `keyed`: only with an idempotency key, because the key's first call may still run. */
  readonly retry: boolean | 'remote' | 'keyed';
  /** Whether an idempotency key keeps it as the call's outcome. */
  readonly keepOutcome: boolean;
}

const FINAL: Mending = { reconnect: false, retry: false, keepOutcome: true };
const PASSING: Mending = { reconnect: false, retry: false, keepOutcome: false };

/** The one table of what another try may mend: for reconnects, for `retry`, and for outcomes of keyed calls. */
export const mayMend: Readonly<Record<ErrorCode, Mending>> = {
  CANCELLED: PASSING,
  UNKNOWN: FINAL,
  INVALID_ARGUMENT: FINAL,
  DEADLINE_EXCEEDED: PASSING,
  NOT_FOUND: FINAL,
  ALREADY_EXISTS: FINAL,
  PERMISSION_DENIED: FINAL,
  RESOURCE_EXHAUSTED: { reconnect: 'remote', retry: 'remote', keepOutcome: false },
  FAILED_PRECONDITION: FINAL,
  ABORTED: { reconnect: true, retry: 'keyed', keepOutcome: false },
  OUT_OF_RANGE: FINAL,
  UNIMPLEMENTED: FINAL,
  INTERNAL: FINAL,
  UNAVAILABLE: { reconnect: true, retry: true, keepOutcome: false },
  // A message that is over the reader's limit, or broken, would come again unchanged.
  DATA_LOSS: FINAL,
  UNAUTHENTICATED: { reconnect: 'connected', retry: false, keepOutcome: false },
};

/** Whether another connection may mend the end of a subscription; `connected` says whether the one that ended was acknowledged. */
export function mayReconnect({ code, remote }: ApiError, connected: boolean): boolean {
  const { reconnect } = mayMend[code];
  return reconnect === 'remote' ? remote : reconnect === 'connected' ? connected : reconnect;
}

/** The reason of a subscription's signal if its consumer is behind: it comes back to the same place. */
export const PAUSED = /* @__PURE__ */ new ApiError('CANCELLED', 'the consumer is behind');
