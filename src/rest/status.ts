import { KEY_REUSED, type ErrorCode } from '../core/errors.ts';
import { STATUS } from '../http/message/status.ts';

export { codeOfStatus, STATUS } from '../http/message/status.ts';

/** The status of an error: a reused idempotency key has its own (draft-ietf-httpapi-idempotency-key-header, section 2.7). */
export function statusOf(error: { readonly code: ErrorCode; readonly details?: unknown }): number {
  const reason = (error.details as { readonly reason?: unknown } | undefined)?.reason;
  return error.code === 'FAILED_PRECONDITION' && reason === KEY_REUSED.reason ? 422 : STATUS[error.code];
}
