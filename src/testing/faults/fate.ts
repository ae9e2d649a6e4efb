import { ApiError } from '../../core/errors.ts';

/** The fate of one message. */
export interface Fate {
  readonly latencyMs: number;
  readonly isDropped: boolean;
  readonly isDoubled: boolean;
  readonly isCut: boolean;
}

/** The error that a caller sees of a broken connection. */
export function broken(): ApiError {
  return new ApiError('UNAVAILABLE', 'the connection broke (faults)');
}
