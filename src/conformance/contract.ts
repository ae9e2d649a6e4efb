import * as z from 'zod/mini';
import { defineContract, event, mutation, query } from '../core/define.ts';
import { file } from '../schema/codec/file.ts';
import { FileFacts } from './file-facts.ts';
import { bytes, instant, int64 } from '../schema/codec/scalars.ts';
import { ERROR_CODES } from '../core/errors.ts';

/** A named type that others use. */
const Point = z.object({ x: z.number(), y: z.number() }).check(z.meta({ id: 'Point', description: 'A named type that others use.' }));

const Circle = z.object({ kind: z.literal('circle'), center: Point, radius: z.number() }).check(z.meta({ id: 'Circle' }));
const Polygon = z.object({ kind: z.literal('polygon'), points: z.array(Point) }).check(z.meta({ id: 'Polygon' }));

/** A type that contains itself: how deep it goes is up to the value. */
export const Tree = z.object({
  label: z.string(),
  get children() {
    return z.array(Tree);
  },
});
// Not by `check`, which copies the schema before the getter can see it.
z.globalRegistry.add(Tree, { id: 'Tree' });

/** One field of every kind that can be described to every protocol. */
const kinds = {
  text: z.string(),
  email: z.email(),
  uuid: z.uuid(),
  url: z.url(),
  instant: z.iso.datetime(),
  day: z.iso.date(),
  int32: z.int32(),
  safeInt: z.int(),
  ratio: z.number(),
  flag: z.boolean(),
  color: z.enum(['red', 'green', 'blue']),
  constant: z.literal('fixed'),
  nullable: z.nullable(z.string()),
  optional: z.optional(z.string()),
  nullish: z.optional(z.nullable(z.int32())),
  withDefault: z._default(z.string(), 'by default'),
  words: z.array(z.string()),
  matrix: z.array(z.array(z.number())),
  optionalList: z.optional(z.array(z.string())),
  nullableList: z.nullable(z.array(z.int32())),
  points: z.array(Point),
  counts: z.record(z.string(), z.int32()),
  places: z.record(z.string(), Point),
  point: Point,
  optionalPoint: z.optional(Point),
  shape: z.discriminatedUnion('kind', [Circle, Polygon]),
  shapes: z.array(z.discriminatedUnion('kind', [Circle, Polygon])),
  deep: z.object({ inner: z.object({ core: z.object({ value: z.string(), list: z.array(z.string()) }) }) }),
};

export const Kinds = z.object(kinds).check(z.meta({ id: 'Kinds', description: 'One field of every kind.' }));

const found = {
  id: z.int32(),
  word: z.string().check(z.minLength(1)),
  text: z.optional(z.string()),
  count: z.optional(z.int()),
  ratio: z.optional(z.number()),
  flag: z.optional(z.boolean()),
  color: z.optional(z.enum(['red', 'green', 'blue'])),
  words: z.optional(z.array(z.string())),
  numbers: z.optional(z.array(z.int32())),
};

export const Note = z
  .object({
    text: z.string(),
    number: z.int(),
    ratio: z.number(),
    tags: z.array(z.string()),
    point: z.optional(Point),
    nothing: z.nullable(z.string()),
  })
  .check(z.meta({ id: 'Note' }));
export const Message = z.object({ room: z.string(), seat: z.int32(), text: z.string() }).check(z.meta({ id: 'Message' }));
const Item = z.object({ id: z.int32(), label: z.string() }).check(z.meta({ id: 'Item' }));

/** The objects that relations lead from: to a list, and to one. */
const Shelf = z
  .object({ id: z.int32(), label: z.string(), size: z.int32(), ownerId: z.optional(z.int32()) })
  .check(z.meta({ id: 'Shelf' }));
const Owner = z
  .object({ id: z.int32(), name: z.string(), address: z.object({ street: z.string(), zip: z.string() }) })
  .check(z.meta({ id: 'Owner' }));

const backwards = (text: string) => [...text].reverse().join('');

/** An author's own codec between texts: decoded twice, it would be as it was. */
const secret = z.codec(z.string(), z.string(), { decode: backwards, encode: backwards });

const When = z.object({ kind: z.literal('when'), at: instant() }).check(z.meta({ id: 'When' }));
const What = z.object({ kind: z.literal('what'), data: bytes() }).check(z.meta({ id: 'What' }));

/** Codecs at every place in which a schema may stand. */
export const Converted = z
  .object({
    id: int64(),
    at: instant(),
    data: bytes(),
    secret,
    days: z.array(instant()),
    counts: z.record(z.string(), int64()),
    inner: z.object({ list: z.array(z.object({ at: instant(), data: bytes() })) }),
    choice: z.discriminatedUnion('kind', [When, What]),
    joined: z.intersection(z.object({ at: instant() }), z.object({ count: int64() })),
    nullable: z.nullable(int64()),
    maybe: z.optional(bytes()),
    since: z._default(instant(), new Date('2000-01-01T00:00:00Z')),
  })
  .check(z.meta({ id: 'Converted' }));

const foundConverted = {
  id: int64(),
  secret,
  at: z.optional(instant()),
  data: z.optional(bytes()),
  ids: z.optional(z.array(int64())),
};

/** The part of it that is published. */
const ConvertedEvent = z.object({ id: int64(), at: instant(), data: bytes(), secret }).check(z.meta({ id: 'Conversion' }));

/** Null if it is one of several, and if it is all. */
const Nulls = z.object({
  nothing: z.null(),
  literal: z.literal(null),
  either: z.union([z.string(), z.null()]),
  list: z.array(z.null()),
  mixed: z.array(z.nullable(z.string())),
  values: z.record(z.string(), z.null()),
  inner: z.nullable(z.object({ a: z.null() })),
  maybe: z.optional(z.null()),
});

/** The contract of the conformance suite: every kind of schema, and operations that behave in every way that matters. */
export const conformanceContract = defineContract({
  name: 'conformance',
  version: '1.0.0',
  description: 'The contract that the conformance suite calls.',
  operations: {
    echo: mutation({ summary: 'Gives back its input', input: z.object(kinds), output: Kinds }),
    grow: mutation({ summary: 'Gives back a tree', input: z.object({ tree: Tree }), output: Tree }),
    find: query({
      summary: 'Gives back its input, which a path and a query string carry over HTTP',
      input: z.object({ ...found, mode: z._default(z.string(), 'fast') }),
      output: z.object({ ...found, mode: z.string() }).check(z.meta({ id: 'Found' })),
      http: 'GET /find/{id}/{word}',
    }),
    patch: mutation({
      summary: 'Tells which of its inputs came, and as what',
      input: z.object({ id: z.int32(), name: z.optional(z.nullable(z.string())), level: z._default(z.int32(), 7) }),
      output: z.object({ members: z.array(z.string()), name: z.optional(z.nullable(z.string())), level: z.int32() }),
      idempotent: true,
      http: 'PATCH /patch/{id}',
    }),
    convert: mutation({ summary: 'Gives back its input, which has codecs', input: Converted, output: Converted }),
    findConverted: query({
      summary: 'Gives back its input, whose codecs a path and a query string carry over HTTP',
      input: z.object(foundConverted),
      output: z.object(foundConverted),
      http: 'GET /converted/{id}',
    }),
    stamp: mutation({
      summary: 'Gives back an instant',
      input: z.object({ at: z.iso.datetime() }),
      output: z.object({ at: z.iso.datetime() }),
    }),
    nulls: mutation({ summary: 'Gives back nulls', input: Nulls, output: Nulls }),
    nothing: mutation({ summary: 'Neither takes nor gives' }),
    noInput: query({ summary: 'Only gives', output: z.object({ done: z.boolean() }), http: 'GET /no-input' }),
    noOutput: mutation({ summary: 'Only takes', input: z.object({ text: z.string() }) }),
    allOptional: query({
      summary: 'Takes what need not be given',
      input: z.object({ text: z.optional(z.string()) }),
      output: z.object({ given: z.boolean() }),
      http: 'GET /all-optional',
    }),
    words: query({
      summary: 'A list of text',
      input: z.object({ count: z.int32() }),
      output: z.array(z.string()),
      http: 'GET /words/{count}',
    }),
    matrix: query({
      summary: 'A list of lists',
      input: z.object({ count: z.int32() }),
      output: z.array(z.array(z.int32())),
      http: 'GET /matrix/{count}',
    }),
    items: query({
      summary: 'A paged list',
      input: z.object({
        total: z.int32(),
        limit: z._default(z.int32().check(z.minimum(1), z.maximum(100)), 3),
        after: z.optional(z.int32()),
      }),
      output: z.array(Item),
      http: 'GET /totals/{total}/items',
      pagedBy: 'id',
    }),
    getShelf: query({ summary: 'Gives a shelf', input: z.object({ id: z.int32() }), output: Shelf, http: 'GET /shelves/{id}' }),
    shelves: query({
      summary: 'Gives shelves',
      input: z.object({ count: z.int32() }),
      output: z.array(Shelf),
      http: 'GET /shelf-counts/{count}',
    }),
    getOwner: query({ summary: 'Gives an owner', input: z.object({ id: z.int32() }), output: Owner, http: 'GET /owners/{id}' }),
    fail: mutation({
      summary: 'Fails as it is told',
      input: z.object({
        code: z.enum(ERROR_CODES),
        message: z.string(),
        detailsJson: z.optional(z.string()),
        retryAfterMs: z.optional(z.int32()),
      }),
      errors: ERROR_CODES,
    }),
    order: mutation({
      summary: 'Fails with an error that it declares, or with one that it does not',
      input: z.object({ how: z.enum(['fine', 'outOfStock', 'soldOut', 'unknown', 'undeclared', 'otherCode', 'breach']), left: z.int32() }),
      output: z.object({ left: z.int32() }),
      errors: {
        NOT_FOUND: true,
        OUT_OF_STOCK: {
          code: 'FAILED_PRECONDITION',
          details: z.object({ left: z.int32(), places: z.array(Point), note: z.optional(z.string()) }),
          description: 'Fewer are left than were ordered.',
        },
        SOLD_OUT: { code: 'FAILED_PRECONDITION' },
      },
    }),
    counted: query({
      summary: 'Gives numbers one after the other, and fails as it is told',
      input: z.object({ count: z.int32(), how: z._default(z.enum(['fine', 'outOfStock', 'crash', 'breach']), 'fine') }),
      item: z.object({ number: z.int32(), text: z.string(), places: z.array(Point) }),
      errors: { OUT_OF_STOCK: { code: 'FAILED_PRECONDITION', details: z.object({ left: z.int32() }) } },
      http: 'GET /counted/{count}',
    }),
    flow: mutation({
      summary: 'Gives text until its caller has enough, or refuses to begin',
      input: z.object({
        id: z.string(),
        refuse: z.optional(z.boolean()),
        size: z._default(z.int32(), 10),
        pauseAfter: z.optional(z.int32()),
      }),
      item: z.string(),
      errors: ['NOT_FOUND'],
    }),
    wait: mutation({
      summary: 'Waits to be released, or for its signal',
      input: z.object({ id: z.string() }),
      output: z.object({ id: z.string() }),
    }),
    count: mutation({
      summary: 'Counts how often it ran, and fails as it is told',
      input: z.object({ id: z.string(), note: z.optional(z.string()), code: z.optional(z.enum(ERROR_CODES)) }),
      output: z.object({ runs: z.int32() }),
    }),
    headers: query({
      summary: 'Tells what it knows of its call',
      output: z.object({ headers: z.record(z.string(), z.string()), requestId: z.string() }),
      http: 'GET /headers',
    }),
    putFile: mutation({
      summary: 'Tells of a file, which is the whole body over HTTP',
      input: z.object({ id: z.int32(), content: file() }),
      output: FileFacts,
      http: { route: 'PUT /files/{id}', body: 'content' },
    }),
    sendFiles: mutation({
      summary: 'Tells of files, which are parts of a form over HTTP',
      input: z.object({
        title: z.string(),
        count: z.optional(z.int32()),
        tags: z.array(z.string()),
        main: z.optional(file()),
        others: z.array(file()),
      }),
      output: z.object({ title: z.string(), count: z.optional(z.int32()), tags: z.array(z.string()), files: z.array(FileFacts) }),
      http: 'POST /files',
    }),
    sendSmallImage: mutation({
      summary: 'Takes one kind of files only',
      input: z.object({ image: file({ types: ['image/*'], maxBytes: 1000 }) }),
      output: z.object({ size: z.int32() }),
    }),
    getFile: query({
      summary: 'Gives a file',
      input: z.object({
        size: z.int32(),
        how: z.enum(['bytes', 'blob', 'stream', 'broken']),
        name: z.optional(z.string()),
        type: z.optional(z.string()),
      }),
      output: file(),
      http: 'GET /files/{size}',
    }),
    getAlbum: query({
      summary: 'Gives files within an object',
      input: z.object({ pages: z.int32() }),
      output: z.object({ title: z.string(), cover: file(), pages: z.array(z.object({ image: file() })) }).check(z.meta({ id: 'Album' })),
      http: 'GET /albums/{pages}',
    }),
    rawBytes: query({
      summary: 'Gives bytes',
      input: z.object({ size: z.int32() }),
      output: bytes(),
      http: 'GET /raw-bytes/{size}',
    }),
    broken: query({ summary: 'Gives what the contract does not allow', output: z.object({ number: z.int32() }), http: 'GET /broken' }),
    crash: mutation({ summary: 'Throws an exception that is not an ApiError', input: z.object({ secret: z.string() }), output: Item }),
    post: mutation({
      summary: 'Writes an event',
      input: z.object({ room: z.string(), seat: z.int32(), text: z.string() }),
      output: Message,
    }),
  },
  events: {
    note: event({ channel: 'notes', payload: Note, summary: 'An event of many kinds of fields' }),
    message: event({
      channel: 'rooms/{room}/seats/{seat}',
      type: 'room.message',
      payload: Message,
      summary: 'An event with channel parameters',
    }),
    converted: event({ channel: 'conversions/{id}', payload: ConvertedEvent, summary: 'An event with codecs' }),
    posted: event({ channel: 'posted', payload: Message, writtenBy: 'post', summary: 'An event that an operation writes' }),
  },
  relations: {
    Shelf: { items: { operation: 'items', input: { total: 'size' } }, owner: { operation: 'getOwner', input: { id: 'ownerId' } } },
  },
});

/** The type of the conformance contract. */
export type ConformanceContract = typeof conformanceContract;
