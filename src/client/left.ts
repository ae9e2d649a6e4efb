import { ApiError } from '../core/errors.ts';
import type { Lifetime } from '../life/lifetime.ts';

/** Why a life ended whose loop or listener was left: no error for whoever left. */
export const LEFT = /* @__PURE__ */ new ApiError('CANCELLED', 'the loop or the listener was left');

/** What a loop that could not be started ends with: aborting and closing are the consumer's own wish, so it ends without an error. */
export function endOfLoop(error: unknown, { reason }: Lifetime): unknown {
  return error === reason && reason?.code !== 'DEADLINE_EXCEEDED' ? undefined : error;
}
