/** Devices that answer a message by an id in it, and mappings that end subscriptions. */
import { connectAsync } from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, defineContract, event, mutation } from '../../src/index.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt, type MqttEventMapping } from '../../src/mqtt/client.ts';
import { until } from '../support/until.ts';

describe('a foreign device', () => {
  // https://shelly-api-docs.shelly.cloud/gen2/General/RPCChannels#mqtt
  test('a device that repeats an id of the request, which the mapping makes: Shelly', async () => {
    const contract = defineContract({
      name: 'shelly',
      operations: {
        setSwitch: mutation({ input: z.object({ device: z.string(), on: z.boolean() }), output: z.object({ was_on: z.boolean() }) }),
      },
    });
    const broker = await mqttBroker({ port: 0, open: true });
    const foreign = await connectAsync(broker.url);
    const requests: { id: number; src: string; params: { on: boolean } }[] = [];
    foreign.on('message', (_topic, payload) => {
      requests.push(JSON.parse(payload.toString()) as (typeof requests)[number]);
      if (requests.length < 2) return;
      // The last first.
      for (const { id, src, params } of requests.splice(0).reverse())
        void foreign.publishAsync(`${src}/rpc`, JSON.stringify({ id, src: 'plug', dst: src, result: { was_on: !params.on } }), { qos: 1 });
    });
    await foreign.subscribeAsync('plug/rpc', { qos: 1 });
    let last = 0;
    const client = createClient({
      contract,
      transport: mqtt({
        url: broker.url,
        operations: {
          setSwitch: {
            topic: '{device}/rpc',
            input: ({ on }) => ({ id: ++last, src: 'me', method: 'Switch.Set', params: { id: 0, on } }),
            reply: 'me/rpc',
            output: ({ json }, _input, sent) => {
              const { id, result } = json as { id: number; result: unknown };
              return id === (sent as { id: number }).id ? result : undefined;
            },
          },
        },
      }),
    });
    onTestFinished(async () => {
      await client.close();
      await foreign.endAsync();
      await broker.close();
    });
    const calls = [true, false].map((on) => client.setSwitch({ device: 'plug', on }));
    expect(await Promise.all(calls)).toEqual([{ was_on: false }, { was_on: true }]);
  });

  test('whose mapping throws an ApiError: its subscribers have heard the last', async () => {
    const contract = defineContract({
      name: 'shown',
      events: { shown: event({ channel: 'shown/{device}', payload: z.object({ device: z.string(), n: z.number() }) }) },
    });
    const read: MqttEventMapping['read'] = ({ text }) => {
      if (text === 'revoked') throw new ApiError('PERMISSION_DENIED', 'the device was taken away');
      return { n: Number(text) };
    };
    const broker = await mqttBroker({ port: 0, open: true });
    const foreign = await connectAsync(broker.url);
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const client = createClient({
      contract,
      transport: mqtt({ url: broker.url, version: 4, events: { shown: { topic: 'state/{device}', read } }, onError }),
    });
    onTestFinished(async () => {
      await client.close();
      await foreign.endAsync();
      await broker.close();
    });
    const got: string[] = [];
    const listen = (at: string) =>
      client.onShown(({ device, n }) => void got.push(`${device} ${n}`), {
        params: { device: at },
        onError: (error) => void got.push(`${at} ${(error as ApiError).code} ${(error as ApiError).text}`),
      });
    await listen('a');
    const say = (at: string, text: string) => foreign.publishAsync(`state/${at}`, text, { qos: 1 });
    await say('a', '1');
    await say('a', 'revoked');
    await until(() => got.length === 2, 'the first is over');
    await listen('b');
    await say('b', '2');
    await until(() => got.length === 3, 'the other goes on');
    expect([got, errors]).toEqual([['a 1', 'a PERMISSION_DENIED the device was taken away', 'b 2'], []]);
  });
});
