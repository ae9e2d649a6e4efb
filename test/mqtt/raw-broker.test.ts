import type { Packet } from 'mqtt-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { ApiError, createClient } from '../../src/core.ts';
import { defineContract, event, mutation } from '../../src/core/define.ts';
import { mqtt, type MqttEventMapping } from '../../src/mqtt/client.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { createService } from '../../src/service/service.ts';
import { failure } from '../support/failure.ts';
import { rawBroker } from '../support/raw-broker.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'raw',
  operations: { pay: mutation({ input: z.object({ cents: z.number() }), output: z.number() }) },
  events: { ticked: event({ channel: 'ticks', payload: z.object({ n: z.number(), pad: z.string() }) }) },
});

/** Grants what a client asks for, and takes what it publishes. */
function grant(packet: Packet, say: (packet: Packet) => void): void {
  const { messageId = 0 } = packet;
  if (packet.cmd === 'subscribe') say({ cmd: 'suback', messageId, granted: packet.subscriptions.map(() => 1) });
  if (packet.cmd === 'unsubscribe') say({ cmd: 'unsuback', messageId, granted: [0] });
  if (packet.cmd === 'publish' && packet.qos === 1) say({ cmd: 'puback', messageId });
}

describe('a request that the broker delivers again', () => {
  test('does not run again if it is the same packet, and runs if only its names are the same', async () => {
    let tell: (packet: Packet) => void = () => {};
    const replies: string[] = [];
    const url = await rawBroker((packet, say) => {
      tell = say;
      grant(packet, say);
      if (packet.cmd === 'publish' && packet.topic === 'mine') replies.push(packet.payload.toString());
    });
    const paid: number[] = [];
    const service = createService(contract, { pay: ({ cents }) => paid.push(cents) });
    const served = await serveMqtt(service, { url, version: 5, publishEvents: false });
    onTestFinished(async () => {
      await served.close(0);
      await service.close();
    });
    const ask = async (messageId: number, dup: boolean, cents: number, answers: number) => {
      const properties = { responseTopic: 'mine', correlationData: Buffer.from('always the same') };
      tell({ cmd: 'publish', topic: 'raw/v1/pay', qos: 1, dup, retain: false, messageId, payload: JSON.stringify({ cents }), properties });
      await until(() => replies.length === answers, `${answers} answers came`);
    };
    await ask(7, false, 1, 1);
    await ask(7, true, 1, 1);
    // The first delivery was lost, and the caller uses its correlation data for each call.
    await ask(8, true, 1, 2);
    // Another request, for which the broker uses the packet id again.
    await ask(7, true, 2, 3);
    await ask(9, false, 1, 4);
    await ask(8, true, 1, 4);
    await ask(10, false, 3, 5);
    expect(paid).toEqual([1, 1, 2, 1, 3]);
  });
});

describe('a request in an envelope', () => {
  test('is answered if it is broken after its reply topic', async () => {
    let tell: (packet: Packet) => void = () => {};
    const replies: unknown[] = [];
    const url = await rawBroker((packet, say) => {
      tell = say;
      grant(packet, say);
      if (packet.cmd === 'publish' && packet.topic === 'mine') replies.push(JSON.parse(packet.payload.toString()));
    });
    const service = createService(contract, { pay: () => 1 });
    const served = await serveMqtt(service, { url, version: 5, publishEvents: false, onError: () => {} });
    onTestFinished(async () => {
      await served.close(0);
      await service.close();
    });
    const ask = (payload: string) => tell({ cmd: 'publish', topic: 'raw/v1/pay', qos: 0, dup: false, retain: false, payload });
    ask('{"replyTo":"mine","id":1,"input":{"cents":');
    ask(`{"replyTo":"mine","id":2,"headers":{"x-large":"${'x'.repeat(40_000)}"},"input":{"cents":1}}`);
    // The last of two counts, as for JSON.parse.
    ask('{"replyTo":"yours","id":0,"id":3,"input":{"cents":1},"replyTo":"mine"}');
    await until(() => replies.length === 3, 'all are answered');
    expect(replies).toMatchObject([
      { id: 1, error: { code: 'INVALID_ARGUMENT' } },
      { id: 2, error: { code: 'INVALID_ARGUMENT' } },
      { id: 3, output: 1 },
    ]);
  });
});

describe('a broker that does not acknowledge a subscription', () => {
  const ticks = (count: number, pad: string) =>
    Array.from({ length: count }, (_, n): Packet => ({ cmd: 'publish', topic: 'ticks', qos: 0, dup: false, retain: false, payload: JSON.stringify({ n, pad }) })); // prettier-ignore

  test('fills no memory with early messages: a gap is told after those that are held', async () => {
    const url = await rawBroker((packet, say) => {
      if (packet.cmd === 'subscribe' && packet.subscriptions[0]?.topic === 'ticks')
        for (const tick of ticks(100, 'x'.repeat(200_000))) say(tick);
      grant(packet, say);
    });
    const client = createClient({ contract, transport: mqtt({ url, version: 5 }) });
    onTestFinished(() => client.close());
    const heard: (number | 'gap')[] = [];
    await client.onTicked(({ n }) => void heard.push(n), { onGap: () => heard.push('gap') });
    await until(() => heard.includes('gap'), 'the gap is told');
    const held = heard.indexOf('gap');
    expect(heard.slice(0, held)).toEqual(Array.from({ length: held }, (_, n) => n));
    expect(held).toBeLessThan(60);
    expect(held).toBeGreaterThan(30);
  });

  test('may send before it does: gaps and ends of a mapping keep their place', async () => {
    const url = await rawBroker((packet, say) => {
      const topic = packet.cmd === 'subscribe' ? packet.subscriptions[0]?.topic : undefined;
      for (const payload of topic === 't' ? ['1', '2', '9'] : topic === 'refused' ? ['no'] : [])
        say({ cmd: 'publish', topic: topic ?? '', qos: 0, dup: false, retain: false, payload });
      grant(packet, say);
    });
    const read: MqttEventMapping['read'] = ({ text }, { gap, end, state }) => {
      if (text === 'no') throw new ApiError('PERMISSION_DENIED', 'not for you');
      const n = Number(text);
      if (state.has('n') && state.get('n') !== n - 1) gap();
      state.set('n', n);
      if (n === 9) end();
      return { n, pad: '' };
    };
    const open = (topic: string) => createClient({ contract, transport: mqtt({ url, version: 5, events: { ticked: { topic, read } } }) });
    const client = open('t');
    onTestFinished(() => client.close());
    const heard: unknown[] = [];
    await client.onTicked(({ n }) => void heard.push(n), { onGap: () => void heard.push('gap') });
    await until(() => heard.includes(9), 'the last came');
    expect(heard).toEqual([1, 2, 'gap', 9]);
    for await (const { n } of client.onTicked()) heard.push(n);
    expect(heard.slice(4)).toEqual([1, 2, 9]);
    const refused = open('refused');
    onTestFinished(() => refused.close());
    expect(await failure(refused.onTicked(() => {}))).toMatchObject({ code: 'PERMISSION_DENIED', text: 'not for you' });
  });

  test('fails it after connectTimeoutMs, and calls that need it too', async () => {
    const url = await rawBroker((packet, say) => packet.cmd === 'subscribe' || grant(packet, say));
    const transport = mqtt({ url, version: 5, connectTimeoutMs: 100 })(contract);
    onTestFinished(() => transport.close());
    const { pay } = contract.operations;
    const { ticked } = contract.events;
    const { signal } = new AbortController();
    const sink = { next: () => {}, gap: () => {}, end: () => {} };
    const late = { code: 'UNAVAILABLE', text: expect.stringContaining('no answer in time') as string };
    await expect(transport.call({ operation: pay, input: { cents: 1 }, headers: {}, signal })).rejects.toMatchObject(late);
    await expect(transport.subscribe({ event: ticked, params: {}, headers: {}, signal }, sink)).rejects.toMatchObject(late);
  });
});
