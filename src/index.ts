/**
 * The contract, the client, the service and errors, with the built-in Blog as the default contract.
 *
 * @module multi-api-sdk
 * @group Start
 */

export { createClient, type BlogClient } from './blog/client.ts';
export { blogContract } from './blog/contract.ts';
export * from './core.ts';
