/**
 * Kits that state what a store must do.
 *
 * @module multi-api-sdk/testing
 * @group Tools
 */

export { webhookStoreCases, type WebhookStoreCase } from './webhook-store-cases.ts';
