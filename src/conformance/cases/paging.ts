import { ApiError } from '../../core/errors.ts';
import { equal, fails, ok, watched } from '../assert.ts';
import { conformanceContract } from '../contract.ts';
import { casesOf } from '../define.ts';
import { rawTransport } from './raw.ts';

const define = casesOf('paging', ['call']);

async function collect(items: AsyncIterable<{ readonly id: number }>): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of items) ids.push(id);
  return ids;
}

function upTo(total: number): number[] {
  return Array.from({ length: total }, (_, index) => index + 1);
}

export const pagingCases = [
  define('page', 'A page is a plain array of at most `limit` items, after `after`.', async (t) => {
    const { client, probe } = await t.open();
    const first = await client.items({ total: 5 });
    ok(Array.isArray(first), 'the page is not an array');
    equal(
      first.map(({ id }) => id),
      [1, 2, 3],
      'the first page',
    );
    equal(
      (await client.items({ total: 5, after: 3 })).map(({ id }) => id),
      [4, 5],
      'the second page',
    );
    equal(await client.items({ total: 5, after: 5 }), [], 'the page after the last');
    equal(probe.runsOf('items'), 3, 'the runs');
  }),

  define('iterate', 'Iterating gives the items of all pages in order, with the other inputs kept.', async (t) => {
    const { client } = await t.open();
    for (const [total, limit] of [
      [0, 3],
      [1, 3],
      [3, 3],
      [7, 3],
      [9, 3],
      [25, 10],
    ] as const) {
      equal(await collect(client.items({ total, limit })), upTo(total), `${total} items by ${limit}`);
    }
    equal(await collect(client.items({ total: 8, after: 2 })), [3, 4, 5, 6, 7, 8], 'from the middle on');
  }),

  define('last', 'A page shorter than `limit` is the last: no other is asked for.', async (t) => {
    const { client, probe } = await t.open();
    await collect(client.items({ total: 7, limit: 3 }));
    equal(probe.runsOf('items'), 3, 'the pages fetched');
  }),

  define('leave', 'Leaving the loop early fetches no further page.', async (t) => {
    const { client, probe } = await t.open();
    for await (const { id } of client.items({ total: 100, limit: 10 })) if (id === 12) break;
    equal(probe.runsOf('items'), 2, 'the pages fetched');
  }),

  define('twice', 'The same page can be awaited and iterated, more than once.', async (t) => {
    const { client, probe } = await t.open();
    const page = client.items({ total: 4 });
    equal((await page).length, 3, 'the page');
    equal(await collect(page), upTo(4), 'the first loop');
    equal(await collect(page), upTo(4), 'the second loop');
    equal(probe.runsOf('items'), 3, 'the pages fetched: the first once, the second for each loop');
  }),

  define('headers', 'Every page is asked for with the headers of the first.', async (t) => {
    const seen: (string | undefined)[] = [];
    const { client } = await t.open({ context: ({ headers }) => void seen.push(headers['authorization']) });
    await collect(client.items({ total: 5 }, { headers: { authorization: 'Bearer x' } }));
    equal(seen, ['Bearer x', 'Bearer x'], 'the headers');
  }),

  define('stuck', 'A peer that gives the same page again and again ends the loop with DATA_LOSS.', async (t) => {
    const page = [1, 2, 3].map((id) => ({ id, label: 'x' }));
    const client = await t.connect(conformanceContract, rawTransport({ call: async () => page }));
    await fails(collect(client.items({ total: 9 })), 'DATA_LOSS');
  }),

  define('failure', 'An error of a later page ends the loop with it.', async (t) => {
    let refuse = false;
    const { client } = await t.open({
      context: () => {
        if (refuse) throw new ApiError('PERMISSION_DENIED', 'no more');
      },
    });
    const ids: number[] = [];
    const loop = watched(
      (async () => {
        for await (const { id } of client.items({ total: 9 })) {
          ids.push(id);
          refuse = true;
        }
      })(),
    );
    await fails(loop, 'PERMISSION_DENIED');
    equal(ids, [1, 2, 3], 'what came before');
  }),
];
