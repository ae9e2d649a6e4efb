import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqttjs from 'mqtt';
import { createClient } from 'multi-api-sdk';
import { blogContract, createBlogService } from 'multi-api-sdk/blog';
import { mqtt } from 'multi-api-sdk/mqtt';
import { mqttHub } from 'multi-api-sdk/mqtt/hub';
import { mqttBroker } from 'multi-api-sdk/mqtt/broker';
import { serveMqtt } from 'multi-api-sdk/mqtt/server';
import { median, printTable, type Row } from './table.ts';

const EVENTS = 4000;
const CALLS = 2000;
const IN_FLIGHT = 32;
const ROUNDS = 7;
let published = 0;
const READING = { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' };

interface Broker {
  readonly name: string;
  readonly url: string;
  close(): void;
}

/** Mosquitto where it is installed: a broker in this process would be measured too. */
async function startBroker(): Promise<Broker> {
  const program = ['mosquitto', '/usr/sbin/mosquitto'].find((path) => spawnSync(path, ['-h']).error === undefined);
  if (program === undefined) {
    const { url, close } = await mqttBroker({ port: 0, open: true });
    return { name: 'the embedded broker', url, close: () => void close() };
  }
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
  const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const config = join(folder, 'mosquitto.conf');
  // A receiver that falls behind must not lose what is counted.
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  const child: ChildProcess = spawn(program, ['-c', config], { stdio: 'ignore' });
  child.once('exit', () => rmSync(folder, { recursive: true }));
  for (let isUp = false; !isUp;) {
    isUp = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve((socket.destroy(), true))).on('error', () => setTimeout(resolve, 20, false));
    });
  }
  return { name: 'Mosquitto', url: `mqtt://127.0.0.1:${port}`, close: () => void child.kill() };
}

/** Runs `work` `count` times, some at a time; gives how many were done a second, once `isDone` says that all have come. */
async function rate(count: number, work: () => Promise<unknown>, done: Promise<void> = Promise.resolve()): Promise<number> {
  const start = performance.now();
  let left = count;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) await work();
    }),
  );
  await done;
  return (count * 1000) / (performance.now() - start);
}

/** Counts what comes; resolves at the last. */
class Counter {
  #left = 0;
  #resolve: () => void = () => {};

  expect(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  readonly hit = (): void => {
    if (--this.#left === 0) this.#resolve();
  };
}

async function compare(what: string, goal: string, raw: () => Promise<number>, ours: () => Promise<number>): Promise<Row> {
  const results: { raw: number; ours: number }[] = [];
  await raw();
  await ours();
  for (let round = 0; round < ROUNDS; round++) results.push({ raw: await raw(), ours: await ours() });
  const shown = (which: 'raw' | 'ours') => `${Math.round(median(results.map((result) => result[which])))}/s`;
  return { what, ours: shown('ours'), raw: shown('raw'), ratio: median(results.map((result) => result.ours / result.raw)), goal };
}

/** What an event of ours carries beside its payload: without it, a bare client sends half as many bytes. */
const PROPERTIES = {
  payloadFormatIndicator: true,
  contentType: 'application/json',
  userProperties: { id: '0123456789ab-1234', time: '2026-01-31T12:00:00.000Z', type: 'sensor.temperature' },
};

async function events(url: string, qos: 0 | 1, isSame: boolean): Promise<Row> {
  const version = 5;
  const [sender, receiver] = await Promise.all([0, 1].map(() => mqttjs.connectAsync(url, { protocolVersion: version })));
  if (!sender || !receiver) throw new Error('no connection');
  const counter = new Counter();
  receiver.on('message', (_, payload) => {
    if ((JSON.parse(payload.toString()) as typeof READING).celsius === READING.celsius) counter.hit();
  });
  await receiver.subscribeAsync(`raw/${qos}`, { qos });

  const topicPrefix = `ours/${qos}`;
  const hub = mqttHub({ url, qos, topicPrefix });
  const blog = createClient({ transport: mqtt({ url, qos, topicPrefix }) });
  const ourCounter = new Counter();
  await blog.onTemperature(ourCounter.hit);
  const row = await compare(
    `events, QoS ${qos}, ${isSame ? 'same properties' : 'bare payload'}`,
    '>= 0.90',
    () =>
      rate(
        EVENTS,
        () => sender.publishAsync(`raw/${qos}`, JSON.stringify(READING), { qos, ...(isSame && { properties: PROPERTIES }) }),
        counter.expect(EVENTS),
      ),
    () =>
      rate(
        EVENTS,
        () => hub.publish(blogContract.events.temperature, { key: `bench-${published++}`, time: READING.measuredAt, data: READING }),
        ourCounter.expect(EVENTS),
      ),
  );
  await blog.close();
  await hub.close();
  await sender.endAsync();
  await receiver.endAsync();
  return row;
}

const REPLY = { payloadFormatIndicator: true, contentType: 'application/json', userProperties: { 'x-request-id': '01234567-abc' } };
const REQUEST = { ...REPLY, messageExpiryInterval: 30, userProperties: { 'x-timeout-ms': '30000' } };

async function calls(url: string, isSame: boolean): Promise<Row> {
  const [caller, responder] = await Promise.all([0, 1].map(() => mqttjs.connectAsync(url, { protocolVersion: 5 })));
  if (!caller || !responder) throw new Error('no connection');
  const users = new Map([[123, { id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt: '2024-01-15T09:30:00Z' }]]);
  responder.on('message', (_, payload, { properties }) => {
    const { id } = JSON.parse(payload.toString()) as { id: number };
    const { responseTopic = '', correlationData = Buffer.from('') } = properties ?? {};
    responder.publish(responseTopic, JSON.stringify(users.get(id)), { qos: 1, properties: { correlationData, ...(isSame && REPLY) } });
  });
  await responder.subscribeAsync(`raw/${isSame}/getUser`, { qos: 1 });
  const pending = new Map<string, (value: unknown) => void>();
  caller.on('message', (_, payload, { properties }) => {
    const id = properties?.correlationData?.toString() ?? '';
    pending.get(id)?.(JSON.parse(payload.toString()));
    pending.delete(id);
  });
  await caller.subscribeAsync(`raw/${isSame}/replies`, { qos: 1 });
  let count = 0;
  const call = () =>
    new Promise((resolve) => {
      const id = String(count++);
      pending.set(id, resolve);
      caller.publish(`raw/${isSame}/getUser`, '{"id":123}', {
        qos: 1,
        properties: { responseTopic: `raw/${isSame}/replies`, correlationData: Buffer.from(id), ...(isSame && REQUEST) },
      });
    });

  const service = createBlogService();
  const served = await serveMqtt(service, { url });
  const blog = createClient({ transport: mqtt({ url }) });
  const row = await compare(`calls, QoS 1, ${isSame ? 'same properties' : 'bare payload'}`, '>= 0.85', () => rate(CALLS, call), () => rate(CALLS, () => blog.getUser({ id: 123 }))); // prettier-ignore
  await blog.close();
  await served.close();
  await service.close();
  await caller.endAsync();
  await responder.endAsync();
  return row;
}

const broker = await startBroker();
const rows: Row[] = [];
for (const isSame of [true, false]) for (const qos of [0, 1] as const) rows.push(await events(broker.url, qos, isSame));
for (const isSame of [true, false]) rows.push(await calls(broker.url, isSame));
printTable(`MQTT 5 over ${broker.name}, both ends in one process, ${IN_FLIGHT} in flight, against bare mqtt.js`, rows);
broker.close();
