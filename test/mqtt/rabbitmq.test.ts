import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import mqttjs from 'mqtt';
import { createBlogService } from '../../src/blog/service.ts';
import { defineContract, event } from '../../src/core/define.ts';
import { createClient } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { noRabbit, startRabbit } from '../support/rabbitmq.ts';
import { until } from '../support/until.ts';

describe.skipIf(noRabbit !== undefined)(`RabbitMQ's plugin for MQTT${noRabbit === undefined ? '' : `: skipped, ${noRabbit}`}`, () => {
  let broker: Awaited<ReturnType<typeof startRabbit>>;
  beforeAll(async () => void (broker = await startRabbit()), 120_000);
  afterAll(() => broker?.close(), 60_000);

  test('carries calls and events, in MQTT 3.1.1 if it closes connections of MQTT 5 without a word', async () => {
    const service = createBlogService();
    const served = await serveMqtt(service, { url: broker.url });
    const blog = createClient({ transport: mqtt({ url: broker.url }) });
    const heard: number[] = [];
    await blog.onTemperature(({ celsius }) => void heard.push(celsius));
    expect((await blog.getUser({ id: 123 })).username).toBe('john_doe');
    await expect(blog.getUser({ id: 7 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await blog.reportTemperature({ sensorId: 'roof', celsius: 21.5 });
    await until(() => heard.length === 1, 'the event came');
    await blog.close();
    await served.close();
    await service.close();
  });

  test('carries the messages of foreign devices, retained ones too', async () => {
    const contract = defineContract({
      name: 'home',
      events: { thing: event({ channel: 'things/{device}', payload: z.object({ device: z.string(), t: z.number() }) }) },
    });
    const foreign = await mqttjs.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
    await foreign.publishAsync('zigbee2mqtt/living room', '{"t":1}', { qos: 1, retain: true });
    const client = createClient({ contract, transport: mqtt({ url: broker.url, events: { thing: { topic: 'zigbee2mqtt/{device}' } } }) });
    const heard: unknown[] = [];
    await client.onThing((value) => void heard.push(value), { params: { device: 'living room' } });
    await until(() => heard.length === 1, 'the retained one came');
    await foreign.publishAsync('zigbee2mqtt/living room', '{"t":2}', { qos: 1 });
    await until(() => heard.length === 2, 'the live one came');
    expect(heard).toEqual([1, 2].map((t) => ({ device: 'living room', t })));
    await client.close();
    await foreign.endAsync();
  });
});
