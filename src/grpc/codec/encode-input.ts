import { ApiError } from '../../core/errors.ts';
import { Unencodable } from './value.ts';

/** The value that `make` encodes. Throws INVALID_ARGUMENT with the place at which the input does not fit. */
export function encodeInput<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const details = cause instanceof Unencodable ? { issues: [{ path: [...cause.path], message: cause.why }] } : undefined;
    throw ApiError.from(cause, 'INVALID_ARGUMENT', `the input cannot be encoded: ${(cause as Error).message}`, { sent: false, details });
  }
}
