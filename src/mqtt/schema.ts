import { readOptions } from '../core/options.ts';
import type { AsyncApiProtocol } from '../schema/asyncapi.ts';
import { CLOUD_EVENT_JSON, modeOf, type DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';
import { CONNECTION_READERS } from './options.ts';
import { compileTopics } from './topics.ts';
import { eventMeta, JSON_TYPE, type Qos } from './wire.ts';

/** The members for MQTT in the AsyncAPI document. */
export interface MqttProtocolOptions {
  /** The address of the broker. Without it, the document names no server for MQTT. */
  readonly url?: string;
  readonly topicPrefix?: string;
  /** @default 1 */
  readonly qos?: Qos;
  /** The option of `serveMqtt`. @default not at all */
  readonly cloudEvents?: DescribedCloudEvents | undefined;
}

/** The publisher of an event, and the event that it published before. */
const LINEAGE = { publisher: { type: 'string' }, after: { type: 'string' } };

/** MQTT in the AsyncAPI document. Source: https://github.com/asyncapi/bindings/tree/master/mqtt */
export function mqttProtocol(options: MqttProtocolOptions = {}): AsyncApiProtocol {
  const {
    url,
    topicPrefix,
    qos = 1,
    cloudEvents,
  } = readOptions('mqttProtocol', options, { qos: CONNECTION_READERS.qos }, ['url', 'topicPrefix', 'cloudEvents']);
  const isStructured = cloudEvents !== undefined && modeOf(cloudEvents) === 'structured';
  return {
    protocol: 'mqtt',
    cloudEvents,
    ...(url !== undefined && { url }),
    ...(topicPrefix !== undefined && { address: (event) => `${topicPrefix}/${event.channel}` }),
    accepts: () => 'payload',
    operation(event) {
      const { qos: own, retain = false } = eventMeta(event);
      return { qos: own ?? qos, retain, bindingVersion: '0.2.0' };
    },
    message: () => ({ payloadFormatIndicator: 1, contentType: isStructured ? CLOUD_EVENT_JSON : JSON_TYPE, bindingVersion: '0.2.0' }),
    headers: () => ({
      type: 'object',
      description: 'User properties of MQTT 5.',
      // Those of a CloudEvent are its attributes, or in its payload.
      properties: cloudEvents
        ? LINEAGE
        : { id: { type: 'string' }, time: { type: 'string', format: 'date-time' }, type: { type: 'string' } },
    }),
    streams: {
      address: ({ name }, contract) => compileTopics(contract, topicPrefix).request(name),
      reply: { description: 'The Response Topic of MQTT 5, or `replyTo` of the envelope.', location: '$message.header#/responseTopic' },
      headers: {
        type: 'object',
        description: 'User properties of MQTT 5. Items end with `stream: end`.',
        properties: {
          stream: { type: 'string', enum: ['begin', 'item', 'beat', 'end'] },
          run: { type: 'string' },
          seq: { type: 'string', pattern: '^[0-9]+$' },
          code: { type: 'string' },
        },
        required: ['stream', 'run', 'seq'],
      },
    },
  };
}
