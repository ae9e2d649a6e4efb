import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import mqttjs, { type MqttClient } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import { mqttBroker, type MqttBrokerOptions } from '../../src/mqtt/broker.ts';
import { until } from '../support/until.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(options: MqttBrokerOptions) {
  const errors: string[] = [];
  const authenticate = () => true;
  const broker = await mqttBroker({ port: 0, open: true, authenticate, onError: (error) => errors.push(String(error)), ...options });
  cleanups.push(() => broker.close());
  const connect = async (username: string, clientId: string, clean = false) => {
    const client: MqttClient = mqttjs.connect(broker.url, { protocolVersion: 4, reconnectPeriod: 0, username, password: 'x', clientId, clean }); // prettier-ignore
    cleanups.push(() => client.endAsync(true));
    const heard: number[] = [];
    client.on('message', (_, payload) => heard.push(payload.length));
    const answer = await new Promise<{ readonly code: number; readonly isPresent: boolean }>((resolve) => {
      client.once('connect', ({ sessionPresent }) => resolve({ code: 0, isPresent: sessionPresent }));
      client.once('error', (error) => resolve({ code: (error as { code?: number }).code ?? -1, isPresent: false }));
    });
    return { client, heard, ...answer };
  };
  return { broker, errors, connect };
}

/** A session that waits for what comes on `topic`. */
async function leave(connect: Awaited<ReturnType<typeof open>>['connect'], caller: string, clientId: string, topic: string) {
  const { client } = await connect(caller, clientId);
  await client.subscribeAsync(topic, { qos: 1 });
  await client.endAsync();
}

describe('sessions of the embedded broker', () => {
  test('keep what came while their client was away, up to the share of its caller; then they end', async () => {
    const { connect, errors } = await open({ maxQueuedBytesPerCaller: 50_000 });
    await leave(connect, 'ann', 'a', 'a');
    await leave(connect, 'bob', 'b', 'b');
    const { client } = await connect('publisher', 'p', true);
    for (let count = 0; count < 3; count++) await client.publishAsync('b', Buffer.alloc(10_000), { qos: 1 });
    for (let count = 0; count < 30; count++) await client.publishAsync('a', Buffer.alloc(10_000), { qos: 1 });
    const bob = await connect('bob', 'b');
    expect(bob.isPresent).toBe(true);
    await until(() => bob.heard.length === 3, 'what waited came');
    const ann = await connect('ann', 'a');
    expect([ann.isPresent, ann.heard]).toEqual([false, []]);
    expect(errors.filter((each) => each.includes("the session of the client 'a' was ended"))).toHaveLength(1);
  });

  test('end with the largest if all together hold too much', async () => {
    const { connect } = await open({ maxQueuedBytes: 60_000 });
    await leave(connect, 'ann', 'large', 'large');
    await leave(connect, 'bob', 'small', 'small');
    const { client } = await connect('publisher', 'p', true);
    for (let count = 0; count < 5; count++) await client.publishAsync('large', Buffer.alloc(10_000), { qos: 1 });
    for (let count = 0; count < 3; count++) await client.publishAsync('small', Buffer.alloc(10_000), { qos: 1 });
    expect((await connect('bob', 'small')).isPresent).toBe(true);
    expect((await connect('ann', 'large')).isPresent).toBe(false);
  });

  test('make room again when their messages are delivered', async () => {
    const { connect, errors } = await open({ maxQueuedBytesPerCaller: 50_000 });
    const { client, heard } = await connect('ann', 'a');
    await client.subscribeAsync('t', { qos: 1 });
    const publisher = await connect('publisher', 'p', true);
    for (let count = 0; count < 40; count++) {
      await publisher.client.publishAsync('t', Buffer.alloc(10_000), { qos: 1 });
      await until(() => heard.length === count + 1, 'it came');
    }
    expect(errors).toEqual([]);
  });

  test('are as many as a caller may have, and are forgotten when their client stays away', async () => {
    const { connect } = await open({ maxSessionsPerCaller: 2, sessionExpiryMs: 50 });
    await leave(connect, 'ann', 'a1', 't');
    await leave(connect, 'ann', 'a2', 't');
    expect((await connect('bob', 'b')).code).toBe(0);
    await until(async () => (await connect('ann', 'a3')).code === 0, 'the old ones are forgotten');
    expect((await connect('ann', 'a1')).isPresent).toBe(false);
  });

  test('are refused beyond the share of a caller, and connections too', async () => {
    const { connect } = await open({ maxSessionsPerCaller: 1, maxConnectionsPerCaller: 3 });
    await connect('ann', 'a1');
    expect((await connect('ann', 'a2')).code).toBe(3);
    await connect('ann', 'c1', true);
    await connect('ann', 'c2', true);
    expect((await connect('ann', 'c3', true)).code).toBe(3);
    expect((await connect('bob', 'c3', true)).code).toBe(0);
    // One that comes back takes its own place.
    expect((await connect('ann', 'c2', true)).code).toBe(0);
  });
});

describe('clients that connect at the same moment', () => {
  /** As many as `count` are asked about, and then all are let in. */
  async function openAtOnce(count: number, options: MqttBrokerOptions) {
    let asked = 0;
    let letIn = (): void => {};
    const all = new Promise<void>((resolve) => (letIn = resolve));
    return open({ authenticate: () => (++asked === count && letIn(), all.then(() => true)), ...options });
  }

  test('are as many as their caller may have', async () => {
    const { connect } = await openAtOnce(8, { maxConnectionsPerCaller: 3 });
    const codes = await Promise.all(Array.from({ length: 8 }, async (_, index) => (await connect('ann', `c${index}`, true)).code));
    expect(codes.filter((code) => code === 0)).toHaveLength(3);
  });

  test('do not take each other a name', async () => {
    const { connect } = await openAtOnce(2, {});
    const codes = await Promise.all(['ann', 'bob'].map(async (caller) => (await connect(caller, 'same', true)).code));
    expect(codes.sort()).toEqual([0, 2]);
  });
});

describe('the embedded broker', () => {
  test('retains no more than it may, and delivers what it does not retain', async () => {
    const { connect, errors } = await open({ maxRetainedBytes: 25_000 });
    const { client, heard } = await connect('ann', 'a', true);
    await client.subscribeAsync('#', { qos: 1 });
    for (const topic of ['a', 'b', 'c']) await client.publishAsync(topic, Buffer.alloc(10_000), { qos: 1, retain: true });
    await until(() => heard.length === 3, 'all were delivered');
    const late = await connect('bob', 'b', true);
    await late.client.subscribeAsync('#', { qos: 1 });
    await until(() => late.heard.length === 2, 'the retained ones came');
    expect(errors.filter((each) => each.includes('was not retained'))).toHaveLength(1);
  });

  test('ends a client that does not read, and the others do not wait for it', async () => {
    const { broker, connect, errors } = await open({ maxBufferedBytes: 2_000_000 });
    const slow = connectSocket(broker.port, '127.0.0.1').on('error', () => {});
    cleanups.push(() => void slow.destroy());
    // CONNECT as `slow`, SUBSCRIBE to `t`; of the answers it reads the first.
    slow.write(
      Buffer.from([0x10, 16, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 4, 0x73, 0x6c, 0x6f, 0x77, 0x82, 6, 0, 1, 0, 1, 0x74, 0]),
    );
    await once(slow, 'data');
    slow.pause();
    const other = await connect('bob', 'other', true);
    await other.client.subscribeAsync('t', { qos: 0 });
    const publisher = await connect('publisher', 'p', true);
    const isEnded = () => errors.some((each) => each.includes("'slow' was ended: it does not read"));
    let sent = 0;
    await until(async () => {
      await publisher.client.publishAsync('t', Buffer.alloc(1_000_000), { qos: 1 });
      sent++;
      return isEnded();
    }, 'the slow client was ended');
    await until(() => other.heard.length === sent, 'the other has heard all');
  });
});
