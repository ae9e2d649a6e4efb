import type { ErrorBody } from '../../core/errors.ts';

/** An error as `encode` writes it. The caller is to have an answer, whatever somebody has put into the details: those that cannot be encoded stay behind. */
export function encodable<T>(
  encode: (error: ErrorBody, domain: string) => T,
  body: ErrorBody,
  domain: string,
  onError: (error: unknown) => void,
): T {
  try {
    return encode(body, domain);
  } catch (error) {
    onError(error);
    const { code, message, requestId } = body;
    return encode({ code, message, ...(requestId !== undefined && { requestId }) }, domain);
  }
}
