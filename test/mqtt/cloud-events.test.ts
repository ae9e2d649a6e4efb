import { CloudEvent, MQTT, MQTTMessageFactory, type Message } from 'cloudevents';
import mqttjs, { type IPublishPacket } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, event } from '../../src/core.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { serveMqtt, type ServeMqttOptions } from '../../src/mqtt/server.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'shop',
  version: '1.2.0',
  operations: {},
  events: {
    sold: event({ channel: 'stores/{store}/sold', type: 'item.sold', payload: z.object({ store: z.string(), price: z.number() }) }),
  },
});
const SALE = { store: 'oslo', price: 12 };

interface Heard {
  readonly text: string;
  readonly packet: IPublishPacket;
}

/** A message of MQTT 5 as the SDK takes it. */
function sdkMessage({ text, packet }: Heard): Message {
  const { contentType, userProperties } = packet.properties ?? {};
  return MQTTMessageFactory(contentType ?? '', { ...userProperties }, text);
}

describe.each([4, 5] as const)('CloudEvents over MQTT %s', (version) => {
  const isSkipped = version === 5 && noMosquitto !== undefined;
  let broker: { readonly url: string; close(): Promise<void> };
  beforeAll(async () => {
    if (!isSkipped) broker = version === 4 ? await mqttBroker({ port: 0, open: true }) : await startMosquitto(['set_tcp_nodelay true']);
  });
  afterAll(() => broker?.close());

  async function open(cloudEvents: ServeMqttOptions['cloudEvents'], topicPrefix: string) {
    const service = createService(contract, {});
    const served = await serveMqtt(service, { url: broker.url, topicPrefix, ...(cloudEvents && { cloudEvents }) });
    const peer = await mqttjs.connectAsync(broker.url, { protocolVersion: version });
    const heard: Heard[] = [];
    peer.on('message', (_, payload, packet) => heard.push({ text: payload.toString(), packet }));
    await peer.subscribeAsync(`${topicPrefix}/stores/#`);
    const errors: unknown[] = [];
    const client = createClient({ contract, transport: mqtt({ url: broker.url, topicPrefix, onError: (error) => errors.push(error) }) });
    return {
      service,
      peer,
      heard,
      client,
      errors,
      async close() {
        await client.close();
        await peer.endAsync();
        await served.close();
      },
    };
  }

  describe.skipIf(isSkipped)('what is published', () => {
    test.each(['binary', 'structured'] as const)('%s events are read by the SDK and by our client', async (mode) => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      let made = 0;
      const extensions = () => {
        made++;
        return { traceparent };
      };
      const opened = await open({ mode, extensions }, `${mode}-${version}`);
      const got: { readonly id: string; readonly data: unknown }[] = [];
      const stop = await opened.client.onSold((data, { id }) => void got.push({ id, data }));
      await opened.service.publish('sold', SALE);
      await until(() => opened.heard.length > 0 && got.length > 0, 'the event came');
      expect(made).toBe(1);
      const [first] = opened.heard;
      if (!first) throw new TypeError('nothing came');
      if (version === 5 && mode === 'binary') expect(JSON.parse(first.text)).toEqual(SALE);
      const read =
        version === 5
          ? (MQTT.toEvent(sdkMessage(first)) as CloudEvent<unknown>)
          : new CloudEvent<unknown>(JSON.parse(first.text) as Record<string, unknown>);
      const data = typeof read.data === 'string' ? (JSON.parse(read.data) as unknown) : read.data;
      expect({ ...read.toJSON(), data }).toMatchObject({
        specversion: '1.0',
        source: '/shop/v1',
        type: 'item.sold',
        subject: 'oslo',
        traceparent,
        data: SALE,
        id: got[0]?.id,
      });
      expect(read.validate()).toBe(true);
      expect(got[0]?.data).toEqual(SALE);
      expect(opened.errors).toEqual([]);
      await stop();
      await opened.close();
    });
  });

  describe.skipIf(isSkipped)('what others publish', () => {
    test.each(version === 5 ? (['binary', 'structured'] as const) : (['structured'] as const))(
      '%s events of the SDK are read',
      async (mode) => {
        const opened = await open(undefined, `theirs-${mode}-${version}`);
        const got: { readonly id: string; readonly time: string; readonly data: unknown }[] = [];
        const stop = await opened.client.onSold((data, { id, time }) => void got.push({ id, time, data }));
        const sent = new CloudEvent({
          id: 'their-1',
          source: '//till/7',
          type: 'com.till.sale',
          time: '2026-03-04T05:06:07.000Z',
          data: SALE,
        });
        const message = MQTT[mode](sent) as unknown as {
          payload: unknown;
          'User Properties': Record<string, string>;
          PUBLISH?: { 'Content Type'?: string };
        };
        const payload = typeof message.payload === 'string' ? message.payload : JSON.stringify(message.payload);
        // mqtt.js writes an empty set of properties in a way that brokers refuse.
        const user = texts(message['User Properties']);
        const userProperties = Object.keys(user).length > 0 && { userProperties: user };
        const contentType = message.PUBLISH?.['Content Type'] ?? 'application/json';
        const properties = version === 5 && { properties: { contentType, ...userProperties } };
        await opened.peer.publishAsync(`theirs-${mode}-${version}/stores/oslo/sold`, payload, { qos: 1, ...properties });
        await until(() => got.length > 0 || opened.errors.length > 0, 'the event came');
        expect(opened.errors).toEqual([]);
        expect(got).toEqual([{ id: 'their-1', time: '2026-03-04T05:06:07.000Z', data: SALE }]);
        await stop();
        await opened.close();
      },
    );

    test.skipIf(version !== 5)('a time with an offset is the same instant, as the SDK of Ruby writes it', async () => {
      const opened = await open(undefined, 'offset');
      const got: string[] = [];
      const stop = await opened.client.onSold((_, { time }) => void got.push(time));
      const userProperties = {
        specversion: '1.0',
        id: 'ruby-1',
        source: '//till/7',
        type: 'com.till.sale',
        time: '2026-03-04T05:06:07+02:00',
      };
      const properties = { contentType: 'application/json', userProperties };
      await opened.peer.publishAsync('offset/stores/oslo/sold', JSON.stringify(SALE), { qos: 1, properties });
      await until(() => got.length > 0 || opened.errors.length > 0, 'the event came');
      expect(got).toEqual(['2026-03-04T03:06:07.000Z']);
      await stop();
      await opened.close();
    });

    test('a broken CloudEvent is reported and ends nothing', async () => {
      const opened = await open(undefined, `broken-${version}`);
      const got: unknown[] = [];
      const stop = await opened.client.onSold((data) => void got.push(data));
      const topic = `broken-${version}/stores/oslo/sold`;
      const properties = version === 5 && { properties: { contentType: 'application/cloudevents+json' } };
      await opened.peer.publishAsync(topic, JSON.stringify({ specversion: '9', id: '1', source: '/x', type: 't', data: SALE }), { qos: 1, ...properties }); // prettier-ignore
      await opened.peer.publishAsync(topic, JSON.stringify(SALE), { qos: 1 });
      await until(() => got.length > 0, 'the next event came');
      expect(String(opened.errors[0])).toContain('specversion');
      await stop();
      await opened.close();
    });
  });
});

describe('the option cloudEvents of MQTT', () => {
  test('options that mean nothing are refused', async () => {
    const service = createService(contract, {});
    const start = (cloudEvents: unknown) => serveMqtt(service, { url: 'mqtt://127.0.0.1:1', cloudEvents: cloudEvents as 'binary' });
    await expect(start('batch')).rejects.toThrow(`serveMqtt: cloudEvents must be 'binary' or 'structured', not "batch"`);
    await expect(start({ mode: 'binary', source: '' })).rejects.toThrow('must be a URI reference');
  });
});

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}
