import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { retry } from '../../src/compose/index.ts';
import {
  ApiError,
  createClient,
  createService,
  defineContract,
  event,
  memoryHub,
  mutation,
  query,
  stream,
  type EventHub,
} from '../../src/index.ts';

afterEach(() => vi.restoreAllMocks());

const Line = z.object({ text: z.string() });
const contract = defineContract({
  name: 'rooms',
  operations: { say: mutation({ service: 'Room', input: Line, output: Line, http: 'POST /lines' }) },
  events: { said: event({ channel: 'said', payload: Line, writtenBy: 'say' }) },
});

describe('an event that an operation writes', () => {
  it('is in the hub before the caller is answered', async () => {
    const steps: string[] = [];
    const memory = memoryHub();
    const slow: EventHub = {
      subscribe: (request, sink) => memory.subscribe(request, sink),
      close: () => memory.close(),
      async publish(...published) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await memory.publish(...published);
        steps.push('published');
      },
    };
    const service = createService(contract, { say: (line) => line }, { hub: slow });
    await createClient({ contract, transport: service }).say({ text: 'hello' });
    steps.push('answered');
    expect(steps).toEqual(['published', 'answered']);
    await service.close();
  });

  it('fails nobody where the hub does not take it: the failure is reported', async () => {
    const reported: unknown[] = [];
    const broken: EventHub = { ...memoryHub(), publish: () => Promise.reject(new Error('the hub is down')) };
    const service = createService(contract, { say: (line) => line }, { hub: broken, onError: ({ error }) => reported.push(error) });
    expect(await createClient({ contract, transport: service }).say({ text: 'hello' })).toEqual({ text: 'hello' });
    expect(reported).toEqual([new Error('the hub is down')]);
    await service.close();
  });
});

describe('a hub that throws where it should reject', () => {
  it('is given the event again', async () => {
    vi.useFakeTimers();
    try {
      const reported: unknown[] = [];
      const hub = memoryHub();
      let isDown = true;
      const flaky: EventHub = {
        ...hub,
        publish(event, data) {
          if (isDown) throw new Error('not connected');
          return hub.publish(event, data);
        },
      };
      const service = createService(contract, { say: (line) => line }, { hub: flaky, onError: ({ error }) => reported.push(error) });
      const client = createClient({ contract, transport: service });
      const heard: unknown[] = [];
      await client.onSaid((line) => void heard.push(line));
      await client.say({ text: 'hello' });
      expect([reported, heard]).toEqual([[new Error('not connected')], []]);
      isDown = false;
      await vi.advanceTimersByTimeAsync(1_000);
      expect(heard).toEqual([{ text: 'hello' }]);
      await client.close();
      await service.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('an error whose details are no JSON', () => {
  it('reaches the caller without them, and is reported', async () => {
    const reported: unknown[] = [];
    const service = createService(
      contract,
      {
        say() {
          throw new ApiError('NOT_FOUND', 'no such room', { details: { room: 7n } });
        },
      },
      { onError: ({ error }) => reported.push(error) },
    );
    const client = createClient({ contract, transport: service });
    const error: unknown = await client.say({ text: 'hello' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'NOT_FOUND', text: 'no such room' });
    expect(error).not.toHaveProperty('details');
    expect(String(reported[0])).toBe(
      'TypeError: the details of an error are not JSON: [NOT_FOUND] no such room: room: JSON has no bigint: int64() carries one',
    );
    await service.close();
  });
});

describe('a reporter that throws', () => {
  const onError = () => {
    throw new Error('the log is full');
  };

  it('changes nothing for callers', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const broken: EventHub = { ...memoryHub(), publish: () => Promise.reject(new Error('the hub is down')) };
    const service = createService(contract, { say: (line) => line }, { hub: broken, onError });
    const client = createClient({ contract, transport: service });
    expect(await client.say({ text: 'hello' })).toEqual({ text: 'hello' });
    await service.close();
    const failing = createService(contract, { say: () => Promise.reject(new Error('secret')) }, { onError });
    await expect(createClient({ contract, transport: failing }).say({ text: 'x' })).rejects.toMatchObject({
      code: 'INTERNAL',
      text: 'internal error',
    });
    expect(console.error).toHaveBeenCalledWith(new Error('the log is full'));
  });
});

describe('a service that has stopped', () => {
  it('does not try again to publish what its hub refuses, so that the process can end', async () => {
    const published = vi.fn(() => Promise.reject(new Error('the hub is closed')));
    const onError = vi.fn();
    const service = createService(contract, { say: (line) => line }, { hub: { ...memoryHub(), publish: published }, onError });
    await service.close();
    vi.useFakeTimers();
    try {
      await expect(service.publish('said', { text: 'too late' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    expect(onError).toHaveBeenCalledTimes(1);
  });
});

describe('a service that was closed', () => {
  it('says that nobody hears an event any more', async () => {
    const service = createService(contract, { say: (line) => line });
    await service.close();
    await expect(service.publish('said', { text: 'too late' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      text: 'said was not published: the service is closed',
    });
  });
});

describe('a handler whose own call was never sent', () => {
  it('was reached all the same: a mutation is not tried again', async () => {
    const runs: string[] = [];
    const unsent = () => new ApiError('UNAVAILABLE', 'nothing listens there', { sent: false });
    const service = createService(contract, {
      say: ({ text }) => {
        runs.push(text);
        if (text === 'at once') throw unsent();
        return Promise.reject(unsent());
      },
    });
    const client = createClient({ contract, transport: retry(service, { baseDelayMs: 1 }) });
    for (const text of ['at once', 'later'])
      await expect(client.say({ text })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: true, requestId: expect.any(String) });
    expect(runs).toEqual(['at once', 'later']);
    await service.close();
    await expect(client.say({ text: 'closed' })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
  });
});

describe('a selection', () => {
  const Card = z.object({ name: z.string(), age: z.int32() });
  const cards = defineContract({
    name: 'cards',
    operations: {
      getCard: query({ service: 'Card', output: Card, http: 'GET /card' }),
      makeCard: mutation({ service: 'Card', output: Card, http: 'POST /card' }),
    },
  });
  const broken = () => ({ name: 'Ada', age: 'unknown' as unknown as number });

  it("is all that is checked of a query's output, and all of a mutation's is", async () => {
    const service = createService(cards, { getCard: broken, makeCard: broken }, { onError: () => {} });
    const client = createClient({ contract: cards, transport: service });
    expect(await client.getCard(undefined, { select: { name: true } })).toEqual({ name: 'Ada' });
    await expect(client.getCard(undefined, { select: { age: true } })).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(client.getCard()).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(client.makeCard(undefined, { select: { name: true } })).rejects.toMatchObject({ code: 'INTERNAL' });
    await service.close();
  });
});

describe('the service is told of a stream that fails after it was left', () => {
  const counting = defineContract({ name: 'counting', operations: { count: stream({ item: z.int32() }) } });
  type Iterator = Pick<AsyncIterator<number>, 'next' | 'return'>;

  /** Leaves the stream after its first item; gives what the service is told then. */
  async function leave(make: (signal: AbortSignal) => Iterator): Promise<readonly unknown[]> {
    const told: unknown[] = [];
    const service = createService(
      counting,
      { count: (_, { signal }) => ({ [Symbol.asyncIterator]: () => make(signal) }) },
      { onError: ({ error, member }) => told.push(member, error) },
    );
    for await (const item of createClient({ contract: counting, transport: service }).count()) {
      expect(item).toBe(1);
      break;
    }
    await service.close();
    // A rejection that nobody handles fails the run of all tests.
    await new Promise((resolve) => setImmediate(resolve));
    return told;
  }

  const bug = new Error('a bug');
  const one = async () => ({ done: false as const, value: 1 });

  it('by its iterator', async () => {
    const returns = () => {
      throw bug;
    };
    expect(await leave(() => ({ next: one, return: returns }))).toEqual(['count', bug]);
  });

  it('by the finally of its generator', async () => {
    async function* generator() {
      try {
        for (;;) yield 1;
      } finally {
        // eslint-disable-next-line no-unsafe-finally -- as a cursor that cannot be closed
        throw bug;
      }
    }
    expect(await leave(() => generator())).toEqual(['count', bug]);
  });

  it('while it makes an item, and not of the reason for which it was left', async () => {
    async function* generator(signal: AbortSignal, error: () => unknown) {
      yield 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw error();
    }
    expect(await leave((signal) => generator(signal, () => bug))).toEqual(['count', bug]);
    expect(await leave((signal) => generator(signal, () => signal.reason))).toEqual([]);
    expect(await leave((signal) => generator(signal, () => new DOMException('left', 'AbortError')))).toEqual([]);
  });
});
