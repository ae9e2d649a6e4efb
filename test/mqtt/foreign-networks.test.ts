/** Networks and firmwares of devices, spoken to from their documentation. */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { connectAsync, type IClientPublishOptions } from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { ApiError, bytes, createClient, defineContract, event, mutation, query, type Contract } from '../../src/index.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { mqtt, type MqttOptions } from '../../src/mqtt/client.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';

type Json = any;

/** A client at a broker, and a device at the same. */
async function open<const C extends Contract>(contract: C, options: Omit<MqttOptions, 'url'>) {
  const broker = await mqttBroker({ port: 0, open: true });
  const device = await connectAsync(broker.url);
  const errors: string[] = [];
  const transport = mqtt({ url: broker.url, onError: (error) => errors.push(String(error)), ...options });
  const client = createClient({ contract, transport, timeoutMs: 5000 });
  onTestFinished(async () => {
    await client.close();
    await device.endAsync();
    await broker.close();
  });
  const publish = (topic: string, payload: unknown, more: IClientPublishOptions = {}) =>
    device.publishAsync(topic, payload instanceof Uint8Array ? Buffer.from(payload) : typeof payload === 'string' ? payload : JSON.stringify(payload), { qos: 1, ...more }); // prettier-ignore
  return { client, device, publish, errors };
}

// https://www.thethingsindustries.com/docs/integrations/other-integrations/mqtt/
describe('The Things Network', () => {
  const contract = defineContract({
    name: 'ttn',
    operations: { push: mutation({ input: z.object({ device: z.string(), port: z.int(), data: z.string() }) }) },
    events: {
      up: event({
        channel: 'up/{device}',
        payload: z.object({ device: z.string(), celsius: z.number(), counter: z.int(), rssi: z.int() }),
      }),
      joined: event({ channel: 'joined/{device}', payload: z.object({ device: z.string(), address: z.string() }) }),
    },
  });

  test('has two names in one level, and measurements deep in a message', async () => {
    const { client, device, publish, errors } = await open(contract, {
      events: {
        up: {
          topic: 'v3/app1@ttn/devices/{device}/up',
          read({ json }) {
            const { uplink_message: up } = json as Json;
            return up.decoded_payload && { celsius: up.decoded_payload.celsius, counter: up.f_cnt ?? 0, rssi: up.rx_metadata[0].rssi };
          },
        },
        joined: { topic: 'v3/{application}@{tenant}/devices/{device}/join', read: ({ json }) => ({ address: (json as Json).end_device_ids.dev_addr }) },
      },
      operations: {
        push: {
          topic: 'v3/app1@ttn/devices/{device}/down/push',
          input: ({ port, data }) => ({ downlinks: [{ f_port: port, frm_payload: data, priority: 'NORMAL' }] }),
        },
      },
    }); // prettier-ignore
    const heard: unknown[] = [];
    await client.onUp((data) => void heard.push(data), { params: { device: 'sensor-1' } });
    await client.onJoined((data) => void heard.push(data));
    const sent: string[] = [];
    device.on('message', (topic, payload) => void sent.push(`${topic} ${String(payload)}`));
    await device.subscribeAsync('v3/+/devices/+/down/push', { qos: 1 });
    const uplink = { f_port: 1, f_cnt: 7, frm_payload: 'AQ==', rx_metadata: [{ rssi: -35, snr: 5 }] };
    const ids = { device_id: 'sensor-1', dev_addr: '00BCB929' };
    await publish('v3/app1@ttn/devices/sensor-1/join', { end_device_ids: ids, join_accept: {} });
    await publish('v3/app1@ttn/devices/sensor-1/up', { end_device_ids: ids, uplink_message: uplink });
    await publish('v3/app1@ttn/devices/other/up', { end_device_ids: ids, uplink_message: { ...uplink, decoded_payload: { celsius: 1 } } });
    await publish('v3/app1@ttn/devices/sensor-1/up', { end_device_ids: ids, uplink_message: { ...uplink, decoded_payload: { celsius: 21.5 } } });
    await client.push({ device: 'sensor-1', port: 15, data: 'vu8=' });
    await until(() => heard.length === 2 && sent.length === 1);
    expect(heard).toEqual([
      { device: 'sensor-1', address: '00BCB929' },
      { device: 'sensor-1', celsius: 21.5, counter: 7, rssi: -35 },
    ]);
    expect(sent).toEqual(['v3/app1@ttn/devices/sensor-1/down/push {"downlinks":[{"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}']);
    expect(errors).toEqual([]);
  }); // prettier-ignore
});

// https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
describe('Home Assistant', () => {
  test('finds devices by retained messages, of which an empty one takes the device back', async () => {
    const contract = defineContract({
      name: 'discovery',
      operations: { announce: mutation({ input: z.object({ component: z.string(), id: z.string(), config: z.looseObject({}) }) }), remove: mutation({ input: z.object({ component: z.string(), id: z.string() }) }) },
      events: {
        found: event({ channel: 'found/{component}/{id}', payload: z.object({ component: z.string(), id: z.string(), name: z.string(), state: z.string(), isRetained: z.boolean() }) }),
        removed: event({ channel: 'removed/{id}', payload: z.object({ id: z.string() }) }),
      },
    }); // prettier-ignore
    const { client, publish, errors } = await open(contract, {
      events: {
        found: {
          topic: 'homeassistant/{component}/{id}/config',
          // Names may be abbreviated.
          read: ({ text, json, isRetained }) =>
            text === '' ? undefined : { name: (json as Json).name, state: (json as Json).state_topic ?? (json as Json).stat_t, isRetained },
        },
        removed: { topic: 'homeassistant/+/{id}/config', read: ({ text }) => (text === '' ? {} : undefined) },
      },
      operations: {
        announce: { topic: 'homeassistant/{component}/{id}/config', retain: true, input: ({ config }) => config },
        remove: { topic: 'homeassistant/{component}/{id}/config', retain: true, input: () => undefined },
      },
    });
    await publish('homeassistant/sensor/t1/config', { name: 'Temperature', state_topic: 'home/t1' }, { retain: true });
    const heard: unknown[] = [];
    await client.onFound((data) => void heard.push(data));
    await client.onRemoved((data) => void heard.push(data));
    await until(() => heard.length === 1);
    await client.announce({ component: 'switch', id: 's1', config: { name: 'Switch', stat_t: '~/s', '~': 'home/s1' } });
    await until(() => heard.length === 2);
    await client.remove({ component: 'sensor', id: 't1' });
    await until(() => heard.length === 3);
    expect(heard).toEqual([
      { component: 'sensor', id: 't1', name: 'Temperature', state: 'home/t1', isRetained: true },
      { component: 'switch', id: 's1', name: 'Switch', state: '~/s', isRetained: false },
      { id: 't1' },
    ]);
    expect(errors).toEqual([]);
  });
});

// https://esphome.io/components/mqtt.html
describe('ESPHome', () => {
  test('has numbers and states as text, and says by a last will that it is gone', async () => {
    const contract = defineContract({
      name: 'esp',
      operations: { set: mutation({ input: z.object({ node: z.string(), id: z.string(), on: z.boolean() }) }) },
      events: {
        sensor: event({ channel: 'sensors/{node}/{id}', payload: z.object({ node: z.string(), id: z.string(), value: z.number().nullable() }) }),
        presence: event({ channel: 'status/{node}', payload: z.object({ node: z.string(), isOnline: z.boolean() }) }),
      },
    }); // prettier-ignore
    const { client, device, publish } = await open(contract, {
      events: {
        sensor: { topic: '{node}/sensor/{id}/state', read: ({ text }) => ({ value: text === 'nan' ? null : Number(text) }) },
        presence: { topic: '{node}/status', read: ({ text }) => ({ isOnline: text === 'online' }) },
      },
      operations: { set: { topic: '{node}/switch/{id}/command', input: ({ on }) => (on ? 'ON' : 'OFF') } },
    });
    const heard: unknown[] = [];
    await publish('livingroom/status', 'online', { retain: true });
    await client.onPresence((data) => void heard.push(data));
    await client.onSensor((data) => void heard.push(data));
    const sent: string[] = [];
    device.on('message', (topic, payload) => void sent.push(`${topic} ${String(payload)}`));
    await device.subscribeAsync('livingroom/switch/+/command', { qos: 1 });
    await publish('livingroom/sensor/humidity/state', '48.5');
    await publish('livingroom/sensor/humidity/state', 'nan');
    await publish('livingroom/status', 'offline', { retain: true });
    await client.set({ node: 'livingroom', id: 'relay', on: true });
    await until(() => heard.length === 4 && sent.length === 1);
    expect(heard).toEqual([
      { node: 'livingroom', isOnline: true },
      { node: 'livingroom', id: 'humidity', value: 48.5 },
      { node: 'livingroom', id: 'humidity', value: null },
      { node: 'livingroom', isOnline: false },
    ]);
    expect(sent).toEqual(['livingroom/switch/relay/command ON']);
  });
});

// https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf, payload B
describe('Sparkplug', () => {
  interface Metric {
    readonly name: string;
    readonly value: number;
  }
  const write = (metrics: readonly Metric[], seq: number) => {
    const writer = new BinaryWriter().uint32(8).uint64(1_700_000_000_000n);
    for (const { name, value } of metrics) writer.uint32(18).fork().uint32(10).string(name).uint32(32).uint32(10).uint32(105).double(value).join();
    return writer.uint32(24).uint64(BigInt(seq)).finish();
  }; // prettier-ignore
  const read = (payload: Uint8Array): { metrics: Metric[]; seq: number } => {
    const reader = new BinaryReader(payload);
    const metrics: Metric[] = [];
    let seq = 0;
    while (reader.pos < reader.len) {
      const [field, kind] = reader.tag();
      if (field === 3) seq = Number(reader.uint64());
      else if (field !== 2) reader.skip(kind, field);
      else {
        const end = reader.uint32() + reader.pos;
        let [name, value] = ['', 0];
        while (reader.pos < end) {
          const [inner, type] = reader.tag();
          if (inner === 1) name = reader.string();
          else if (inner === 13) value = reader.double();
          else reader.skip(type, inner);
        }
        metrics.push({ name, value });
      }
    }
    return { metrics, seq };
  };

  test('has binary payloads in both directions, several measurements in one', async () => {
    const contract = defineContract({
      name: 'plant',
      operations: { command: mutation({ input: z.object({ node: z.string(), payload: bytes() }) }) },
      events: {
        metric: event({ channel: 'metrics/{node}', payload: z.object({ node: z.string(), name: z.string(), value: z.number() }) }),
      },
    });
    const { client, device, publish, errors } = await open(contract, {
      events: { metric: { topic: 'spBv1.0/plant/NDATA/{node}', read: ({ bytes: payload }) => read(payload).metrics } },
      operations: { command: { topic: 'spBv1.0/plant/NCMD/{node}', qos: 0, input: ({ payload }) => payload } },
    });
    const heard: unknown[] = [];
    await client.onMetric((data) => void heard.push(data));
    const sent: Metric[] = [];
    device.on('message', (_, payload) => void sent.push(...read(payload).metrics));
    await device.subscribeAsync('spBv1.0/plant/NCMD/+');
    await publish('spBv1.0/plant/NDATA/press', Uint8Array.from([0xff, 0xff]));
    await publish('spBv1.0/plant/NDATA/press', write([{ name: 'bar', value: 1.5 }, { name: 'rpm', value: 900 }], 3)); // prettier-ignore
    await client.command({ node: 'press', payload: write([{ name: 'rpm', value: 0 }], 4) });
    await until(() => heard.length === 2 && sent.length === 1);
    expect(heard).toEqual([
      { node: 'press', name: 'bar', value: 1.5 },
      { node: 'press', name: 'rpm', value: 900 },
    ]);
    expect([sent, errors.length]).toEqual([[{ name: 'rpm', value: 0 }], 1]);
  });
});

// https://shelly-api-docs.shelly.cloud/gen2/General/Notifications, …/CommonErrors
describe('Shelly', () => {
  test('notifies of parts of its state, and refuses calls with codes of its own', async () => {
    const contract = defineContract({
      name: 'shelly',
      operations: { getSwitch: query({ input: z.object({ device: z.string(), id: z.int() }), output: z.object({ output: z.boolean() }) }) },
      events: {
        changed: event({ channel: 'changed/{device}', payload: z.object({ device: z.string(), id: z.int(), output: z.boolean() }) }),
        online: event({ channel: 'online/{device}', payload: z.object({ device: z.string(), isOnline: z.boolean() }) }),
      },
    });
    let last = 0;
    const { client, device, publish, errors } = await open(contract, {
      events: {
        changed: {
          topic: '{device}/events/rpc',
          read({ json }) {
            const { method, params } = json as Json;
            if (method !== 'NotifyStatus') return undefined;
            return Object.entries<Json>(params).flatMap(([name, part]) => (name.startsWith('switch:') && 'output' in part ? [{ id: part.id, output: part.output }] : []));
          },
        },
        online: { topic: '{device}/online', read: ({ text }) => ({ isOnline: text === 'true' }) },
      },
      operations: {
        getSwitch: {
          topic: '{device}/rpc',
          input: ({ id }) => ({ id: ++last, src: 'app1', method: 'Switch.GetStatus', params: { id } }),
          reply: 'app1/rpc',
          output({ json }, _, sent) {
            const { id, result, error } = json as Json;
            if (id !== (sent as Json).id) return undefined;
            if (error) throw new ApiError(error.code === -105 ? 'NOT_FOUND' : 'UNKNOWN', error.message, { details: { code: error.code } });
            return result;
          },
        },
      },
    }); // prettier-ignore
    device.on('message', (_, payload) => {
      const { id, src, params } = JSON.parse(String(payload));
      const answer = params.id === 0 ? { result: { id: 0, source: 'init', output: true, apower: 0 } } : { error: { code: -105, message: `Argument 'id', value ${params.id} not found!` } };
      void publish(`${src}/rpc`, { id, src: 'plug', dst: src, ...answer });
    }); // prettier-ignore
    await device.subscribeAsync('plug/rpc', { qos: 1 });
    const heard: unknown[] = [];
    await client.onChanged((data) => void heard.push(data));
    await client.onOnline((data) => void heard.push(data));
    const [found, refused] = await Promise.all([
      client.getSwitch({ device: 'plug', id: 0 }),
      failure(client.getSwitch({ device: 'plug', id: 9 })),
    ]);
    expect(found).toEqual({ output: true });
    expect(refused).toMatchObject({ code: 'NOT_FOUND', details: { code: -105 }, text: "Argument 'id', value 9 not found!" });
    await publish('plug/events/rpc', { src: 'plug', dst: 'plug/events', method: 'NotifyStatus', params: { ts: 1.5, 'switch:0': { id: 0, output: false, source: 'MQTT' }, sys: {} } }); // prettier-ignore
    await publish('plug/events/rpc', { src: 'plug', dst: 'plug/events', method: 'NotifyEvent', params: { events: [] } });
    await publish('plug/online', 'false', { retain: true });
    await until(() => heard.length === 2);
    expect(heard).toEqual([
      { device: 'plug', id: 0, output: false },
      { device: 'plug', isOnline: false },
    ]);
    expect(errors).toEqual([]);
  });
});
