/**
 * For tests: services made from a contract, bad networks, recordings of the wire, and kits that state what a store must do.
 *
 * @module multi-api-sdk/testing
 * @group Tools
 */

export { eventHubCases } from './event-hub-cases.ts';
export { faults, type Faults } from './faults/faults.ts';
export type { FaultOptions } from './faults/options.ts';
export { idempotencyStoreCases } from './idempotency-store-cases.ts';
export { nonceStoreCases, seenStoreCases } from './seen-store-cases.ts';
export { mockService, type FailOptions, type MockCall, type MockOptions, type MockService } from './mock/mock-service.ts';
export { readRecording, recorder, type Recorder } from './record/recorder.ts';
export { replay } from './record/replay.ts';
export type { KitTransaction, OpenedStore, OpenStore, StoreCase } from './store-case.ts';
export { webhookStoreCases, type WebhookStoreCase } from './webhook-store-cases.ts';
