import { webhookTarget } from './webhook.ts';

/** Webhooks as CloudEvents, with the handshake of the receiver. */
export const target = webhookTarget('webhook-cloud-events', 'json', { cloudEvents: 'binary' });
