import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import type { JsonObject } from '../../src/core/errors.ts';
import { z } from 'zod';
import { defineContract, event, stream } from '../../src/core/define.ts';
import { mqttProtocol } from '../../src/mqtt/schema.ts';
import { asyncApi, sseProtocol, type AsyncApiProtocol } from '../../src/schema/asyncapi.ts';
import { openApi } from '../../src/rest/schema.ts';
import { webhookOpenApi, webhookProtocol } from '../../src/webhook/schema.ts';
import { webSocketProtocol } from '../../src/websocket/schema.ts';
import { everyKind } from '../support/every-kind.ts';

function at(document: JsonObject, path: string): unknown {
  return path.split('/').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

const websocket: AsyncApiProtocol = {
  protocol: 'ws',
  url: 'wss://example.com/api/',
  accepts: (event) => (event.writtenBy === undefined ? undefined : 'input'),
  channel: () => ({ method: 'GET', bindingVersion: '0.1.0' }),
};
const mqtt: AsyncApiProtocol = {
  protocol: 'mqtt',
  accepts: () => 'payload',
  operation: () => ({ qos: 1 }),
  message: () => ({ bindingVersion: '0.2.0' }),
};
const webhook: AsyncApiProtocol = { protocol: 'http', name: 'webhook', address: () => null, headers: () => ({ type: 'object' }) };

// Not imported in place, so that this file compiles and runs without the packages; CI has them.
type AjvClass = new (options: object) => { compile(schema: object): ((document: unknown) => boolean) & { errors?: unknown } };
const isValid = (() => {
  const require = createRequire(import.meta.url);
  try {
    const schema = JSON.parse(readFileSync(require.resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json'), 'utf8')) as object;
    const Ajv = require('ajv') as AjvClass;
    return new Ajv({ strict: false, validateFormats: false, logger: false }).compile(schema);
  } catch {
    return undefined;
  }
})();

describe('the AsyncAPI document', () => {
  it.skipIf(!isValid).each([everyKind, blogContract])(
    `of $name is valid${isValid ? '' : ' (skipped: the schema of AsyncAPI is not installed)'}`,
    (contract) => {
      for (const protocols of [[sseProtocol()], [sseProtocol('http://localhost'), websocket, mqtt, webhook]]) {
        const result = isValid?.(JSON.parse(JSON.stringify(asyncApi(contract, { protocols }))));
        expect(isValid?.errors ?? []).toEqual([]);
        expect(result).toBe(true);
      }
    },
  );

  it('describes streamed operations as requests with replies, as MQTT carries them', () => {
    const contract = defineContract({
      name: 'model',
      version: '2.1.0',
      operations: {
        complete: stream({ summary: 'Answers', input: z.object({ prompt: z.string() }), item: z.object({ token: z.string() }) }),
      },
    });
    const document = asyncApi(contract, {
      protocols: [sseProtocol(), mqttProtocol({ url: 'mqtt://localhost:1883', topicPrefix: 'site' })],
    });
    expect(isValid?.(JSON.parse(JSON.stringify(document))) ?? true).toBe(true);
    expect(document).toMatchObject({
      channels: {
        'complete-mqtt': { address: 'site/model/v2/complete', servers: [{ $ref: '#/servers/mqtt' }] },
        'complete-mqtt-reply': { address: null },
      },
      operations: {
        'complete-mqtt': { action: 'receive', summary: 'Answers', reply: { channel: { $ref: '#/channels/complete-mqtt-reply' } } },
      },
      components: {
        messages: {
          'complete-mqtt-request': { payload: { properties: { prompt: { type: 'string' } } } },
          'complete-mqtt-item': { payload: { properties: { token: { type: 'string' } } }, headers: { required: ['stream', 'run', 'seq'] } },
        },
      },
    });
  });

  it('describes the events as server-sent events, unless it is told of more', () => {
    const document = asyncApi(everyKind);
    expect(document).toMatchObject({
      asyncapi: '3.0.0',
      info: { title: 'kinds', version: '1.2.3', tags: [{ name: 'Thing' }, { name: 'Room' }] },
      channels: {
        thingMade: { address: 'things/made', messages: { thingMade: { $ref: '#/components/messages/thingMade' } } },
        said: {
          address: 'rooms/{room}/messages',
          description: 'Deprecated.',
          parameters: { room: { location: '$message.payload#/room' } },
        },
      },
      operations: {
        onThingMade: { action: 'send', channel: { $ref: '#/channels/thingMade' }, bindings: { http: { method: 'GET' } } },
        onSaid: { action: 'send' },
      },
      components: { messages: { thingMade: { name: 'thing.made', payload: { $ref: '#/components/schemas/Everything' } } } },
    });
    expect(document).not.toHaveProperty('servers');
    expect(document['operations']).not.toHaveProperty('write');
  });

  it('shares a channel between protocols with one address', () => {
    const document = asyncApi(everyKind, { title: 'T', protocols: [sseProtocol('http://localhost:4000'), websocket, mqtt, webhook] });
    expect(document['servers']).toEqual({
      sse: { host: 'localhost:4000', protocol: 'http' },
      ws: { host: 'example.com', protocol: 'wss', pathname: '/api' },
    });
    expect(Object.keys(document['channels'] as object)).toEqual(['thingMade', 'thingMade-webhook', 'said', 'said-webhook']);
    expect(at(document, 'channels/said')).toMatchObject({
      servers: [{ $ref: '#/servers/sse' }, { $ref: '#/servers/ws' }],
      bindings: { ws: { method: 'GET' } },
    });
    expect(at(document, 'channels/said-webhook')).toMatchObject({ address: null });
    expect(at(document, 'channels/said-webhook')).not.toHaveProperty('parameters');
    expect(at(document, 'operations/onThingMade/bindings')).toMatchObject({ http: {}, mqtt: { qos: 1 } });
    expect(at(document, 'components/messages/said/bindings')).toEqual({ mqtt: { bindingVersion: '0.2.0' } });
    expect(at(document, 'components/messages/said-webhook')).toMatchObject({ headers: { type: 'object' } });
  });

  it('has what clients may write', () => {
    const document = asyncApi(everyKind, { protocols: [websocket, mqtt] });
    expect(at(document, 'operations/write')).toMatchObject({
      action: 'receive',
      messages: [{ $ref: '#/channels/said/messages/writeInput' }],
    });
    expect(at(document, 'components/messages/writeInput/payload')).toMatchObject({ required: ['room', 'text'] });
    expect(at(document, 'operations/publishThingMade')).toMatchObject({
      action: 'receive',
      messages: [{ $ref: '#/channels/thingMade/messages/thingMade' }],
    });
  });

  it('has a definition for every reference', () => {
    for (const contract of [everyKind, blogContract]) {
      const document = asyncApi(contract, { protocols: [sseProtocol('http://localhost'), websocket, mqtt, webhook] });
      const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]*)"/g)].map((match) => match[1] ?? '');
      for (const reference of references) expect(at(document, reference), reference).toBeDefined();
    }
  });
});

describe('the AsyncAPI document of CloudEvents', () => {
  const Job = z.object({ id: z.string(), done: z.boolean() });
  const contract = defineContract({
    name: 'jobs',
    version: '2.1.0',
    events: { ended: event({ channel: 'jobs/{id}', type: 'job.ended', payload: Job }) },
  });
  const data = { type: 'object', properties: { id: { type: 'string' }, done: { type: 'boolean' } }, required: ['id', 'done'] };

  it('shows the envelope of structured ones, apart from plain ones at the same address', () => {
    const document = asyncApi(contract, {
      protocols: [{ ...sseProtocol('http://a'), cloudEvents: 'structured' }, webSocketProtocol('ws://a'), mqttProtocol({ url: 'mqtt://a', cloudEvents: 'structured' })], // prettier-ignore
    });
    expect(Object.keys(at(document, 'channels') as object)).toEqual(['ended', 'ended-websocket']);
    expect(at(document, 'components/messages/ended')).toMatchObject({
      contentType: 'application/cloudevents+json',
      payload: {
        properties: { specversion: { const: '1.0' }, source: { const: '/jobs/v2' }, type: { const: 'job.ended' }, data },
        required: ['specversion', 'id', 'source', 'type', 'data'],
      },
      bindings: { mqtt: { contentType: 'application/cloudevents+json' } },
    });
    expect(at(document, 'components/messages/ended-websocket')).toMatchObject({ contentType: 'application/json', payload: data });
    expect(isValid?.(JSON.parse(JSON.stringify(document))) ?? true).toBe(true);
  });

  it('shows the attributes of binary ones: headers of HTTP, and user properties of MQTT', () => {
    const cloudEvents = { mode: 'binary', source: 'https://jobs.example', type: () => 'example.ended' } as const;
    const document = asyncApi(contract, { protocols: [mqttProtocol({ url: 'mqtt://a', cloudEvents }), webhookProtocol({ cloudEvents })] });
    expect(at(document, 'components/messages/ended')).toMatchObject({
      contentType: 'application/json',
      headers: { properties: { publisher: {}, specversion: {}, source: { const: 'https://jobs.example' } }, required: ['specversion', 'id', 'source', 'type'] },
      payload: data,
    }); // prettier-ignore
    const { headers } = at(document, 'components/messages/ended-webhook') as { headers: { properties: object; required: string[] } };
    expect(headers.properties).toMatchObject({
      'webhook-id': {},
      'ce-type': { const: 'example.ended' },
      'ce-time': { format: 'date-time' },
    });
    expect(headers.required).toContain('ce-specversion');
    expect(isValid?.(JSON.parse(JSON.stringify(document))) ?? true).toBe(true);
  });

  it('has them in the OpenAPI documents of webhooks', () => {
    const of = (document: JsonObject) =>
      at(document, 'webhooks/job.ended/post') as { parameters: { name: string }[]; requestBody: unknown };
    const binary = of(webhookOpenApi(contract, '', undefined, 'binary'));
    expect(binary.parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(['webhook-id', 'ce-id', 'ce-type', 'ce-source']));
    expect(binary.requestBody).toMatchObject({ content: { 'application/json': { schema: data } } });
    const structured = of(openApi(contract, { webhookCloudEvents: 'structured' }));
    expect(structured.requestBody).toMatchObject({ content: { 'application/cloudevents+json': { schema: { required: expect.arrayContaining(['data']) as unknown } } } }); // prettier-ignore
    expect(of(openApi(contract)).requestBody).toMatchObject({ content: { 'application/json': { schema: { properties: { event: { const: 'job.ended' } } } } } }); // prettier-ignore
  });
});
