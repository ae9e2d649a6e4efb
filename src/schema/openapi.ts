import type { Contract, EventDefinition, Operation } from '../core/contract.ts';
import type { JsonObject } from '../core/errors.ts';
import { deprecationNote } from '../peer/deprecation.ts';
import type { Components } from './components.ts';
import { attributesSchema, CLOUD_EVENT_JSON, modeOf, structuredSchema, type DescribedCloudEvents } from './asyncapi/cloud-events.ts';
import type { EventView, JsonSchema } from './view.ts';

/**
 * The words of the contract about an operation or an event, and `more` after them. Source:
 * https://spec.openapis.org/oas/v3.1.1.html#operation-object
 */
export function notesOf({ summary, description, deprecated }: Operation | EventDefinition, more?: string): JsonObject {
  if (summary === undefined && description === undefined && !deprecated && more === undefined) return NO_NOTES;
  const note = deprecationNote(deprecated);
  const text = [description, more, note === '' ? undefined : `Deprecated: ${note}.`].filter((part) => part !== undefined).join('\n\n');
  return { ...(summary !== undefined && { summary }), ...(text !== '' && { description: text }), ...(deprecated && { deprecated: true }) };
}

const NO_NOTES: JsonObject = {};

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

/** The requests that the receiver of an event's webhooks gets, as an Operation Object. `cloud` is how they are CloudEvents. */
export function describeWebhook(
  contract: Contract,
  { event, payloadSchema }: EventView,
  components: Components,
  cloud?: DescribedCloudEvents,
): JsonObject {
  const data = components.refer(payloadSchema, 'output');
  const schema = {
    type: 'object',
    properties: {
      event: { const: event.type },
      timestamp: { type: 'string', format: 'date-time' },
      data,
    },
    required: ['event', 'timestamp', 'data'],
  };
  return {
    operationId: `${event.name}Webhook`,
    tags: [event.service],
    ...notesOf(event),
    parameters: [...WEBHOOK_HEADERS, ...(cloud && modeOf(cloud) === 'binary' ? attributeHeaders(contract, event, cloud) : [])],
    requestBody: {
      required: true,
      content: { ...jsonOf(contract, event, schema, data, cloud), 'application/xml': { schema: { ...schema, xml: { name: 'webhook' } } } },
    },
    responses: {
      '2XX': { description: 'Received.' },
      '410': { description: 'Ends the subscription.' },
      default: { description: 'It is sent again later.' },
    },
  };
}

function jsonOf(
  contract: Contract,
  event: EventDefinition,
  envelope: JsonSchema,
  data: JsonSchema,
  cloud: DescribedCloudEvents | undefined,
): JsonObject {
  if (!cloud) return { 'application/json': { schema: envelope } };
  if (modeOf(cloud) === 'binary') return { 'application/json': { schema: data } };
  return { [CLOUD_EVENT_JSON]: { schema: structuredSchema(contract, event, cloud, data) } };
}

/** The attributes of a CloudEvent as headers, which only its JSON has. */
function attributeHeaders(contract: Contract, event: EventDefinition, cloud: DescribedCloudEvents): JsonObject[] {
  return Object.entries(attributesSchema(contract, event, cloud, 'ce-').properties).map(([name, schema]) => ({
    name,
    in: 'header',
    required: false,
    schema,
  }));
}
