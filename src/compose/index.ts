/**
 * Compositions: functions from transport to transport.
 *
 * @module multi-api-sdk/compose
 * @group Tools
 */

export { retry, type RetryOptions } from './retry.ts';
export { route, type Routes } from './route.ts';
