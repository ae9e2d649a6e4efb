import mqttjs from 'mqtt';
import { afterEach, expect, test, describe } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { Outbox } from '../../src/mqtt/connection/outbox.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker } from '../../src/mqtt/server.ts';
import { freePort } from '../support/free-port.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('the outbox', () => {
  test('a long queue of QoS 0 goes in order once there is a broker, as fast as the connection takes it', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    cleanups.push(() => void process.off('warning', warn));
    const port = await freePort();
    const errors: unknown[] = [];
    const hub = mqttHub({ url: `mqtt://127.0.0.1:${port}`, qos: 0, onError: (error) => errors.push(error) });
    cleanups.push(() => hub.close());
    const count = 9000;
    const reading = { sensorId: 'roof'.repeat(16), celsius: 0, measuredAt: '2026-01-31T12:00:00Z' };
    for (let celsius = 0; celsius < count; celsius++) {
      const published = { key: `key-${celsius}`, time: reading.measuredAt, data: { ...reading, celsius } };
      await hub.publish(blogContract.events.temperature, published);
    }
    let listen: (isListening: true) => void = () => {};
    const listening = new Promise<true>((resolve) => (listen = resolve));
    const broker = await mqttBroker({ port, open: true, authenticate: ({ username }) => username === 'listener' || listening });
    cleanups.push(() => broker.close());
    const listener = await mqttjs.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0, username: 'listener' });
    cleanups.push(() => listener.endAsync(true));
    const heard: number[] = [];
    const all = new Promise<void>((resolve) =>
      listener.on('message', (_, payload) => {
        if (heard.push((JSON.parse(payload.toString()) as typeof reading).celsius) === count) resolve();
      }),
    );
    await listener.subscribeAsync('sensors/temperature');
    listen(true);
    await all;
    expect(heard).toEqual(Array.from({ length: count }, (_, index) => index));
    expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  });

  test('no more bytes wait than the memory of a process can hold', async () => {
    const outbox = new Outbox(
      10_000,
      () => {},
      () => {},
    );
    const message = { topic: 't', payload: Buffer.alloc(20_000_000), qos: 1 } as const;
    const controller = new AbortController();
    const waiting = outbox.publish(message, { mayWait: true, signal: controller.signal });
    for (let count = 0; count < 3; count++) await outbox.publish(message, { isKept: true });
    await expect(outbox.publish(message, { isKept: true })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', sent: false });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    await outbox.publish(message, { isKept: true });
  });

  test('a message that waits is given up with its signal, and leaves its place', async () => {
    const outbox = new Outbox(
      1,
      () => {},
      () => {},
    );
    const message = { topic: 't', payload: '', qos: 1 } as const;
    const controller = new AbortController();
    const waiting = outbox.publish(message, { mayWait: true, signal: controller.signal });
    await expect(outbox.publish(message, { mayWait: true })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', sent: false });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED', sent: false });
    expect(outbox.isWaiting).toBe(false);
    await expect(outbox.publish(message, {})).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
  });
});
