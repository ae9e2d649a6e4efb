import { describe, expect, it, vi } from 'vitest';
import { ApiError, createClient } from '../../src/index.ts';
import { codeOf, contract, FAST, fake, open, TIME } from './support.ts';

describe('reconnecting', () => {
  it.each([0, 1, 5])('connects after %i failures', async (failures) => {
    let left = failures;
    const { transport, subscriptions } = fake({
      subscribe: async () => {
        if (left-- > 0) throw new ApiError('UNAVAILABLE', 'not yet');
      },
    });
    const client = createClient({ contract, transport, reconnect: FAST });
    await client.onPriceChanged(() => {});
    expect(subscriptions).toHaveLength(failures + 1);
    await client.close();
  });

  it.each(['INVALID_ARGUMENT', 'UNIMPLEMENTED', 'PERMISSION_DENIED', 'NOT_FOUND', 'UNAUTHENTICATED', 'INTERNAL'] as const)(
    'gives up at once for %s',
    async (code) => {
      const { transport, subscriptions } = fake({ subscribe: () => Promise.reject(new ApiError(code, 'no')) });
      const client = createClient({ contract, transport, reconnect: FAST });
      expect(await codeOf(client.onPriceChanged(() => {}))).toBe(code);
      expect(subscriptions).toHaveLength(1);
    },
  );

  it('waits as long as the peer asks for', async () => {
    const { transport, subscriptions } = fake({
      subscribe: () => Promise.reject(new ApiError('UNAVAILABLE', 'later', { retryAfterMs: 60_000 })),
    });
    const client = createClient({ contract, transport, reconnect: FAST });
    expect(await codeOf(client.onPriceChanged(() => {}, { timeoutMs: 50 }))).toBe('UNAVAILABLE');
    expect(subscriptions).toHaveLength(1);
  });

  it('waits longer and longer where connecting takes long and fails', async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
    try {
      const tries: number[] = [];
      const { transport } = fake({
        subscribe: () =>
          new Promise((_, reject) => {
            tries.push(Date.now());
            setTimeout(() => reject(new ApiError('UNAVAILABLE', 'overloaded')), 6_000);
          }),
      });
      const client = createClient({ contract, transport, reconnect: { baseDelayMs: 1_000 } });
      const failed = codeOf(client.onPriceChanged(() => {}, { timeoutMs: 35_000 }));
      await vi.advanceTimersByTimeAsync(40_000);
      expect(await failed).toBe('UNAVAILABLE');
      expect(tries.slice(1).map((at, index) => at - (tries[index] ?? 0) - 6_000)).toEqual([1_000, 2_000, 4_000]);
    } finally {
      vi.restoreAllMocks();
      vi.useRealTimers();
    }
  });

  it('says why it could not connect, not that the time is over', async () => {
    const { transport } = fake({ subscribe: () => Promise.reject(new ApiError('UNAVAILABLE', 'nothing listens there')) });
    const error = await createClient({ contract, transport, reconnect: FAST, timeoutMs: 30 })
      .onPriceChanged(() => {})
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', text: 'nothing listens there' });
  });

  it('stops trying when the last subscriber leaves', async () => {
    const { transport, subscriptions } = fake({});
    const client = createClient({ contract, transport, reconnect: { baseDelayMs: 10_000 } });
    vi.useFakeTimers();
    try {
      const unsubscribe = await client.onPriceChanged(() => {});
      subscriptions[0]?.sink.end(new ApiError('UNAVAILABLE', 'going away'));
      await vi.advanceTimersByTimeAsync(0);
      await unsubscribe();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(subscriptions).toHaveLength(1);
      expect(subscriptions[0]?.request.signal.aborted).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('tells of a gap where it has no place to resume from', async () => {
    const { transport, subscriptions } = fake({});
    const onGap = vi.fn();
    const client = createClient({ contract, transport, reconnect: FAST });
    await client.onPriceChanged(() => {}, { onGap });
    subscriptions[0]?.sink.end(new ApiError('UNAVAILABLE', 'going away'));
    await vi.waitFor(() => expect(onGap).toHaveBeenCalledTimes(1));
    expect(subscriptions[1]?.request.lastEventId).toBeUndefined();
    await client.close();
  });

  it('tells of a gap before the first event behind it, and not after the subscriber has left', async () => {
    const heard: unknown[] = [];
    const controller = new AbortController();
    const { transport, subscriptions } = fake({
      // Its events are there before its acknowledgement.
      async subscribe(_, sink) {
        const count = subscriptions.length;
        await sink.next({ id: `local-${count}`, time: TIME, data: { cents: count } });
        if (count === 3) controller.abort();
        else if (count === 2) sink.end(new ApiError('UNAVAILABLE', 'going away'));
      },
    });
    const client = createClient({ contract, transport, reconnect: FAST });
    const options = { onGap: () => void heard.push('gap'), signal: controller.signal, onError: () => {} };
    await client.onPriceChanged(({ cents }) => void heard.push(cents), options);
    subscriptions[0]?.sink.end(new ApiError('UNAVAILABLE', 'going away'));
    await vi.waitFor(() => expect(subscriptions).toHaveLength(3));
    await vi.waitFor(() => expect(controller.signal.aborted).toBe(true));
    expect(heard).toEqual([1, 'gap', 2, 'gap', 3]);
    await client.close();
  });

  it('asks an adapter for headers again at each try', async () => {
    const { transport, subscriptions } = fake({});
    const client = createClient({ contract, transport, reconnect: FAST });
    await client.onPriceChanged(() => {}, { headers: { 'x-a': '1' } });
    subscriptions[0]?.sink.end(new ApiError('RESOURCE_EXHAUSTED', 'fell behind', { remote: true }));
    await vi.waitFor(() => expect(subscriptions).toHaveLength(2));
    expect(subscriptions[1]?.request.headers).toEqual({ 'x-a': '1' });
    await client.close();
  });

  it('hears nothing from a connection that has ended', async () => {
    const { transport, subscriptions } = fake({});
    const client = createClient({ contract, transport, reconnect: FAST });
    const heard: number[] = [];
    await client.onPriceChanged(({ cents }) => void heard.push(cents));
    const old = subscriptions[0]?.sink;
    old?.end(new ApiError('UNAVAILABLE', 'going away'));
    await vi.waitFor(() => expect(subscriptions).toHaveLength(2));
    if (old) open(old, 1);
    if (subscriptions[1]) open(subscriptions[1].sink, 2);
    await vi.waitFor(() => expect(heard).toContain(2));
    expect(heard).toEqual([2]);
    await client.close();
  });

  it('settles a start whose peer is done before it acknowledged', async () => {
    const { transport } = fake({ subscribe: (_, sink) => (sink.end(), new Promise(() => {})) });
    const client = createClient({ contract, transport, reconnect: FAST });
    await client.onPriceChanged(() => {});
    expect(await client.onPriceChanged().next()).toEqual({ done: true, value: undefined });
  });
});

describe('a slow loop', () => {
  it('leaves when full, and comes back to its place when drained', async () => {
    const { transport, subscriptions } = fake({});
    const stream = createClient({ contract, transport }).onPriceChanged({ bufferSize: 2 });
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    const [first] = subscriptions;
    await new Promise((resolve) => setImmediate(resolve));
    if (first) open(first.sink, 1, 2, 3);
    expect(first?.request.signal.aborted).toBe(true);
    expect([(await stream.next()).value, (await stream.next()).value]).toEqual([{ cents: 1 }, { cents: 2 }]);
    await vi.waitFor(() => expect(subscriptions).toHaveLength(2));
    expect(subscriptions[1]?.request.lastEventId).toBe('a-2');
    await stream.return();
    expect(subscriptions[1]?.request.signal.aborted).toBe(true);
  });

  it('has started where it was full before the peer acknowledged, however long the loop takes then', async () => {
    const { transport, subscriptions } = fake({
      subscribe: ({ signal, lastEventId }, sink) => {
        open(sink, ...(lastEventId === undefined ? [1, 2] : [3]));
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
    });
    vi.useFakeTimers();
    try {
      const stream = createClient({ contract, transport }).onPriceChanged({ bufferSize: 2, timeoutMs: 1_000 });
      await vi.advanceTimersByTimeAsync(2_000);
      for (const cents of [1, 2, 3]) expect(await stream.next()).toEqual({ value: { cents }, done: false });
      expect(subscriptions).toHaveLength(2);
      await stream.return();
    } finally {
      vi.useRealTimers();
    }
  });

  it('can be left while it is away, and does not come back', async () => {
    const { transport, subscriptions } = fake({});
    const stream = createClient({ contract, transport }).onPriceChanged({ bufferSize: 1 });
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    await new Promise((resolve) => setImmediate(resolve));
    if (subscriptions[0]) open(subscriptions[0].sink, 1);
    vi.useFakeTimers();
    try {
      await stream.return();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(subscriptions).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives several readers each their own events', async () => {
    const { transport, subscriptions } = fake({});
    const stream = createClient({ contract, transport }).onPriceChanged();
    const both = Promise.all([stream.next(), stream.next()]);
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    await new Promise((resolve) => setImmediate(resolve));
    if (subscriptions[0]) open(subscriptions[0].sink, 1, 2);
    expect((await both).map(({ value }) => value)).toEqual([{ cents: 1 }, { cents: 2 }]);
    await stream.return();
  });

  it('has a buffer of at least one', async () => {
    const { transport } = fake({});
    for (const bufferSize of [0, -1, 1.5, NaN]) {
      const client = createClient({ contract, transport });
      expect(await codeOf(client.onPriceChanged({ bufferSize }).next())).toBe('INVALID_ARGUMENT');
    }
  });
});

describe('failures of listeners', () => {
  it('go to the subscription’s onError, else to the client’s', async () => {
    const { transport, subscriptions } = fake({});
    const [own, common] = [vi.fn(), vi.fn()];
    const client = createClient({ contract, transport, onError: common });
    const failing = () => {
      throw new Error('listener');
    };
    await client.onPriceChanged(failing, { onError: own });
    await client.onPriceChanged(() => Promise.reject(new Error('later')));
    for (const { sink } of subscriptions) open(sink, 1);
    await vi.waitFor(() => expect(common).toHaveBeenCalledTimes(1));
    expect(own).toHaveBeenCalledTimes(1);
    await client.close();
  });
});

describe('failures of onGap', () => {
  const onGap = () => {
    throw new Error('onGap');
  };

  it('go to onError, and do not keep a listener from coming back', async () => {
    const { transport, subscriptions } = fake({});
    const onError = vi.fn();
    const client = createClient({ contract, transport, reconnect: FAST });
    const heard: number[] = [];
    await client.onPriceChanged(({ cents }) => void heard.push(cents), { onGap, onError });
    subscriptions[0]?.sink.end(new ApiError('UNAVAILABLE', 'going away'));
    await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(new Error('onGap')));
    if (subscriptions[1]) open(subscriptions[1].sink, 1);
    expect(heard).toEqual([1]);
    subscriptions[1]?.sink.end(new ApiError('PERMISSION_DENIED', 'no more'));
    await vi.waitFor(() => expect(onError).toHaveBeenLastCalledWith(expect.objectContaining({ code: 'PERMISSION_DENIED' })));
    await client.close();
  });

  it('go to the client’s onError, and do not reach the transport of a loop', async () => {
    const { transport, subscriptions } = fake({});
    const onError = vi.fn();
    const client = createClient({ contract, transport, onError });
    const stream = client.onPriceChanged({ bufferSize: 1, overflow: 'drop-oldest', onGap });
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    if (subscriptions[0]) open(subscriptions[0].sink, 1, 2);
    expect((await stream.next()).value).toEqual({ cents: 2 });
    expect(onError).toHaveBeenCalledWith(new Error('onGap'));
    await client.close();
  });
});
