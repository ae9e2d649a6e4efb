import { ApiError, isApiError } from '../core/errors.ts';

/**
 * The answer of a hub or store. If it fails by itself, because its engine is away, full or read-only, that is reported, and the caller gets
 * UNAVAILABLE: nothing has run, so another try may succeed.
 */
export async function answerOf<T>(what: string, work: Promise<T>, report: (error: unknown) => void): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isApiError(error)) throw error;
    report(error);
    throw new ApiError('UNAVAILABLE', `${what} failed: try again later`, { cause: error });
  }
}
