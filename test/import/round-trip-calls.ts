/** Calls and events of the Blog and of the conformance contract, in JSON, and how they are in a description that has another form for them. */

type Format = 'openapi' | 'graphql' | 'proto' | 'wsdl';

export interface Call {
  readonly operation: string;
  readonly input?: unknown;
  /** What differs in a format. An output that is not said is what the original gives. */
  readonly as?: Partial<Record<Format, { readonly input?: unknown; readonly output?: unknown }>>;
}

export type Events = Readonly<Record<string, { readonly data: object; readonly as?: Partial<Record<Format, object>> }>>;

const user = { id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt: '2024-01-15T09:30:00Z' };
const post = { id: 1, authorId: 123, title: 'RESTful APIs 101', content: 'changed', createdAt: '2024-01-16T10:00:00Z' };
const postInProto = { ...post, authorId: '123' };

export const blogCalls: readonly Call[] = [
  {
    operation: 'getUser',
    input: { id: 123 },
    as: { proto: { input: { id: '123' }, output: { id: '123', name: 'john_doe', email: user.email, createdAt: user.createdAt } } },
  },
  { operation: 'getUser', input: { id: 4711 }, as: { proto: { input: { id: '4711' } } } },
  {
    operation: 'createUser',
    input: { username: 'john_doe', email: 'j@example.com' },
    as: { proto: { input: { name: 'john_doe', email: 'j@example.com' } } },
  },
  { operation: 'updatePost', input: { id: 1, content: 'changed' }, as: { proto: { output: postInProto } } },
  { operation: 'getPost', input: { id: 1 }, as: { proto: { output: postInProto } } },
  {
    operation: 'getUserPosts',
    input: { userId: 123, limit: 1 },
    as: { proto: { input: { userId: '123', limit: 1 }, output: { posts: [postInProto] } } },
  },
  {
    operation: 'createPost',
    input: { authorId: 4711, title: 't', content: 'c' },
    as: { proto: { input: { authorId: '4711', title: 't', content: 'c' } } },
  },
  { operation: 'deletePost', input: { id: 4711 } },
  { operation: 'sendMessage', input: { sender: 'a', message: 'b <&>' } },
  { operation: 'getWeather', input: { location: 'London' } },
  { operation: 'reportTemperature', input: { sensorId: 's', celsius: -400 } },
];

export const blogEvents: Events = {
  message: { data: { sender: 'a', message: 'b' } },
  articlePublished: { data: { title: 't', author: 'a', content: 'c' } },
  temperature: { data: { sensorId: 's', celsius: 1.5, measuredAt: '2024-01-15T09:30:00Z' } },
};

const point = { x: 1, y: 2.5 };
const circle = { kind: 'circle', center: point, radius: 2 };
const polygon = { kind: 'polygon', points: [point] };
const kinds = {
  text: 'a "text" <&>', email: 'a@example.com', uuid: '00000000-0000-4000-8000-000000000000', url: 'https://example.com/', instant: '2024-01-15T09:30:00Z',
  day: '2024-01-15', int32: -7, safeInt: 2 ** 40, ratio: 0.5, flag: false, color: 'green', constant: 'fixed', nullable: null, words: ['a', ''],
  matrix: [[1, 2], [3]], nullableList: [1, 2], points: [point], counts: { a: 1 }, places: { here: point }, point, shape: circle, shapes: [polygon],
  deep: { inner: { core: { value: 'v', list: ['l'] } } },
}; // prettier-ignore
const { nullable: _, ...withoutNull } = kinds;
const kindsInProto = {
  ...withoutNull, safeInt: String(kinds.safeInt), nullableNull: 'NULL_VALUE', matrix: [{ items: [1, 2] }, { items: [3] }], nullableList: { items: [1, 2] },
  shape: { circle }, shapes: [{ polygon }],
}; // prettier-ignore
const kindsInWsdl = {
  ...kinds,
  safeInt: String(kinds.safeInt),
  counts: [{ key: 'a', value: 1 }],
  places: [{ key: 'here', value: point }],
  shape: { circle },
  shapes: [{ polygon }],
};

const at = '2024-01-15T09:30:00Z';
const what = { kind: 'what', data: 'AAEC' };
const converted = {
  id: '9007199254740993', at, data: 'AAEC', secret: 'terces', days: [at], counts: { a: '1' }, inner: { list: [{ at, data: 'AA==' }] }, choice: what,
  joined: { at, count: '5' },
  nullable: null, since: '2001-01-01T00:00:00Z',
}; // prettier-ignore
const { nullable: __, ...convertedWithoutNull } = converted;
const convertedInProto = { ...convertedWithoutNull, nullableNull: 'NULL_VALUE', choice: { what } };

const nulls = { nothing: null, literal: null, either: null, list: [null], mixed: ['a', null], values: { a: null }, inner: null };
const NULL = 'NULL_VALUE';
const nullsInProto = {
  nothing: NULL,
  literal: NULL,
  eitherNull: NULL,
  list: [NULL],
  mixed: [{ value: 'a' }, { valueNull: NULL }],
  values: { a: NULL },
  innerNull: NULL,
};
const found = { id: 7, word: 'ä/ö', count: 3, flag: false, color: 'red', words: ['x', 'y'], numbers: [0] };
const file = { content: 'AAEC', name: 'x.bin', type: 'a/b' };
const shelf = { id: 1, label: 'shelf 1', size: 1, ownerId: 2 };
const owner = (id: number) => ({ id, name: `owner ${id}`, address: { street: `street ${id}`, zip: '12345' } });
const numbers = [1, 2].map((number) => ({ number, text: `ünï 😀 ${number}`, places: [{ x: number, y: 0.5 }] }));

export const kindsCalls: readonly Call[] = [
  { operation: 'echo', input: kinds, as: {
    graphql: { output: { ...kinds, optional: null, nullish: null, withDefault: 'by default', optionalList: null, optionalPoint: null, shape: { __typename: 'Circle', ...circle }, shapes: [{ __typename: 'Polygon', ...polygon }] } },
    proto: { input: { ...kindsInProto, color: 'ECHO_INPUT_COLOR_GREEN' }, output: { ...kindsInProto, color: 'KINDS_COLOR_GREEN', withDefault: 'by default' } },
    wsdl: { input: kindsInWsdl, output: { ...kindsInWsdl, withDefault: 'by default' } },
  } },
  { operation: 'grow', input: { tree: { label: 'a', children: [{ label: 'b', children: [] }] } } },
  { operation: 'find', input: found, as: {
    graphql: { output: { ...found, mode: 'fast', text: null, ratio: null } },
    proto: { input: { ...found, count: '3', color: 'FIND_INPUT_COLOR_RED', words: { items: ['x', 'y'] }, numbers: { items: [0] } }, output: { ...found, count: '3', color: 'FOUND_COLOR_RED', words: { items: ['x', 'y'] }, numbers: { items: [0] }, mode: 'fast' } },
    wsdl: { output: { ...found, count: '3', mode: 'fast' }, input: { ...found, count: '3' } },
  } },
  { operation: 'patch', input: { id: 1, name: null }, as: { proto: { input: { id: 1, nameNull: 'NULL_VALUE' }, output: { members: ['id', 'level', 'name'], nameNull: 'NULL_VALUE', level: 7 } } } },
  { operation: 'patch', input: { id: 1, level: 3 }, as: { graphql: { output: { members: ['id', 'level'], name: null, level: 3 } } } },
  { operation: 'convert', input: converted, as: {
    graphql: { output: { ...converted, maybe: null, choice: { __typename: 'What', ...what } } },
    proto: { input: convertedInProto, output: convertedInProto },
    wsdl: { input: { ...converted, counts: [{ key: 'a', value: '1' }], inner: converted.inner.list, choice: { what } }, output: { ...converted, counts: [{ key: 'a', value: '1' }], inner: converted.inner.list, choice: { what } } },
  } },
  { operation: 'findConverted', input: { id: '12', secret: 's', data: 'AAEC', ids: ['1'] }, as: {
    graphql: { output: { id: '12', secret: 's', at: null, data: 'AAEC', ids: ['1'] } },
    proto: { input: { id: '12', secret: 's', data: 'AAEC', ids: { items: ['1'] } }, output: { id: '12', secret: 's', data: 'AAEC', ids: { items: ['1'] } } },
  } },
  { operation: 'stamp', input: { at } },
  { operation: 'nulls', input: nulls, as: {
    proto: { input: nullsInProto, output: nullsInProto },
    graphql: { output: { ...nulls, maybe: null } },
    wsdl: { input: { ...nulls, values: [{ key: 'a', value: null }] }, output: { ...nulls, values: [{ key: 'a', value: null }] } },
  } },
  { operation: 'nothing', as: { graphql: { output: true } } },
  { operation: 'noInput' },
  { operation: 'noOutput', input: { text: 'x' }, as: { graphql: { output: true } } },
  { operation: 'allOptional', input: {} },
  { operation: 'words', input: { count: 2 }, as: { proto: { output: { strings: ['word 0', 'word 1'] } } } },
  { operation: 'matrix', input: { count: 2 }, as: { proto: { output: { items: [{ items: [] }, { items: [0] }] } } } },
  { operation: 'items', input: { total: 5, limit: 1 }, as: { proto: { output: { items: [{ id: 1, label: 'item 1' }] } } } },
  { operation: 'getShelf', input: { id: 1 }, as: { graphql: { output: { ...shelf, owner: owner(2) } } } },
  { operation: 'shelves', input: { count: 1 }, as: { graphql: { output: [{ ...shelf, owner: owner(2) }] }, proto: { output: { shelfs: [shelf] } } } },
  { operation: 'getOwner', input: { id: 1 } },
  { operation: 'order', input: { how: 'fine', left: 2 }, as: { proto: { input: { how: 'ORDER_INPUT_HOW_FINE', left: 2 } } } },
  { operation: 'order', input: { how: 'outOfStock', left: 2 }, as: { proto: { input: { how: 'ORDER_INPUT_HOW_OUT_OF_STOCK', left: 2 } } } },
  { operation: 'counted', input: { count: 2 }, as: { proto: { output: numbers } } },
  { operation: 'rawBytes', input: { size: 3 }, as: {
    openapi: { output: { content: 'AAcO', name: undefined, type: 'application/octet-stream' } },
    proto: { output: { value: 'AAcO' } },
  } },
  { operation: 'putFile', input: { id: 3, content: file }, as: { openapi: { input: { id: 3, body: file } } } },
  { operation: 'getFile', input: { size: 4, how: 'bytes', name: 'a.txt', type: 'text/plain' }, as: {
    openapi: { input: { id: 4, how: 'bytes', name: 'a.txt', type: 'text/plain' } },
    proto: { input: { size: 4, how: 'GET_FILE_INPUT_HOW_BYTES', name: 'a.txt', type: 'text/plain' } },
  } },
  { operation: 'sendFiles', input: { title: 't', tags: ['a'], others: [file] }, as: { graphql: { output: { title: 't', count: null, tags: ['a'], files: [{ name: 'x.bin', type: 'a/b', size: 3, sum: 33 }] } } } },
  { operation: 'post', input: { room: 'a', seat: 0, text: 'hi' } },
]; // prettier-ignore

const note = { text: 'a', number: 1, ratio: 1.5, tags: ['x'], nothing: null };

export const kindsEvents: Events = {
  note: {
    data: note,
    as: { graphql: { ...note, point: null }, proto: { text: 'a', number: '1', ratio: 1.5, tags: ['x'], nothingNull: 'NULL_VALUE' } },
  },
  message: { data: { room: 'a', seat: 0, text: 'x' } },
  converted: { data: { id: '5', at, data: 'AAEC', secret: 's' } },
  posted: { data: { room: 'r', seat: 1, text: 't' } },
};
