import { equal, fails, ok, settled, until } from '../../assert.ts';
import { casesOf } from '../../define.ts';
import { note } from '../values.ts';
import type { CaseContext } from '../../types.ts';
import type { Overflow } from '../../../events/push-stream.ts';

const define = casesOf('overflow', ['subscribe']);

/** Opens a loop with room for four, and publishes ten before it reads. */
async function slowReader(t: CaseContext, overflow: Overflow) {
  const { client, service, probe } = await t.open();
  const state = { gaps: 0 };
  const stream = client.onNote({ bufferSize: 4, overflow, onGap: () => state.gaps++ });
  await until(() => probe.subscriptions === 1, 'the loop is subscribed');
  for (let number = 1; number <= 10; number++) await service.publish('note', note(number));
  return { stream, state, probe, service };
}

async function read(stream: AsyncIterator<{ readonly number: number }>, count: number): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.length < count) {
    const result = await settled(stream.next(), `event ${numbers.length + 1}`);
    if (result.done === true) break;
    numbers.push(result.value.number);
  }
  return numbers;
}

export const overflowCases = [
  define(
    'resume',
    'A slow loop leaves when its buffer is full and comes back to the same place: it gets every event, in order.',
    async (t) => {
      const { stream, state, service, probe } = await slowReader(t, 'resume');
      await until(() => probe.subscriptions === 0, 'the far side is released while the loop is behind');
      equal(await read(stream, 10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 'the events');
      await service.publish('note', note(11));
      equal(await read(stream, 1), [11], 'the event after');
      equal(state.gaps, 0, 'gaps');
      await stream.return();
    },
  ),

  define('drop-oldest', 'With drop-oldest a slow loop keeps the newest events and is told of each loss.', async (t) => {
    const { stream, state } = await slowReader(t, 'drop-oldest');
    await until(() => state.gaps === 6, 'six events were dropped');
    equal(await read(stream, 4), [7, 8, 9, 10], 'the events');
    await stream.return();
  }),

  define('drop-newest', 'With drop-newest a slow loop keeps the oldest events and is told of each loss.', async (t) => {
    const { stream, state, service } = await slowReader(t, 'drop-newest');
    await until(() => state.gaps === 6, 'six events were dropped');
    equal(await read(stream, 4), [1, 2, 3, 4], 'the events');
    await service.publish('note', note(11));
    equal(await read(stream, 1), [11], 'the event after');
    await stream.return();
  }),

  define('error', 'With error a slow loop gets what its buffer held, then RESOURCE_EXHAUSTED, and the far side is released.', async (t) => {
    const { stream, probe } = await slowReader(t, 'error');
    await until(() => probe.subscriptions === 0, 'the far side is released');
    equal(await read(stream, 4), [1, 2, 3, 4], 'the events');
    await fails(stream.next(), 'RESOURCE_EXHAUSTED');
    ok((await stream.next()).done === true, 'the stream has not ended');
  }),
];
