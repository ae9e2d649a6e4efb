import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, event, mutation } from '../../src/core/define.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { createService } from '../../src/service/service.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';
import { until } from '../support/until.ts';
import { because } from '../support/system-peer.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const Note = z.object({ text: z.string() });
const contract = defineContract({
  name: 'notes',
  operations: { add: mutation({ input: Note, output: Note }) },
  events: { added: event({ channel: 'notes/added', payload: Note, writtenBy: 'add' }) },
});

/** A service whose handler takes a few turns of the event loop, so that requests are on their way at every moment. */
function makeService() {
  const service = createService(contract, {
    add: async (note) => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      return note;
    },
  });
  cleanups.push(() => service.close());
  return service;
}

describe.skipIf(noMosquitto !== undefined)(`a graceful stop of an MQTT server${because(noMosquitto)}`, () => {
  test.each([4, 5] as const)('answers every request that it took, and those that the broker holds for it; version %i', async (version) => {
    const broker = await startMosquitto(['set_tcp_nodelay true', 'max_inflight_messages 4']);
    cleanups.push(() => broker.close());
    const stays = await serveMqtt(makeService(), { url: broker.url, version, publishEvents: false });
    cleanups.push(() => stays.close());
    const client = createClient({ contract, transport: mqtt({ url: broker.url, version }) });
    cleanups.push(() => client.close());
    await client.add({ text: 'first' });
    const failures: string[] = [];
    for (let round = 0; round < 5; round++) {
      const goes = await serveMqtt(makeService(), { url: broker.url, version, publishEvents: false });
      const calls = Array.from({ length: 150 }, () =>
        client.add({ text: 'x' }, { timeoutMs: 4000 }).catch(({ code }: { code: string }) => failures.push(code)),
      );
      // With the first answers, others are in the broker's queue for the process that leaves.
      await Promise.race(calls);
      await goes.close(4000);
      await Promise.all(calls);
    }
    expect(failures).toEqual([]);
  });
});

describe('the two phases of a stop', () => {
  test('after stopCalls no request is taken, but events are still published', async () => {
    const broker = await mqttBroker({ port: 0 });
    const service = makeService();
    const served = await serveMqtt(service, { url: broker.url });
    const client = createClient({ contract, transport: mqtt({ url: broker.url }) });
    cleanups.push(
      () => broker.close(),
      () => served.close(),
      () => client.close(),
    );
    const heard: string[] = [];
    await client.onAdded(({ text }) => void heard.push(text));
    await client.add({ text: 'one' });
    await served.stopCalls();
    await expect(client.add({ text: 'two' }, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await service.publish('added', { text: 'three' });
    await until(() => heard.length === 2, 'the event came');
    expect(heard).toEqual(['one', 'three']);
  });

  test('a stop without a grace does not wait for the broker', async () => {
    const broker = await mqttBroker({ port: 0 });
    cleanups.push(() => broker.close());
    const served = await serveMqtt(makeService(), { url: broker.url });
    await Promise.all([served.stopCalls(0), served.close(0)]);
  });
});
