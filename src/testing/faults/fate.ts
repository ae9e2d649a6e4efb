import { ApiError } from '../../core/errors.ts';

/** What becomes of one message. */
export interface Fate {
  readonly latencyMs: number;
  readonly isDropped: boolean;
  readonly isDoubled: boolean;
  readonly isCut: boolean;
}

/** What a caller sees of a connection that broke. */
export function broken(): ApiError {
  return new ApiError('UNAVAILABLE', 'the connection broke (faults)');
}
