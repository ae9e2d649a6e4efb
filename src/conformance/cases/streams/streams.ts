import { isApiError } from '../../../core/errors.ts';
import { equal, fails, misfit, ok, pause, settled, until } from '../../assert.ts';
import { conformanceContract } from '../../contract.ts';
import { casesOf } from '../../define.ts';
import { rawTransport } from '../raw.ts';

const define = casesOf('streams', ['stream']);

/** All that a loop gets, and the error that ends it, if one does. */
async function read<T>(stream: AsyncIterable<T>): Promise<{ readonly items: readonly T[]; readonly error: unknown }> {
  const items: T[] = [];
  const loop = async () => {
    for await (const item of stream) items.push(item);
  };
  const error: unknown = await settled(loop(), 'the end of the stream').then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { items, error };
}

function numbers(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    text: `ünï 😀 ${index + 1}`,
    places: [{ x: index + 1, y: 0.5 }],
  }));
}

/** A loop's first step, which fails as the stream does. */
const first = (stream: AsyncIterator<unknown>) => stream.next();

export const streamCases = [
  define('items', 'A stream gives its items in order, whole, and then ends.', async (t) => {
    const { client, probe } = await t.open();
    for (const count of [0, 1, 7])
      equal(await read(client.counted({ count })), { items: numbers(count), error: undefined }, `${count} items`);
    equal(probe.runsOf('counted'), 3, 'the runs');
  }),

  define('many', 'Thousands of items keep their order, and none is lost.', async (t) => {
    const { client } = await t.open();
    const { items, error } = await read(client.counted({ count: 3000 }));
    equal([items.length, error], [3000, undefined], 'the items');
    ok(
      items.every(({ number }, index) => number === index + 1),
      'they are out of order',
    );
  }),

  define('refused', 'A handler that rejects has not begun: its error comes before any item.', async (t) => {
    const { client } = await t.open();
    const error = await fails(first(client.flow({ id: 'a', refuse: true })), 'NOT_FOUND');
    equal([error.text, error.details], ['there is no flow a', { id: 'a' }], 'the error');
  }),

  define('error', 'An error ends the stream as itself, after the items that came before it.', async (t) => {
    const { client } = await t.open();
    const { items, error } = await read(client.counted({ count: 3, how: 'outOfStock' }));
    equal(items, numbers(3), 'the items');
    ok(isApiError(error, conformanceContract.operations.counted, 'OUT_OF_STOCK'), `it is not OUT_OF_STOCK: ${String(error)}`);
    equal(error.details, { left: 3 }, 'the details');
  }),

  define('crash', 'An exception of the handler is INTERNAL with a neutral message, and reported once.', async (t) => {
    const { client } = await t.open();
    const { items, error } = await read(client.counted({ count: 2, how: 'crash' }));
    equal(items.length, 2, 'the items');
    ok(isApiError(error) && error.code === 'INTERNAL' && !error.message.includes('SECRET'), `got ${String(error)}`);
    equal((await t.takeErrors(1)).length, 1, 'the number of reports');
  }),

  define('breach', 'An item that breaks the contract never reaches the caller: the stream ends with INTERNAL.', async (t) => {
    const { client } = await t.open();
    const { items, error } = await read(client.counted({ count: 2, how: 'breach' }));
    equal(items.length, 2, 'the items');
    ok(isApiError(error) && error.code === 'INTERNAL' && !error.message.includes('SECRET'), `got ${String(error)}`);
    await t.takeErrors(1);
  }),

  define('invalid-input', 'An input that is wrong is INVALID_ARGUMENT, and never reaches the handler.', async (t) => {
    const { client, probe } = await t.open();
    const error = await fails(first(client.flow({ id: misfit(7) })), 'INVALID_ARGUMENT');
    ok(Array.isArray(error.details?.['issues']), 'it has no issues');
    equal(probe.runsOf('flow'), 0, 'the runs');
  }),

  define('break', 'Leaving the loop reaches the handler.', async (t) => {
    const { client, probe } = await t.open();
    for await (const item of client.flow({ id: 'a', pauseAfter: 3 })) if (item.startsWith('2 ')) break;
    await until(() => probe.flows.get('a')?.left === true, 'the handler was left');
  }),

  define('abort', 'An aborted signal reaches the handler, and its reason ends the loop.', async (t) => {
    const { client, probe } = await t.open();
    const controller = new AbortController();
    const stream = client.flow({ id: 'a', pauseAfter: 1 }, { signal: controller.signal });
    ok(!(await settled(stream.next(), 'the first item')).done, 'it ended');
    const next = stream.next();
    controller.abort();
    await fails(next, 'CANCELLED');
    await until(() => probe.flows.get('a')?.left === true, 'the handler was left');
  }),

  define('aborted-before', 'A stream whose signal has aborted already fails in its loop and is never sent.', async (t) => {
    const { client, probe } = await t.open();
    const signal = AbortSignal.abort();
    for (const options of [{ signal }, { signal, timeoutMs: 5000 }]) {
      const error = await fails(first(client.counted({ count: 1 }, options)), 'CANCELLED');
      equal(error.sent, false, 'whether it was sent');
    }
    await read(client.counted({ count: 1 }));
    equal(probe.runsOf('counted'), 1, 'the runs');
  }),

  define('deadline', 'timeoutMs covers the whole stream: then it ends with DEADLINE_EXCEEDED, at the handler too.', async (t) => {
    const { client, probe } = await t.open();
    const { items, error } = await read(client.flow({ id: 'a', pauseAfter: 2 }, { timeoutMs: 300 }));
    equal(items.length, 2, 'the items');
    ok(isApiError(error) && error.code === 'DEADLINE_EXCEEDED', `got ${String(error)}`);
    await until(() => probe.flows.get('a')?.left === true, 'the handler was left');
  }),

  define('backpressure', 'A loop that stops reading stops the handler, within what the connection holds.', async (t) => {
    const { client, probe } = await t.open();
    const stream = client.flow({ id: 'a', size: 20_000 });
    for (let index = 0; index < 5; index++) await settled(stream.next(), 'an item');
    const run = probe.flows.get('a');
    ok(run, 'it did not begin');
    // Still once two looks see the same number.
    let seen = -1;
    while (seen !== run.made) {
      seen = run.made;
      await pause(50);
    }
    // Sockets of both ends hold some megabytes at most.
    ok(run.made < 1500, `the handler made ${run.made} items of 20 KB for a loop that read 5`);
    ok(!(await settled(stream.next(), 'the next item')).done, 'it ended');
    await stream.return();
    await until(() => run.left, 'the handler was left');
  }),

  define('together', 'Streams and calls share a client without waiting for each other.', async (t) => {
    const { client, probe } = await t.open();
    const slow = client.flow({ id: 'slow' });
    await settled(slow.next(), 'the first item');
    const counts = [1, 50, 200];
    const all = await Promise.all(counts.map((count) => read(client.counted({ count }))));
    equal(
      all.map(({ items }) => items.length),
      counts,
      'the items',
    );
    equal(await client.noInput(), { done: true }, 'a call');
    await slow.return();
    await until(() => probe.flows.get('slow')?.left === true, 'the handler was left');
  }),

  define('close', 'Closing the client ends its streams.', async (t) => {
    const { client, probe } = await t.open();
    const stream = client.flow({ id: 'a', pauseAfter: 1 });
    await settled(stream.next(), 'the first item');
    const next = stream.next();
    next.catch(() => {});
    await client.close();
    await fails(next, 'CANCELLED');
    await until(() => probe.flows.get('a')?.left === true, 'the handler was left');
  }),

  define('peer-item', 'A peer’s item that breaks the contract ends the stream with DATA_LOSS, and leaves the far side.', async (t) => {
    let signal: AbortSignal | undefined;
    const client = await t.connect(
      conformanceContract,
      rawTransport({
        subscribe: async (request, sink) => {
          signal = request.signal;
          queueMicrotask(() => void sink.next({ id: '1', time: '2024-01-01T00:00:00Z', data: { number: 'one' } }));
        },
      }),
    );
    const { error } = await read(client.counted({ count: 1 }));
    ok(isApiError(error) && (error.code === 'DATA_LOSS' || error.code === 'INTERNAL'), `got ${String(error)}`);
    await until(() => signal?.aborted === true, 'the far side was left');
    await t.takeErrors();
  }),

  define('keys', 'A stream takes no idempotency key: nobody could repeat half of it.', async (t) => {
    const { client, probe } = await t.open();
    const options = { idempotencyKey: 'key' } as object;
    await fails(first(client.flow({ id: 'a' }, options)), 'INVALID_ARGUMENT');
    equal(probe.runsOf('flow'), 0, 'the runs');
  }),

  define('headers', 'Headers, the context and the request id reach a stream as they do a call.', async (t) => {
    const seen: string[] = [];
    const { client } = await t.open({
      context: ({ headers, member }) => {
        seen.push(`${member?.name} ${headers['x-user']}`);
        return { caller: 'ann' };
      },
    });
    await read(client.counted({ count: 1 }, { headers: { 'x-user': 'ann' } }));
    equal(seen, ['counted ann'], 'what the context saw');
  }),
];
