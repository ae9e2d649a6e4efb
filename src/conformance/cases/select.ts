import { isApiError } from '../../core/errors.ts';
import { onAbort } from '../../life/lifetime.ts';
import type { CallRequest } from '../../core/transport.ts';
import { equal, fails, misfit, ok } from '../assert.ts';
import { conformanceContract } from '../contract.ts';
import { casesOf } from '../define.ts';
import { rawTransport } from './raw.ts';
import { kinds } from './values.ts';

const define = casesOf('select', ['call']);

export const selectCases = [
  define('own-fields', 'A call that selects gets just those fields.', async (t) => {
    const { client } = await t.open();
    equal(await client.getShelf({ id: 3 }, { select: { label: true } }), { label: 'shelf 3' }, 'one field');
    equal(await client.shelves({ count: 2 }, { select: { id: true, size: true } }), [{ id: 1, size: 1 }, { id: 2, size: 2 }], 'of a list'); // prettier-ignore
    equal(await client.getShelf({ id: 101 }, { select: { ownerId: true, id: true } }), { id: 101 }, 'one that is absent');
    equal(await client.shelves({ count: 0 }, { select: { id: true } }), [], 'of an empty list');
  }),

  define('nested', 'A selection reaches into objects, lists of objects and unions.', async (t) => {
    const { client } = await t.open();
    const output = await client.echo(kinds({ optionalPoint: { x: 5, y: 6 } }), {
      select: {
        text: true,
        point: { y: true },
        points: { x: true },
        optionalPoint: { x: true },
        shape: { kind: true, radius: true },
        deep: { inner: { core: { value: true } } },
        counts: true,
      },
    });
    equal(
      output,
      {
        text: 'plain',
        point: { y: -7 },
        points: [{ x: 1 }, { x: -1.5 }],
        optionalPoint: { x: 5 },
        shape: { kind: 'circle', radius: 2 },
        deep: { inner: { core: { value: 'core' } } },
        counts: { apples: 3, pears: 0 },
      },
      'the output',
    );
    equal(await client.grow({ tree: { label: 'root', children: [{ label: 'leaf', children: [] }] } }, { select: { children: { label: true } } }), { children: [{ label: 'leaf' }] }, 'a type that contains itself'); // prettier-ignore
  }),

  define('relations', 'Relations are fields that can be selected: to one and to many, alone and beside others.', async (t) => {
    const { client } = await t.open();
    const output = await client.getShelf(
      { id: 2 },
      { select: { label: true, items: { label: true }, owner: { name: true, address: { zip: true } } } },
    );
    equal(
      output,
      { label: 'shelf 2', items: [{ label: 'item 1' }, { label: 'item 2' }], owner: { name: 'owner 1', address: { zip: '12345' } } },
      'the output',
    );
    equal(
      await client.getShelf({ id: 1 }, { select: { items: true } }),
      { items: [{ id: 1, label: 'item 1' }] },
      'a relation alone and whole',
    );
    equal(
      await client.getShelf({ id: 101 }, { select: { id: true, owner: { name: true } } }),
      { id: 101 },
      'a relation that starts from nothing',
    );
  }),

  define(
    'relations-of-list',
    'Relations of a list’s items come with each item, and an item that several lead to is asked for once.',
    async (t) => {
      const { client, probe } = await t.open();
      const output = await client.shelves({ count: 8 }, { select: { id: true, owner: { name: true }, items: { id: true } } });
      equal(
        output,
        Array.from({ length: 8 }, (_, index) => ({
          id: index + 1,
          owner: { name: `owner ${1 + ((index + 1) % 2)}` },
          items: Array.from({ length: (index + 1) % 4 }, (_, item) => ({ id: item + 1 })).slice(0, 3),
        })),
        'the output',
      );
      equal(probe.runsOf('getOwner'), 2, 'the runs of getOwner');
      equal(probe.runsOf('items'), 4, 'the runs of items');
    },
  ),

  define('relation-fails', 'A relation that fails fails the call, with its error.', async (t) => {
    const { client } = await t.open();
    const error = await fails(client.getShelf({ id: 100 }, { select: { label: true, owner: { name: true } } }), 'NOT_FOUND');
    equal([error.text, error.details], ['no owner has the id 0', { id: 0 }], 'the error');
    equal(await client.getShelf({ id: 100 }, { select: { label: true } }), { label: 'shelf 100' }, 'without the relation');
  }),

  define('unknown-field', 'A selection of what a type does not have is refused before it is sent, naming what it has.', async (t) => {
    const { client, probe } = await t.open();
    const bad: unknown[] = [{ nope: true }, { label: { deep: true } }, {}, { items: { nope: true } }, { id: false }, { owner: 'name' }];
    for (const select of bad) {
      const error = await fails(client.getShelf({ id: 1 }, misfit({ select })), 'INVALID_ARGUMENT');
      ok(!error.sent, `${JSON.stringify(select)}: the error says that the request was sent`);
    }
    equal(probe.runsOf('getShelf'), 0, 'the runs');
  }),

  define('pages', 'A selection without the key still pages.', async (t) => {
    const { client } = await t.open();
    const labels: unknown[] = [];
    for await (const item of client.items({ total: 7 }, { select: { label: true } })) labels.push(item);
    equal(
      labels,
      Array.from({ length: 7 }, (_, index) => ({ label: `item ${index + 1}` })),
      'the items',
    );
    equal(await client.items({ total: 2 }, { select: { label: true } }), [{ label: 'item 1' }, { label: 'item 2' }], 'the page');
  }),

  define('validated', 'Of a reply the selected fields are checked, and no others.', async (t) => {
    const reply = { id: 1, label: null, size: 2, ownerId: 1 };
    const client = await t.connect(conformanceContract, rawTransport({ call: async () => reply }));
    equal(await client.getShelf({ id: 1 }, { select: { id: true, size: true } }), { id: 1, size: 2 }, 'the output');
    const error: unknown = await client.getShelf({ id: 1 }, { select: { label: true, id: true } }).then(
      (output) => output,
      (reason: unknown) => reason,
    );
    ok(isApiError(error) && (error.code === 'DATA_LOSS' || error.code === 'INTERNAL'), `got ${JSON.stringify(error)}`);
    await t.takeErrors();
  }),

  define('deadline', 'One deadline covers a call and its relations.', async (t) => {
    const never = (request: CallRequest) =>
      request.operation.name === 'getShelf'
        ? Promise.resolve({ id: 1, label: 'x', size: 2, ownerId: 1 })
        : new Promise((_, reject) => onAbort(request.signal, () => reject(request.signal.reason as Error)));
    const client = await t.connect(conformanceContract, rawTransport({ call: never }));
    await fails(client.getShelf({ id: 1 }, { select: { owner: { name: true } }, timeoutMs: 150 }), 'DEADLINE_EXCEEDED');
  }),
];
