/**
 * Kits that state what a store must do.
 *
 * @module multi-api-sdk/testing
 * @group Tools
 */

export { eventHubCases } from './event-hub-cases.ts';
export { idempotencyStoreCases } from './idempotency-store-cases.ts';
export { nonceStoreCases, seenStoreCases } from './seen-store-cases.ts';
export type { KitTransaction, OpenedStore, OpenStore, StoreCase } from './store-case.ts';
export { webhookStoreCases, type WebhookStoreCase } from './webhook-store-cases.ts';
