import { ApiError } from '../core/errors.ts';

/** The reason of a subscription's signal if its consumer is behind: it comes back to the same place. */
export const PAUSED = /* @__PURE__ */ new ApiError('CANCELLED', 'the consumer is behind');
