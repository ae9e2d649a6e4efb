import { isApiError } from '../core/errors.ts';

/** In browsers it may be absent. */
const { captureStackTrace } = Error as { readonly captureStackTrace?: (error: object) => void };

/**
 * Gives an error of this library the stack of the code that waits for it, as the platform's `fetch` does. Otherwise its stack would end at the
 * timer or the socket that it came from. Must run where the promise rejects, because the engine looks from there for who awaits it.
 */
export function traced(error: unknown): unknown {
  if (isApiError(error)) captureStackTrace?.(error);
  return error;
}

/** The same for the handler of a rejection. */
export function retrace(error: unknown): never {
  throw traced(error);
}
