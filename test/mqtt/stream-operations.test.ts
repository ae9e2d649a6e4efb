/** Streamed operations over MQTT, for our client and for those of others. */
import mqttjs, { type IPublishPacket } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiError, createClient, createService, defineContract, isApiError, mutation, query, stream } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttBroker, serveMqtt, type ServeMqttOptions } from '../../src/mqtt/server.ts';
import type { WireRecord } from '../../src/peer/on-wire.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';
import { because } from '../support/system-peer.ts';

const contract = defineContract({
  name: 'model',
  version: '1.0.0',
  operations: {
    count: stream({ input: z.object({ to: z.int32(), size: z.optional(z.int32()) }), item: z.object({ n: z.int32(), text: z.string() }) }),
    say: mutation({ input: z.object({ fail: z.boolean() }), item: z.string(), errors: { ENOUGH: { code: 'ABORTED' } } }),
    hello: query({ output: z.string() }),
  },
});

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Broker {
  readonly url: string;
  kill(): Promise<unknown>;
  close(): Promise<void>;
}

const brokers: Readonly<Record<4 | 5, () => Promise<Broker>>> = {
  4: async () => {
    const broker = await mqttBroker({ port: 0, onError: () => {} });
    return { url: broker.url, kill: () => broker.close(), close: () => broker.close() };
  },
  5: () => startMosquitto(['set_tcp_nodelay true']),
};

async function open(version: 4 | 5, options: Partial<ServeMqttOptions> = {}) {
  const broker = await brokers[version]();
  const { url } = broker;
  const run = { made: 0, isLeft: false };
  const service = createService(contract, {
    async *count({ to, size = 1 }) {
      try {
        for (let n = 1; n <= to; n++) {
          run.made = n;
          yield { n, text: 'x'.repeat(size) };
        }
      } finally {
        run.isLeft = true;
      }
    },
    async *say({ fail }, { errors }) {
      yield 'one';
      yield 'two';
      if (fail) throw errors.ENOUGH();
    },
    hello: () => 'pong',
  });
  const errors: unknown[] = [];
  const served = await serveMqtt(service, { url, version, onError: (error) => errors.push(error), ...options });
  /** What the client sent and heard. */
  const wire: string[] = [];
  const onWire = (record: WireRecord) => void wire.push(JSON.stringify(record));
  const client = createClient({ contract, transport: mqtt({ url, version, onError: () => {}, onWire }) });
  cleanups.push(
    () => broker.close(),
    () => service.close(),
    () => served.close(0),
    () => client.close(),
  );
  return { broker, url, run, served, client, errors, wire };
}

interface Heard {
  readonly text: string;
  readonly packet: IPublishPacket;
}

interface Piece {
  readonly stream: string;
  readonly run: string;
  readonly seq: number;
  readonly item?: unknown;
  readonly error?: { readonly code: string };
}

/** A client that knows the protocol alone. */
async function foreign(url: string, version: 4 | 5, clientId: string) {
  const heard: Heard[] = [];
  const client = await mqttjs.connectAsync(url, { protocolVersion: version, clientId, reconnectPeriod: 0 });
  client.on('error', () => {});
  cleanups.push(() => client.endAsync(true).catch(() => {}));
  client.on('message', (_, payload, packet) => heard.push({ text: payload.toString(), packet }));
  const replyTo = `model/v1/replies/${clientId}`;
  await client.subscribeAsync(replyTo, { qos: 1 });
  const send = (topic: string, payload: object) => {
    if (version === 4) return client.publishAsync(topic, JSON.stringify({ replyTo, id: 1, ...payload }), { qos: 1 });
    const properties = { responseTopic: replyTo, correlationData: Buffer.from('x') };
    const input = (payload as { input?: object }).input ?? payload;
    return client.publishAsync(topic, Object.keys(input).length === 0 ? '' : JSON.stringify(input), { qos: 1, properties });
  };
  /** The replies in one form for both versions. */
  const pieces = () =>
    heard.map(({ text, packet }): Piece => {
      const { stream = '', run, seq, code } = (packet.properties?.userProperties ?? {}) as Record<string, string>;
      if (version === 4) return JSON.parse(text) as Piece;
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      return { stream, run: run ?? '', seq: Number(seq), ...(code === undefined ? { item: body } : { error: { code } }) };
    });
  return { client, heard, send, pieces };
}

async function all<T>(items: AsyncIterable<T>): Promise<{ readonly items: T[]; readonly error: unknown }> {
  const got: T[] = [];
  try {
    for await (const item of items) got.push(item);
    return { items: got, error: undefined };
  } catch (error) {
    return { items: got, error };
  }
}

describe.each([4, 5] as const)('a stream over MQTT %s', (version) => {
  const when = test.skipIf(version === 5 && noMosquitto !== undefined);

  when('is replies with a number and an end, for any client', async () => {
    const { url } = await open(version);
    const { send, pieces } = await foreign(url, version, 'them');
    await send('model/v1/say', { input: { fail: true } });
    await until(() => pieces().length === 4);
    expect(pieces().map(({ stream, seq, item, error }) => [stream, seq, item ?? error?.code])).toEqual([
      ['begin', 0, undefined],
      ['item', 1, 'one'],
      ['item', 2, 'two'],
      ['end', 3, 'ABORTED'],
    ]);
    expect(new Set(pieces().map(({ run }) => run)).size).toBe(1);
  });

  when('holds its handler until its reader grants more, and a grant that comes twice counts once', async () => {
    const { url, run } = await open(version);
    const { send, pieces } = await foreign(url, version, 'them');
    await send('model/v1/count', { input: { to: 1000 } });
    await until(() => pieces().length === 65);
    const more = { run: pieces()[0]?.run, upTo: 80 };
    await send('model/v1/more', more);
    await send('model/v1/more', more);
    await send('model/v1/more', { ...more, run: 'another', upTo: 1000 });
    await send('model/v1/more', { ...more, upTo: 'many' });
    await until(() => pieces().length === 81);
    // What comes behind it has been looked at.
    await send('model/v1/more', { ...more, upTo: 81 });
    await until(() => pieces().length === 82);
    expect([run.made, pieces().at(-1)?.seq]).toEqual([81, 81]);
    await send('model/v1/cancel', {});
    await until(() => run.isLeft);
  });

  when('is left by a reader that gives no sign of life', async () => {
    const { url, run } = await open(version, { heartbeatMs: 20 });
    const { send, pieces } = await foreign(url, version, 'them');
    await send('model/v1/count', { input: { to: 1000 } });
    await until(() => run.isLeft);
    expect(pieces().slice(65)).toMatchObject([
      { stream: 'beat', seq: 64 },
      { stream: 'beat', seq: 64 },
    ]);
  });

  test.skipIf(version === 4 || noMosquitto !== undefined)('is left at the next item after its reader has left the broker', async () => {
    const { url, run } = await open(version);
    const { send, pieces, client } = await foreign(url, version, 'them');
    await send('model/v1/count', { input: { to: 1000 } });
    await until(() => pieces().length === 65);
    await send('model/v1/more', { run: pieces()[0]?.run, upTo: 500 });
    await client.endAsync();
    await until(() => run.isLeft);
    expect(run.made).toBeLessThan(1000);
  });

  when('waits for a slow reader that is there', async () => {
    const { client, run, wire } = await open(version, { heartbeatMs: 200 });
    const items = client.count({ to: 300 });
    expect(await items.next()).toMatchObject({ value: { n: 1 } });
    // More questions than may stay without an answer.
    const answers = () => wire.filter((text) => text.includes('upTo')).length;
    const before = answers();
    await until(() => answers() >= before + 4);
    expect([run.isLeft, run.made < 130]).toEqual([false, true]);
    expect((await all(items)).items).toHaveLength(299);
  });

  when('ends with UNAVAILABLE if its connection to the broker is lost, or the service falls silent', async () => {
    const { client, broker, run } = await open(version, { heartbeatMs: 20 });
    const items = client.count({ to: 100_000 });
    await items.next();
    await broker.kill();
    expect((await all(items)).error).toMatchObject({ code: 'UNAVAILABLE' });
    await until(() => run.isLeft);
  });

  when('is told when the server stops', async () => {
    const { client, served, run } = await open(version);
    const items = client.count({ to: 100_000 });
    await items.next();
    await served.close(10);
    expect((await all(items)).error).toMatchObject({ code: 'UNAVAILABLE', text: 'the server is stopping' });
    expect(run.isLeft).toBe(true);
  });

  when('has an error of its own, and each item at most once', async () => {
    const { client } = await open(version);
    const { items, error } = await all(client.say({ fail: true }));
    expect(items).toEqual(['one', 'two']);
    expect(isApiError(error, contract.operations.say, 'ENOUGH')).toBe(true);
    const both = await Promise.all([all(client.count({ to: 500 })), all(client.count({ to: 500 })), client.hello()]);
    expect(both.slice(0, 2).map((each) => (each as { items: { n: number }[] }).items.map(({ n }) => n))).toEqual(
      Array.from({ length: 2 }, () => Array.from({ length: 500 }, (_, index) => index + 1)),
    );
  });

  when('is bounded in number like calls', async () => {
    const { client } = await open(version, { maxCallsPerCaller: 2 });
    const open2 = [client.count({ to: 1000 }), client.count({ to: 1000 })];
    for (const each of open2) await each.next();
    expect((await all(client.count({ to: 1 }))).error).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await open2[0]?.return();
    await until(async () => (await all(client.count({ to: 1 }))).error === undefined);
  });
});

describe('a stream', () => {
  test.skipIf(noMosquitto !== undefined)(
    `whose item the broker does not take ends with RESOURCE_EXHAUSTED${because(noMosquitto)}`,
    async () => {
      const broker = await startMosquitto(['max_packet_size 20000']);
      cleanups.push(() => broker.close());
      const service = createService(contract, {
        async *count({ size = 1 }) {
          yield { n: 1, text: 'x' };
          yield { n: 2, text: 'x'.repeat(size) };
        },
        async *say() {},
        hello: () => 'pong',
      });
      const served = await serveMqtt(service, { url: broker.url, onError: () => {} });
      const client = createClient({ contract, transport: mqtt({ url: broker.url }) });
      cleanups.push(
        () => service.close(),
        () => served.close(),
        () => client.close(),
      );
      const { items, error } = await all(client.count({ to: 2, size: 100_000 }));
      expect([items.length, error]).toEqual([1, expect.objectContaining({ code: 'RESOURCE_EXHAUSTED' })]);
    },
  );

  /** A server that answers as it is told. */
  async function answering(pieces: readonly object[]) {
    const broker = await mqttBroker({ port: 0, open: true });
    const server = await mqttjs.connectAsync(broker.url, { reconnectPeriod: 0 });
    const cancelled: string[] = [];
    server.on('message', (topic, payload) => {
      const { replyTo, id } = JSON.parse(payload.toString()) as { replyTo: string; id: string };
      if (topic.endsWith('/cancel')) return void cancelled.push(id);
      for (const piece of pieces) server.publish(replyTo, JSON.stringify({ id, run: 'r', ...piece }), { qos: 1 });
    });
    await server.subscribeAsync(['model/v1/count', 'model/v1/cancel'], { qos: 1 });
    const client = createClient({ contract, transport: mqtt({ url: broker.url, version: 4 }) });
    cleanups.push(
      () => broker.close(),
      () => server.endAsync(true),
      () => client.close(),
    );
    return { client, cancelled };
  }
  const item = (seq: number, more: object = {}) => ({ stream: 'item', seq, item: { n: seq, text: 'x' }, ...more });
  const begin = { stream: 'begin', seq: 0, heartbeatMs: 1000 };
  const end = (seq: number) => ({ stream: 'end', seq });

  test.each([
    ['has what came twice once', [begin, item(1), begin, item(1), item(2), item(2), end(3), end(3)], 2, undefined],
    [
      'is taken from the first process of two',
      [begin, item(1), item(1, { run: 'other', item: { n: 7, text: '' } }), item(2), end(3)],
      2,
      undefined,
    ],
    ['may have lost its beginning', [item(1), end(2)], 1, undefined],
    ['ends with DATA_LOSS if an item is missing', [begin, item(1), item(3)], 1, 'DATA_LOSS'],
    ['ends with DATA_LOSS if its last item is missing', [begin, item(1), end(3)], 1, 'DATA_LOSS'],
    ['ends with DATA_LOSS if an item is missing before a silence', [begin, item(1), { stream: 'beat', seq: 2 }], 1, 'DATA_LOSS'],
    ['ends with DATA_LOSS if it is not a stream', [{ output: [1] }], 0, 'DATA_LOSS'],
    ['ends with UNAVAILABLE if its service falls silent', [{ ...begin, heartbeatMs: 20 }, item(1)], 1, 'UNAVAILABLE'],
    ['ends with DATA_LOSS if an item breaks the contract', [begin, item(1), item(2, { item: {} })], 1, 'DATA_LOSS'],
  ])('%s', async (_, pieces, count, code) => {
    const { client, cancelled } = await answering(pieces);
    const { items, error } = await all(client.count({ to: 3 }));
    expect([items.length, (error as ApiError | undefined)?.code]).toEqual([count, code]);
    if (count > 0 && code !== undefined) await until(() => cancelled.length > 0);
  });

  test('that sends more than it was asked for is left', async () => {
    const { client, cancelled } = await answering([begin, ...Array.from({ length: 200 }, (_, index) => item(index + 1))]);
    const items = client.count({ to: 3 });
    await items.next();
    await until(() => cancelled.length > 0);
    const { items: rest, error } = await all(items);
    expect([rest.length < 70, (error as ApiError).code]).toEqual([true, 'DATA_LOSS']);
  });

  test('of one caller is not steered by another at the embedded broker', async () => {
    const { url, run, errors } = await open(4);
    const { send, pieces } = await foreign(url, 4, 'them');
    await send('model/v1/count', { input: { to: 1000 } });
    await until(() => pieces().length === 65);
    const other = await foreign(url, 4, 'other');
    const forged = { replyTo: 'model/v1/replies/them', id: 1, run: pieces()[0]?.run, upTo: 1000 };
    other.client.publish('model/v1/more', JSON.stringify(forged), { qos: 1 });
    await until(() => !other.client.connected);
    const listener = await foreign(url, 4, 'third');
    await listener.client.subscribeAsync('model/v1/more', { qos: 1 }).catch(() => {});
    await send('model/v1/more', { run: pieces()[0]?.run, upTo: 65 });
    await until(() => pieces().length === 66);
    expect([run.made, listener.heard.length, errors]).toEqual([65, 0, []]);
  });

  test('cannot be a device’s', () => {
    const mapped = mqtt({ url: 'mqtt://127.0.0.1:1', operations: { count: { topic: 'x' } } });
    expect(() => mapped(contract)).toThrow('operations.count: a device cannot answer with a stream');
  });
});
