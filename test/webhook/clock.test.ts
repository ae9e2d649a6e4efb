import { describe, expect, it } from 'vitest';
import { memoryWebhookStore } from '../../src/webhook/server.ts';
import { ManualClock } from '../support/webhooks.ts';
import { endpoint, open } from './support.ts';

/** A wall clock that can be set, beside one that nobody sets. */
function wallClock() {
  const time = new ManualClock();
  let setBy = 0;
  const clock = { now: () => time.now() + setBy, elapsed: time.now, after: time.after };
  return { time, clock, set: (byMs: number) => void (setBy += byMs) };
}

const HOUR = 3_600_000;

describe('a wall clock that is set back', () => {
  it('does not delay an attempt, and no other subscription wakes it', async () => {
    const { time, clock, set } = wallClock();
    const { subscribe, publish } = await open({ clock, retryScheduleMs: [1000] });
    const [plain, ordered] = [
      await endpoint((_, count) => (count === 1 ? 500 : 200)),
      await endpoint((_, count) => (count === 1 ? 500 : 200)),
    ];
    await subscribe(plain.url);
    await subscribe(ordered.url, { ordered: true });
    await publish('one');
    await plain.wait(1);
    await ordered.wait(1);
    set(-HOUR);
    // Sets the timers anew.
    await publish('two');
    await plain.wait(2);
    time.advance(1200);
    await plain.wait(3);
    await ordered.wait(3);
    expect(ordered.got.map(({ body }) => JSON.parse(body).data.title)).toEqual(['one', 'one', 'two']);
  });

  it('lengthens the wait that a store kept by nothing', async () => {
    const { time, clock, set } = wallClock();
    const store = memoryWebhookStore();
    const { url, wait } = await endpoint((_, count) => (count === 1 ? 500 : 200));
    const first = await open({ clock, store, retryScheduleMs: [1000] });
    await first.subscribe(url);
    await first.publish('one');
    await wait(1);
    const [{ id }] = (await first.api('GET')).body;
    await expect.poll(async () => (await first.api('GET', `/${id}/deliveries`)).body[0]?.attempts.length).toBe(1);
    await first.handler.close();
    set(-HOUR);
    await open({ clock, store });
    expect(await time.next()).toBeLessThanOrEqual(1201);
    await wait(2);
  });
});
