import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Engine, type Caller } from '../../src/graphql/engine/engine.ts';
import { graphql } from '../../src/graphql/client.ts';
import { readHandlerOptions } from '../../src/graphql/options.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient, createService, defineContract, mutation, query, type Selection, type Transport } from '../../src/index.ts';

const Place = z.object({ city: z.string(), zip: z.string() }).meta({ id: 'Place' });
const Author = z.object({ id: z.int32(), name: z.string(), home: Place }).meta({ id: 'Author' });
const Print = z.object({ kind: z.literal('print'), authorId: z.int32(), pages: z.int32() }).meta({ id: 'Print' });
const Audio = z.object({ kind: z.literal('audio'), seconds: z.int32() }).meta({ id: 'Audio' });
const Edition = z.discriminatedUnion('kind', [Print, Audio]).meta({ id: 'Edition' });
const Book = z
  .object({ id: z.int32(), title: z.string(), authorId: z.int32(), place: Place.optional(), editions: z.array(Edition) })
  .meta({ id: 'Book' });

const author = { operation: 'getAuthor', input: { id: 'authorId' } } as const;
const contract = defineContract({
  name: 'books',
  operations: {
    getBook: query({ input: z.object({ id: z.int32() }), output: Book }),
    getBooks: query({ output: z.array(Book) }),
    getAuthor: query({ input: z.object({ id: z.int32() }), output: Author }),
    getEdition: query({ output: Edition }),
    renameBook: mutation({ input: z.object({ id: z.int32(), title: z.string() }), output: Book }),
  },
  relations: { Book: { author }, Print: { author } },
});

const print = { kind: 'print' as const, authorId: 2, pages: 100 };
const book = { id: 1, title: 'On Growth', authorId: 2, place: { city: 'Oslo', zip: '0150' }, editions: [print] };
const outputs: Readonly<Record<string, unknown>> = {
  getBook: book,
  getBooks: [book],
  getAuthor: { id: 2, name: 'Ada', home: { city: 'Oslo', zip: '0150' } },
  getEdition: print,
  renameBook: book,
};

type Asked = readonly [operation: string, select: Selection | undefined];

/** Runs a document so often that it is compiled, and gives what the transport was asked at each time. */
async function asked(text: string, variables: Record<string, unknown> = {}): Promise<Asked[]> {
  let calls: Asked[] = [];
  const transport: Transport = {
    contract,
    name: 'raw',
    call: ({ operation, select }) => {
      calls.push([operation.name, select]);
      return Promise.resolve(outputs[operation.name]);
    },
    subscribe: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const engine = new Engine(transport, { ...readHandlerOptions(), introspection: true }, () => {});
  const caller: Caller = { headers: {}, deadline: undefined, peer: { protocol: 'graphql' }, onLeave: () => {} };
  const request = { query: text, variables };
  const run = async () => {
    calls = [];
    const response = await engine.execute(engine.prepare(request), request, caller);
    expect(response.errors).toBeUndefined();
    return calls;
  };
  const first = await run();
  for (let again = 0; again < 4; again++) expect(await run()).toEqual(first);
  return first;
}

describe('what a gateway asks of the API behind it', () => {
  const title = { title: true } as const;
  const cases: Record<string, readonly [text: string, wanted: readonly Asked[], variables?: Record<string, unknown>]> = {
    'own fields': ['{ book(id: 1) { title } }', [['getBook', title]]],
    'of a mutation': ['mutation { renameBook(input: { id: 1, title: "x" }) { title } }', [['renameBook', title]]],
    'of a list': ['{ books { title __typename } }', [['getBooks', title]]],
    'fields of objects': ['{ book(id: 1) { place { city } } }', [['getBook', { place: { city: true } }]]],
    'an object of which all is wanted': ['{ book(id: 1) { place { zip city } } }', [['getBook', { place: true }]]],
    'what relations start from': [
      '{ book(id: 1) { title author { name } } }',
      [
        ['getBook', { title: true, authorId: true }],
        ['getAuthor', { name: true }],
      ],
    ],
    'all that aliases and fragments want together': [
      '{ book(id: 1) { a: place { city } ...f } book(id: 1) { title } } fragment f on Book { b: place { zip } ... { id } }',
      [['getBook', { place: { city: true, zip: true }, id: true, title: true }]],
    ],
    'each call its own': [
      '{ a: book(id: 1) { title } b: book(id: 1) { id } }',
      [
        ['getBook', title],
        ['getBook', { id: true }],
      ],
    ],
    'enough for every place of a fragment': [
      '{ a: book(id: 1) { ...f author { home { city } } } b: book(id: 1) { ...f } } fragment f on Book { author { name } }',
      [
        ['getBook', { authorId: true }],
        ['getBook', { authorId: true }],
        ['getAuthor', { name: true, home: { city: true } }],
      ],
    ],
    'unions whole, their relations by selection': [
      '{ book(id: 1) { editions { ... on Print { pages author { name } } ... on Audio { seconds } } } }',
      [
        ['getBook', { editions: true }],
        ['getAuthor', { name: true }],
      ],
    ],
    'as if all conditions were met': [
      'query ($no: Boolean!) { book(id: 1) { title id @include(if: $no) author @include(if: $no) { name } } }',
      [['getBook', { title: true, id: true, authorId: true }]],
      { no: false },
    ],
    'no selection of a union': ['{ edition { ... on Print { pages } } }', [['getEdition', undefined]]],
    'no selection where all is wanted': [
      '{ book(id: 1) { id title authorId place { city zip } editions { __typename } } }',
      [['getBook', undefined]],
    ],
    'no selection where nothing is': ['{ book(id: 1) { __typename } }', [['getBook', undefined]]],
  };
  it.each(Object.entries(cases))('%s', async (_, [text, wanted, variables]) => {
    expect(await asked(text, variables)).toEqual(wanted);
  });

  it('goes on to another GraphQL API as a document of just these fields', async () => {
    const inner = await listen(graphqlHandler(createService(contract, { getBook: () => book, getBooks: () => [book], getAuthor: () => ({ id: 2, name: 'Ada', home: book.place }), getEdition: () => print, renameBook: () => book }))); // prettier-ignore
    const sent: string[] = [];
    const onWire = ({ direction, body = '' }: { direction: string; body?: string | undefined }) =>
      direction === 'out' && sent.push((JSON.parse(body) as { query: string }).query);
    const middle = graphql({ url: inner.url, onWire })(contract);
    const outer = await listen(graphqlHandler(middle));
    const client = createClient({ contract, transport: graphql({ url: outer.url }) });
    expect(await client.getBook({ id: 1 }, { select: { title: true, author: { name: true } } })).toEqual({ title: 'On Growth', author: { name: 'Ada' } }); // prettier-ignore
    expect(sent).toEqual([
      'query getBook($id: Int!) { book(id: $id) { title authorId } }',
      'query getAuthor($id: Int!) { author(id: $id) { name } }',
    ]);
    await client.close();
    await outer.close();
    await middle.close();
    await inner.close();
  });
});
