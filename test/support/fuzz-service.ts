/** A service that gives back what it gets: whatever goes wrong with it is the reader's fault. */
import * as z from 'zod';
import { bytes, createClient, createService, defineContract, event, instant, int64, mutation, query } from '../../src/core.ts';
import type { Adapter } from '../../src/core/transport.ts';

const Point = z.object({ x: z.number(), y: z.number() }).meta({ id: 'Point' });
const Node = z
  .object({
    label: z.string(),
    get children() {
      return z.array(Node);
    },
  })
  .meta({ id: 'Node' });
const Shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), radius: z.number() }).meta({ id: 'Circle' }),
  z.object({ kind: z.literal('line'), ends: z.array(Point) }).meta({ id: 'Line' }),
]);
const thing = {
  id: z.int32(),
  big: int64(),
  text: z.string(),
  at: instant(),
  data: bytes(),
  color: z.enum(['red', 'green']),
  maybe: z.string().nullish(),
  list: z.array(z.array(z.number())),
  counts: z.record(z.string(), z.int32()),
  shape: Shape,
  any: z.json(),
};
const Thing = z.object(thing).meta({ id: 'Thing' });
const Said = z.object({ room: z.string(), n: z.int32(), text: z.string() }).meta({ id: 'Said' });

export const fuzzContract = defineContract({
  name: 'fuzz',
  version: '1.0.0',
  operations: {
    echo: mutation({ input: z.object(thing), output: Thing }),
    grow: mutation({ input: z.object({ tree: Node }), output: Node }),
    find: query({
      input: z.object({ id: z.int32(), word: z.string(), tags: z.array(z.string()).optional(), limit: z.int32().default(3) }),
      output: z.object({ id: z.int32(), word: z.string(), tags: z.array(z.string()).optional(), limit: z.int32() }).meta({ id: 'Found' }),
      http: 'GET /find/{id}/{word}',
    }),
    nothing: mutation({}),
    count: query({ input: z.object({ to: z.int32().max(5) }), item: z.object({ n: z.int32() }), http: 'GET /count/{to}' }),
    say: mutation({ input: z.object({ room: z.string(), n: z.int32(), text: z.string() }), output: Said }),
  },
  events: { said: event({ channel: 'rooms/{room}', payload: Said, writtenBy: 'say' }) },
});

export const THING = {
  id: 7,
  big: 9_007_199_254_740_993n,
  text: 'Ü \u{1f600} & <b>',
  at: new Date('2024-01-15T09:30:00Z'),
  data: new Uint8Array([1, 2, 255]),
  color: 'red',
  maybe: null,
  list: [[1, 2.5], []],
  counts: { a: 1, 'b c': -2 },
  shape: { kind: 'line', ends: [{ x: 0, y: -1 }] },
  any: { deep: [{ a: 'x' }, null, true] },
} as const;
export const TREE = { label: 'a', children: [{ label: 'b', children: [] }] };

/** The service, and what it and the servers around it reported. */
export function fuzzService() {
  const reported: unknown[] = [];
  const onError = (error: unknown) => void reported.push(error);
  const service = createService(
    fuzzContract,
    {
      echo: (input) => input,
      grow: ({ tree }) => tree,
      find: (input) => input,
      nothing: () => {},
      count: async function* ({ to }) {
        for (let n = 1; n <= to; n++) yield await Promise.resolve({ n });
      },
      say: (input) => input,
    },
    { onError },
  );
  return { service, reported, onError };
}

/** One valid call of each operation. */
export async function callEach(transport: Adapter<'call'>): Promise<void> {
  const client = createClient({ contract: fuzzContract, transport });
  await client.echo({
    ...THING,
    list: THING.list.map((each) => [...each]),
    shape: { kind: 'line', ends: [{ x: 0, y: -1 }] },
    any: { deep: [{ a: 'x' }, null, true] },
  });
  await client.echo({ ...THING, list: [], maybe: 'm', any: 'text', shape: { kind: 'circle', radius: 1e300 } }, { idempotencyKey: 'key' });
  await client.grow({ tree: TREE });
  await client.find({ id: 1, word: 'a/b', tags: ['x', 'y z'] });
  await client.nothing();
  await client.say({ room: 'r', n: 1, text: 't' });
}
