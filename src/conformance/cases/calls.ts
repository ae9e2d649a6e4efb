import * as z from 'zod/mini';
import { defineContract, mutation, query } from '../../core/define.ts';
import { equal, fails, misfit, ok, settled, until } from '../assert.ts';
import { conformanceContract } from '../contract.ts';
import { casesOf } from '../define.ts';
import { kinds, TEXTS, tree } from './values.ts';

const define = casesOf('calls', ['call']);

export const callCases = [
  define('every-kind', 'Every kind of schema arrives at the handler and comes back as it was.', async (t) => {
    const { client } = await t.open();
    const input = kinds();
    equal(await client.echo(input), { ...input, withDefault: 'by default' }, 'the output');
    const full = kinds({
      optional: 'given',
      nullable: 'given',
      nullish: 0,
      withDefault: '',
      optionalList: ['x'],
      nullableList: [1, 2],
      optionalPoint: { x: 9, y: 9 },
    });
    equal(
      await client.echo({ ...full, shape: { kind: 'polygon', points: [] } }),
      { ...full, shape: { kind: 'polygon', points: [] } },
      'the output with all members given',
    );
  }),

  define('thenable', 'The result of a handler is awaited if it has a `then`, also if it is not a promise.', async (t) => {
    const { client } = await t.open();
    equal(await client.stamp({ at: '2026-01-31T23:59:59Z' }), { at: '2026-01-31T23:59:59Z' }, 'the output');
  }),

  define('presence', 'Absent, null and empty are three different things, and only what is absent gets its default.', async (t) => {
    const { client } = await t.open();
    equal(await client.patch({ id: 1 }), { members: ['id', 'level'], level: 7 }, 'absent');
    equal(await client.patch({ id: 1, name: null, level: 0 }), { members: ['id', 'level', 'name'], name: null, level: 0 }, 'null and zero');
    equal(await client.patch({ id: 1, name: '' }), { members: ['id', 'level', 'name'], name: '', level: 7 }, 'empty');
    const output = await client.echo(kinds({ nullish: null, optionalList: [], nullableList: [] }));
    equal([output.nullish, output.optionalList, output.nullableList], [null, [], []], 'null and empty lists');
    ok(!('optional' in output && output.optional !== undefined), 'an absent member came back');
  }),

  define('empty-values', 'Empty texts, lists and records arrive as such.', async (t) => {
    const { client } = await t.open();
    const input = kinds({ text: '', optional: '', words: [], matrix: [], points: [], counts: {}, places: {}, shapes: [] });
    equal(await client.echo(input), { ...input, withDefault: 'by default' }, 'the output');
    equal((await client.echo(kinds({ words: ['', '', ''], matrix: [[], []] }))).matrix, [[], []], 'lists of empty lists');
  }),

  define('numbers', 'Numbers arrive without loss: 32-bit bounds, ±(2^53 - 1), tiny, huge and inexact ones; -0 is 0.', async (t) => {
    const { client } = await t.open();
    for (const safeInt of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32]) {
      equal((await client.echo(kinds({ safeInt }))).safeInt, safeInt, 'the safe integer');
    }
    for (const int32 of [2_147_483_647, -2_147_483_648, 0]) equal((await client.echo(kinds({ int32 }))).int32, int32, 'the 32-bit integer');
    for (const ratio of [Number.MAX_VALUE, Number.MIN_VALUE, -0, 0.1 + 0.2, 1e21, 1e-7, -1.5, 123456789.12345679]) {
      equal((await client.echo(kinds({ ratio }))).ratio, ratio, 'the number');
      equal((await client.find({ id: 1, word: 'w', ratio })).ratio, ratio, 'the number in a query');
    }
  }),

  define(
    'text',
    'Text arrives character by character: emoji, right-to-left, combining marks, markup, quotes, spaces, line breaks.',
    async (t) => {
      const { client } = await t.open();
      for (const [name, text] of Object.entries(TEXTS)) equal((await client.echo(kinds({ text, words: [text, text] }))).text, text, name);
      equal((await client.echo(kinds({ words: Object.values(TEXTS) }))).words, Object.values(TEXTS), 'the list of texts');
    },
  ),

  define(
    'control-characters',
    'Control characters, NUL included, arrive. If the protocol has no way to write them, they are refused with INVALID_ARGUMENT.',
    {
      level: 'SHOULD',
      async run(t) {
        const { client } = await t.open();
        for (const text of ['a\u0000b', '\u0001\u0002\u001f', '\u007f\u0080\u009f', 'a\r\nb\rc', '\ufffe\uffff']) {
          equal((await client.echo(kinds({ text }))).text, text, JSON.stringify(text));
        }
      },
    },
  ),

  define(
    'lone-surrogates',
    'Half of a surrogate pair arrives, or is refused with INVALID_ARGUMENT; it never becomes another text, and breaks nothing.',
    {
      level: 'SHOULD',
      async run(t) {
        const { client } = await t.open();
        const sent = ['a\ud83d', '\ude00b'];
        await client.echo(kinds({ words: sent })).then(
          ({ words }) => equal(words, sent, 'the texts'),
          (error: unknown) => fails(Promise.reject(error as Error), 'INVALID_ARGUMENT'),
        );
        await client
          .find({ id: 1, word: 'half \ud83d' })
          .catch((error: unknown) => fails(Promise.reject(error as Error), 'INVALID_ARGUMENT'));
        equal((await client.echo(kinds({ text: 'next' }))).text, 'next', 'the next call');
      },
    },
  ),

  define('large-value', 'A text of 500 KiB arrives whole, both ways.', async (t) => {
    const { client } = await t.open();
    const text = 'ä😀x-'.repeat(64 * 1024).slice(0, 250 * 1024);
    equal((await client.echo(kinds({ text }))).text === text, true, 'the text is the same');
    const words = Array.from({ length: 50_000 }, (_, index) => `w${index}`);
    equal((await client.echo(kinds({ words }))).words, words, 'the long list');
  }),

  define('deep-value', 'Objects and lists that nest 60 levels deep arrive.', async (t) => {
    const { client } = await t.open();
    // The input and the message around it take levels of their own.
    equal(await client.grow({ tree: tree(50) }), tree(50), 'the tree');
  }),

  define('record-keys', 'Keys of records are any text, also names that objects have by themselves.', async (t) => {
    const { client } = await t.open();
    const counts = {
      '': 1,
      'two words': 2,
      'ünï😀': 3,
      'a.b/c': 4,
      constructor: 5,
      toString: 6,
      hasOwnProperty: 7,
      1: 8,
      '-': 9,
      '<k>&"': 10,
    };
    equal((await client.echo(kinds({ counts }))).counts, counts, 'the record');
  }),

  define('prototype', '`__proto__` as a key changes no prototype, and nothing else gets lost by it.', async (t) => {
    const { client } = await t.open();
    const counts = JSON.parse('{ "__proto__": 1, "constructor": 2 }') as Record<string, number>;
    const output = await client.echo({ ...kinds(), ...(JSON.parse('{ "__proto__": { "polluted": true } }') as object), counts });
    equal(output.counts['constructor'], 2, 'the other key');
    ok(
      Object.getPrototypeOf(output) === Object.prototype && Object.getPrototypeOf(output.counts) === Object.prototype,
      'a prototype was changed',
    );
    ok(({} as Record<string, unknown>)['polluted'] === undefined, 'Object.prototype was polluted');
  }),

  define('unknown-members', 'Members of an input that the service does not know are dropped.', async (t) => {
    const { as } = await t.open();
    const patch = mutation({
      input: z.object({
        id: z.int32(),
        name: z.optional(z.string()),
        level: z.int32(),
        surplus: z.optional(z.string()),
        constructor: z.string(),
      }),
      output: z.object({ members: z.array(z.string()) }),
      http: 'PATCH /patch/{id}',
    });
    const client = as(defineContract({ name: 'conformance', operations: { patch } }));
    equal((await client.patch({ id: 1, level: 2, surplus: 'x', constructor: 'y' })).members, ['id', 'level'], 'what the handler saw');
  }),

  define('query-binding', 'A query takes its input from path and query string: scalars, lists and defaults.', async (t) => {
    const { client } = await t.open();
    equal(await client.find({ id: 7, word: 'hello' }), { id: 7, word: 'hello', mode: 'fast' }, 'the least');
    const input = {
      id: -7, word: 'w', text: 'a b', count: -9_007_199_254_740_991, ratio: -2.5e-3, flag: false, color: 'blue', words: ['x', 'y', 'x'], numbers: [3, -1, 0], mode: 'slow',
    } as const; // prettier-ignore
    equal(await client.find({ ...input, words: [...input.words], numbers: [...input.numbers] }), input, 'the most');
    equal((await client.find({ id: 1, word: 'w', words: ['one'] })).words, ['one'], 'a list of one');
  }),

  define('query-presence', 'In a query too, an empty list, an empty text and an absent one are different.', async (t) => {
    const { client } = await t.open();
    const output = await client.find({ id: 1, word: 'w', text: '', words: [], numbers: [] });
    equal(output, { id: 1, word: 'w', text: '', words: [], numbers: [], mode: 'fast' }, 'the output');
    equal((await client.find({ id: 1, word: 'w', words: [''] })).words, [''], 'a list of an empty text');
  }),

  define(
    'query-text',
    'In a path and in a query text stays text: reserved characters, and what looks like a number, a boolean or null.',
    async (t) => {
      const { client } = await t.open();
      for (const [name, text] of Object.entries({
        ...TEXTS,
        reserved: "a/b?c#d&e=f;g,h%2Fi+j k:l@m!n$o'p(q)r*s[t]",
        dots: '...',
        percent: '%',
        plus: '+',
      })) {
        equal(
          await client.find({ id: 1, word: text, text, words: [text] }),
          { id: 1, word: text, text, words: [text], mode: 'fast' },
          name,
        );
      }
    },
  ),

  define(
    'empty-input',
    'An operation without input takes none, or an empty object; one with only optional members takes none.',
    async (t) => {
      const { client, probe } = await t.open();
      equal(await client.noInput(), { done: true }, 'none');
      equal(await client.noInput(misfit({})), { done: true }, 'an empty object');
      equal(await client.allOptional(), { given: false }, 'optional members, none');
      equal(await client.allOptional({}), { given: false }, 'optional members, an empty object');
      equal(await client.allOptional({ text: 'x' }), { given: true }, 'optional members, one');
      await client.nothing();
      await client.nothing(misfit({}));
      equal(probe.runsOf('nothing'), 2, 'the runs');
    },
  ),

  define('empty-output', 'An operation without output gives undefined.', async (t) => {
    const { client, probe } = await t.open();
    ok((await client.nothing()) === undefined, 'nothing gave something');
    ok((await client.noOutput({ text: 'x' })) === undefined, 'noOutput gave something');
    equal(probe.runsOf('noOutput'), 1, 'the runs');
  }),

  define('list-output', 'An output that is a list, or a list of lists, stays a plain array, also when empty.', async (t) => {
    const { client } = await t.open();
    for (const count of [0, 1, 25]) {
      equal(
        await client.words({ count }),
        Array.from({ length: count }, (_, index) => `word ${index}`),
        `${count} words`,
      );
    }
    equal(await client.matrix({ count: 0 }), [], 'an empty matrix');
    equal(await client.matrix({ count: 3 }), [[], [0], [0, 2]], 'the matrix');
  }),

  define('unknown-operation', 'An operation that the service does not have is UNIMPLEMENTED.', async (t) => {
    const { as } = await t.open();
    const nowhere = mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) });
    const lost = query({ input: z.object({ id: z.int32() }), output: z.object({ text: z.string() }), http: 'GET /lost/and/found/{id}' });
    const client = as(defineContract({ name: 'conformance', operations: { nowhere, lost } }));
    await fails(client.nowhere({ text: 'x' }), 'UNIMPLEMENTED');
    await fails(client.lost({ id: 1 }), 'UNIMPLEMENTED');
  }),

  define('concurrency', 'Of a hundred calls at once each gets its own answer.', async (t) => {
    const { client } = await t.open();
    const answers = await settled(
      Promise.all(
        Array.from({ length: 100 }, async (_, id) => {
          if (id % 5 === 4) return (await fails(client.fail({ code: 'NOT_FOUND', message: `no ${id}` }), 'NOT_FOUND')).text;
          return id % 2 === 0 ? (await client.find({ id, word: `w${id}` })).word : (await client.echo(kinds({ text: `w${id}` }))).text;
        }),
      ),
      'a hundred answers',
    );
    answers.forEach((answer, id) => equal(answer, id % 5 === 4 ? `no ${id}` : `w${id}`, `answer ${id}`));
  }),

  define('overtaking', 'A slow call does not hold up those after it.', async (t) => {
    const { client, probe } = await t.open();
    const slow = client.wait({ id: 'slow' });
    await until(() => probe.waits.has('slow'), 'the slow call has arrived');
    equal((await settled(client.find({ id: 1, word: 'quick' }), 'the quick call')).word, 'quick', 'the quick call');
    probe.waits.get('slow')?.release();
    equal(await settled(slow, 'the slow call'), { id: 'slow' }, 'the slow call');
  }),

  define('contract', 'A client with a subset of the contract works.', async (t) => {
    const { as } = await t.open();
    const client = as(defineContract({ name: 'conformance', operations: { noInput: conformanceContract.operations.noInput } }));
    equal(await client.noInput(), { done: true }, 'the output');
  }),
];
