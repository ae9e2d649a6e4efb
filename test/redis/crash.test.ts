import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, event } from '../../src/index.ts';
import { redisStores, type RedisStoresOptions } from '../../src/redis/index.ts';
import { RedisServer } from '../support/redis-server.ts';
import { missing } from '../support/system-peer.ts';
import { until } from '../support/until.ts';

const skipped = missing('redis-server', 'redis-server', '--version');
const contract = defineContract({
  name: 'crash',
  operations: {},
  events: { said: event({ channel: 'said', payload: z.object({ n: z.int32() }) }) },
});

interface Faults {
  /** The hub reads nothing before. */
  readonly hold?: Promise<void>;
  /** Stands between the hub and its client. */
  readonly spoil?: (command: string[], send: (command?: string[]) => Promise<unknown>) => Promise<unknown>;
}

describe.skipIf(skipped)(`a Redis that crashes${skipped ? ` (${skipped})` : ''}`, () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const each of undo.splice(0).reverse()) await each();
  });

  async function start(...settings: string[]) {
    const server = await RedisServer.start(...settings);
    undo.push(() => server.close());
    return server;
  }

  /** One process: its service and a client of it. */
  function open({ url }: RedisServer, { hold, spoil, ...more }: Partial<RedisStoresOptions> & Faults = {}) {
    const reports: string[] = [];
    const clients = [0, 1].map(() => new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null }).on('error', () => {}));
    const [first, second] = clients.map(
      (client) =>
        ([name = '', ...rest]: string[]) =>
          client.call(name, ...rest),
    );
    if (!first || !second) throw new Error('two clients');
    const send = spoil ? (command: string[]) => spoil(command, (changed = command) => first(changed)) : first;
    const blockingSend = async (command: string[]) => {
      await hold;
      return second(command);
    };
    const onError = (error: unknown) => void reports.push(String(error));
    const stores = redisStores({ send, blockingSend, onError, ...more });
    const service = createService(contract, {}, { hub: stores.hub, onError: () => {} });
    undo.push(async () => {
      await service.close();
      await stores.close();
      for (const client of clients) client.disconnect();
    });
    return { service, client: createClient({ contract, transport: service }), reports, stores };
  }

  it('loses nothing that it acknowledged, and nobody hears anything twice', async () => {
    const server = await start();
    const [one, two] = [open(server), open(server)];
    const heard: number[] = [];
    let gaps = 0;
    await two.client.onSaid(({ n }) => void heard.push(n), { onGap: () => gaps++ });
    const published: Promise<void>[] = [];
    for (let n = 0; n < 300; n++) {
      published.push(one.service.publish('said', { n }));
      if (n === 100) await server.kill();
      if (n === 200) await server.start();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(published);
    await until(() => heard.length >= 300);
    expect([new Set(heard).size, heard.length, gaps]).toEqual([300, 300, 0]);
    expect(one.reports).toEqual([]);
  }, 30_000);

  it('tells a gap if it lost events, and says so once before', async () => {
    const server = await start('--appendonly', 'no');
    const [one, two] = [open(server), open(server)];
    const heard: (number | string)[] = [];
    const ids: string[] = [];
    const onGap = () => void heard.push('gap');
    await two.client.onSaid(({ n }, { id }) => (ids.push(id), void heard.push(n)), { onGap });
    for (const n of [1, 2]) await one.service.publish('said', { n });
    await until(() => heard.length === 2);
    await server.kill();
    await server.start();
    await one.service.publish('said', { n: 3 });
    await until(() => heard.includes(3));
    expect(heard).toEqual([1, 2, 'gap', 3]);
    const resumed: (number | string)[] = [];
    await one.client.onSaid(({ n }) => void resumed.push(n), { lastEventId: ids[1], onGap: () => void resumed.push('gap') });
    await one.service.publish('said', { n: 4 });
    await until(() => resumed.includes(4));
    expect(resumed).toEqual(['gap', 4]);
    expect(one.reports.filter((report) => report.includes("appendonly is 'no'"))).toHaveLength(1);
  }, 30_000);

  it('tells a gap to a process that reads after events were trimmed, and to no other', async () => {
    const server = await start();
    const trims = { maxEvents: 1, history: 0 };
    let open1 = (): void => {};
    const held = new Promise<void>((resolve) => (open1 = resolve));
    const one = open(server, trims);
    const quick: unknown[] = [];
    await one.client.onSaid(({ n }) => void quick.push(n), { onGap: () => void quick.push('gap') });
    const slow: unknown[] = [];
    const two = open(server, { ...trims, hold: held });
    await two.client.onSaid(({ n }) => void slow.push(n), { onGap: () => void slow.push('gap') });
    for (let n = 0; n < 300; n++) await one.service.publish('said', { n });
    await until(() => quick.length >= 300);
    open1();
    await until(() => slow.includes(299));
    expect(quick).toEqual(Array.from({ length: 300 }, (_, n) => n));
    expect(slow[0]).toBe('gap');
    expect(slow.filter((each) => each === 'gap')).toHaveLength(1);
  }, 30_000);

  it.each(['is lost', 'is lost, and the client sends the command again', 'is lost, and the command comes after its repeat'])(
    'publishes an event once whose answer %s',
    async (what) => {
      const server = await start();
      const late: (() => Promise<unknown>)[] = [];
      const spoil = async (command: string[], send: () => Promise<unknown>) => {
        if (command[0] !== 'XADD') return send();
        if (what.includes('after')) late.push(send);
        else await send();
        if (what.includes('sends')) return send();
        throw new Error('the connection is lost');
      };
      const [one, two] = [open(server, { spoil }), open(server)];
      const heard: number[] = [];
      await two.client.onSaid(({ n }) => void heard.push(n));
      for (let n = 0; n < 5; n++) await one.service.publish('said', { n });
      await until(() => heard.length >= 5);
      for (const send of late) await expect(send()).rejects.toThrow('equal or smaller');
      await two.service.publish('said', { n: 5 });
      await until(() => heard.includes(5));
      expect(heard).toEqual([0, 1, 2, 3, 4, 5]);
    },
    30_000,
  );

  it('holds up no later event and no other process by an answer that never comes', async () => {
    const server = await start();
    let quiet = 0;
    const spoil = async (command: string[], send: () => Promise<unknown>) =>
      command[0] === 'XADD' && quiet++ === 0 ? new Promise(() => {}) : send();
    const [one, two] = [open(server, { spoil, storeTimeoutMs: 200 }), open(server)];
    const heard: number[] = [];
    await two.client.onSaid(({ n }) => void heard.push(n));
    const first = one.service.publish('said', { n: 0 });
    const waiting = one.service.publish('said', { n: 1 });
    await Promise.all([first, waiting]);
    await one.service.publish('said', { n: 2 });
    await until(() => heard.includes(2) && heard.length >= 3);
    expect(heard.toSorted()).toEqual([0, 1, 2]);
  }, 30_000);

  it.each(['is lost', 'is lost, and the client sends the command again'])(
    'gives a key to the next try if its answer %s',
    async (what) => {
      const isAgain = what.includes('again');
      let isLost = true;
      const spoil = async (command: string[], send: () => Promise<unknown>) => {
        const reply = await send();
        if (!isLost || command[0] !== 'EVALSHA' || command[5]?.length !== 36) return reply;
        isLost = false;
        if (isAgain) return send();
        throw new Error('the connection is lost');
      };
      const { stores } = open(await start(), { spoil });
      const begin = () => stores.idempotencyStore.begin('key', 'print', 60_000, 'caller');
      if (!isAgain) await expect(begin()).rejects.toThrow('the connection is lost');
      await until(async () => 'owner' in (await begin()), 'the key is free');
    },
    30_000,
  );

  it('takes events of processes whose clocks are apart, each once and in one order', async () => {
    const server = await start();
    const ahead = async (command: string[], send: (command: string[]) => Promise<unknown>) =>
      send(
        command[0] === 'XADD'
          ? [...command.slice(0, 2), command[2]?.replace(/^\d+/, (ms) => String(Number(ms) + 5000)) ?? '', ...command.slice(3)]
          : command,
      );
    const processes = [open(server, { spoil: ahead }), open(server), open(server)];
    const heard = await Promise.all(
      processes.map(async ({ client }) => {
        const all: number[] = [];
        await client.onSaid(({ n }) => void all.push(n));
        return all;
      }),
    );
    await Promise.all(
      processes.map(async ({ service }, index) => {
        for (let n = 0; n < 100; n++) await service.publish('said', { n: index * 100 + n });
      }),
    );
    for (const all of heard) await until(() => all.length >= 300);
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[2]).toEqual(heard[0]);
    expect(new Set(heard[0]).size).toBe(300);
  }, 30_000);

  it('takes two events of one moment for two, also if the key of one begins that of the other', async () => {
    const server = await start();
    const [one, two] = [open(server), open(server)];
    const heard: number[] = [];
    await two.client.onSaid(({ n }) => void heard.push(n));
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now());
    undo.push(() => clock.mockRestore());
    const time = new Date().toISOString();
    const { said } = contract.events;
    for (const [{ stores }, key, n] of [
      [one, 'order-12', 1],
      [two, 'order-1', 2],
    ] as const)
      // prettier-ignore
      await stores.hub.publish(said, { key, isFirstTry: true, time, data: { n } });
    await until(() => heard.length === 2);
    expect(heard).toEqual([1, 2]);
  }, 30_000);

  it('says that it may drop keys', async () => {
    const server = await start('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const { service, reports } = open(server);
    await service.publish('said', { n: 1 });
    await until(() => reports.length > 0);
    expect(reports.join()).toContain("maxmemory-policy is 'allkeys-lru'");
  });

  it('refuses the caller who fills the store, and nobody else', async () => {
    const { stores } = open(await start(), { maxBytesPerCaller: 10_000 });
    const { idempotencyStore: keys, nonceStore, seenStore } = stores;
    const flood = (add: (n: number) => Promise<unknown>) =>
      expect(
        (async () => {
          for (let n = 0; n < 100; n++) await add(n);
        })(),
      ).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    await flood((n) => keys.begin(`m${n}`, 'f', 60_000, 'mallory'));
    await flood((n) => nonceStore.use(`m${n}`, 60_000, 'mallory'));
    await flood((n) => seenStore.begin(`m${n}`, 60_000, 'mallory'));
    const claim = await keys.begin('a', 'f', 60_000, 'alice');
    const owner = 'owner' in claim ? claim.owner : '';
    expect(await keys.finish('a', owner, { output: 'x'.repeat(20_000) }, 60_000)).toBe(true);
    expect(await keys.begin('a', 'f', 60_000, 'alice')).toMatchObject({ entry: { outcome: { error: { code: 'DATA_LOSS' } } } });
    await expect(keys.begin('b', 'f', 60_000, 'alice')).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(await keys.begin('b', 'f', 60_000, 'bob')).toHaveProperty('owner');
  });
});
