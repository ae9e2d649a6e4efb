/** Bad networks, and what clients make of them. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { retry, use } from '../../src/compose/index.ts';
import { ApiError, createClient, createService, defineContract, event, memoryHub, mutation, query, stream } from '../../src/index.ts';
import { faults, type FaultOptions } from '../../src/testing/index.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'counter',
  operations: {
    read: query({ output: z.int32() }),
    add: mutation({ output: z.int32() }),
    hang: query({ output: z.int32() }),
    count: stream({ input: z.object({ to: z.int32() }), item: z.int32() }),
  },
  events: { changed: event({ channel: 'changed', payload: z.object({ to: z.int32() }) }) },
});

function over(options: FaultOptions) {
  let value = 0;
  let aborted = 0;
  const service = createService(
    contract,
    {
      read: () => value,
      add: () => ++value,
      hang: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => (aborted++, reject(signal.reason as Error)))),
      async *count({ to }) {
        for (let n = 1; n <= to; n++) yield n;
      },
    },
    { hub: memoryHub({ history: 1000 }) },
  );
  const network = faults(options);
  const client = createClient({ contract, transport: use(service, network), reconnect: { baseDelayMs: 0, maxDelayMs: 1 } });
  onTestFinished(async () => {
    await client.close();
    await service.close(0);
  });
  return { client, service, network, aborted: () => aborted };
}

describe('faults', () => {
  it('without options changes nothing', async () => {
    const { client } = over({});
    expect(await client.add()).toBe(1);
    const items = [];
    for await (const item of client.count({ to: 3 })) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });

  it('loses calls, which end at their deadline and never ran', async () => {
    const { client, network } = over({ drop: 1 });
    await expect(client.add(undefined, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    network.set({});
    expect(await client.read()).toBe(0);
  });

  it('doubles calls', async () => {
    const { client, network } = over({ duplicate: 1 });
    await client.add();
    network.set({});
    expect(await client.read()).toBe(2);
  });

  it('loses answers of calls that ran', async () => {
    const { client, network } = over({ cut: 1 });
    await expect(client.add()).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: true });
    network.set({});
    expect(await client.read()).toBe(1);
  });

  it('only hits the members that it is asked to', async () => {
    const { client } = over({ cut: 1, only: (member) => member === 'read' });
    expect(await client.add()).toBe(1);
    await expect(client.read()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('gives the same faults for the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const { client } = over({ cut: 0.5, seed });
      const results = [];
      for (let at = 0; at < 30; at++) results.push((await client.read.safe()).ok ? '.' : 'x');
      return results.join('');
    };
    const [a, b, c] = [await run(3), await run(3), await run(4)];
    expect(a).toBe(b);
    expect(a).not.toBe(c);
    expect(new Set(a)).toEqual(new Set(['.', 'x']));
  });

  it('is mended by retry', async () => {
    let value = 0;
    const service = createService(contract, { read: () => ++value, add: () => 0, hang: () => 0, async *count() {} });
    const client = createClient({
      contract,
      transport: retry(use(service, faults({ cut: 0.5, seed: 5 })), { attempts: 20, baseDelayMs: 0 }),
    });
    for (let at = 0; at < 20; at++) await client.read();
    expect(value).toBeGreaterThan(20);
    await client.close();
  });

  it('keeps the order of events that it delays, and the client resumes after each cut', async () => {
    const { client, service } = over({ latencyMs: [0, 3], cut: 0.1, seed: 2 });
    const heard: number[] = [];
    let gaps = 0;
    const done = new Promise<void>((resolve) => {
      void client
        .onChanged(({ to }) => void (heard.push(to) === 100 && resolve()), { onGap: () => gaps++ })
        .then(async () => {
          for (let to = 1; to <= 100; to++) await service.publish('changed', { to });
        });
    });
    await done;
    expect(heard).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(gaps).toBe(0);
  });

  it('loses and doubles events', async () => {
    const { client, service, network } = over({});
    const came: unknown[] = [];
    const heard: number[] = [];
    const life = new AbortController();
    const sink = { next: ({ data }: { readonly data: unknown }) => void came.push(data), gap: () => {}, end: () => {} };
    const request = { event: contract.events.changed, params: {}, headers: {}, signal: life.signal };
    await use(service, network).subscribe(request, sink);
    const stop = await client.onChanged(({ to }) => void heard.push(to));
    network.set({ drop: 1 });
    await service.publish('changed', { to: 1 });
    network.set({ duplicate: 1 });
    await service.publish('changed', { to: 2 });
    network.set({});
    await service.publish('changed', { to: 3 });
    await until(() => came.length === 3 && heard.length === 2);
    await stop();
    life.abort();
    expect(came).toEqual([{ to: 2 }, { to: 2 }, { to: 3 }]);
    // A client drops the second.
    expect(heard).toEqual([2, 3]);
  });

  it('hand on what is not an event, and fail no process by a second one that is refused', async () => {
    const reports: unknown[] = [];
    const failures: unknown[] = [];
    const onFailure = (failure: unknown) => failures.push(failure);
    process.on('unhandledRejection', onFailure);
    onTestFinished(() => void process.off('unhandledRejection', onFailure));
    let taken = 0;
    let heard: ((error: ApiError) => void) | undefined;
    await faults({ duplicate: 1 }).subscribe(
      { event: contract.events.changed, params: {}, headers: {}, signal: new AbortController().signal },
      {
        next: () => (taken++, Promise.reject(new Error('not taken'))),
        gap: () => {},
        end: () => {},
        misfits: (report) => void (heard = report),
      },
      async (_, sink) => {
        sink.misfits?.((error) => reports.push(error));
        await expect(sink.next({ id: '1', time: '2026-01-01T00:00:00.000Z', data: { to: 1 } })).rejects.toThrow('not taken');
      },
    );
    heard?.(new ApiError('DATA_LOSS', 'does not fit'));
    await new Promise((resolve) => setImmediate(resolve));
    expect([taken, failures, reports]).toEqual([2, [], [new ApiError('DATA_LOSS', 'does not fit')]]);
  });

  it('breaks what is open when asked: calls end here and at the far side, subscriptions come back', async () => {
    const { client, service, network, aborted } = over({});
    const heard: number[] = [];
    let reached = (_: number): void => {};
    const stop = await client.onChanged(({ to }) => {
      heard.push(to);
      reached(to);
    });
    const hanging = client.hang();
    hanging.catch(() => {});
    await service.publish('changed', { to: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    network.cut();
    await expect(hanging).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(aborted()).toBe(1);
    const second = new Promise<void>((resolve) => (reached = (to) => to === 2 && resolve()));
    await service.publish('changed', { to: 2 });
    await second;
    await stop();
    expect(heard).toEqual([1, 2]);
  });

  it('ends a stream in the middle', async () => {
    const { client } = over({ cut: 1 });
    await expect(
      (async () => {
        for await (const _ of client.count({ to: 3 }));
      })(),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each([{ cut: 2 }, { drop: -1 }, { duplicate: NaN }, { latencyMs: [5, 1] as const }, { seed: 0.5 }])('refuses %j', (options) => {
    expect(() => faults(options)).toThrow(TypeError);
  });
});
