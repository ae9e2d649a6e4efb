import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import mqttjs, { type IClientPublishOptions } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ApiError } from '../../src/core/errors.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { createClient } from '../../src/index.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt, type MqttEventMapping, type MqttOptions } from '../../src/mqtt/client.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Sent = readonly [topic: string, payload: string | Buffer, options?: IClientPublishOptions];

function suite(version: 4 | 5, url: () => string): void {
  async function device() {
    const client = await mqttjs.connectAsync(url(), { protocolVersion: version, reconnectPeriod: 0 });
    cleanups.push(() => client.endAsync(true));
    return client;
  }

  /** Hears what devices publish, and what is reported of it. The last message always fits: behind it nothing can come. */
  async function hear(payload: z.ZodObject, channel: string, mapping: MqttEventMapping, sent: readonly Sent[], params?: object) {
    const contract = defineContract({ name: 'home', operations: {}, events: { thing: event({ channel, payload }) } });
    const errors: string[] = [];
    const onError = (error: unknown) => void errors.push(String(error));
    const client = createClient({ contract, transport: mqtt({ url: url(), version, events: { thing: mapping }, onError }) });
    cleanups.push(() => client.close());
    const got: unknown[] = [];
    await client.onThing((value) => void got.push(value), { ...(params && { params: params as never }) });
    const foreign = await device();
    for (const [topic, text, options] of sent) await foreign.publishAsync(topic, text, { qos: 1, ...options });
    return { got, errors, client };
  }

  test('zigbee2mqtt: the device is in the topic, and what does not fit is reported', async () => {
    const payload = z.object({ device: z.string(), temperature: z.number(), battery: z.number().optional() });
    const { got, errors } = await hear(payload, 'devices/{device}', { topic: 'zigbee2mqtt/{device}' }, [
      ['zigbee2mqtt/kitchen', '{"temperature":21.5,"battery":90,"linkquality":80}'],
      ['zigbee2mqtt/kitchen', '{"temperature":"warm"}'],
      ['zigbee2mqtt/kitchen', 'offline'],
      ['zigbee2mqtt/kitchen', '{"temperature":21.5,"device":{"friendlyName":"x"}}'],
      ['zigbee2mqtt/living room', '{"temperature":19}'],
    ]);
    await until(() => got.length === 3, 'all that fits came');
    expect(got).toEqual([
      { device: 'kitchen', temperature: 21.5, battery: 90 },
      { device: 'kitchen', temperature: 21.5 },
      { device: 'living room', temperature: 19 },
    ]);
    expect(errors).toHaveLength(2);
  });

  test('zigbee2mqtt: names with slashes, and one device alone', async () => {
    const payload = z.object({ device: z.string(), state: z.enum(['ON', 'OFF']) });
    const { got } = await hear(
      payload,
      'devices/{device}',
      { topic: 'zigbee2mqtt/{+device}' },
      [
        ['zigbee2mqtt/living room/lamp', '{"state":"ON"}'],
        ['zigbee2mqtt/other', '{"state":"ON"}'],
        ['zigbee2mqtt/living room/lamp', '{"state":"OFF"}'],
      ],
      { device: 'living room/lamp' },
    );
    await until(() => got.length === 2, 'both came');
    expect(got).toEqual([
      { device: 'living room/lamp', state: 'ON' },
      { device: 'living room/lamp', state: 'OFF' },
    ]);
  });

  test('Tasmota: upper case, nested values, texts that are no JSON', async () => {
    const sensor = z.object({ device: z.string(), celsius: z.number() });
    const { got } = await hear(
      sensor,
      'sensors/{device}',
      {
        topic: 'tele/tasmota_{device}/SENSOR',
        read: ({ json }) => ({ celsius: (json as { AM2301?: { Temperature?: number } }).AM2301?.Temperature }),
      },
      [['tele/tasmota_A1/SENSOR', '{"Time":"2024-01-02T03:04:05","AM2301":{"Temperature":20.1}}']],
    );
    await until(() => got.length === 1, 'the sensor came');
    expect(got).toEqual([{ device: 'A1', celsius: 20.1 }]);
    const power = z.object({ device: z.string(), isOn: z.boolean() });
    const heard = await hear(
      power,
      'power/{device}',
      {
        topic: 'stat/{device}/POWER',
        read: ({ text }) => (text === 'ON' || text === 'OFF' ? { isOn: text === 'ON' } : undefined),
      },
      [
        ['stat/plug/POWER', 'ON'],
        ['stat/plug/POWER', 'UNKNOWN'],
        ['stat/plug/POWER', 'OFF'],
      ],
    );
    await until(() => heard.got.length === 2, 'both states came');
    expect([heard.got, heard.errors]).toEqual([[true, false].map((isOn) => ({ device: 'plug', isOn })), []]);
  });

  test('Home Assistant: discovery with a list, a number, an empty message, bytes', async () => {
    const numbers = z.object({ value: z.number() });
    const read: MqttEventMapping['read'] = ({ text }) => ({ value: text.trim() === '' ? NaN : Number(text) });
    const { got, errors } = await hear(numbers, 'number', { topic: '/home/t/', read }, [
      ['/home/t/', '21.5'],
      ['/home/t/', ' 3 \0'],
      ['/home/t/', '\ufeff4'],
      ['/home/t/', 'nan'],
      ['/home/t/', ''],
      ['/home/t/', '-1e3'],
    ]);
    await until(() => got.length === 4, 'the numbers came');
    expect([got, errors.length]).toEqual([[21.5, 3, 4, -1000].map((value) => ({ value })), 2]);
    const list = await hear(
      z.object({ component: z.string(), items: z.array(z.string()) }),
      'discovery/{component}',
      { topic: 'homeassistant/{component}/+/config', read: ({ json }) => ({ items: json }) },
      [['homeassistant/light/x/config', '["a","b"]']],
    );
    await until(() => list.got.length === 1, 'the list came');
    expect(list.got).toEqual([{ component: 'light', items: ['a', 'b'] }]);
    const image = await hear(
      z.object({ size: z.number(), first: z.number() }),
      'camera',
      { topic: 'cam/#', read: ({ bytes }) => ({ size: bytes.length, first: bytes[0] }) },
      [['cam/1/snapshot', Buffer.from([0xff, 0xd8, 0xff])]],
    );
    await until(() => image.got.length === 1, 'the image came');
    expect(image.got).toEqual([{ size: 3, first: 255 }]);
  });

  test('values in topics are numbers and booleans where the payload has them so', async () => {
    const payload = z.object({ floor: z.int(), isOutside: z.boolean(), t: z.number() });
    const { got, errors } = await hear(payload, 'places/{floor}/{isOutside}', { topic: 'küche 😀/{floor}/{isOutside}/t' }, [
      ['küche 😀/-1/true/t', '{"t":1}'],
      ['küche 😀/x/true/t', '{"t":1}'],
      ['küche 😀/2/false/t', '{"t":2}'],
    ]);
    await until(() => got.length === 2, 'both came');
    expect(got).toEqual([
      { floor: -1, isOutside: true, t: 1 },
      { floor: 2, isOutside: false, t: 2 },
    ]);
    expect(errors).toHaveLength(1);
  });

  test('several events of one topic, and hooks that throw', async () => {
    const contract = defineContract({
      name: 'home',
      operations: {},
      events: {
        on: event({ channel: 'on/{device}', payload: z.object({ device: z.string() }) }),
        off: event({ channel: 'off/{device}', payload: z.object({ device: z.string() }) }),
        all: event({ channel: 'all', payload: z.object({ topic: z.string() }) }),
      },
    });
    const errors: string[] = [];
    const options: MqttOptions = {
      url: url(),
      version,
      onError: (error) => errors.push(String(error)),
      events: {
        on: { topic: 'stat/{device}/P', read: ({ text }) => (text === 'ON' ? {} : undefined) },
        off: { topic: 'stat/{device}/P', read: ({ text }) => (text === 'OFF' ? {} : undefined) },
        all: {
          topic: 'stat/#',
          read: ({ text, topic }) => {
            if (text === 'BOOM') throw new Error('a\nmistake');
            return { topic };
          },
        },
      },
    };
    const client = createClient({ contract, transport: mqtt(options) });
    cleanups.push(() => client.close());
    const got: string[] = [];
    await client.onOn(({ device }) => void got.push(`${device} on`));
    await client.onOff(({ device }) => void got.push(`${device} off`));
    await client.onAll(({ topic }) => void got.push(topic));
    const foreign = await device();
    for (const text of ['ON', 'BOOM', 'OFF']) await foreign.publishAsync('stat/a/P', text, { qos: 1 });
    await until(() => got.filter((each) => each === 'stat/a/P').length === 2 && got.length >= 4, 'all came');
    expect(got.toSorted()).toEqual(['a off', 'a on', 'stat/a/P', 'stat/a/P']);
    expect(errors).toEqual([expect.stringContaining('a message on stat/a/P does not fit all and was dropped: a\\u000amistake')]);
  });

  test('a retained message is given to each listener once, and to those only whose subscription asked for it', async () => {
    const foreign = await device();
    const root = `retained/${version}`;
    await foreign.publishAsync(`${root}/a`, '{"t":1}', { retain: true, qos: 1 });
    await foreign.publishAsync(`${root}/b`, '{"t":1}', { retain: true, qos: 1 });
    const contract = defineContract({
      name: 'home',
      operations: {},
      events: { room: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), t: z.number() }) }) },
    });
    const client = createClient({ contract, transport: mqtt({ url: url(), version, events: { room: { topic: `${root}/{room}` } } }) });
    cleanups.push(() => client.close());
    const heard: Record<'first' | 'second' | 'all', string[]> = { first: [], second: [], all: [] };
    const listener = (name: keyof typeof heard) => (value: { room: string; t: number }) => void heard[name].push(`${value.room}${value.t}`);
    await client.onRoom(listener('first'), { params: { room: 'a' } });
    await until(() => heard.first.length === 1, 'the first has it');
    await client.onRoom(listener('second'), { params: { room: 'a' } });
    await until(() => heard.second.length === 1, 'the second has it');
    await client.onRoom(listener('all'));
    await until(() => heard.all.length === 2, 'the third has both');
    await foreign.publishAsync(`${root}/a`, '{"t":2}', { retain: true, qos: 1 });
    await until(
      () => heard.all.includes('a2'),
      () => JSON.stringify(heard),
    );
    expect({ ...heard, all: heard.all.toSorted() }).toEqual({ first: ['a1', 'a2'], second: ['a1', 'a2'], all: ['a1', 'a2', 'b1'] });
  });

  test('operations are messages: parameters in the topic, the rest as JSON, hooks for everything else', async () => {
    const Lamp = z.object({ device: z.string(), state: z.string(), brightness: z.int().optional() });
    const contract = defineContract({
      name: 'home',
      operations: {
        setLamp: mutation({ input: Lamp }),
        setPower: mutation({ input: z.object({ device: z.string(), isOn: z.boolean() }) }),
        restart: mutation({ input: z.object({ device: z.string() }) }),
        sendBytes: mutation({ input: z.object({ values: z.array(z.int()) }) }),
      },
    });
    const client = createClient({
      contract,
      transport: mqtt({
        url: url(),
        version,
        operations: {
          setLamp: { topic: 'zigbee2mqtt/{+device}/set', retain: true, qos: 2 },
          setPower: { topic: 'cmnd/{device}/POWER', input: ({ isOn }) => (isOn === true ? 'ON' : 'OFF') },
          restart: { topic: '$device/{device}/restart' },
          sendBytes: { topic: 'raw', input: ({ values }) => Uint8Array.from(values as number[]), qos: 0 },
        },
      }),
    });
    cleanups.push(() => client.close());
    const foreign = await device();
    const heard: [string, string, boolean][] = [];
    foreign.on('message', (topic, payload) => heard.push([topic, payload.toString('latin1'), false]));
    await foreign.subscribeAsync(['zigbee2mqtt/#', 'cmnd/#', '$device/#', 'raw'], { qos: 2 });
    await client.setLamp({ device: 'living room/lamp', state: 'ON', brightness: 7 });
    await client.setPower({ device: 'plug', isOn: true });
    await client.restart({ device: 'x y' });
    await client.sendBytes({ values: [0, 255, 7] });
    await until(() => heard.length === 4, 'all came');
    expect(heard.map(([topic, text]) => `${topic} ${text}`).toSorted()).toEqual(
      [
        'zigbee2mqtt/living room/lamp/set {"state":"ON","brightness":7}',
        'cmnd/plug/POWER ON',
        '$device/x y/restart ',
        'raw \0ÿ\x07',
      ].toSorted(),
    );
    for (const bad of ['a/b', '+', '#', '', 'a\0'])
      await expect(client.setPower({ device: bad, isOn: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', sent: false });
    await foreign.publishAsync('zigbee2mqtt/living room/lamp/set', '', { retain: true });
  });

  test('a device that answers: AWS-like accepted and rejected topics, each call its own', async () => {
    const contract = defineContract({
      name: 'shadow',
      operations: {
        getShadow: query({ input: z.object({ thing: z.string(), token: z.string() }), output: z.object({ version: z.int() }) }),
      },
    });
    const foreign = await device();
    foreign.on('message', (topic, payload) => {
      const { token } = JSON.parse(payload.toString()) as { token: string };
      const bad = token === 'bad';
      const body = bad ? { code: 404, message: 'no shadow', token } : { version: Number(token), token };
      void foreign.publishAsync(`${topic}/${bad ? 'rejected' : 'accepted'}`, token === 'junk' ? '{' : JSON.stringify(body), { qos: 1 });
    });
    await foreign.subscribeAsync('$aws/things/+/shadow/get', { qos: 1 });
    const client = createClient({
      contract,
      transport: mqtt({
        url: url(),
        version,
        operations: {
          getShadow: {
            topic: '$aws/things/{thing}/shadow/get',
            reply: ['$aws/things/{thing}/shadow/get/accepted', '$aws/things/{thing}/shadow/get/rejected'],
            output: ({ topic, json }, { token }) => {
              const answer = json as { token: string; message?: string };
              if (answer.token !== token) return undefined;
              if (topic.endsWith('/rejected')) throw new ApiError('NOT_FOUND', answer.message ?? 'rejected', { remote: true });
              return answer;
            },
          },
        },
      }),
    });
    cleanups.push(() => client.close());
    const calls = ['1', '2', '3'].map((token) => client.getShadow({ thing: token === '3' ? 'other' : 'lamp', token }));
    expect(await Promise.all(calls)).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }]);
    await expect(client.getShadow({ thing: 'lamp', token: 'bad' })).rejects.toMatchObject({ code: 'NOT_FOUND', text: 'no shadow' });
    await expect(client.getShadow({ thing: 'lamp', token: 'x' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(client.getShadow({ thing: 'nobody/here', token: '1' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(client.getShadow({ thing: 'lamp', token: 'slow' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  test('a last will, if the connection ends without a goodbye', async () => {
    const foreign = await device();
    const heard: string[] = [];
    foreign.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
    await foreign.subscribeAsync('panel/state', { qos: 1 });
    const contract = defineContract({ name: 'panel', operations: { show: mutation({ input: z.object({ text: z.string() }) }) } });
    const sockets = new Set<Socket>();
    const way = createServer((socket) => {
      const upstream = connect(Number(new URL(url()).port), '127.0.0.1');
      sockets.add(socket);
      socket.pipe(upstream).pipe(socket);
      for (const [one, other] of [[socket, upstream], [upstream, socket]] as const) one.on('error', () => {}).on('close', () => other.destroy()); // prettier-ignore
    }).listen(0, '127.0.0.1');
    await once(way, 'listening');
    cleanups.push(() => void way.close());
    const open = () => {
      const client = createClient({
        contract,
        transport: mqtt({
          url: `mqtt://127.0.0.1:${(way.address() as AddressInfo).port}`,
          version,
          will: { topic: 'panel/state', payload: 'gone' },
          operations: { show: { topic: 'panel/show' } },
        }),
      });
      cleanups.push(() => client.close());
      return client;
    };
    const polite = open();
    await polite.show({ text: 'x' });
    await polite.close();
    await foreign.publishAsync('panel/state', 'still', { qos: 1 });
    await open().show({ text: 'x' });
    for (const socket of sockets) socket.destroy();
    await until(() => heard.length === 2, 'the last will came');
    expect(heard).toEqual(['panel/state still', 'panel/state gone']);
  });
}

describe('foreign devices at the embedded broker, MQTT 3.1.1', () => {
  let broker: Awaited<ReturnType<typeof mqttBroker>>;
  beforeAll(async () => void (broker = await mqttBroker({ port: 0, open: true })));
  afterAll(() => broker.close());
  suite(4, () => broker.url);
});

describe.skipIf(noMosquitto !== undefined)(
  `foreign devices at Mosquitto${noMosquitto === undefined ? '' : `: skipped, ${noMosquitto}`}`,
  () => {
    let broker: Awaited<ReturnType<typeof startMosquitto>>;
    beforeAll(async () => void (broker = await startMosquitto(['set_tcp_nodelay true'])));
    afterAll(() => broker.close());
    suite(5, () => broker.url);
  },
);
