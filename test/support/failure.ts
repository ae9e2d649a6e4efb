import { expect } from 'vitest';
import { isApiError, type ApiError } from '../../src/core/errors.ts';

/** What a call rejected with. */
export async function failure(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    (output) => expect.fail(`succeeded with ${JSON.stringify(output)}`),
    (reason: unknown) => reason,
  );
  if (!isApiError(error)) expect.fail(`rejected with ${String(error)}`);
  return error;
}
