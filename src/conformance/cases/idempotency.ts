import { equal, fails, misfit, ok, settled, until } from '../assert.ts';
import { casesOf } from '../define.ts';

const define = casesOf('idempotency', ['call']);

export const idempotencyCases = [
  define('same-key', 'Calls with the same key and input run once, and all get the same output.', async (t) => {
    const { client } = await t.open();
    const options = { idempotencyKey: 'key-1' };
    for (let index = 0; index < 3; index++) equal(await client.count({ id: 'a' }, options), { runs: 1 }, `call ${index + 1}`);
    equal(await client.count({ id: 'a' }), { runs: 2 }, 'a call without a key');
    equal(await client.count({ id: 'a' }, { idempotencyKey: 'key-2' }), { runs: 3 }, 'a call with another key');
  }),

  define('empty-output', 'Also without an output a key makes calls run once.', async (t) => {
    const { client, probe } = await t.open();
    for (let index = 0; index < 3; index++) {
      ok((await client.noOutput({ text: 'x' }, { idempotencyKey: 'k' })) === undefined, 'the output is not undefined');
      ok((await client.nothing(undefined, { idempotencyKey: 'k' })) === undefined, 'the output is not undefined');
    }
    equal([probe.runsOf('noOutput'), probe.runsOf('nothing')], [1, 1], 'the runs');
  }),

  define('other-input', 'A key that was used with another input is FAILED_PRECONDITION.', async (t) => {
    const { client } = await t.open();
    await client.count({ id: 'a' }, { idempotencyKey: 'key' });
    await fails(client.count({ id: 'a', note: 'other' }, { idempotencyKey: 'key' }), 'FAILED_PRECONDITION');
    equal(await client.count({ id: 'a' }, { idempotencyKey: 'key' }), { runs: 1 }, 'the first input again');
  }),

  define('in-progress', 'While the first call runs, another with its key is ABORTED and told when to come back.', async (t) => {
    const { client, probe } = await t.open();
    const options = { idempotencyKey: 'key' };
    const first = client.wait({ id: 'a' }, options);
    await until(() => probe.waits.has('a'), 'the first call has arrived');
    const error = await fails(client.wait({ id: 'a' }, options), 'ABORTED');
    ok(error.retryAfterMs !== undefined && error.retryAfterMs > 0, 'it has no retryAfterMs');
    probe.waits.get('a')?.release();
    equal(await settled(first, 'the first call'), { id: 'a' }, 'the first call');
    equal(await settled(client.wait({ id: 'a' }, options), 'the repeat'), { id: 'a' }, 'the repeat');
    equal(probe.runsOf('wait'), 1, 'the runs');
  }),

  define('caller', 'A key belongs to its caller and its operation.', async (t) => {
    const { client, probe } = await t.open({ caller: ({ headers }) => headers['authorization'] ?? '' });
    const as = (authorization: string) => ({ idempotencyKey: 'key', headers: { authorization } });
    equal(await client.count({ id: 'a' }, as('Bearer one')), { runs: 1 }, 'one caller');
    equal(await client.count({ id: 'a' }, as('Bearer two')), { runs: 2 }, 'another caller');
    equal(await client.count({ id: 'a' }, as('Bearer one')), { runs: 1 }, 'the first caller again');
    await client.noOutput({ text: 'x' }, as('Bearer one'));
    equal(probe.runsOf('noOutput'), 1, 'the runs of another operation with the same key');
  }),

  define(
    'caller-context',
    'A caller is who the context says, whatever credentials they come with; a key that nobody owns is refused.',
    async (t) => {
      const { client } = await t.open({ context: ({ headers }) => ({ caller: headers['x-user'] ?? '' }) });
      const as = (user: string, authorization: string) => ({ idempotencyKey: 'key', headers: { 'x-user': user, authorization } });
      equal(await client.count({ id: 'a' }, as('ann', 'Bearer one')), { runs: 1 }, 'one caller');
      equal(await client.count({ id: 'a' }, as('bob', 'Bearer one')), { runs: 2 }, 'another caller');
      equal(await client.count({ id: 'a' }, as('ann', 'Bearer two')), { runs: 1 }, 'the first caller with a new token');
      const { client: anonymous } = await t.open({ context: () => ({}) });
      for (let index = 0; index < 2; index++) await fails(anonymous.count({ id: 'a' }, { idempotencyKey: 'key' }), 'FAILED_PRECONDITION');
      equal(await anonymous.count({ id: 'a' }), { runs: 1 }, 'a call without a key');
      equal((await t.takeErrors(1)).length, 1, 'the number of reports');
    },
  ),

  define('final-errors', 'A final error is kept: the repeat gets it again, message and details, without a second run.', async (t) => {
    const { client } = await t.open();
    for (const code of ['NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'FAILED_PRECONDITION', 'INVALID_ARGUMENT'] as const) {
      for (let index = 0; index < 2; index++) {
        equal(
          (await fails(client.count({ id: code, code }, { idempotencyKey: code }), code)).text,
          'run 1 fails as told',
          `try ${index + 1}`,
        );
      }
    }
  }),

  define('passing-errors', 'An error that may pass is not kept: the repeat runs again.', async (t) => {
    const { client } = await t.open();
    for (const code of ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED', 'UNAUTHENTICATED'] as const) {
      for (const run of [1, 2]) {
        equal((await fails(client.count({ id: code, code }, { idempotencyKey: code }), code)).text, `run ${run} fails as told`, code);
      }
    }
  }),

  define('invalid-input', 'A call that is refused for its input uses up no key.', async (t) => {
    const { client } = await t.open();
    await fails(client.count({ id: misfit(7) }, { idempotencyKey: 'key' }), 'INVALID_ARGUMENT');
    equal(await client.count({ id: 'a' }, { idempotencyKey: 'key' }), { runs: 1 }, 'the call with a good input');
  }),

  define('race', 'Of many calls at once with one key exactly one runs.', async (t) => {
    const { client } = await t.open();
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => client.count({ id: 'a' }, { idempotencyKey: 'key' })));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') equal(outcome.value, { runs: 1 }, 'an output');
      else await fails(Promise.reject(outcome.reason as Error), 'ABORTED');
    }
    ok(
      outcomes.some(({ status }) => status === 'fulfilled'),
      'none succeeded',
    );
    equal(await client.count({ id: 'a' }), { runs: 2 }, 'the next run');
  }),
];
