import { webhookTarget } from './webhook.ts';

/** The same with bodies in XML. */
export const target = webhookTarget('webhook-xml', 'xml');
