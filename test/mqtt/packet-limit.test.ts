import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqttjs from 'mqtt';
import { WebSocket } from 'ws';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, event, query } from '../../src/core/define.ts';
import { listen } from '../../src/http/node/listen.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { packetMeter } from '../../src/mqtt/access/packet-limit.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { createService } from '../../src/service/service.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const CONNECT = Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x61]);
/** The begin of a PUBLISH of 256 MiB, the most that the format can say. */
const HUGE = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x74]);

async function open(maxPacketBytes?: number) {
  const errors: string[] = [];
  const onError = (error: unknown) => void errors.push(String(error));
  const broker = await mqttBroker({ port: 0, open: true, onError, ...(maxPacketBytes !== undefined && { maxPacketBytes }) });
  cleanups.push(() => broker.close());
  return { broker, errors };
}

describe('the embedded broker', () => {
  test.each([
    ['after CONNECT', [CONNECT, HUGE]],
    ['instead of CONNECT', [HUGE]],
    ['in one piece with CONNECT', [Buffer.concat([CONNECT, HUGE])]],
    ['byte by byte', [...Buffer.concat([CONNECT, HUGE])].map((byte) => Buffer.from([byte]))],
  ])('ends a connection that begins a packet that is too large: %s', async (_, pieces) => {
    const { broker, errors } = await open();
    const socket: Socket = connect(broker.port, '127.0.0.1').setNoDelay(true);
    socket.on('error', () => {}).resume();
    const end = once(socket, 'close');
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await end;
    expect(errors).toEqual(['Error: a packet is larger than 4194304 bytes']);
  });

  test('does so on WebSockets too', async () => {
    const { broker, errors } = await open();
    const http = await listen(() => undefined);
    cleanups.push(() => http.close(0), broker.attach(http.server));
    const socket = new WebSocket(`${http.url.replace('http', 'ws')}/mqtt`, 'mqtt');
    socket.on('error', () => {});
    await once(socket, 'open');
    socket.send(CONNECT);
    socket.send(HUGE);
    await once(socket, 'close');
    expect(errors.join()).toContain('a packet is larger than');
  });

  test('takes packets up to the limit, in any pieces', async () => {
    const { broker, errors } = await open(100_000);
    const foreign = await mqttjs.connectAsync(broker.url, { protocolVersion: 4, reconnectPeriod: 0 });
    cleanups.push(() => foreign.endAsync(true));
    const sizes: number[] = [];
    foreign.on('message', (_, payload) => sizes.push(payload.length));
    await foreign.subscribeAsync('t');
    // One byte of type, 3 of length, 2 and 1 of topic, at QoS 0.
    const most = 100_000 - 7;
    for (const size of [0, 1, 120, 121, 125, 16_379, 16_380, 16_381, most]) await foreign.publishAsync('t', Buffer.alloc(size));
    await foreign.unsubscribeAsync('t');
    expect(sizes).toEqual([0, 1, 120, 121, 125, 16_379, 16_380, 16_381, most]);
    expect(errors).toEqual([]);
    const ended = new Promise<void>((resolve) => foreign.once('close', () => resolve()));
    foreign.publish('t', Buffer.alloc(most + 1));
    await ended;
  });
});

describe('a limit of packets', () => {
  test('the meter says the same however the bytes are cut', () => {
    const publish = (length: number) =>
      Buffer.concat([Buffer.from([0x30, (length & 0x7f) | 0x80, (length >> 7) | 0]), Buffer.alloc(length, 0xff)]);
    const stream = Buffer.concat([CONNECT, publish(200), Buffer.from([0xc0, 0]), publish(300), Buffer.from([0xc0, 0]), publish(400)]);
    for (let size = 1; size <= stream.length; size++) {
      const cut = (limit: number) => {
        const isTooLarge = packetMeter(limit);
        for (let at = 0; at < stream.length; at += size) if (isTooLarge(stream.subarray(at, at + size))) return true;
        return false;
      };
      expect([cut(403), cut(402)]).toEqual([false, true]);
    }
    // A length of more than 4 bytes is none.
    expect(packetMeter(Infinity)(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]))).toBe(true);
  });
});

describe('what is too large for the broker', () => {
  const contract = defineContract({
    name: 'large',
    version: '1.0.0',
    operations: { repeat: query({ input: z.object({ text: z.string(), times: z.int() }), output: z.string() }) },
    events: { said: event({ channel: 'said', payload: z.object({ text: z.string() }) }) },
  });

  test('is not sent: the call fails, a reply becomes an error, an event is reported; the connection stays', async () => {
    const { broker, errors } = await open(20_000);
    const options = { url: broker.url, maxPacketBytes: 20_000 };
    const reported: string[] = [];
    const onError = (error: unknown) => void reported.push(String(error));
    const hub = mqttHub({ ...options, onError });
    const service = createService(contract, { repeat: ({ text, times }) => text.repeat(times) }, { hub, onError });
    const served = await serveMqtt(service, { ...options, onError });
    const client = createClient({ contract, transport: mqtt(options) });
    cleanups.push(
      () => hub.close(),
      () => service.close(),
      () => served.close(),
      () => client.close(),
    );
    // Characters of 3 bytes: the bytes count.
    await expect(client.repeat({ text: '€'.repeat(7000), times: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', sent: false });
    await expect(client.repeat({ text: '€', times: 7000 })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', remote: true });
    let hear: (text: string) => void = () => {};
    const heard = new Promise<string>((resolve) => (hear = resolve));
    await client.onSaid(({ text }) => hear(text));
    await service.publish('said', { text: '€'.repeat(7000) });
    await service.publish('said', { text: 'small' });
    expect(await heard).toBe('small');
    expect(reported.filter((each) => each.includes('20000 bytes at most'))).toHaveLength(2);
    expect(errors).toEqual([]);
  });
});
