import type { EventDefinition, Operation } from '../core/contract.ts';
import type { JsonObject } from '../core/errors.ts';
import { deprecationNote } from '../peer/deprecation.ts';
import type { Components } from './components.ts';
import type { EventView } from './view.ts';

/** What the contract says about an operation or an event in words. Source: https://spec.openapis.org/oas/v3.1.1.html#operation-object */
export function notesOf({ summary, description, deprecated }: Operation | EventDefinition): JsonObject {
  const note = deprecationNote(deprecated);
  const text = [description, note === '' ? undefined : `Deprecated: ${note}.`].filter((part) => part !== undefined).join('\n\n');
  return { ...(summary !== undefined && { summary }), ...(text !== '' && { description: text }), ...(deprecated && { deprecated: true }) };
}

const header = (name: string, description: string) => ({ name, in: 'header', required: true, description, schema: { type: 'string' } });

/** The headers of a webhook, as Parameter Objects. Source: https://www.standardwebhooks.com */
export const WEBHOOK_HEADERS = [
  header('webhook-id', 'The id of the event: the same one may come more than once.'),
  header('webhook-timestamp', 'When this was sent, in seconds since 1970.'),
  header(
    'webhook-signature',
    '`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; several with spaces between them while a secret is rotated.',
  ),
];

/** What the receiver of an event's webhooks is sent, as an Operation Object. */
export function describeWebhook({ event, payloadSchema }: EventView, components: Components): JsonObject {
  const schema = {
    type: 'object',
    properties: {
      event: { const: event.type },
      timestamp: { type: 'string', format: 'date-time' },
      data: components.refer(payloadSchema, 'output'),
    },
    required: ['event', 'timestamp', 'data'],
  };
  return {
    operationId: `${event.name}Webhook`,
    tags: [event.service],
    ...notesOf(event),
    parameters: WEBHOOK_HEADERS,
    requestBody: {
      required: true,
      content: { 'application/json': { schema }, 'application/xml': { schema: { ...schema, xml: { name: 'webhook' } } } },
    },
    responses: {
      '2XX': { description: 'Received.' },
      '410': { description: 'Ends the subscription.' },
      default: { description: 'It is sent again later.' },
    },
  };
}
