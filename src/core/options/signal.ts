import { ApiError } from '../errors.ts';

/** Throws INVALID_ARGUMENT if the option `signal` of a call is not an `AbortSignal`, such as its controller. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal && typeof (signal as Partial<AbortSignal>).addEventListener !== 'function')
    throw new ApiError('INVALID_ARGUMENT', 'signal must be an AbortSignal, not its controller', { sent: false });
}
