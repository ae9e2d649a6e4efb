import { equal, fails, Inbox, misfit, ok, settled, until, watched } from '../../assert.ts';
import type { EventInfo } from '../../../client/types.ts';
import { casesOf } from '../../define.ts';
import { kinds, message, note, TEXTS, type MessageValue, type NoteValue } from '../values.ts';

const define = casesOf('events', ['subscribe']);
const both = ['call', 'subscribe'] as const;

export const eventCases = [
  define('acknowledged', 'Once the start has resolved, every event reaches the listener.', async (t) => {
    const { client, service } = await t.open();
    const inbox = new Inbox<NoteValue>();
    await settled(client.onNote(inbox.add), 'the start');
    await service.publish('note', note(1));
    equal(await inbox.wait(1, 'events'), [note(1)], 'the events');
  }),

  define('payload', 'A payload arrives as it was: numbers, lists, null and absent members, Unicode.', async (t) => {
    const { client, service } = await t.open();
    const inbox = new Inbox<NoteValue>();
    await client.onNote(inbox.add);
    const sent = [
      note(Number.MAX_SAFE_INTEGER, { ratio: 1e-7, tags: ['a', ''], point: { x: -1, y: 0.5 }, nothing: 'something' }),
      ...Object.values(TEXTS).map((text, index) => note(index, { text, tags: [text] })),
      note(-1, { text: 'x'.repeat(200_000) }),
    ];
    for (const value of sent) await service.publish('note', value);
    equal(await inbox.wait(sent.length, 'events'), sent, 'the events');
  }),

  define('order', 'Events arrive in the order they were published, each once.', async (t) => {
    const { client, service } = await t.open();
    const inbox = new Inbox<NoteValue>();
    await client.onNote(inbox.add);
    for (let number = 0; number < 300; number++) await service.publish('note', note(number));
    equal(
      (await inbox.wait(300, 'events')).map(({ number }) => number),
      Array.from({ length: 300 }, (_, number) => number),
      'the order',
    );
  }),

  define('info', 'Each event has an id of its own, without dots, and the time it was published.', async (t) => {
    const { client, service } = await t.open();
    const infos = new Inbox<EventInfo>();
    await client.onNote((_, info) => infos.add(info));
    const before = Date.now();
    for (let number = 0; number < 20; number++) await service.publish('note', note(number));
    const seen = await infos.wait(20, 'events');
    equal(new Set(seen.map(({ id }) => id)).size, 20, 'the number of ids');
    for (const { id, time } of seen) {
      ok(id !== '' && !id.includes('.'), `the id '${id}'`);
      ok(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(time), `the time '${time}'`);
      ok(Date.parse(time) >= before - 1 && Date.parse(time) <= Date.now() + 1, `the time '${time}' is not that of publishing`);
    }
  }),

  define('iterate', 'A loop gets the events from the moment it is subscribed.', async (t) => {
    const { client, service, probe } = await t.open();
    const stream = client.onNote();
    await until(() => probe.subscriptions === 1, 'the loop is subscribed');
    for (let number = 0; number < 5; number++) await service.publish('note', note(number));
    const seen: number[] = [];
    await settled(
      (async () => {
        for await (const { number } of stream) {
          seen.push(number);
          if (number === 4) break;
        }
      })(),
      'the loop to end',
    );
    equal(seen, [0, 1, 2, 3, 4], 'the events');
  }),

  define('all-subscribers', 'Every subscriber gets every event, on one client or several.', async (t) => {
    const { client, another, service } = await t.open();
    const inboxes = [new Inbox<NoteValue>(), new Inbox<NoteValue>(), new Inbox<NoteValue>()] as const;
    const other = another();
    await Promise.all([client.onNote(inboxes[0].add), client.onNote(inboxes[1].add), other.onNote(inboxes[2].add)]);
    for (let number = 0; number < 10; number++) await service.publish('note', note(number));
    for (const inbox of inboxes)
      equal(
        (await inbox.wait(10, 'events')).map(({ number }) => number),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        'the events',
      );
  }),

  define('own-events', 'A subscriber gets the events it asked for and no others.', async (t) => {
    const { client, service } = await t.open();
    const [notes, messages] = [new Inbox<NoteValue>(), new Inbox<MessageValue>()];
    await client.onNote(notes.add);
    await client.onMessage(messages.add);
    await service.publish('message', message('hello'));
    await service.publish('note', note(1));
    equal(await notes.wait(1, 'notes'), [note(1)], 'the notes');
    equal(await messages.wait(1, 'messages'), [message('hello')], 'the messages');
  }),

  define('unsubscribe', 'unsubscribe() releases the far side, and nothing comes after it; twice is once.', async (t) => {
    const { client, service, probe } = await t.open();
    const inbox = new Inbox<NoteValue>();
    const unsubscribe = await client.onNote(inbox.add);
    await service.publish('note', note(1));
    await inbox.wait(1, 'events');
    await settled(unsubscribe(), 'unsubscribe');
    await settled(unsubscribe(), 'unsubscribe again');
    await until(() => probe.subscriptions === 0, 'the far side is released');
    await service.publish('note', note(2));
    equal(inbox.items.length, 1, 'the number of events');
  }),

  define('leave-loop', 'break, return and throw in a loop release the far side.', async (t) => {
    const { client, service, probe } = await t.open();
    const leave: Record<string, () => Promise<unknown>> = {
      break: async () => {
        for await (const value of client.onNote()) if (value) break;
      },
      return: async () => {
        for await (const value of client.onNote()) return value;
        return undefined;
      },
      throw: async () => {
        for await (const value of client.onNote()) throw new Error(`left at ${value.number}`);
      },
    };
    for (const [how, run] of Object.entries(leave)) {
      const loop = run().catch((error: unknown) => error);
      await until(() => probe.subscriptions === 1, `the loop that leaves by ${how} is subscribed`);
      await service.publish('note', note(1));
      await settled(loop, `the loop to leave by ${how}`);
      await until(() => probe.subscriptions === 0, `the far side is released after ${how}`);
    }
  }),

  define('iterator-return', 'return() of an iterator that waits ends it, and releases the far side.', async (t) => {
    const { client, probe } = await t.open();
    const stream = client.onNote();
    const waiting = stream.next();
    await until(() => probe.subscriptions === 1, 'it is subscribed');
    equal(await settled(stream.return(), 'return'), { done: true }, 'the result of return');
    equal(await settled(waiting, 'the pending next'), { done: true }, 'the pending next');
    equal(await settled(stream.next(), 'next'), { done: true }, 'the next next');
    await until(() => probe.subscriptions === 0, 'the far side is released');
  }),

  define('abort', 'Aborting the signal ends listener and loop without an error and releases the far side.', async (t) => {
    const { client, service, probe } = await t.open();
    const controller = new AbortController();
    const inbox = new Inbox<NoteValue>();
    await client.onNote(inbox.add, { signal: controller.signal });
    const loop = watched(
      (async () => {
        for await (const value of client.onNote({ signal: controller.signal })) void value;
      })(),
    );
    await until(() => probe.subscriptions === 2, 'both are subscribed');
    controller.abort();
    await settled(loop, 'the loop to end');
    await until(() => probe.subscriptions === 0, 'the far side is released');
    await service.publish('note', note(1));
    equal(inbox.items.length, 0, 'the number of events');
  }),

  define('aborted-before', 'A subscription whose signal has aborted already is never made.', async (t) => {
    const { client, probe } = await t.open();
    const signal = AbortSignal.abort();
    await fails(
      client.onNote(() => {}, { signal }),
      'CANCELLED',
    );
    for await (const value of client.onNote({ signal })) throw new Error(`got ${JSON.stringify(value)}`);
    await (
      await client.onNote(() => {})
    )();
    equal(probe.subscribed.length, 1, 'the subscriptions made');
  }),

  define('headers', 'Headers reach the service with a subscription too, own ones and the adapter’s.', async (t) => {
    const { client, probe } = await t.open({ headers: { 'x-option': 'o' } });
    await client.onNote(() => {}, { headers: { 'X-Custom': 'c', authorization: 'Bearer t' } });
    const [headers] = probe.subscribed;
    equal([headers?.['x-option'], headers?.['x-custom'], headers?.['authorization']], ['o', 'c', 'Bearer t'], 'the headers');
    await fails(
      client.onNote(() => {}, { headers: { host: 'x' } }),
      'INVALID_ARGUMENT',
    );
  }),

  define('params', 'Channel parameters that are fixed filter; those left out match all.', async (t) => {
    const { client, service } = await t.open();
    const rooms = {
      all: new Inbox<MessageValue>(),
      lobby: new Inbox<MessageValue>(),
      seat: new Inbox<MessageValue>(),
      one: new Inbox<MessageValue>(),
    };
    await client.onMessage(rooms.all.add);
    await client.onMessage(rooms.lobby.add, { params: { room: 'lobby' } });
    await client.onMessage(rooms.seat.add, { params: { seat: 2 } });
    await client.onMessage(rooms.one.add, { params: { room: 'lobby', seat: 2 } });
    const sent = [message('a', 'lobby', 1), message('b', 'lobby', 2), message('c', 'hall', 2), message('d', 'hall', 1)];
    for (const value of sent) await service.publish('message', value);
    // Sent last and to all, so a subscriber that has it has all.
    const last = message('end', 'lobby', 2);
    await service.publish('message', last);
    const texts = async (inbox: Inbox<MessageValue>, count: number) => (await inbox.wait(count, 'events')).map(({ text }) => text);
    equal(await texts(rooms.all, 5), ['a', 'b', 'c', 'd', 'end'], 'all');
    equal(await texts(rooms.lobby, 3), ['a', 'b', 'end'], 'the lobby');
    equal(await texts(rooms.seat, 3), ['b', 'c', 'end'], 'seat 2');
    equal(await texts(rooms.one, 2), ['b', 'end'], 'seat 2 in the lobby');
  }),

  define('params-text', 'A channel parameter may be any text that its payload can be.', {
    level: 'SHOULD',
    async run(t) {
      const { client, service } = await t.open();
      for (const room of ['two words', 'ünï😀', 'a/b', '100%', 'a?b#c&d', '"quoted"', 'a+b', '+1', '#', '{room}']) {
        const inbox = new Inbox<MessageValue>();
        const unsubscribe = await client.onMessage(inbox.add, { params: { room } });
        await service.publish('message', message('other', 'elsewhere'));
        await service.publish('message', message('mine', room));
        equal(await inbox.wait(1, `events in the room ${room}`), [message('mine', room)], 'the events');
        await unsubscribe();
      }
    },
  }),

  define('params-unknown', 'A channel parameter that the event does not have is INVALID_ARGUMENT.', async (t) => {
    const { client, probe } = await t.open();
    await fails(
      client.onMessage(() => {}, { params: misfit({ floor: 3 }) }),
      'INVALID_ARGUMENT',
    );
    equal(probe.subscribed.length, 0, 'the subscriptions made');
  }),

  define(
    'params-wildcard',
    'A channel parameter cannot be `+`, which stands for any value: INVALID_ARGUMENT, and nobody else’s events.',
    async (t) => {
      const { client, probe } = await t.open();
      await fails(
        client.onMessage(() => {}, { params: { room: '+' } }),
        'INVALID_ARGUMENT',
      );
      equal(probe.subscribed.length, 0, 'the subscriptions made');
    },
  ),

  define('written', 'An event that an operation writes carries the output of each call that succeeds.', {
    needs: both,
    async run(t) {
      const { client } = await t.open();
      const inbox = new Inbox<MessageValue>();
      await client.onPosted(inbox.add);
      await client.post(message('first'));
      await fails(client.post({ ...message('bad'), seat: 0.5 }), 'INVALID_ARGUMENT');
      await client.post(message('second'));
      equal(await inbox.wait(2, 'events'), [message('first'), message('second')], 'the events');
    },
  }),

  define('written-once', 'A repeat with the same idempotency key writes no second event.', {
    needs: both,
    async run(t) {
      const { client } = await t.open();
      const inbox = new Inbox<MessageValue>();
      await client.onPosted(inbox.add);
      for (let index = 0; index < 3; index++) await client.post(message('once'), { idempotencyKey: 'k' });
      await client.post(message('end'));
      equal(
        (await inbox.wait(2, 'events')).map(({ text }) => text),
        ['once', 'end'],
        'the events',
      );
    },
  }),

  define('broken-hub', 'A broken hub never fails a finished mutation. Its events are published when the hub is back.', {
    needs: both,
    async run(t) {
      const { client, probe } = await t.open();
      const inbox = new Inbox<MessageValue>();
      await client.onPosted(inbox.add);
      probe.hubIsBroken = true;
      equal(await client.post(message('first')), message('first'), 'the output');
      equal(await client.post(message('second')), message('second'), 'the output');
      ok((await t.takeErrors(1)).length > 0, 'nobody was told');
      probe.hubIsBroken = false;
      equal(
        (await inbox.wait(2, 'events')).map(({ text }) => text),
        ['first', 'second'],
        'the events',
      );
      await t.takeErrors();
    },
  }),

  define('publish-checked', 'Publishing what breaks the contract is refused and reaches nobody.', async (t) => {
    const { client, service } = await t.open();
    const inbox = new Inbox<NoteValue>();
    await client.onNote(inbox.add);
    const refused = await service.publish('note', { ...note(1), number: misfit('one') }).catch((error: unknown) => error);
    ok(refused instanceof TypeError && refused.message.includes('number'), `got ${String(refused)}`);
    await service.publish('note', misfit({ ...note(2), surplus: true }));
    equal(await inbox.wait(1, 'events'), [note(2)], 'the events');
  }),

  define('with-calls', 'Calls and events share a connection without disturbing each other.', {
    needs: both,
    async run(t) {
      const { client, service } = await t.open();
      const inbox = new Inbox<NoteValue>();
      await client.onNote(inbox.add);
      for (let number = 0; number < 20; number++) {
        const [, output] = await Promise.all([service.publish('note', note(number)), client.echo(kinds({ int32: number }))]);
        equal(output.int32, number, 'the output');
      }
      equal(
        (await inbox.wait(20, 'events')).map(({ number }) => number),
        Array.from({ length: 20 }, (_, number) => number),
        'the events',
      );
    },
  }),

  define('many', 'Thirty subscriptions of one client are all served, and all released.', async (t) => {
    const { client, service, probe } = await t.open();
    const inboxes = Array.from({ length: 30 }, () => new Inbox<NoteValue>());
    const leave = await settled(Promise.all(inboxes.map((inbox) => client.onNote(inbox.add))), 'the starts');
    await service.publish('note', note(1));
    for (const inbox of inboxes) equal(await inbox.wait(1, 'events'), [note(1)], 'the events');
    await Promise.all(leave.map((unsubscribe) => unsubscribe()));
    await until(() => probe.subscriptions === 0, 'the far side is released');
  }),
];
