/**
 * Compositions: functions from transport to transport, for both sides.
 *
 * @module multi-api-sdk/compose
 * @group Tools
 */

export { auth, type AuthOptions } from './auth/auth.ts';
export { apiKey, basic, bearer, type Authenticator } from './auth/authenticator.ts';
export { oauth2, type OAuth2Options } from './auth/oauth.ts';
export { bulkhead, type BulkheadOptions } from './bulkhead.ts';
export { cache, type CacheOptions } from './cache.ts';
export { dedupe } from './dedupe.ts';
export { fallback, type FallbackOptions } from './fallback.ts';
export { limit, memoryLimitStore, type LimitOptions, type LimitStore, type MemoryLimitOptions, type Share } from './limit.ts';
export { logging, type LogFields, type Logger, type LoggingOptions } from './logging.ts';
export { retry, type RetryOptions } from './retry.ts';
export { route, type Routes } from './route.ts';
export { timeout, type TimeoutOptions } from './timeout.ts';
export { use, type AroundBoth, type Middleware, type NextCall, type NextSubscribe } from './use.ts';
export type { Composed, Source } from './wrap.ts';
export type { Maybe } from '../life/maybe.ts';
