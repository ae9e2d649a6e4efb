import { equal, fails, ok } from '../assert.ts';
import { casesOf } from '../define.ts';
import { kinds, tree } from './values.ts';

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
];
