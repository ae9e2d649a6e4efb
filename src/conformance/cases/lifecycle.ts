import { equal, fails, ok, settled, until, watched } from '../assert.ts';
import { conformanceContract } from '../contract.ts';
import { casesOf } from '../define.ts';
import { rawTransport } from './raw.ts';
import { note } from './values.ts';

const define = casesOf('lifecycle', ['call']);
const both = ['call', 'subscribe'] as const;

export const lifecycleCases = [
  define('close-calls', 'Closing the client ends its calls in flight with CANCELLED and aborts their handlers.', async (t) => {
    const { client, probe } = await t.open();
    const call = client.wait({ id: 'a' });
    const failed = fails(call, 'CANCELLED');
    await until(() => probe.waits.has('a'), 'the call has arrived');
    await settled(client.close(), 'the client to close');
    equal((await failed).sent, true, 'whether it was sent');
    await until(() => probe.waits.get('a')?.aborted === true, 'the handler’s signal aborted');
    equal((await fails(client.nothing(), 'CANCELLED')).sent, false, 'whether a call after that was sent');
  }),

  define('close-subscriptions', 'Closing the client ends its loops and listeners without an error and releases the far side.', {
    needs: ['subscribe'],
    async run(t) {
      const { client, service, probe } = await t.open();
      let heard = 0;
      await client.onNote(() => void heard++);
      const loop = watched(
        (async () => {
          for await (const event of client.onNote()) void event;
          return 'ended';
        })(),
      );
      await until(() => probe.subscriptions === 2, 'both are subscribed');
      await settled(client.close(), 'the client to close');
      equal(await settled(loop, 'the loop to end'), 'ended', 'the loop');
      await until(() => probe.subscriptions === 0, 'the far side is released');
      await service.publish('note', note(1));
      equal(heard, 0, 'events after closing');
    },
  }),

  define(
    'close-starting',
    'Closing the client while a subscription starts rejects the start with CANCELLED, and ends a loop without an error.',
    {
      needs: ['subscribe'],
      async run(t) {
        let asked = 0;
        const never = rawTransport({ subscribe: () => (asked++, new Promise(() => {})) });
        const client = await t.connect(conformanceContract, never);
        const start = fails(
          client.onNote(() => {}),
          'CANCELLED',
        );
        const loop = watched(
          (async () => {
            for await (const event of client.onNote()) void event;
          })(),
        );
        await until(() => asked === 2, 'both have arrived');
        await settled(client.close(), 'the client to close');
        await start;
        await settled(loop, 'the loop to end');
      },
    },
  ),

  define('close-twice', 'Closing twice is closing once, and a closed client refuses calls and subscriptions.', {
    needs: both,
    async run(t) {
      const { client } = await t.open();
      await client.noInput();
      await settled(Promise.all([client.close(), client.close()]), 'the client to close');
      await settled(client.close(), 'the client to close again');
      await fails(client.noInput(), 'CANCELLED');
      await fails(
        client.onNote(() => {}),
        'CANCELLED',
      );
    },
  }),

  define('dispose', '`await using` closes the client.', async (t) => {
    const { client, probe } = await t.open();
    if (!Symbol.asyncDispose) return;
    const call = fails(client.wait({ id: 'a' }), 'CANCELLED');
    await until(() => probe.waits.has('a'), 'the call has arrived');
    await settled(client[Symbol.asyncDispose](), 'the client to close');
    await call;
  }),

  define('close-one', 'Closing one client leaves another of the same server alone.', async (t) => {
    const { client, another } = await t.open();
    const other = another();
    await Promise.all([client.noInput(), other.noInput()]);
    await settled(client.close(), 'the client to close');
    equal(await other.noInput(), { done: true }, 'the other client');
  }),

  define('stop-calls', 'A service that stops lets calls in flight finish, and refuses new ones with UNAVAILABLE.', async (t) => {
    const { client, service, probe } = await t.open();
    const call = client.wait({ id: 'a' });
    await until(() => probe.waits.has('a'), 'the call has arrived');
    let stopped = false;
    const stop = service.close().then(() => (stopped = true));
    await fails(client.noInput(), 'UNAVAILABLE');
    ok(!stopped, 'the service did not wait for the call in flight');
    probe.waits.get('a')?.release();
    equal(await settled(call, 'the call in flight'), { id: 'a' }, 'the call in flight');
    await settled(stop, 'the service to stop');
  }),

  define('stop-subscriptions', 'A service that stops ends its subscriptions, and new ones are UNAVAILABLE.', {
    needs: ['subscribe'],
    async run(t) {
      const { client, service, probe } = await t.open();
      await client.onNote(() => {});
      await settled(service.close(), 'the service to stop');
      await until(() => probe.subscriptions === 0, 'the subscription has ended');
      await fails(
        client.onNote(() => {}, { timeoutMs: 100 }),
        'UNAVAILABLE',
      );
    },
  }),
];
