import type { ApiErrorOptions, JsonObject } from '../core/errors.ts';

/** Reads the parts of a peer's error besides code and message: the inverse of `ApiError.toJSON`. Members of the wrong type count as absent. */
export function readErrorOptions({ reason, details, retryAfterMs, requestId }: JsonObject): ApiErrorOptions {
  return {
    reason: typeof reason === 'string' ? reason : undefined,
    details: isObject(details) ? details : undefined,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    remote: true,
  };
}

/** Tells whether a value of JSON is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
