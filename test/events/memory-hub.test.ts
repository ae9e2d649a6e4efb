import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, event, memoryHub, type EventHub, type EventMessage } from '../../src/index.ts';

const contract = defineContract({
  name: 'hub',
  events: {
    said: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), text: z.string() }) }),
    moved: event({ channel: 'games/{game}/players/{player}', payload: z.object({ game: z.string(), player: z.string(), x: z.int32() }) }),
  },
});
const { said, moved } = contract.events;

let made = 0;
const as = <T>(data: T, key = `key-${++made}`) => ({ key, time: '2026-01-31T12:00:00.000Z', data });

async function listen(
  hub: EventHub,
  definition: typeof said | typeof moved,
  more: { params?: Record<string, string>; lastEventId?: string } = {},
) {
  const got: (EventMessage | 'gap')[] = [];
  const sink = { next: (message: EventMessage) => void got.push(message), gap: () => void got.push('gap'), end: () => {} };
  const controller = new AbortController();
  await hub.subscribe({ event: definition, params: {}, signal: controller.signal, headers: {}, ...more }, sink);
  return {
    got,
    texts: () => got.map((each) => (each === 'gap' ? each : (each.data as { text: string }).text)),
    leave: () => controller.abort(),
  };
}

/** A hub that takes nothing until it comes back. */
function brokenHub() {
  let isDown = true;
  const took: string[] = [];
  const hub: EventHub = {
    ...memoryHub(),
    publish: async (_, { data }) => {
      if (isDown) throw new Error('down');
      took.push((data as { text: string }).text);
    },
  };
  return { hub, took, comeBack: () => void (isDown = false) };
}

describe('the past of a channel', () => {
  it('is not pushed out by another channel', async () => {
    const hub = memoryHub({ history: 2 });
    const all = await listen(hub, said);
    await hub.publish(said, as({ room: 'quiet', text: 'q1' }));
    await hub.publish(said, as({ room: 'quiet', text: 'q2' }));
    for (let n = 0; n < 10; n++) await hub.publish(said, as({ room: 'busy', text: `b${n}` }));
    const lastEventId = (all.got[0] as EventMessage).id;
    expect((await listen(hub, said, { lastEventId, params: { room: 'quiet' } })).texts()).toEqual(['q2']);
    expect((await listen(hub, said, { lastEventId, params: { room: 'busy' } })).texts()).toEqual(['gap']);
    // One that matches was trimmed after that id.
    expect((await listen(hub, said, { lastEventId })).texts()).toEqual(['gap']);
    const later = (all.got[8] as EventMessage).id;
    expect((await listen(hub, said, { lastEventId: later })).texts()).toEqual(['gap']);
  });

  it('is merged in order for a subscriber of all channels', async () => {
    const hub = memoryHub();
    const all = await listen(hub, said);
    for (const text of ['a1', 'b1', 'a2', 'b2', 'c1']) await hub.publish(said, as({ room: text.slice(0, 1), text }));
    const lastEventId = (all.got[0] as EventMessage).id;
    expect((await listen(hub, said, { lastEventId })).texts()).toEqual(['b1', 'a2', 'b2', 'c1']);
  });

  it('is bounded in bytes over all channels, the oldest first', async () => {
    const hub = memoryHub({ maxHistoryBytes: 5_000 });
    const all = await listen(hub, said);
    const text = 'x'.repeat(500);
    for (const room of ['a', 'b', 'c', 'd', 'e']) await hub.publish(said, as({ room, text }));
    const ids = all.got.map((message) => (message as EventMessage).id);
    expect((await listen(hub, said, { lastEventId: ids[0] ?? '' })).got).toEqual(['gap']);
    expect((await listen(hub, said, { lastEventId: ids[3] ?? '' })).got).toHaveLength(1);
    expect((await listen(hub, said, { lastEventId: ids[3] ?? '', params: { room: 'e' } })).got).toHaveLength(1);
  });
});

describe('ids', () => {
  it('have an epoch and a counter for each event of the contract', async () => {
    const hub = memoryHub();
    const [rooms, games] = [await listen(hub, said), await listen(hub, moved)];
    await hub.publish(said, as({ room: 'a', text: '1' }));
    await hub.publish(moved, as({ game: 'g', player: 'p', x: 1 }));
    await hub.publish(said, as({ room: 'a', text: '2' }));
    const [one, two] = rooms.got.map((message) => (message as EventMessage).id.split('-'));
    expect([one?.[1], two?.[1]]).toEqual(['1', '2']);
    expect(one?.[0]).toBe(two?.[0]);
    expect((games.got[0] as EventMessage).id.split('-')[0]).not.toBe(one?.[0]);
    expect(rooms.got[0]).toMatchObject({ time: '2026-01-31T12:00:00.000Z' });
  });

  it('are given once for a key', async () => {
    const hub = memoryHub();
    const { texts } = await listen(hub, said);
    for (let n = 0; n < 2; n++) await hub.publish(said, as({ room: 'a', text: 'once' }, 'same'));
    expect(texts()).toEqual(['once']);
  });
});

describe('subscribers', () => {
  it('hear the channels that they fixed, in part or in full', async () => {
    const hub = memoryHub();
    const heard = {
      all: await listen(hub, moved),
      game: await listen(hub, moved, { params: { game: 'g' } }),
      player: await listen(hub, moved, { params: { player: 'p' } }),
      both: await listen(hub, moved, { params: { game: 'g', player: 'p' } }),
      // As text these two parameters look like the other two.
      odd: await listen(hub, moved, { params: { game: 'g","p', player: '' } }),
    };
    for (const [game, player] of [['g', 'p'], ['g', 'q'], ['h', 'p'], ['h', 'q']] as const) await hub.publish(moved, as({ game, player, x: 1 })); // prettier-ignore
    expect(Object.values(heard).map(({ got }) => got.length)).toEqual([4, 2, 2, 1, 0]);
    heard.both.leave();
    await hub.publish(moved, as({ game: 'g', player: 'p', x: 1 }));
    expect(Object.values(heard).map(({ got }) => got.length)).toEqual([5, 3, 3, 1, 0]);
  });

  it('of other rooms cost nothing', async () => {
    const time = async (rooms: number): Promise<number> => {
      const hub = memoryHub();
      for (let n = 0; n < rooms; n++) await listen(hub, said, { params: { room: `room-${n}` } });
      const begun = performance.now();
      for (let n = 0; n < 2000; n++) void hub.publish(said, as({ room: 'room-0', text: 'x' }));
      return performance.now() - begun;
    };
    await time(10);
    // Walking all of them took hundreds of times as long.
    expect(await time(10_000)).toBeLessThan(20 * (await time(10)) + 20);
  });

  it('of more events than ten raise no warning', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const service = createService(contract, {});
    const client = createClient({ contract, transport: service });
    const controller = new AbortController();
    for (let n = 0; n < 30; n++) await client.onSaid(() => {}, { signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await service.close();
    expect(warnings).toEqual([]);
  });
});

describe('a hub that does not answer', () => {
  it('fails a subscription in time, and gets an event again under its key', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const keys: string[] = [];
    const reported: unknown[] = [];
    const silent: EventHub = {
      publish: (_, { key }) => {
        keys.push(key);
        return keys.length === 1 ? new Promise(() => {}) : Promise.resolve();
      },
      subscribe: () => new Promise(() => {}),
      close: () => Promise.resolve(),
    };
    const service = createService(contract, {}, { hub: silent, storeTimeoutMs: 50, onError: ({ error }) => reported.push(error) });
    const request = { event: said, params: {}, signal: new AbortController().signal, headers: {} };
    const subscribing = service.subscribe(request, { next: () => {}, gap: () => {}, end: () => {} });
    const failed = expect(subscribing).rejects.toMatchObject({ code: 'UNAVAILABLE', text: 'the event hub did not answer within 50 ms' });
    const publishing = service.publish('said', { room: 'a', text: 'x' });
    await vi.advanceTimersByTimeAsync(50);
    await failed;
    await publishing;
    await vi.advanceTimersByTimeAsync(1000);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(reported).toMatchObject([{ code: 'UNAVAILABLE' }]);
    await service.close();
  });

  it('is one report a minute, with a count', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const reported: string[] = [];
    const broken: EventHub = { ...memoryHub(), publish: () => Promise.reject(new Error('down')) };
    const service = createService(contract, {}, { hub: broken, onError: ({ error }) => reported.push((error as Error).message) });
    for (let n = 0; n < 1000; n++) await service.publish('said', { room: 'a', text: 'x' });
    expect(reported).toEqual(['down']);
    const full = Array.from({ length: 5 }, () => service.publish('said', { room: 'a', text: 'x' }).catch((error: unknown) => error));
    await vi.advanceTimersByTimeAsync(30_000);
    for (const error of await Promise.all(full)) expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(reported).toEqual(['down', 'an event was dropped: the hub took none within 30000 ms while 1000 waited']);
    const last = service.publish('said', { room: 'a', text: 'x' });
    const ended = expect(last).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await service.close();
    await ended;
    expect(reported.slice(2)).toEqual([
      'failed 4 more times, the last time with: an event was dropped: the hub took none within 30000 ms while 1000 waited',
      '1001 events were never published: the hub did not take them before the service stopped',
    ]);
  });

  it('loses nothing that was acknowledged, however many events come while it is away, and keeps their order', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { hub, took, comeBack } = brokenHub();
    const service = createService(contract, {}, { hub, onError: () => {} });
    let acknowledged = 0;
    const publishing = Array.from({ length: 3000 }, (_, n) =>
      service.publish('said', { room: 'a', text: String(n) }).then(() => acknowledged++),
    );
    await vi.advanceTimersByTimeAsync(10_000);
    expect(acknowledged).toBe(1000);
    comeBack();
    await vi.advanceTimersByTimeAsync(10_000);
    await Promise.all(publishing);
    expect(took).toEqual(Array.from({ length: 3000 }, (_, n) => String(n)));
    await service.close();
  });

  it('loses none if it comes back between two of them', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let failures = 5;
    const took: string[] = [];
    const hub: EventHub = {
      ...memoryHub(),
      publish: async (_, { data }) => {
        if (failures-- > 0) throw new Error('down');
        took.push((data as { text: string }).text);
      },
    };
    for (const [times, texts] of [
      [3, 'abc'],
      [5, 'abc'],
      [6, 'abc'],
      [7, 'abc'],
      [8, 'abcd'],
      [9, 'abcd'],
    ] as const) {
      failures = times;
      took.length = 0;
      const service = createService(contract, {}, { hub, onError: () => {} });
      for (const text of texts) await service.publish('said', { room: 'a', text });
      await vi.advanceTimersByTimeAsync(60_000);
      expect([times, [...took].sort().join('')]).toEqual([times, texts]);
      await service.close();
    }
  });

  it('gets what waits once more when the service closes', async () => {
    const { hub, took, comeBack } = brokenHub();
    const service = createService(contract, {}, { hub, onError: () => {} });
    for (const text of ['a', 'b']) await service.publish('said', { room: 'a', text });
    comeBack();
    await service.close();
    expect(took).toEqual(['a', 'b']);
  });

  it('loses an event that it refuses, and none of those after it', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const took: string[] = [];
    const hub: EventHub = {
      ...memoryHub(),
      publish: async (_, { data }) => {
        const { text } = data as { text: string };
        if (text === 'bad') throw new Error('I take no such event');
        took.push(text);
      },
    };
    const reported: string[] = [];
    const service = createService(contract, {}, { hub, onError: ({ error }) => reported.push((error as Error).message) });
    for (const text of ['a', 'bad', 'b', 'c']) await service.publish('said', { room: 'a', text });
    await vi.advanceTimersByTimeAsync(60_000);
    for (const text of ['d', 'e', 'f']) {
      await service.publish('said', { room: 'a', text });
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(took).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(reported).toEqual(['I take no such event', '[UNAVAILABLE] an event was dropped: the hub refuses it and takes others']);
    await service.close();
  });
});
