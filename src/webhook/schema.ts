import type { JsonObject } from '../core/errors.ts';
import { describeWebhook, WEBHOOK_HEADERS } from '../schema/openapi.ts';
import { readOptions } from '../core/options.ts';
import type { DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';
import type { AsyncApiProtocol } from '../schema/asyncapi.ts';
import type { Contract } from '../core/contract.ts';
import { createComponents } from '../schema/components.ts';
import { describeContract } from '../schema/view.ts';

/** The members for webhooks in the AsyncAPI document. */
export interface WebhookProtocolOptions {
  /** The option of `webhookHandler`. @default not at all */
  readonly cloudEvents?: DescribedCloudEvents | undefined;
}

/** Webhooks in an AsyncAPI document: the address is what a subscription says. Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
export function webhookProtocol(options: WebhookProtocolOptions = {}): AsyncApiProtocol {
  const { cloudEvents } = readOptions('webhookProtocol', options, {}, ['cloudEvents']);
  return {
    protocol: 'http',
    cloudEvents,
    name: 'webhook',
    address: () => null,
    operation: () => ({ method: 'POST', bindingVersion: '0.3.0' }),
    headers: () => ({
      type: 'object',
      properties: Object.fromEntries(WEBHOOK_HEADERS.map(({ name, description, schema }) => [name, { ...schema, description }])),
      required: WEBHOOK_HEADERS.map(({ name }) => name),
    }),
  };
}

const text = { type: 'string' };

/** The OpenAPI 3.1 document of the subscription API, with what it sends as `webhooks`. Source: https://spec.openapis.org/oas/v3.1.1 */
export function webhookOpenApi(contract: Contract, basePath: string, publicUrl?: string, cloudEvents?: DescribedCloudEvents): JsonObject {
  const view = describeContract(contract);
  const components = createComponents(view, '#/components/schemas/', { taken: ['WebhookSubscription', 'WebhookDelivery', 'Problem'] });
  const events = [...view.events.values()];
  const root = `${basePath}/webhooks/subscriptions`;
  const webhooks = Object.fromEntries(
    events.map((event) => [event.event.type, { post: describeWebhook(contract, event, components, cloudEvents) }]),
  );
  return {
    openapi: '3.1.1',
    info: { title: `${contract.name} webhooks`, version: contract.version },
    ...(publicUrl !== undefined && { servers: [{ url: publicUrl }] }),
    paths: pathsOf(
      root,
      events.map(({ event }) => event.type),
    ),
    webhooks,
    components: { schemas: { ...SCHEMAS, ...components.schemas }, responses: { Problem: PROBLEM } },
  };
}

const PROBLEM = { description: 'An error.', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };

const SCHEMAS = {
  WebhookSubscription: {
    type: 'object',
    properties: {
      id: text,
      url: { type: 'string', format: 'uri' },
      events: { type: 'array', items: text },
      format: { enum: ['json', 'xml'] },
      createdAt: { type: 'string', format: 'date-time' },
      params: { type: 'object' },
      ordered: { type: 'boolean' },
      notices: { type: 'boolean' },
    },
    required: ['id', 'url', 'events', 'format', 'createdAt'],
  },
  WebhookDelivery: {
    type: 'object',
    properties: {
      id: text,
      eventId: text,
      event: text,
      state: { enum: ['pending', 'delivered', 'dead'] },
      nextAttemptAt: { type: 'string', format: 'date-time' },
      attempts: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            at: { type: 'string', format: 'date-time' },
            durationMs: { type: 'number' },
            status: { type: 'integer' },
            error: text,
            response: text,
          },
          required: ['at', 'durationMs'],
        },
      },
    },
    required: ['id', 'eventId', 'event', 'state', 'attempts'],
  },
  Problem: {
    type: 'object',
    properties: { status: { type: 'integer' }, detail: text, code: text, details: { type: 'object' }, requestId: text },
  },
};

function pathsOf(root: string, types: readonly string[]): JsonObject {
  const json = (schema: object) => ({ 'application/json': { schema } });
  const answer = (status: number, description: string, schema?: object) => ({
    responses: { [status]: { description, ...(schema && { content: json(schema) }) }, default: { $ref: '#/components/responses/Problem' } },
  });
  const one = { $ref: '#/components/schemas/WebhookSubscription' };
  const withSecret = {
    allOf: [one, { type: 'object', properties: { secret: { ...text, description: 'Shown once.' } }, required: ['secret'] }],
  };
  const request = {
    type: 'object',
    properties: {
      url: { type: 'string', format: 'uri' },
      events: { type: 'array', items: { enum: types }, minItems: 1 },
      format: { enum: ['json', 'xml'], default: 'json' },
      params: { type: 'object', description: 'Values of channel parameters that are fixed.' },
      ordered: { type: 'boolean', default: false, description: 'An event waits until those before it are delivered or given up.' },
      notices: { type: 'boolean', default: false, description: 'Tells gaps and the end as `webhook.gap` and `webhook.end`.' },
      lastEventId: { ...text, description: 'Begins after this event.' },
    },
    required: ['url', 'events'],
  };
  const id = { name: 'id', in: 'path', required: true, schema: text };
  const rotate = { type: 'object', properties: { overlapSeconds: { type: 'integer', minimum: 0, maximum: 2_592_000, default: 86_400 } } };
  return {
    [root]: {
      post: {
        operationId: 'createWebhook',
        requestBody: { required: true, content: json(request) },
        ...answer(201, 'Subscribed.', withSecret),
      },
      get: { operationId: 'listWebhooks', ...answer(200, 'Your subscriptions.', { type: 'array', items: one }) },
    },
    [`${root}/{id}`]: {
      parameters: [id],
      get: { operationId: 'getWebhook', ...answer(200, 'The subscription.', one) },
      delete: { operationId: 'deleteWebhook', ...answer(204, 'Ended.') },
    },
    [`${root}/{id}/rotate`]: {
      parameters: [id],
      post: {
        operationId: 'rotateWebhook',
        requestBody: { content: json(rotate) },
        ...answer(200, 'The new secret; the old one signs too for a while.', withSecret),
      },
    },
    [`${root}/{id}/test`]: {
      parameters: [id],
      post: { operationId: 'testWebhook', ...answer(200, 'The result of one attempt.', { type: 'object' }) },
    },
    [`${root}/{id}/deliveries`]: {
      parameters: [id],
      get: {
        operationId: 'listWebhookDeliveries',
        parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', default: 100 } }],
        ...answer(200, 'The last deliveries, the newest first.', {
          type: 'array',
          items: { $ref: '#/components/schemas/WebhookDelivery' },
        }),
      },
    },
    [`${root}/{id}/deliveries/{delivery}/redeliver`]: {
      parameters: [id, { name: 'delivery', in: 'path', required: true, schema: text }],
      post: { operationId: 'redeliverWebhook', ...answer(202, 'It is sent again.') },
    },
  };
}
