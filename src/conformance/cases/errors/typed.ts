import { ApiError, isApiError } from '../../../core/errors.ts';
import { equal, fails, misfit, ok, settled } from '../../assert.ts';
import { conformanceContract } from '../../contract.ts';
import { casesOf } from '../../define.ts';
import { rawTransport } from '../raw.ts';

const define = casesOf('errors', ['call']);
const { order } = conformanceContract.operations;
const places = [{ x: 1, y: 2.5 }];

export const typedErrorCases = [
  define('typed', 'An error that its operation declares comes back with its code, its name and its details.', async (t) => {
    const { client } = await t.open();
    const error: unknown = await fails(client.order({ how: 'outOfStock', left: 3 }), 'FAILED_PRECONDITION');
    ok(isApiError(error, order, 'OUT_OF_STOCK'), `it is not OUT_OF_STOCK: ${String(error)}`);
    equal([error.text, error.details], ['Fewer are left than were ordered.', { left: 3, places }], 'the error');
    ok(!isApiError(error, order, 'SOLD_OUT') && !isApiError(error, order, 'NOT_FOUND'), 'it is another error too');
  }),

  define('typed-bare', 'A declared error may have no details, a text of its own, and a time to wait.', async (t) => {
    const { client } = await t.open();
    const error: unknown = await fails(client.order({ how: 'soldOut', left: 0 }), 'FAILED_PRECONDITION');
    ok(isApiError(error, order, 'SOLD_OUT'), `it is not SOLD_OUT: ${String(error)}`);
    equal([error.text, error.details, error.retryAfterMs], ['come back', undefined, 1500], 'the error');
  }),

  define('typed-code', 'A declared code has no name beside its code.', async (t) => {
    const { client } = await t.open();
    const error: unknown = await fails(client.order({ how: 'unknown', left: 0 }), 'NOT_FOUND');
    ok(isApiError(error, order, 'NOT_FOUND'), `it is not NOT_FOUND: ${String(error)}`);
    equal([error.text, error.reason, error.details], ['not found', undefined, undefined], 'the error');
  }),

  define(
    'typed-undeclared',
    'An error with a name that its operation does not declare, or not with this code, is just its code.',
    async (t) => {
      const { client } = await t.open();
      const undeclared = await fails(client.order({ how: 'undeclared', left: 7 }), 'ABORTED');
      equal([undeclared.text, undeclared.reason, undeclared.details], ['undeclared', undefined, { left: 7 }], 'the undeclared error');
      const other = await fails(client.order({ how: 'otherCode', left: 7 }), 'ABORTED');
      equal([other.text, other.reason], ['another code', undefined], 'the error with another code');
    },
  ),

  define(
    'typed-breach',
    'Details that break what was declared never reach the caller: the error is its code, and reported once.',
    async (t) => {
      const { client } = await t.open();
      const error = await fails(client.order({ how: 'breach', left: 0 }), 'FAILED_PRECONDITION');
      equal([error.reason, error.details], [undefined, undefined], 'the error');
      equal((await t.takeErrors(1)).length, 1, 'the number of reports');
    },
  ),

  define('typed-peer', 'Of a peer’s error that breaks what was declared the code is believed, and not the name.', async (t) => {
    const client = await t.connect(
      conformanceContract,
      rawTransport({
        call: () =>
          Promise.reject(new ApiError('FAILED_PRECONDITION', 'odd', { reason: 'OUT_OF_STOCK', details: { left: 'many' }, remote: true })),
      }),
    );
    const error = await fails(client.order({ how: 'fine', left: 1 }), 'FAILED_PRECONDITION');
    ok(!isApiError(error, order, 'OUT_OF_STOCK'), 'it has the name');
    await t.takeErrors();
  }),

  define('typed-kept', 'An outcome that is kept for a key has the name and the details of its error.', async (t) => {
    const { client, probe } = await t.open();
    for (let index = 0; index < 2; index++) {
      const call = client.order({ how: 'outOfStock', left: 3 }, { idempotencyKey: 'key' });
      const error: unknown = await fails(call, 'FAILED_PRECONDITION');
      ok(isApiError(error, order, 'OUT_OF_STOCK'), `call ${index + 1} has no name`);
      equal(error.details, { left: 3, places }, `the details of call ${index + 1}`);
    }
    equal(probe.runsOf('order'), 1, 'the runs');
  }),

  define('typed-safe', '`safe` gives what became of a call as a value, and never rejects.', async (t) => {
    const { client } = await t.open();
    equal(await settled(client.order.safe({ how: 'fine', left: 2 }), 'the call'), { ok: true, output: { left: 2 } }, 'the success');
    const failed = await settled(client.order.safe({ how: 'outOfStock', left: 2 }), 'the call');
    ok(!failed.ok && failed.error.reason === 'OUT_OF_STOCK', 'it did not fail as told');
    equal(failed.error.details.left, 2, 'the details');
    const refused = await settled(client.order.safe({ how: 'fine', left: misfit('x') }), 'the call');
    ok(!refused.ok && refused.error.code === 'INVALID_ARGUMENT', 'it was not refused');
  }),
];
