import type { EventInfo } from '../../client/types.ts';
import { isApiError } from '../../core/errors.ts';
import { equal, fails, Inbox, ok } from '../assert.ts';
import { casesOf } from '../define.ts';
import { kinds, message, note, tree, type MessageValue, type NoteValue } from './values.ts';

const define = casesOf('limits', ['call']);

export const limitCases = [
  define('body', 'A message over 1 MiB is INVALID_ARGUMENT with a clear error before the handler, and the client can go on.', async (t) => {
    const { client, probe } = await t.open();
    for (const size of [1_100_000, 3_000_000]) {
      const error = await fails(client.echo(kinds({ text: 'x'.repeat(size) })), 'INVALID_ARGUMENT');
      ok(/large|limit|long|bytes|MiB|size/i.test(error.message), `the message does not help: ${error.message}`);
      equal(await client.noInput(), { done: true }, 'the next call');
    }
    equal(probe.runsOf('echo'), 0, 'the runs');
  }),

  define('body-below', 'A message a little below 1 MiB is taken.', async (t) => {
    const { client } = await t.open();
    const text = 'x'.repeat(1_000_000);
    ok((await client.echo(kinds({ text }))).text === text, 'the text has changed');
  }),

  define('depth', 'A message nested more than 64 levels deep is INVALID_ARGUMENT.', async (t) => {
    const { client, probe } = await t.open();
    await fails(client.grow({ tree: tree(80) }), 'INVALID_ARGUMENT');
    equal(await client.noInput(), { done: true }, 'the next call');
    equal(probe.runsOf('grow'), 0, 'the runs');
  }),

  define('event', 'An event over the limit of an adapter ends its subscription with DATA_LOSS and without another try, and no other.', {
    needs: ['subscribe'],
    async run(t) {
      const { client, service, probe } = await t.open({ maxMessageBytes: 20_000 });
      const [notes, errors, messages] = [new Inbox<NoteValue>(), new Inbox<unknown>(), new Inbox<MessageValue>()];
      await client.onNote(notes.add, { onError: errors.add });
      await client.onMessage(messages.add);
      await service.publish('note', note(1));
      await notes.wait(1, 'events');
      const subscribed = probe.subscribed.length;
      await service.publish('note', note(2, { text: 'x'.repeat(50_000) }));
      const [error] = await errors.wait(1, 'errors');
      equal(isApiError(error) && error.code, 'DATA_LOSS', 'the error');
      await service.publish('note', note(3));
      await service.publish('message', message('after'));
      equal(await messages.wait(1, 'events of the other subscription'), [message('after')], 'the other events');
      equal(notes.items, [note(1)], 'the events');
      equal(errors.items.length, 1, 'the number of errors');
      equal(probe.subscribed.length, subscribed, 'the number of subscriptions');
    },
  }),

  define('replay', 'The events that a subscriber has missed may be more than is held for it at once: they come whole and in order.', {
    needs: ['subscribe'],
    async run(t) {
      const { client, service } = await t.open({ maxBufferedBytes: 10_000 });
      const infos = new Inbox<EventInfo>();
      const leave = await client.onNote((_, info) => infos.add(info));
      await service.publish('note', note(0));
      const [seen] = await infos.wait(1, 'events');
      await leave();
      const sent = Array.from({ length: 50 }, (_, index) => note(index + 1, { text: 'é'.repeat(500) }));
      for (const value of sent) await service.publish('note', value);
      const missed = new Inbox<NoteValue>();
      let gaps = 0;
      await client.onNote(missed.add, { lastEventId: seen?.id ?? '', onGap: () => gaps++ });
      equal(await missed.wait(sent.length, 'events'), sent, 'the events');
      equal(gaps, 0, 'gaps');
    },
  }),
];
