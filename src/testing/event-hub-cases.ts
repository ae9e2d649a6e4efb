import { z } from 'zod/mini';
import type { EventDefinition } from '../core/contract.ts';
import { defineContract, event } from '../core/define.ts';
import type { EventMessage } from '../core/transport.ts';
import type { EventHub } from '../events/hub.ts';
import { equal } from './equal.ts';
import { pause, until, withStores, type StoreCase } from './store-case.ts';

/** The contract whose events the cases publish. */
const contract = defineContract({
  name: 'hubcases',
  operations: {},
  events: {
    said: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), text: z.string() }) }),
    ticked: event({ channel: 'ticks', payload: z.object({ n: z.number() }) }),
  },
});
const { said, ticked } = contract.events;
const TIME = '2026-01-31T12:00:00.000Z';
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
/** How many of the last events of each channel a hub under test holds. */
const HISTORY = 20;

/**
 * Cases for a hub with an order that several processes share. Run them against a hub that you have written. `open` must open hubs that hold
 * the last 20 events of each channel, or some more.
 */
export const eventHubCases: readonly StoreCase<EventHub>[] = [
  {
    id: 'shared',
    rule: 'An event that one instance publishes is heard at all, with one id, its time and its data.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const heard = await Promise.all([one, two].map(({ store }) => listen(store, said, { room: 'shared' })));
        await publish(one.store, 'shared', 'ünï 😀\n');
        for (const { got } of heard) await until('an event', () => got.length === 1);
        const [first, second] = heard.map(({ got }) => got[0]);
        equal(first, second);
        equal(first, { id: idOf(first), time: TIME, data: { room: 'shared', text: 'ünï 😀\n' } });
        for (const { leave } of heard) leave();
      }),
  },
  {
    id: 'publisher',
    rule: 'The span that published an event comes with it: live, to those who resume, and out of a transaction.',
    run: (open) =>
      withStores(open, 2, async ({ store, begin }, two) => {
        const heard = await listen(two.store, said, { room: 'publisher' });
        await publish(store, 'publisher', 'plain');
        await store.publish(said, { ...eventOf('publisher', 'traced'), traceparent: TRACE });
        const inner = store.publishIn && begin ? await begin() : undefined;
        if (inner) await store.publishIn?.(inner.transaction, said, { ...eventOf('publisher', 'committed'), traceparent: TRACE });
        await inner?.commit();
        const all = inner ? [undefined, TRACE, TRACE] : [undefined, TRACE];
        await until('all events', () => heard.got.length === all.length);
        const spans = (got: typeof heard.got) => got.map((message) => typeof message === 'object' && message.traceparent);
        equal(spans(heard.got), all);
        const resumed = await listen(two.store, said, { room: 'publisher' }, idOf(heard.got[0]));
        await until('the events after the first', () => resumed.got.length === all.length - 1);
        equal(spans(resumed.got), all.slice(1));
      }),
  },
  {
    id: 'key',
    rule: 'An event that is published again with its key, because the answer was lost, is heard once.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const heard = await listen(two.store, said, { room: 'key' });
        for (const { store } of [one, one, two]) await publish(store, 'key', 'once', 'the-key');
        const own = eventOf('key', 'own');
        for (const isFirstTry of [true, false]) await one.store.publish(said, { ...own, isFirstTry });
        await publish(one.store, 'key', 'last');
        await until('the last event', () => heard.texts().includes('last'));
        equal(heard.texts(), ['once', 'own', 'last']);
      }),
  },
  {
    id: 'order',
    rule: 'All hear the events of all instances in one order, each once.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const heard = await Promise.all([one, two].map(({ store }) => listen(store, said, {})));
        const published = Array.from({ length: 200 }, (_, n) => publish((n % 2 ? one : two).store, `order-${n % 3}`, `order ${n}`));
        await Promise.all(published);
        const own = (texts: readonly string[]) => texts.filter((text) => text.startsWith('order '));
        for (const each of heard) await until('200 events', () => own(each.texts()).length >= 200);
        equal(own(heard[0]?.texts() ?? []), own(heard[1]?.texts() ?? []));
        equal(new Set(own(heard[0]?.texts() ?? [])).size, 200);
      }),
  },
  {
    id: 'turn',
    rule: 'Events that one instance publishes one after the other keep their order.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const heard = await listen(two.store, said, { room: 'turn' });
        const texts = Array.from({ length: 50 }, (_, n) => String(n));
        for (const text of texts) await publish(one.store, 'turn', text);
        await until('50 events', () => heard.got.length >= 50);
        equal(heard.texts(), texts);
      }),
  },
  {
    id: 'channel',
    rule: 'A subscriber hears the channels that it fixed, and no others.',
    run: (open) =>
      withStores(open, 1, async ({ store }) => {
        const one = await listen(store, said, { room: 'channel-1' });
        const ticks = await listen(store, ticked, {});
        await publish(store, 'channel-2', 'other');
        await publish(store, 'channel-1', 'own');
        await store.publish(ticked, { key: key(), time: TIME, data: { n: 1 } });
        await until('both events', () => one.got.length >= 1 && ticks.got.length >= 1);
        equal([one.texts(), ticks.got.length], [['own'], 1]);
      }),
  },
  {
    id: 'leave',
    rule: 'A subscriber whose signal has aborted hears nothing more.',
    run: (open) =>
      withStores(open, 1, async ({ store }) => {
        const [gone, stays] = [await listen(store, said, { room: 'leave' }), await listen(store, said, { room: 'leave' })];
        gone.leave();
        await publish(store, 'leave', 'x');
        await until('an event', () => stays.got.length === 1);
        equal(gone.got, []);
      }),
  },
  {
    id: 'resume',
    rule: 'A subscriber goes on after an id at any instance, also at one that was opened later, and misses nothing and hears nothing twice.',
    async run(open) {
      let last = '';
      await withStores(open, 2, async (one, two) => {
        const heard = await listen(one.store, said, { room: 'resume' });
        for (const text of ['1', '2', '3']) await publish(two.store, 'resume', text);
        await until('three events', () => heard.got.length === 3);
        last = idOf(heard.got[0]);
        const resumed = await listen(two.store, said, { room: 'resume' }, last);
        await publish(one.store, 'resume', '4');
        await until('the fourth event', () => resumed.texts().includes('4'));
        equal(resumed.texts(), ['2', '3', '4']);
        const all = await listen(one.store, said, {}, last);
        const own = () => all.texts().filter((text) => ['2', '3', '4'].includes(text));
        await until('the events of all rooms', () => own().length >= 3);
        equal(own(), ['2', '3', '4']);
      });
      await withStores(open, 1, async ({ store }) => {
        const resumed = await listen(store, said, { room: 'resume' }, last);
        await publish(store, 'resume', '5');
        await until('the fifth event', () => resumed.texts().includes('5'));
        equal(resumed.texts(), ['2', '3', '4', '5']);
      });
    },
  },
  {
    id: 'place',
    rule: 'A new subscriber may be told its place, before anything was published and later; from there it misses nothing at any instance.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const standing = await listen(one.store, ticked, {});
        const [first] = standing.places;
        if (first === undefined) return;
        await one.store.publish(ticked, { key: key(), time: TIME, data: { n: 1 } });
        await until('an event', () => standing.got.length === 1);
        const [later = ''] = (await listen(one.store, ticked, {})).places;
        await one.store.publish(ticked, { key: key(), time: TIME, data: { n: 2 } });
        await until('the second event', () => standing.got.length === 2);
        for (const [place, missed] of [
          [first, standing.got],
          [later, standing.got.slice(1)],
        ] as const) {
          const resumed = await listen(two.store, ticked, {}, place);
          await until('what was missed', () => resumed.got.length >= missed.length);
          equal(resumed.got, missed);
        }
      }),
  },
  {
    id: 'live',
    rule: 'While it catches up, a subscriber gets live events after those that it missed, each once.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const heard = await listen(one.store, said, { room: 'live' });
        await publish(one.store, 'live', '0');
        await until('an event', () => heard.got.length === 1);
        const texts = Array.from({ length: 15 }, (_, n) => String(n + 1));
        const publishing = (async () => {
          for (const text of texts) await publish(one.store, 'live', text);
        })();
        const resumed = await listen(two.store, said, { room: 'live' }, idOf(heard.got[0]));
        await publishing;
        await until('15 events', () => resumed.got.length >= 15);
        equal(resumed.texts(), texts);
      }),
  },
  {
    id: 'trimmed',
    rule: 'A subscriber that comes back to an id after which events are held no more is told of a gap, or gets all of them in order, and one of a quiet channel gets what it missed.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const heard = await listen(one.store, said, {});
        await publish(one.store, 'quiet', 'q1');
        await publish(one.store, 'quiet', 'q2');
        await publish(one.store, 'busy', 'b0');
        for (let n = 1; n <= 20 * HISTORY; n++) await publish(one.store, 'busy', `b${n}`);
        await until('all events', () => heard.texts().includes(`b${20 * HISTORY}`));
        const at = (text: string) => idOf(heard.got[heard.texts().indexOf(text)]);
        const quiet = await listen(two.store, said, { room: 'quiet' }, at('q1'));
        await until('the quiet event', () => quiet.got.length > 0);
        equal(quiet.texts(), ['q2']);
        const busy = await listen(two.store, said, { room: 'busy' }, at('b0'));
        await until('the gap, or all', () => busy.texts()[0] === 'gap' || busy.got.length === 20 * HISTORY);
        if (busy.texts()[0] !== 'gap') equal(busy.texts(), heard.texts().slice(3));
        const recent = await listen(two.store, said, { room: 'busy' }, at(`b${20 * HISTORY - 2}`));
        await until('two events', () => recent.got.length >= 2);
        equal(recent.texts(), [`b${20 * HISTORY - 1}`, `b${20 * HISTORY}`]);
      }),
  },
  {
    id: 'foreign',
    rule: 'An id that the hub never gave, or not yet, is answered with a gap and live events.',
    run: (open) =>
      withStores(open, 1, async ({ store }) => {
        const first = await listen(store, said, { room: 'foreign' });
        await publish(store, 'foreign', 'x');
        await until('an event', () => first.got.length === 1);
        const [epoch = ''] = idOf(first.got[0]).split('-');
        for (const id of ['nonsense', 'other-1', `${epoch}-999999999999`, '']) {
          const heard = await listen(store, said, { room: 'foreign' }, id);
          await publish(store, 'foreign', `after ${id}`);
          await until(`the event after '${id}'`, () => heard.got.length >= 2);
          equal(heard.texts(), ['gap', `after ${id}`]);
          heard.leave();
        }
      }),
  },
  {
    id: 'transaction',
    rule: 'An event that is published in a transaction is heard after its commit, and never after a rollback.',
    run: (open) =>
      withStores(open, 2, async ({ store, begin }, two) => {
        if (!store.publishIn) return;
        if (!begin) throw new Error('the hub has publishIn: let open() give begin(), which begins a transaction');
        const heard = await listen(two.store, said, { room: 'transaction' });
        const back = await begin();
        await store.publishIn(back.transaction, said, eventOf('transaction', 'rolled back'));
        await back.rollback();
        const done = await begin();
        await store.publishIn(done.transaction, said, eventOf('transaction', 'committed'));
        await publish(store, 'transaction', 'meanwhile');
        await until('an event', () => heard.got.length === 1);
        equal(heard.texts(), ['meanwhile']);
        await done.commit();
        await until('the committed event', () => heard.got.length === 2);
        await publish(store, 'transaction', 'last');
        await until('the last event', () => heard.texts().includes('last'));
        equal(heard.texts(), ['meanwhile', 'committed', 'last']);
      }),
  },
  {
    id: 'lease',
    rule: 'A lease has one holder at a time; the next one goes on from its cursor, as soon as it is released or has ended.',
    run: (open) =>
      withStores(open, 2, async (one, two) => {
        const take = (store: EventHub, ms: number) => store.lease?.('lease-case', ms) ?? Promise.resolve(undefined);
        if (!one.store.lease) return;
        const first = await take(one.store, 60_000);
        equal([first?.cursor, await take(two.store, 60_000)], [undefined, undefined]);
        equal(await first?.renew(60_000, 'place 1'), true);
        await first?.release('place 2');
        const second = await take(two.store, 100);
        equal(second?.cursor, 'place 2');
        equal(await first?.renew(60_000, 'late'), false);
        await pause(200);
        const third = await take(one.store, 60_000);
        equal(third?.cursor, 'place 2');
        equal(await second?.renew(60_000, 'late'), false);
        await second?.release('late');
        await third?.release();
        equal((await take(two.store, 60_000))?.cursor, 'place 2');
      }),
  },
];

let made = 0;
const run = crypto.randomUUID();
const key = () => `${run}-${++made}`;

function eventOf(room: string, text: string, eventKey = key()) {
  return { key: eventKey, time: TIME, data: { room, text } };
}

function publish(hub: EventHub, room: string, text: string, eventKey?: string): Promise<void> {
  return hub.publish(said, eventOf(room, text, eventKey));
}

async function listen(hub: EventHub, definition: EventDefinition, params: Readonly<Record<string, string>>, lastEventId?: string) {
  const got: (EventMessage | 'gap')[] = [];
  const controller = new AbortController();
  const places: string[] = [];
  const sink = {
    next: (message: EventMessage) => void got.push(message),
    gap: () => void got.push('gap'),
    place: (id: string) => void places.push(id),
    end: () => {},
  };
  const resume = lastEventId === undefined ? {} : { lastEventId };
  await hub.subscribe({ event: definition, params, headers: {}, signal: controller.signal, ...resume }, sink);
  return {
    got,
    places,
    texts: () => got.map((each) => (each === 'gap' ? each : (each.data as { readonly text: string }).text)),
    leave: () => controller.abort(),
  };
}

function idOf(message: EventMessage | 'gap' | undefined): string {
  if (message === undefined || message === 'gap') throw new Error('an event was expected');
  return message.id;
}
