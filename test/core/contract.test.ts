import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  bytes,
  createClient,
  createService,
  defineContract,
  event,
  instant,
  int64,
  mutation,
  query,
  type Schema,
} from '../../src/index.ts';

const id = z.object({ id: z.int32() });
const text = z.object({ text: z.string() });
const User = z.object({ id: z.int32(), name: z.string() }).meta({ id: 'User' });
const getUser = query({ input: id, output: User, http: 'GET /users/{id}' });
const getPosts = query({ input: z.object({ userId: z.int32() }), output: z.array(text), http: 'GET /users/{userId}/posts' });
const paging = { limit: z.int32().default(20), after: z.int32().optional() };

describe('a contract', () => {
  it('names its members, gives defaults and lists its services', () => {
    const contract = defineContract({
      name: 'shop',
      operations: { getUser, reset: mutation({ service: 'Admin' }) },
      events: { said: event({ channel: 'rooms/{room}/said', payload: z.object({ room: z.string() }) }) },
    });
    expect(contract.version).toBe('1.0.0');
    expect(contract.services).toEqual(['Shop', 'Admin']);
    expect(contract.operations.getUser).toMatchObject({ name: 'getUser', kind: 'query', service: 'Shop', idempotent: true });
    expect(contract.operations.reset).toMatchObject({ idempotent: false, http: [{ method: 'POST', path: '/reset' }] });
    expect(contract.events.said).toMatchObject({ name: 'said', params: ['room'], type: 'rooms.said' });
  });

  it('may share a definition between two contracts', () => {
    const [first, second] = ['one', 'two'].map((name) => defineContract({ name, operations: { getUser } }));
    expect([first?.operations.getUser?.service, second?.operations.getUser?.service]).toEqual(['One', 'Two']);
  });
});

/** Each mistake, and what its message must name. */
const mistakes: readonly (readonly [what: string, make: () => unknown, names: RegExp])[] = [
  ['an upper-case name', () => defineContract({ name: 'Shop' }), /'Shop'.*lower-case/],
  ['a version that is none', () => defineContract({ name: 'shop', version: '1' }), /version '1'.*1\.0\.0/],
  ['an operation name with a dash', () => defineContract({ name: 'shop', operations: { 'get-user': getUser } }), /'get-user'.*camelCase/],
  ...['close', 'then', 'subscribe', 'constructor', 'ping', 'toString', 'hasOwnProperty'].map(
    (name) =>
      [
        `the reserved name ${name}`,
        () => defineContract({ name: 'shop', operations: { [name]: mutation({}) } }),
        new RegExp(`'${name}'.*reserved`),
      ] as const,
  ),
  [
    'a reserved event name',
    () => defineContract({ name: 'shop', events: { end: event({ channel: 'x', payload: text }) } }),
    /event 'end'.*reserved/,
  ],
  [
    'two operations on one path',
    () => defineContract({ name: 'shop', operations: { getUser, readUser: getUser } }),
    /getUser and readUser.*GET \/users\/\{\}/,
  ],
  [
    'two operations on one path with different parameters',
    () =>
      defineContract({
        name: 'shop',
        operations: { getUser, find: query({ input: z.object({ name: z.string() }), http: 'GET /users/{name}' }) },
      }),
    /getUser and find/,
  ],
  [
    'an event on the path of a query',
    () => defineContract({ name: 'shop', operations: { getUser }, events: { user: event({ channel: 'users/{id}', payload: User }) } }),
    /getUser and user.*GET \/users\/\{\}/,
  ],
  [
    'an operation with the name of an event’s listener',
    () =>
      defineContract({ name: 'shop', operations: { onSaid: mutation({}) }, events: { said: event({ channel: 'said', payload: text }) } }),
    /onSaid and said.*'onSaid'/,
  ],
  [
    'two events of one type',
    () =>
      defineContract({
        name: 'shop',
        events: { a: event({ channel: 'x/y', payload: text }), b: event({ channel: 'z', type: 'x.y', payload: text }) },
      }),
    /a and b.*'x\.y'/,
  ],
  ['an input that is no object', () => defineContract({ name: 'shop', operations: { get: query({ input: z.string() }) } }), /get.*object/],
  ['a binding without a method', () => query({ http: '/users' }), /'\/users'.*GET \/users\/\{id\}/],
  ['a binding with an unknown method', () => query({ http: 'FETCH /users' }), /FETCH/],
  ['two parameters side by side', () => query({ http: 'GET /users/{a}{b}' }), /'\{a\}\{b\}'.*in between/],
  ['a parameter without a name', () => query({ http: 'GET /users/{}' }), /'\{\}'/],
  ['a parameter twice', () => query({ http: 'GET /a/{id}/b/{id}' }), /\{id\} twice/],
  ['a quote in a part', () => query({ http: 'GET /users/a"b' }), /GET \/users/],
  [
    'a path parameter that is no input',
    () => defineContract({ name: 'shop', operations: { get: query({ input: id, http: 'GET /x/{user}' }) } }),
    /get.*\{user\}.*inputs are id/,
  ],
  [
    'a path parameter without any input',
    () => defineContract({ name: 'shop', operations: { get: query({ http: 'GET /x/{user}' }) } }),
    /\{user\}.*none/,
  ],
  [
    'an optional path parameter',
    () => defineContract({ name: 'shop', operations: { get: query({ input: id.partial(), http: 'GET /x/{id}' }) } }),
    /\{id\}.*optional/,
  ],
  [
    'a path parameter with a default',
    () =>
      defineContract({ name: 'shop', operations: { get: query({ input: z.object({ id: z.int32().default(1) }), http: 'GET /x/{id}' }) } }),
    /\{id\}.*optional/,
  ],
  [
    'a path parameter that is a list',
    () =>
      defineContract({ name: 'shop', operations: { get: query({ input: z.object({ id: z.array(z.string()) }), http: 'GET /x/{id}' }) } }),
    /\{id\}.*text, a number/,
  ],
  [
    'a channel with a slash in front',
    () => defineContract({ name: 'shop', events: { said: event({ channel: '/said', payload: text }) } }),
    /'\/said'.*slash/,
  ],
  [
    'an empty channel',
    () => defineContract({ name: 'shop', events: { said: event({ channel: '', type: 'x', payload: text }) } }),
    /channel ''/,
  ],
  [
    'a channel with a wildcard',
    () => defineContract({ name: 'shop', events: { said: event({ channel: 'rooms/+', type: 'x', payload: text }) } }),
    /'rooms\/\+'/,
  ],
  [
    'a channel parameter that the payload has not',
    () => defineContract({ name: 'shop', events: { said: event({ channel: 'rooms/{room}', payload: text }) } }),
    /said.*\{room\}.*payload/,
  ],
  [
    'a channel parameter that is optional',
    () => defineContract({ name: 'shop', events: { said: event({ channel: 'rooms/{text}', payload: text.partial() }) } }),
    /\{text\}.*required/,
  ],
  [
    'a channel parameter twice',
    () => defineContract({ name: 'shop', events: { said: event({ channel: 'a/{text}/b/{text}', payload: text }) } }),
    /\{text\} twice/,
  ],
  [
    'a payload that is no object',
    () => defineContract({ name: 'shop', events: { said: event({ channel: 'said', payload: z.string() }) } }),
    /said.*object/,
  ],
  [
    'a type with spaces',
    () => defineContract({ name: 'shop', events: { said: event({ channel: 'said', type: 'was said', payload: text }) } }),
    /'was said'/,
  ],
  [
    'an event written by nobody',
    () => defineContract({ name: 'shop', events: { said: event({ channel: 'said', payload: text, writtenBy: 'say' }) } }),
    /writtenBy 'say'/,
  ],
  [
    'an event written by an operation without output',
    () =>
      defineContract({
        name: 'shop',
        operations: { say: mutation({ input: text }) },
        events: { said: event({ channel: 'said', payload: text, writtenBy: 'say' }) },
      }),
    /writtenBy 'say'/,
  ],
  [
    'paging by what items have not',
    () => defineContract({ name: 'shop', operations: { list: query({ input: z.object(paging), output: z.array(User), pagedBy: 'key' }) } }),
    /list.*pagedBy 'key'/,
  ],
  [
    'paging without a list',
    () => defineContract({ name: 'shop', operations: { list: query({ input: z.object(paging), output: User, pagedBy: 'id' }) } }),
    /pagedBy 'id'/,
  ],
  [
    'paging without limit and after',
    () => defineContract({ name: 'shop', operations: { list: query({ input: id, output: z.array(User), pagedBy: 'id' }) } }),
    /list.*'limit'.*'after'/,
  ],
  [
    'a relation of no type',
    () =>
      defineContract({
        name: 'shop',
        operations: { getUser, getPosts },
        relations: { Author: { posts: { operation: 'getPosts', input: { userId: 'id' } } } },
      }),
    /'Author'/,
  ],
  [
    'a relation by no query',
    () =>
      defineContract({
        name: 'shop',
        operations: { getUser, getPosts },
        relations: { User: { posts: { operation: 'posts', input: { userId: 'id' } } } },
      }),
    /User\.posts.*'posts' is not a query/,
  ],
  [
    'a relation with an input that the query has not',
    () =>
      defineContract({
        name: 'shop',
        operations: { getUser, getPosts },
        relations: { User: { posts: { operation: 'getPosts', input: { user: 'id' } } } },
      }),
    /getPosts has no input 'user'/,
  ],
  [
    'a relation from a property that the type has not',
    () =>
      defineContract({
        name: 'shop',
        operations: { getUser, getPosts },
        relations: { User: { posts: { operation: 'getPosts', input: { userId: 'key' } } } },
      }),
    /User has no property 'key'/,
  ],
  [
    'a relation in the place of a property',
    () =>
      defineContract({
        name: 'shop',
        operations: { getUser, getPosts },
        relations: { User: { name: { operation: 'getPosts', input: { userId: 'id' } } } },
      }),
    /User already has a property 'name'/,
  ],
  [
    'a relation that leaves out what its query requires',
    () =>
      defineContract({
        name: 'shop',
        operations: { getUser, getPosts },
        relations: { User: { posts: { operation: 'getPosts', input: {} } } },
      }),
    /User\.posts.*'userId'/,
  ],
];

describe('a mistake fails where the contract is defined, with a message that names it', () => {
  it.each(mistakes)('%s', (_, make, names) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(names);
  });
});

describe('programs without types', () => {
  it.each([
    ['no contract', () => defineContract(undefined as never), 'a contract has a name'],
    ['no name', () => defineContract({ operations: {} } as never), 'a contract has a name'],
    ['a bare operation', () => defineContract({ name: 'x', operations: { a: { input: id } as never } }), "'a' is not made by query()"],
    [
      'bare properties',
      () => defineContract({ name: 'x', operations: { a: query({ input: { id: z.int() } as never }) } }),
      'a: input: this is not a schema',
    ],
    [
      'no handlers',
      () => createService(defineContract({ name: 'x', operations: { a: query({}) } }), undefined as never),
      'handlers is an object with a function for each operation',
    ],
    [
      'no transport',
      () => createClient({} as never),
      'transport must be an adapter such as rest({ url }), a service, or another Transport, not undefined',
    ],
    ['a url', () => createClient({ transport: 'http://localhost' as never }), "not 'http://localhost'"],
  ])('%s: the error says what to write', (_, make, says) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(says);
  });
});

describe('a transform in a contract', () => {
  it.each([
    [z.object({ a: z.string().transform(Number) }), 'operation go: input.a:'],
    [z.object({ list: z.array(z.object({ a: z.string().transform(Number).optional() })) }), 'operation go: input.list[].a:'],
  ])('is refused with its place and the cure', (input, place) => {
    expect(() => defineContract({ name: 'a', operations: { go: mutation({ input }) } })).toThrow(place);
    expect(() => defineContract({ name: 'a', operations: { go: mutation({ input }) } })).toThrow('z.codec');
  });

  it('may be a preprocess, which only makes more values fit', () => {
    const input = z.object({ a: z.preprocess(String, z.string()) });
    expect(() => defineContract({ name: 'a', operations: { go: mutation({ input }) } })).not.toThrow();
  });
});

describe('bytes that zod cannot freeze or join', () => {
  it.each([z.readonly(bytes()), z.readonly(z.optional(bytes())), z.readonly(z.union([z.string(), bytes()]))])(
    'are refused with the place',
    (b) => {
      const make = () => defineContract({ name: 'a', operations: { go: mutation({ input: z.object({ a: z.array(z.object({ b })) }) }) } });
      expect(make).toThrow('operation go: input.a[].b: bytes cannot be frozen: leave out .readonly()');
    },
  );

  it('are refused on both sides of an intersection', () => {
    const a = z.intersection(z.object({ b: z.optional(bytes()) }), z.object({ b: z.optional(bytes()), c: z.string() }));
    const make = () => defineContract({ name: 'a', operations: { go: mutation({ input: z.object({ a }) }) } });
    expect(make).toThrow('operation go: input.a: both sides have a field of bytes: leave it to one of them');
  });

  it('may be in a frozen list', () => {
    const input = z.object({ a: z.readonly(z.array(bytes())) });
    expect(() => defineContract({ name: 'a', operations: { go: mutation({ input }) } })).not.toThrow();
  });
});

describe('a field that zod does not read', () => {
  it.each([
    [
      z.object({ a: z.object({ ['__proto__']: z.string() }) }),
      'operation go: input.a.__proto__: no field can have this name, because zod drops it',
    ],
    [z.object({ constructor: z.string().optional() }), 'operation go: input.constructor: no field can have this name'],
    [z.object({ list: z.array(z.object({ toString: z.string().default('x') })) }), 'operation go: input.list[].toString:'],
  ])('is refused with its place', (input, says) => {
    expect(() => defineContract({ name: 'a', operations: { go: mutation({ input: input as never }) } })).toThrow(says);
  });

  it('may have the name of a member of every object if it is always there', async () => {
    const shape = z.object({ constructor: z.string(), toString: z.int32() });
    const contract = defineContract({ name: 'a', operations: { go: mutation({ input: shape, output: shape }) } });
    const client = createClient({ contract, transport: createService(contract, { go: (input) => input }) });
    expect(await client.go({ constructor: 'x', toString: 1 })).toEqual({ constructor: 'x', toString: 1 });
    await client.close();
  });

  it('cannot be a parameter of a channel', () => {
    const payload = z.object({ constructor: z.string() });
    const define = () => defineContract({ name: 'a', events: { went: event({ channel: 'a/{constructor}', payload }) } });
    expect(define).toThrow('the channel parameter {constructor} has the name of a member that every object has');
  });
});

describe('the keys of a paged query', () => {
  const define = (after: Schema, id: Schema) =>
    defineContract({
      name: 'a',
      operations: {
        list: query({
          input: z.object({ limit: z.int32().default(2), after: after as never }),
          output: z.array(z.object({ id: id as never })),
          pagedBy: 'id',
        }),
      },
    });

  it.each<[string, Schema, Schema]>([
    ['text for a number', z.string().optional(), z.int32()],
    ['a number for text', z.number().optional(), z.string()],
    ['text for a date', z.string().optional(), instant()],
  ])('are refused if they are %s', (_, after, id) => {
    expect(() => define(after, id)).toThrow("pagedBy 'id' is a");
  });

  it.each<[string, Schema, Schema]>([
    ['numbers', z.int().optional(), z.int32()],
    ['texts', z.string().nullish(), z.uuid()],
    ['codecs', z.optional(int64()), int64()],
    ['a union', z.union([z.string(), z.number()]).optional(), z.int32()],
  ])('may be %s', (_, after, id) => {
    expect(() => define(after, id)).not.toThrow();
  });
});
