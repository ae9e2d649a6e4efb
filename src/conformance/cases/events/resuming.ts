import type { EventInfo } from '../../../client/types.ts';
import { defineContract, event } from '../../../core/define.ts';
import { ApiError } from '../../../core/errors.ts';
import type { EventSink, EventRequest } from '../../../core/transport.ts';
import { equal, fails, Inbox, ok, settled, until, watched } from '../../assert.ts';
import { conformanceContract } from '../../contract.ts';
import { casesOf } from '../../define.ts';
import { rawTransport } from '../raw.ts';
import { note, type NoteValue } from '../values.ts';

const define = casesOf('resuming', ['subscribe']);

const TIME = '2026-01-31T12:00:00.000Z';

/** A transport whose n-th subscription does what the n-th function says; the last one serves all that follow. */
function scripted(...script: ((sink: EventSink, request: EventRequest) => void)[]) {
  const requests: EventRequest[] = [];
  const transport = rawTransport({
    subscribe: async (request, sink) => {
      if (request.operation) throw new Error('no event');
      const act = script[Math.min(requests.length, script.length - 1)];
      requests.push(request);
      act?.(sink, request);
    },
  });
  return { transport, requests };
}

/** Sends events once the caller has had its acknowledgement. */
function send(sink: EventSink, ...events: readonly (readonly [id: string, number: number])[]): void {
  for (const [id, number] of events) void sink.next({ id, time: TIME, data: note(number) });
}

export const resumingCases = [
  define('last-id', 'A subscriber that names the last event it saw gets what it missed, then what comes.', async (t) => {
    const { client, service } = await t.open();
    const [infos, first] = [new Inbox<EventInfo>(), new Inbox<NoteValue>()];
    const leave = await client.onNote((data, info) => (infos.add(info), first.add(data)));
    for (const number of [1, 2, 3]) await service.publish('note', note(number));
    const [seen] = await infos.wait(3, 'events');
    await leave();
    const second = new Inbox<NoteValue>();
    let gaps = 0;
    await client.onNote(second.add, { lastEventId: seen?.id ?? '', onGap: () => gaps++ });
    await service.publish('note', note(4));
    equal(
      (await second.wait(3, 'events')).map(({ number }) => number),
      [2, 3, 4],
      'the events',
    );
    equal(gaps, 0, 'gaps');
  }),

  define('unknown-id', 'An id that the service does not know is a gap, then come live events.', async (t) => {
    const { client, service } = await t.open();
    await service.publish('note', note(1));
    for (const lastEventId of ['elsewhere-7', 'nonsense', '0']) {
      const inbox = new Inbox<NoteValue>();
      let gaps = 0;
      const leave = await client.onNote(inbox.add, { lastEventId, onGap: () => gaps++ });
      await service.publish('note', note(2));
      equal(await inbox.wait(1, 'events'), [note(2)], 'the events');
      equal(gaps, 1, `gaps after '${lastEventId}'`);
      await leave();
    }
  }),

  define('impossible-id', 'An id that no protocol could have carried is INVALID_ARGUMENT.', async (t) => {
    const { client, probe } = await t.open();
    for (const lastEventId of ['ünï', 'a\nb', '\u0000', 'x'.repeat(300)]) {
      await fails(
        client.onNote(() => {}, { lastEventId }),
        'INVALID_ARGUMENT',
      );
    }
    equal(probe.subscribed.length, 0, 'the subscriptions made');
  }),

  define('forgotten-id', 'An id from before what the service still holds is a gap, then come live events.', async (t) => {
    const { client, service } = await t.open({ history: 2 });
    const infos = new Inbox<EventInfo>();
    const leave = await client.onNote((_, info) => infos.add(info));
    for (const number of [1, 2, 3, 4, 5]) await service.publish('note', note(number));
    const [oldest] = await infos.wait(5, 'events');
    await leave();
    const inbox = new Inbox<NoteValue>();
    let gaps = 0;
    await client.onNote(inbox.add, { lastEventId: oldest?.id ?? '', onGap: () => gaps++ });
    await service.publish('note', note(6));
    ok(
      (await inbox.wait(1, 'events')).at(-1)?.number === 6 || (await inbox.wait(3, 'events')).at(-1)?.number === 6,
      'the live event is missing',
    );
    equal(gaps, 1, 'gaps');
  }),

  define('reconnect', 'A subscription that ends with UNAVAILABLE comes back by itself and names the last event it saw.', async (t) => {
    const { transport, requests } = scripted(
      (sink) => {
        send(sink, ['a-1', 1], ['a-2', 2]);
        sink.end(new ApiError('UNAVAILABLE', 'going away'));
      },
      (sink) => send(sink, ['a-3', 3]),
    );
    const client = await t.connect(conformanceContract, transport);
    const inbox = new Inbox<NoteValue>();
    await client.onNote(inbox.add);
    equal(
      (await inbox.wait(3, 'events')).map(({ number }) => number),
      [1, 2, 3],
      'the events',
    );
    equal(requests[1]?.lastEventId, 'a-2', 'the last id it named');
  }),

  define('same-event', 'An event that comes again after a reconnect is given to the listener once.', async (t) => {
    const { transport } = scripted(
      (sink) => {
        send(sink, ['a-1', 1]);
        sink.end(new ApiError('UNAVAILABLE', 'going away'));
      },
      (sink) => send(sink, ['a-1', 1], ['a-2', 2]),
    );
    const client = await t.connect(conformanceContract, transport);
    const inbox = new Inbox<NoteValue>();
    await client.onNote(inbox.add);
    equal(
      (await inbox.wait(2, 'events')).map(({ number }) => number),
      [1, 2],
      'the events',
    );
  }),

  define('first-connect', 'The first connection is retried as later ones are.', async (t) => {
    let tries = 0;
    const transport = rawTransport({
      subscribe: async (_, sink) => {
        if (++tries < 3) throw new ApiError('UNAVAILABLE', 'not yet');
        send(sink, ['a-1', 1]);
      },
    });
    const client = await t.connect(conformanceContract, transport);
    const inbox = new Inbox<NoteValue>();
    await settled(client.onNote(inbox.add), 'the start');
    await inbox.wait(1, 'events');
    equal(tries, 3, 'the tries');
  }),

  define('gap', 'A gap that the peer tells of reaches the subscriber, in its place among the events.', async (t) => {
    const { transport } = scripted((sink) => {
      send(sink, ['a-1', 1]);
      sink.gap();
      send(sink, ['a-5', 5]);
    });
    const client = await t.connect(conformanceContract, transport);
    const seen = new Inbox<number | 'gap'>();
    await client.onNote(({ number }) => seen.add(number), { onGap: () => seen.add('gap') });
    equal(await seen.wait(3, 'events'), [1, 'gap', 5], 'the events');
  }),

  define('id-and-time', 'The id and the time of an event are those its publisher gave it.', async (t) => {
    const { transport } = scripted((sink) => send(sink, ['hub-17', 1]));
    const client = await t.connect(conformanceContract, transport);
    const infos = new Inbox<EventInfo>();
    await client.onNote((_, info) => infos.add(info));
    const [info] = await infos.wait(1, 'events');
    equal(info?.id, 'hub-17', 'the id');
    equal(Date.parse(info?.time ?? ''), Date.parse(TIME), 'the time');
  }),

  define('end', 'A subscription that the peer ends with an error that no retry mends ends with that error.', async (t) => {
    const { transport, requests } = scripted((sink) => {
      send(sink, ['a-1', 1]);
      sink.end(new ApiError('PERMISSION_DENIED', 'no longer yours', { details: { since: 'now' }, requestId: 'r-1' }));
    });
    const client = await t.connect(conformanceContract, transport);
    const failures = new Inbox<unknown>();
    await client.onNote(() => {}, { onError: failures.add });
    const [error] = await failures.wait(1, 'errors');
    const failure = await fails(Promise.reject(error), 'PERMISSION_DENIED');
    equal([failure.text, failure.details], ['no longer yours', { since: 'now' }], 'the error');
    const seen: number[] = [];
    const loop = watched(
      (async () => {
        for await (const { number } of client.onNote()) seen.push(number);
      })(),
    );
    await fails(loop, 'PERMISSION_DENIED');
    equal(seen, [1], 'what came before');
    equal(requests.length, 2, 'the subscriptions made');
  }),

  define('completed', 'A subscription that the peer ends without an error ends a loop as a loop ends.', async (t) => {
    const { transport } = scripted((sink) => {
      send(sink, ['a-1', 1], ['a-2', 2]);
      sink.end();
    });
    const client = await t.connect(conformanceContract, transport);
    const seen: number[] = [];
    await settled(
      (async () => {
        for await (const { number } of client.onNote()) seen.push(number);
      })(),
      'the loop to end',
    );
    equal(seen, [1, 2], 'the events');
  }),

  define('refused', 'A start that is refused rejects with the peer’s error, at once, and is not tried again.', async (t) => {
    const { client, probe } = await t.open({
      context: ({ headers }) => {
        if (headers['authorization'] !== 'Bearer good')
          throw new ApiError('UNAUTHENTICATED', 'who are you?', { details: { scheme: 'Bearer' } });
      },
    });
    const error = await fails(
      client.onNote(() => {}),
      'UNAUTHENTICATED',
    );
    equal([error.text, error.details], ['who are you?', { scheme: 'Bearer' }], 'the error');
    const loop = watched(
      (async () => {
        for await (const value of client.onNote()) void value;
      })(),
    );
    await fails(loop, 'UNAUTHENTICATED');
    await client.onNote(() => {}, { headers: { authorization: 'Bearer good' } });
    equal(probe.subscribed.length, 1, 'the subscriptions made');
  }),

  define('expired', 'Credentials that expire end a subscription, and it comes back with new ones to the same place.', async (t) => {
    let tokens = 0;
    const { client, service, probe } = await t.open({
      headers: () => ({ authorization: `Bearer ${++tokens}` }),
      context: ({ headers }) => ({ expiresAtMs: headers['authorization'] === 'Bearer 1' ? Date.now() + 100 : Date.now() + 3_600_000 }),
    });
    const inbox = new Inbox<NoteValue>();
    await client.onNote(inbox.add);
    await service.publish('note', note(1));
    await inbox.wait(1, 'events');
    await until(() => probe.subscribed.length === 2, 'it came back');
    await service.publish('note', note(2));
    equal(
      (await inbox.wait(2, 'events')).map(({ number }) => number),
      [1, 2],
      'the events',
    );
    equal(
      probe.subscribed.map((headers) => headers['authorization']),
      ['Bearer 1', 'Bearer 2'],
      'the credentials',
    );
  }),

  define('expired-for-good', 'Credentials that are refused when it comes back end it with UNAUTHENTICATED.', async (t) => {
    let contexts = 0;
    const { client } = await t.open({
      context: () => {
        if (++contexts > 1) throw new ApiError('UNAUTHENTICATED', 'that token is old');
        return { expiresAtMs: Date.now() + 50 };
      },
    });
    const failures = new Inbox<unknown>();
    await client.onNote(() => {}, { onError: failures.add });
    const [error] = await failures.wait(1, 'errors');
    await fails(Promise.reject(error), 'UNAUTHENTICATED');
    equal(contexts, 2, 'the subscriptions tried');
  }),

  define('bad-event', 'An event that breaks the contract ends the subscription with DATA_LOSS; the listener never sees it.', async (t) => {
    const { transport } = scripted((sink) => {
      send(sink, ['a-1', 1]);
      void sink.next({ id: 'a-2', time: TIME, data: { ...note(2), ratio: 'a lot' } });
      send(sink, ['a-3', 3]);
    });
    const client = await t.connect(conformanceContract, transport);
    const [inbox, failures] = [new Inbox<NoteValue>(), new Inbox<unknown>()];
    await client.onNote(inbox.add, { onError: failures.add });
    const [error] = await failures.wait(1, 'errors');
    await fails(Promise.reject(error), 'DATA_LOSS');
    equal(
      inbox.items.map(({ number }) => number),
      [1],
      'the events',
    );
  }),

  define('unknown-event', 'An event that the service does not have is UNIMPLEMENTED.', async (t) => {
    const { as } = await t.open();
    const client = as(
      defineContract({
        name: 'conformance',
        events: { rumour: event({ channel: 'rumours', payload: conformanceContract.events.note.payload }) },
      }),
    );
    await fails(
      client.onRumour(() => {}),
      'UNIMPLEMENTED',
    );
  }),

  define('listener-fails', 'A listener that throws is reported and goes on getting events.', async (t) => {
    const { client, service } = await t.open();
    const [inbox, failures] = [new Inbox<NoteValue>(), new Inbox<unknown>()];
    await client.onNote(
      (data) => {
        inbox.add(data);
        throw new Error(`listener ${data.number}`);
      },
      { onError: failures.add },
    );
    for (const number of [1, 2]) await service.publish('note', note(number));
    await inbox.wait(2, 'events');
    equal(
      (await failures.wait(2, 'errors')).map((error) => (error as Error).message),
      ['listener 1', 'listener 2'],
      'the errors',
    );
  }),
];
