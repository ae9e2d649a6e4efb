import { ApiError } from '../../core/errors.ts';

/** The error of a file over a limit. */
export function fileTooLarge(maxBytes: number): ApiError {
  return new ApiError('INVALID_ARGUMENT', `the file is larger than ${maxBytes} bytes`);
}
