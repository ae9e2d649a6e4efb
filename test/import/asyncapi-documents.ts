/** Small forms of AsyncAPI documents as they are found, written anew. */

const schemas = {
  measured: {
    type: 'object',
    required: ['lumens'],
    properties: { lumens: { type: 'integer', minimum: 0, format: 'int32' }, sentAt: { type: 'string', format: 'date-time' } },
  },
  turnOn: { type: 'object', required: ['command'], properties: { command: { type: 'string', enum: ['on', 'off'] } } },
  dim: { type: 'object', properties: { percentage: { type: 'integer', format: 'int32', minimum: 0, maximum: 100 } } },
};
const messages = {
  measured: { name: 'lightMeasured', contentType: 'application/json', payload: { $ref: '#/components/schemas/measured' } },
  turnOn: { name: 'turnOn', payload: { $ref: '#/components/schemas/turnOn' } },
  dim: { payload: { $ref: '#/components/schemas/dim' } },
  status: { contentType: 'text/plain', payload: { type: 'string' } },
};
const info = { title: 'Streetlights API', version: '1.0.0', description: 'City lights.' };

export const streetlights2 = {
  asyncapi: '2.6.0',
  info,
  servers: { production: { url: 'lights.example.com:{port}', protocol: 'mqtts', variables: { port: { default: '8883' } } } },
  defaultContentType: 'application/json',
  channels: {
    'lights/1.0/{lamp-id}/measured': {
      parameters: { 'lamp-id': { $ref: '#/components/parameters/lamp' } },
      subscribe: { operationId: 'onLightMeasured', summary: 'A lamp was measured', bindings: { mqtt: { qos: 1 } }, message: { $ref: '#/components/messages/measured' } },
    },
    'lights/1.0/{lamp-id}/power/set': {
      parameters: { 'lamp-id': { $ref: '#/components/parameters/lamp' } },
      publish: { operationId: 'turnOn', message: { $ref: '#/components/messages/turnOn' } },
    },
    'lights/1.0/{lamp-id}/dim/set': {
      parameters: { 'lamp-id': { $ref: '#/components/parameters/lamp' } },
      publish: { operationId: 'dimLight', message: { $ref: '#/components/messages/dim' } },
    },
    'lights/1.0/status': { subscribe: { operationId: 'lampState', message: { $ref: '#/components/messages/status' } } },
  },
  components: { schemas, messages, parameters: { lamp: { description: 'The id of the lamp.', schema: { type: 'string' } } } },
}; // prettier-ignore

const lamp = { 'lamp-id': { description: 'The id of the lamp.' } };

export const streetlights3 = {
  asyncapi: '3.0.0',
  info,
  servers: { production: { host: 'lights.example.com:{port}', protocol: 'mqtts', variables: { port: { default: '8883' } } } },
  defaultContentType: 'application/json',
  channels: {
    measured: {
      address: 'lights/1.0/{lamp-id}/measured',
      parameters: lamp,
      messages: { measured: { $ref: '#/components/messages/measured' } },
    },
    power: { address: 'lights/1.0/{lamp-id}/power/set', parameters: lamp, messages: { turnOn: { $ref: '#/components/messages/turnOn' } } },
    dim: { address: 'lights/1.0/{lamp-id}/dim/set', parameters: lamp, messages: { dim: { $ref: '#/components/messages/dim' } } },
    status: { address: 'lights/1.0/status', messages: { status: { $ref: '#/components/messages/status' } } },
  },
  operations: {
    onLightMeasured: { action: 'send', channel: { $ref: '#/channels/measured' }, bindings: { mqtt: { qos: 1 } } },
    turnOn: { action: 'receive', channel: { $ref: '#/channels/power' }, messages: [{ $ref: '#/channels/power/messages/turnOn' }] },
    dimLight: { action: 'receive', channel: { $ref: '#/channels/dim' } },
    lampState: { action: 'send', channel: { $ref: '#/channels/status' } },
  },
  components: { schemas, messages },
};

export const gemini = {
  asyncapi: '2.4.0',
  info: { title: 'Market data', version: '2' },
  servers: { public: { url: 'wss://api.example.com', protocol: 'wss' } },
  channels: {
    '/v1/market': {
      bindings: { ws: { method: 'GET' } },
      subscribe: {
        message: {
          oneOf: [
            { name: 'trade', payload: { type: 'object', required: ['type'], properties: { type: { const: 'trade' }, price: { type: 'string' } } } },
            { name: 'heartbeat', payload: { type: 'object', required: ['type'], properties: { type: { const: 'heartbeat' }, sequence: { type: 'integer' } } } },
          ],
        },
      },
      publish: { operationId: 'subscribe', message: { payload: { type: 'object', required: ['channel'], properties: { channel: { type: 'string' } } } } },
    },
  },
}; // prettier-ignore
