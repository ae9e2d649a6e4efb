import { ApiError, ERROR_CODES, isApiError } from '../../../core/errors.ts';
import { equal, fails, ok } from '../../assert.ts';
import { conformanceContract } from '../../contract.ts';
import { casesOf } from '../../define.ts';
import { rawTransport } from '../raw.ts';
import { kinds } from '../values.ts';

const define = casesOf('errors', ['call']);

const CODES = 'https://grpc.io/docs/guides/status-codes/';

/** All that a caller can see of an error. */
function visible(error: ApiError): string {
  return JSON.stringify([error.message, error.text, error.details, error.toJSON()]);
}

export const errorCases = [
  define('codes', 'Each of the sixteen codes comes back with its message, details, retryAfterMs and requestId.', {
    link: CODES,
    async run(t) {
      const { client } = await t.open();
      const details = { reason: 'SOLD_OUT', left: 0, nested: { list: [1, 'zwei', null, true], empty: {} } };
      for (const code of ERROR_CODES) {
        const error = await fails(
          client.fail({ code, message: `failed with ${code}`, detailsJson: JSON.stringify(details), retryAfterMs: 1500 }),
          code,
        );
        equal(error.text, `failed with ${code}`, `the message of ${code}`);
        equal(error.details, details, `the details of ${code}`);
        equal(error.retryAfterMs, 1500, `retryAfterMs of ${code}`);
        ok(typeof error.requestId === 'string' && error.requestId !== '', `${code} has no requestId`);
      }
    },
  }),

  define('bare', 'An error without details and retryAfterMs comes back without them.', async (t) => {
    const { client } = await t.open();
    for (const code of ERROR_CODES) {
      const error = await fails(client.fail({ code, message: 'bare' }), code);
      ok(error.details === undefined, `${code}: details appeared: ${JSON.stringify(error.details)}`);
      ok(error.retryAfterMs === undefined, `${code}: retryAfterMs appeared: ${error.retryAfterMs}`);
    }
  }),

  define('retry-after', 'retryAfterMs keeps its milliseconds, 0 included.', async (t) => {
    const { client } = await t.open();
    for (const retryAfterMs of [0, 1, 999, 60_001]) {
      equal(
        (await fails(client.fail({ code: 'RESOURCE_EXHAUSTED', message: 'wait', retryAfterMs }), 'RESOURCE_EXHAUSTED')).retryAfterMs,
        retryAfterMs,
        'retryAfterMs',
      );
    }
  }),

  define('prefix', 'The `[CODE]` prefix is the caller’s: it stands once before the message, and never travels.', async (t) => {
    const { client } = await t.open();
    const plain = await fails(client.fail({ code: 'NOT_FOUND', message: 'no such thing' }), 'NOT_FOUND');
    equal(plain.message, '[NOT_FOUND] no such thing', 'the message');
    const own = await fails(client.fail({ code: 'ABORTED', message: '[NOT_FOUND] as written' }), 'ABORTED');
    equal([own.message, own.text], ['[ABORTED] [NOT_FOUND] as written', '[NOT_FOUND] as written'], 'a message with brackets of its own');
  }),

  define('message-text', 'A message may be any text: several lines, Unicode, quotes, and longer than a header can be wide.', async (t) => {
    const { client } = await t.open();
    for (const message of ['two\nlines', 'ünï 😀 שלום', '"quoted" <b>&</b> %41 \\', ' spaces ', 'x'.repeat(1500)]) {
      equal((await fails(client.fail({ code: 'NOT_FOUND', message }), 'NOT_FOUND')).text, message, 'the message');
    }
  }),

  define('message-empty', 'An empty message stays empty.', {
    level: 'SHOULD',
    async run(t) {
      const { client } = await t.open();
      equal((await fails(client.fail({ code: 'NOT_FOUND', message: '' }), 'NOT_FOUND')).text, '', 'the message');
    },
  }),

  define('details-text', 'Details are any JSON object, Unicode and odd keys included.', async (t) => {
    const { client } = await t.open();
    const details = { 'ünï 😀': 'שלום', constructor: 1, 'a.b': [[], {}], long: 'y'.repeat(1000), number: 9_007_199_254_740_991, half: 0.5 };
    equal(
      (await fails(client.fail({ code: 'ABORTED', message: 'x', detailsJson: JSON.stringify(details) }), 'ABORTED')).details,
      details,
      'the details',
    );
  }),

  define(
    'unexpected',
    'An exception is INTERNAL with a neutral message; its text never reaches the caller, and it is reported once.',
    async (t) => {
      const { client } = await t.open();
      const error = await fails(client.crash({ secret: 'swordfish' }), 'INTERNAL');
      ok(!visible(error).includes('SECRET') && !visible(error).includes('swordfish'), `the secret is out: ${visible(error)}`);
      const reports = await t.takeErrors(1);
      equal(reports.length, 1, 'the number of reports');
      const { error: cause, member, requestId } = reports[0] as { error: Error; member: string; requestId: string };
      equal([cause.message, member, requestId], ['SECRET-swordfish', 'crash', error.requestId], 'the report');
    },
  ),

  define(
    'context',
    'The errors of the service’s context function reach the caller: an ApiError as it is, an exception as INTERNAL.',
    async (t) => {
      const { client } = await t.open({
        context: ({ headers }) => {
          if (headers['x-mode'] === 'refuse') throw new ApiError('UNAUTHENTICATED', 'who are you?', { details: { scheme: 'Bearer' } });
          throw new Error('SECRET-context');
        },
      });
      const refused = await fails(client.echo(kinds(), { headers: { 'x-mode': 'refuse' } }), 'UNAUTHENTICATED');
      equal([refused.text, refused.details], ['who are you?', { scheme: 'Bearer' }], 'the error');
      const crashed = await fails(client.noInput(), 'INTERNAL');
      ok(!visible(crashed).includes('SECRET'), `the secret is out: ${visible(crashed)}`);
      equal((await t.takeErrors(1)).length, 1, 'the number of reports');
    },
  ),

  define(
    'transport',
    'An error of a served transport that is not an ApiError is INTERNAL or UNKNOWN to the caller, without its text.',
    async (t) => {
      const client = await t.connect(
        conformanceContract,
        rawTransport({
          call: async () => {
            throw new TypeError('SECRET-transport');
          },
        }),
      );
      const error: unknown = await client.noInput().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      ok(isApiError(error) && (error.code === 'INTERNAL' || error.code === 'UNKNOWN'), `got ${String(error)}`);
      ok(!visible(error).includes('SECRET'), `the secret is out: ${visible(error)}`);
      await t.takeErrors();
    },
  ),

  define('after', 'A failed call leaves the connection fit for the next.', async (t) => {
    const { client } = await t.open();
    for (const code of ERROR_CODES) {
      await fails(client.fail({ code, message: 'first' }), code);
      equal(await client.noInput(), { done: true }, `the call after ${code}`);
    }
  }),
];
