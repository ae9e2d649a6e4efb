export { webhookStoreCases, type WebhookStoreCase } from './webhook-store-cases.ts';
