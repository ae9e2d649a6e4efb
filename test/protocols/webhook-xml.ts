import { webhookTarget } from './webhook.js';

/** The same with bodies in XML. */
export const target = webhookTarget('webhook-xml', 'xml');
