/**
 * A service behind the interception of `msw`, version 2 or 3.
 *
 * @module multi-api-sdk/testing/msw
 * @group Tools
 */

export { mswHandlers, type MswHandler, type MswOptions, type MswProtocol } from './handlers.ts';
