import * as z from 'zod/mini';
import { defineContract, mutation, query } from '../../core/define.ts';
import { isApiError, type Issue } from '../../core/errors.ts';
import { equal, fails, misfit, ok } from '../assert.ts';
import { conformanceContract } from '../contract.ts';
import { casesOf } from '../define.ts';
import { rawTransport } from './raw.ts';
import { kinds } from './values.ts';

const define = casesOf('validation', ['call']);

/** The paths of an INVALID_ARGUMENT's issues, as text. */
function paths(error: { readonly details?: unknown }): string[] {
  const { issues } = error.details as { readonly issues: readonly Issue[] };
  return issues.map(({ path, message }) => (ok(message !== '', 'an issue has no message'), path.join('.'))).sort();
}

/** The conformance contract as a careless client has it: nothing is checked before it is sent. */
const careless = defineContract({
  name: 'conformance',
  operations: {
    patch: mutation({
      input: z.object({ id: z.int32(), name: z.optional(z.string()), level: z.optional(z.unknown()) }),
      output: z.unknown(),
      http: 'PATCH /patch/{id}',
    }),
    find: query({
      input: z.object({
        id: z.string(),
        word: z.string(),
        count: z.optional(z.string()),
        flag: z.optional(z.string()),
        color: z.optional(z.string()),
      }),
      output: z.unknown(),
      http: 'GET /find/{id}/{word}',
    }),
    noOutput: mutation({ input: z.object({ text: z.optional(z.string()) }) }),
  },
});

export const validationCases = [
  define('client', 'A bad input is refused before it is sent: INVALID_ARGUMENT with the paths of all that is wrong.', async (t) => {
    const { client, probe } = await t.open();
    const bad = misfit({
      ...kinds({ email: 'nobody', int32: 1.5, points: [{ x: 1, y: 2 }, misfit({ x: 'one', y: 2 })] }),
      flag: undefined,
    });
    const error = await fails(client.echo(bad), 'INVALID_ARGUMENT');
    equal(paths(error), ['email', 'flag', 'int32', 'points.1.x'], 'the paths');
    ok(!error.sent, 'the error says that the request was sent');
    equal(probe.runsOf('echo'), 0, 'the runs');
  }),

  define(
    'client-kinds',
    'Values that the schema does not have in JSON are refused: NaN, infinities, unsafe integers, wrong types, null for a type without it.',
    async (t) => {
      const { client, probe } = await t.open();
      const bad: Record<string, unknown[]> = {
        ratio: [NaN, Infinity, '1'],
        safeInt: [2 ** 53, 0.5, 10n],
        int32: [2 ** 31, -(2 ** 31) - 1],
        flag: ['true', 1],
        color: ['purple', ''],
        constant: ['other'],
        text: [null, 7],
        words: ['one', [null]],
        counts: [{ a: 'one' }, []],
        shape: [{ kind: 'square' }, { kind: 'circle' }],
        instant: ['yesterday', '2026-02-30T00:00:00Z'],
      };
      for (const [name, values] of Object.entries(bad)) {
        for (const value of values) {
          const error = await fails(client.echo({ ...kinds(), [name]: value }), 'INVALID_ARGUMENT');
          ok(
            paths(error).every((path) => path === name || path.startsWith(`${name}.`)),
            `${name}: the issues are at ${paths(error).join()}`,
          );
        }
      }
      equal(probe.runsOf('echo'), 0, 'the runs');
    },
  ),

  define('no-object', 'An input that is not an object is refused.', async (t) => {
    const { client, probe } = await t.open();
    for (const input of [null, 7, 'text', []]) {
      await fails((client.patch as (input: unknown) => Promise<unknown>)(input), 'INVALID_ARGUMENT');
      await fails((client.noInput as (input: unknown) => Promise<unknown>)(input), 'INVALID_ARGUMENT');
    }
    equal(probe.runsOf('patch') + probe.runsOf('noInput'), 0, 'the runs');
  }),

  define('service', 'A service refuses a bad input from a careless client in the same way, before any handler sees it.', async (t) => {
    const { as, probe } = await t.open();
    const client = as(careless);
    equal(paths(await fails(client.noOutput({}), 'INVALID_ARGUMENT')), ['text'], 'a missing member');
    equal(paths(await fails(client.patch({ id: 1, level: 2 ** 40 }), 'INVALID_ARGUMENT')), ['level'], 'a number out of range');
    equal(probe.runsOf('patch') + probe.runsOf('noOutput'), 0, 'the runs');
  }),

  define('service-text', 'Text in a path or query that does not fit its type is INVALID_ARGUMENT at its path.', async (t) => {
    const { as, probe } = await t.open();
    const client = as(careless);
    for (const id of ['abc', '1.5', '1e3', '0x10', '99999999999', '1 2', '--1']) {
      equal(paths(await fails(client.find({ id, word: 'w' }), 'INVALID_ARGUMENT')), ['id'], `the id '${id}'`);
    }
    const error = await fails(client.find({ id: 'abc', word: 'w', count: '', flag: 'yes', color: 'x' }), 'INVALID_ARGUMENT');
    equal(paths(error), ['color', 'count', 'flag', 'id'], 'the query');
    equal(probe.runsOf('find'), 0, 'the runs');
  }),

  define('output', 'An output that breaks the contract is INTERNAL from a service: reported, and neutral to the caller.', async (t) => {
    const { client } = await t.open();
    const error = await fails(client.broken(), 'INTERNAL');
    ok(!JSON.stringify([error.message, error.details]).includes('SECRET'), 'the output is out');
    const [report] = (await t.takeErrors(1)) as readonly { member: string }[];
    equal(report?.member, 'broken', 'the report');
  }),

  define('reply', 'A reply that breaks the contract is DATA_LOSS.', async (t) => {
    const reply = { ...kinds({ email: 'no address' }), withDefault: '' };
    const client = await t.connect(conformanceContract, rawTransport({ call: async () => reply }));
    const error = await fails(client.echo(kinds()), 'DATA_LOSS');
    ok(error.message.includes('echo') && error.message.includes('email'), `the message does not help: ${error.message}`);
  }),

  define('reply-type', 'A reply of another type than the contract’s is never given to the caller.', async (t) => {
    for (const reply of [undefined, null, 'text', 7, [], {}, { done: 'yes' }]) {
      const client = await t.connect(conformanceContract, rawTransport({ call: async () => reply }));
      const error: unknown = await client.noInput().then(
        (output) => output,
        (reason: unknown) => reason,
      );
      ok(
        isApiError(error) && (error.code === 'DATA_LOSS' || error.code === 'INTERNAL'),
        `${JSON.stringify(reply)} gave ${JSON.stringify(error)}`,
      );
    }
    await t.takeErrors();
  }),

  define('reply-surplus', 'Members of a reply that the contract does not know are dropped.', async (t) => {
    const client = await t.connect(conformanceContract, rawTransport({ call: async () => ({ done: true, surplus: 'x' }) }));
    equal(await client.noInput(), { done: true }, 'the output');
  }),
];
