import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createClient,
  createService,
  defineAdapter,
  defineContract,
  event,
  memoryHub,
  type EventMessage,
  type EventSink,
} from '../../src/index.ts';

const contract = defineContract({
  name: 'hub',
  events: {
    said: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), text: z.string() }) }),
    counted: event({ channel: 'counted', payload: z.object({ count: z.int32() }) }),
  },
});
const { said, counted } = contract.events;

/** A sink that writes down what it gets. */
function recorder() {
  const got: (EventMessage | 'gap' | 'end')[] = [];
  const sink: EventSink = { next: (message) => void got.push(message), gap: () => void got.push('gap'), end: () => void got.push('end') };
  const texts = () =>
    got.map((each) =>
      typeof each === 'string' ? each : ((each.data as { text?: string }).text ?? (each.data as { count: number }).count),
    );
  const ids = () => got.map((each) => (typeof each === 'string' ? each : each.id));
  return { sink, texts, ids };
}

function request(
  definition: typeof said | typeof counted,
  more: { lastEventId?: string; params?: Record<string, unknown>; signal?: AbortSignal } = {},
) {
  return { event: definition, params: {}, signal: new AbortController().signal, headers: {}, ...more };
}

let made = 0;
const as = <T>(data: T) => ({ key: `key-${++made}`, time: new Date().toISOString(), data });
const say = (text: string, room = 'a') => [said, as({ room, text })] as const;

describe('memoryHub', () => {
  it('gives ids of instance and counter, unlike those of another hub, ordered', async () => {
    const [one, other] = [memoryHub(), memoryHub()];
    const [first, second] = [recorder(), recorder()];
    await one.subscribe(request(said), first.sink);
    await other.subscribe(request(said), second.sink);
    for (const text of ['x', 'y', 'z']) {
      await one.publish(...say(text));
      await other.publish(...say(text));
    }
    const counters = first.ids().map((id) => Number(/^[a-z0-9]+-(\d+)$/.exec(id)?.[1]));
    expect(counters).toEqual([...counters].sort((a, b) => a - b));
    expect(first.ids().filter((id) => second.ids().includes(id))).toEqual([]);
  });

  it('keeps events apart, also in what it replays', async () => {
    const hub = memoryHub();
    const live = recorder();
    await hub.subscribe(request(said), live.sink);
    await hub.publish(...say('one'));
    await hub.publish(counted, as({ count: 1 }));
    await hub.publish(...say('two'));
    const later = recorder();
    await hub.subscribe(request(said, { lastEventId: live.ids()[0] ?? '' }), later.sink);
    expect(live.texts()).toEqual(['one', 'two']);
    expect(later.texts()).toEqual(['two']);
  });

  it.each([1, 2, 3, 7])('replays from a ring of %i, and tells of a gap exactly where something was lost', async (history) => {
    const hub = memoryHub({ history });
    const live = recorder();
    await hub.subscribe(request(said), live.sink);
    const published = 10;
    for (let index = 0; index < published; index++) await hub.publish(...say(String(index)));
    for (let seen = 0; seen < published; seen++) {
      const back = recorder();
      await hub.subscribe(request(said, { lastEventId: live.ids()[seen] ?? '' }), back.sink);
      const missed = published - 1 - seen;
      expect(back.texts()).toEqual(missed <= history ? live.texts().slice(seen + 1) : ['gap']);
    }
  });

  it('waits for subscribers that acknowledge, and for no others', async () => {
    const hub = memoryHub();
    const release: (() => void)[] = [];
    const slow = { ...recorder().sink, next: () => new Promise<void>((resolve) => void release.push(resolve)) };
    await hub.subscribe(request(said), slow);
    await hub.publish(...say('nobody acknowledges'));
    await hub.subscribe({ ...request(said), acknowledges: true }, slow);
    let isPublished = false;
    const publishing = hub.publish(...say('one does')).then(() => (isPublished = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([isPublished, release.length]).toEqual([false, 3]);
    release.at(-1)?.();
    await publishing;
    // What refuses has been told by itself.
    await hub.subscribe({ ...request(counted), acknowledges: true }, { ...slow, next: () => Promise.reject(new Error('disk full')) });
    await hub.publish(counted, as({ count: 1 }));
  });

  it('waits for them too where a listener publishes in turn', async () => {
    const hub = memoryHub();
    const stored: string[] = [];
    let second: Promise<void> | undefined;
    await hub.subscribe(request(said), { ...recorder().sink, next: () => void (second ??= hub.publish(...say('second'))) });
    const next = async ({ data }: EventMessage) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      stored.push((data as { text: string }).text);
    };
    await hub.subscribe({ ...request(said), acknowledges: true }, { ...recorder().sink, next });
    void hub.publish(...say('first'));
    await second;
    expect(stored).toEqual(['first', 'second']);
  });

  it('holds nothing with a history of 0', async () => {
    const hub = memoryHub({ history: 0 });
    const live = recorder();
    await hub.subscribe(request(said), live.sink);
    await hub.publish(...say('one'));
    await hub.publish(...say('two'));
    const [gone, current] = [recorder(), recorder()];
    await hub.subscribe(request(said, { lastEventId: live.ids()[0] ?? '' }), gone.sink);
    await hub.subscribe(request(said, { lastEventId: live.ids()[1] ?? '' }), current.sink);
    expect([gone.texts(), current.texts()]).toEqual([['gap'], []]);
  });

  it.each(['elsewhere-1', 'nonsense', '', '-', '1', 'a-b-c', 'x'.repeat(200)])('takes the unknown id %j for a gap', async (lastEventId) => {
    const hub = memoryHub();
    await hub.publish(...say('before'));
    const back = recorder();
    await hub.subscribe(request(said, { lastEventId }), back.sink);
    await hub.publish(...say('live'));
    expect(back.texts()).toEqual(['gap', 'live']);
  });

  it('takes an id of its own from the future for a gap', async () => {
    const hub = memoryHub();
    const live = recorder();
    await hub.subscribe(request(said), live.sink);
    await hub.publish(...say('one'));
    const [instance] = (live.ids()[0] ?? '').split('-');
    const back = recorder();
    await hub.subscribe(request(said, { lastEventId: `${instance}-99` }), back.sink);
    expect(back.texts()).toEqual(['gap']);
  });

  it('filters what it replays as what is live', async () => {
    const hub = memoryHub();
    const live = recorder();
    await hub.subscribe(request(said), live.sink);
    for (const [text, room] of [
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'a'],
    ] as const)
      await hub.publish(...say(text, room));
    const back = recorder();
    await hub.subscribe(request(said, { lastEventId: live.ids()[0] ?? '', params: { room: 'a' } }), back.sink);
    await hub.publish(...say('4', 'b'));
    await hub.publish(...say('5', 'a'));
    expect(back.texts()).toEqual(['3', '5']);
  });

  it('stops with the signal, in the middle of a replay too', async () => {
    const hub = memoryHub();
    const live = recorder();
    await hub.subscribe(request(said), live.sink);
    for (const text of ['1', '2', '3']) await hub.publish(...say(text));
    const controller = new AbortController();
    const back = recorder();
    const sink: EventSink = { ...back.sink, next: (message) => (back.sink.next(message), controller.abort()) };
    await hub.subscribe(request(said, { lastEventId: live.ids()[0] ?? '', signal: controller.signal }), sink);
    await hub.publish(...say('4'));
    expect(back.texts()).toEqual(['2']);
  });

  it.each([-1, 1.5, NaN])('refuses a history of %d', (history) => {
    expect(() => memoryHub({ history })).toThrow(TypeError);
  });

  it('replays all, in order, to a subscriber that publishes on hearing where no more can be held', async () => {
    const hub = memoryHub({ history: 3 });
    const first = recorder();
    await hub.subscribe(request(said), first.sink);
    for (const text of ['a', 'b', 'c']) await hub.publish(...say(text));
    const late = recorder();
    const next = (message: EventMessage) => {
      void late.sink.next(message);
      if ((message.data as { text: string }).text === 'b') void hub.publish(...say('d'));
    };
    await hub.subscribe(request(said, { lastEventId: first.ids()[0] ?? '' }), { ...late.sink, next });
    expect(late.texts()).toEqual(['b', 'c', 'd']);
  });

  it('keeps the order where a subscriber publishes on hearing', async () => {
    const hub = memoryHub();
    const [first, second] = [recorder(), recorder()];
    let published = false;
    const echo: EventSink = {
      ...first.sink,
      next: (message) => {
        void first.sink.next(message);
        if (!published) {
          published = true;
          void hub.publish(...say('answer'));
        }
      },
    };
    await hub.subscribe(request(said), echo);
    await hub.subscribe(request(said), second.sink);
    await hub.publish(...say('question'));
    expect(first.texts()).toEqual(['question', 'answer']);
    expect(second.texts()).toEqual(['question', 'answer']);
  });
});

describe('a service', () => {
  it('serves the other subscribers, once, where the sink of one throws', async () => {
    const reports: unknown[] = [];
    const service = createService(contract, {}, { onError: ({ error }) => reports.push(error) });
    const [bad, good] = [recorder(), recorder()];
    const broken: EventSink = {
      ...bad.sink,
      next: () => {
        throw new Error('a broken sink');
      },
    };
    await service.subscribe(request(said), broken);
    await service.subscribe(request(said), good.sink);
    await service.publish('said', { room: 'a', text: 'one' });
    await service.publish('said', { room: 'a', text: 'two' });
    expect(good.texts()).toEqual(['one', 'two']);
    expect(bad.texts()).toEqual(['end']);
    expect(reports).toEqual([new Error('a broken sink')]);
    await service.close();
  });
});

describe('a service whose hub tells all of a gap', () => {
  it.each(['gap', 'place'] as const)('tells the others too, where `%s` of one throws', async (member) => {
    const reports: unknown[] = [];
    const all: EventSink[] = [];
    const inner = memoryHub();
    const service = createService(
      contract,
      {},
      {
        hub: {
          subscribe: (asked, sink) => (all.push(sink), inner.subscribe(asked, sink)),
          publish: (definition, message) => inner.publish(definition, message),
          close: () => inner.close?.(),
        },
        onError: ({ error }) => reports.push(error),
      },
    );
    const [bad, good] = [recorder(), recorder()];
    const told: unknown[] = [];
    const broken = () => {
      throw new Error('a broken sink');
    };
    await service.subscribe(request(said), { ...bad.sink, [member]: broken });
    await service.subscribe(request(said), { ...good.sink, [member]: () => told.push(member) });
    for (const sink of all) if (member === 'gap') sink.gap(); else sink.place?.('1'); // prettier-ignore
    expect(told).toContain(member);
    expect(bad.texts()).toEqual(['end']);
    expect(reports).toEqual([new Error('a broken sink')]);
    await service.close();
  });
});

describe('an event whose check fails', () => {
  const strict = (refine: (text: string) => boolean | Promise<boolean>) =>
    defineContract({
      name: 'strict',
      events: { said: event({ channel: 'said', payload: z.object({ text: z.string().refine(refine) }) }) },
    });
  const oops = new TypeError('oops');

  it.each([
    [
      'at once',
      strict(() => {
        throw oops;
      }),
    ],
    ['later', strict(() => Promise.reject(oops))],
  ] as const)('%s ends the subscription, and whoever reads the wire hears nothing of it', async (_, asked) => {
    const failing = defineAdapter(() => ({
      contract: asked,
      name: 'raw',
      call: () => expect.unreachable(),
      subscribe: async (_request, sink) => void setImmediate(() => void sink.next({ id: 'a-1', time: '', data: { text: 'x' } })),
      close: async () => {},
    }));
    const client = createClient({ contract: asked, transport: failing });
    const error = await new Promise((resolve) => void client.onSaid(() => expect.unreachable(), { onError: resolve }));
    expect(error).toMatchObject({ code: 'DATA_LOSS', cause: oops });
    await client.close();
  });
});

describe('events without an id', () => {
  it('are events of their own', async () => {
    const service = createService(
      contract,
      {},
      {
        hub: {
          ...memoryHub(),
          subscribe: async (_, sink) => void [1, 2].forEach((count) => void sink.next({ id: '', time: '', data: { count } })),
        },
      },
    );
    const client = createClient({ contract, transport: service });
    const heard: number[] = [];
    await client.onCounted(({ count }) => void heard.push(count));
    expect(heard).toEqual([1, 2]);
    await client.close();
  });
});
