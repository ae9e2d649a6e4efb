import { ApiError } from '../core/errors.ts';
import type { Lifetime } from '../life/lifetime.ts';

/** The reason why a life ended after its loop or listener was left. For the code that left it this is not an error. */
export const LEFT = /* @__PURE__ */ new ApiError('CANCELLED', 'the loop or the listener was left');

/** The end of a loop that could not be started. Aborting and closing are the consumer's own wish, so it ends without an error. */
export function endOfLoop(error: unknown, { reason }: Lifetime): unknown {
  return error === reason && reason?.code !== 'DEADLINE_EXCEEDED' ? undefined : error;
}
