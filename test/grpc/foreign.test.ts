/** A service that someone else designed, by each kind of description; its server is grpc-js with proto-loader. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { loadPackageDefinition, Server, ServerCredentials, type Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineContract, event, mutation } from '../../src/core/define.ts';
import { grpc, type GrpcOptions } from '../../src/grpc/client.ts';
import { clientOf } from '../support/grpc.ts';
import { ROOT } from '../support/source-graph.ts';

const FILE = join(import.meta.dirname, 'protos/shop.proto');
const full = loadSync(FILE, { longs: String, enums: String, defaults: true, oneofs: true, keepCase: true });

function descriptorSet(): Uint8Array {
  const out = join(mkdtempSync(join(tmpdir(), 'set-')), 'shop.binpb');
  const at = `${join(import.meta.dirname, 'protos')}#format=dir`;
  execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['build', at, '--path', FILE, '-o', out, '--as-file-descriptor-set'], {
    timeout: 60_000,
  });
  return readFileSync(out);
}

const set = descriptorSet();
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, set));

const SOURCES: Readonly<Record<string, NonNullable<GrpcOptions['definition']>>> = {
  'the text of its .proto': readFileSync(FILE, 'utf8'),
  'a descriptor set': set,
  'a FileDescriptorSet': fromBinary(FileDescriptorSetSchema, set),
  'a file of protobuf-es': registry.getFile('shop.proto') as never,
  'a service of protobuf-es': registry.getService('acme.shop.v1.Shop') as never,
  'a service of proto-loader, with its defaults': loadSync(FILE, {})['acme.shop.v1.Shop'] as never,
  'a package of proto-loader': full,
  'a package that grpc-js has loaded': loadPackageDefinition(full),
};

type Handler = (
  call: { request: Record<string, unknown>; metadata: Metadata; write(item: object): void; end(): void },
  done: (error: object | null, value?: object) => void,
) => void;

/** Serves the shop: what it was sent, and what it answers. */
async function serveShop(handlers: Readonly<Record<string, Handler>>) {
  const seen: Record<string, unknown>[] = [];
  const metadata: Record<string, unknown>[] = [];
  const server = new Server();
  server.addService(
    full['acme.shop.v1.Shop'] as never,
    Object.fromEntries(
      Object.entries(handlers).map(([name, handle]): [string, Handler] => [
        name,
        (call, done) => {
          seen.push(call.request);
          metadata.push(call.metadata.getMap());
          handle(call, done);
        },
      ]),
    ) as never,
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  onTestFinished(() => server.forceShutdown());
  return { url: `127.0.0.1:${port}`, seen, metadata };
}

const Part = z.object({ name: z.string(), parts: z.array(z.object({ name: z.string() })) });
const Item = z.object({
  id: z.int(),
  title: z.string(),
  kind: z.enum(['book', 'paper-back']).optional(),
  madeAt: z.iso.datetime(),
  nick: z.string().nullable(),
  blob: z.base64(),
  nums: z.array(z.int32()),
  counts: z.record(z.string(), z.int32()),
  byNo: z.record(z.string(), Part),
  mail: z.email().optional(),
  phone: z.int32().optional(),
  maybe: z.int32().nullable(),
  big: z.string(),
  lasts: z.string(),
  extra: z.record(z.string(), z.json()),
  any: z.json(),
  more: z.array(z.object({ '@type': z.string(), id: z.string().optional() })),
  ubig: z.string(),
  part: Part.optional(),
  kinds: z.array(z.enum(['KIND_UNSPECIFIED', 'KIND_BOOK', 'KIND_PAPER_BACK'])),
  ready: z.boolean().optional(),
  loose: z.json(),
  flags: z.record(z.string(), z.string()),
});

const item: z.infer<typeof Item> = {
  id: 7,
  title: 'Ü',
  kind: 'paper-back',
  madeAt: '2024-01-15T09:30:00.123456Z',
  nick: null,
  blob: 'AQID',
  nums: [0, -1, 2_147_483_647],
  counts: { a: 5, __proto__x: 0 },
  byNo: { '-3': { name: 'p', parts: [{ name: 'q' }] } },
  phone: 0,
  maybe: null,
  big: '9007199254740993',
  lasts: '-1.500s',
  extra: { a: [1, { b: null }], c: 'x' },
  any: { '@type': 'type.googleapis.com/acme.shop.v1.GetItemRequest', id: '9007199254740993' },
  more: [{ '@type': 'type.googleapis.com/acme.shop.v1.GetItemRequest', id: '1' }],
  ubig: '18446744073709551615',
  part: { name: '', parts: [] },
  kinds: ['KIND_BOOK', 'KIND_UNSPECIFIED'],
  ready: false,
  loose: [1, null, 'x'],
  // Of a map's key that is false protobufjs makes true.
  flags: { true: 'yes' },
};

const contract = defineContract({
  name: 'mine',
  operations: {
    getItem: mutation({ input: z.object({ id: z.string() }), output: Item }),
    echo: mutation({ input: z.object({ item: Item, updateMask: z.array(z.string()) }), output: Item }),
    listItems: mutation({ input: z.object({ pageSize: z.int32() }), output: z.array(z.object({ id: z.int() })) }),
    drop: mutation({ input: z.object({ id: z.int() }) }),
    now: mutation({ output: z.iso.datetime() }),
  },
  events: { item: event({ channel: 'items/{author}', payload: z.object({ id: z.int(), title: z.string(), author: z.string() }) }) },
});
const operations = { echo: 'acme.shop.v1.Shop/UpdateItem', drop: { method: '/acme.shop.v1.Shop/DeleteItem' } };
const events = { item: 'acme.shop.v1.Shop/WatchItems' };

describe.each(Object.entries(SOURCES))('by %s', (_, definition) => {
  it('requests and answers keep every value', async () => {
    const { url, seen } = await serveShop({ UpdateItem: ({ request }, done) => done(null, request['item'] as object) });
    const client = clientOf(contract, { url, definition, operations, events });
    expect(await client.echo({ item, updateMask: ['made_at', 'title'] })).toEqual(item);
    // As the peer's own code reads it.
    expect(seen[0]).toMatchObject({
      update_mask: { paths: ['made_at', 'title'] },
      item: {
        id: '7',
        kind: 'KIND_PAPER_BACK',
        made_at: { seconds: '1705311000', nanos: 123_456_000 },
        nick: null,
        blob: Buffer.from([1, 2, 3]),
        big: { value: '9007199254740993' },
        lasts: { seconds: '-1', nanos: -500_000_000 },
        phone: 0,
        contact: 'phone',
        ready: { value: false },
        kinds: ['KIND_BOOK', 'KIND_UNSPECIFIED'],
        ubig: '18446744073709551615',
      },
    });
    expect(seen[0]).not.toHaveProperty('item.maybe');
  });

  it('finds rpcs by their names; what was not sent is empty, absent or null', async () => {
    const made = {
      made_at: { seconds: 1 },
      big: { value: 0 },
      lasts: {},
      extra: {},
      any: { type_url: 'x.Unknown', value: Buffer.from('hi') },
      loose: { nullValue: 0 },
    };
    const { url, seen } = await serveShop({
      GetItem: (_call, done) => done(null, made),
      ListItems: (_call, done) => done(null, {}),
      DeleteItem: (_call, done) => done(null, {}),
      Now: (_call, done) => done(null, { seconds: 5, nanos: 0 }),
    });
    const client = clientOf(contract, { url, definition, operations, events });
    expect(await client.getItem({ id: '9007199254740993' })).toEqual({
      id: 0, title: '', madeAt: '1970-01-01T00:00:01Z', nick: null, blob: '', nums: [], counts: {}, byNo: {}, maybe: null, big: '0', lasts: '0s', extra: {},
      any: { '@type': 'x.Unknown', value: 'aGk=' }, more: [], ubig: '0', kinds: [], loose: null, flags: {},
    }); // prettier-ignore
    expect(seen[0]).toEqual({ id: '9007199254740993' });
    expect(await client.listItems({ pageSize: 3 })).toEqual([]);
    expect(await client.drop({ id: 1 })).toBeUndefined();
    expect(await client.now()).toBe('1970-01-01T00:00:05Z');
  });

  it('hears a server stream with a typed request', async () => {
    const { url, seen } = await serveShop({
      WatchItems: (call) => {
        for (let id = 1; id <= 3; id++) call.write({ id, title: `t${id}`, author: 'ann' });
        call.end();
      },
    });
    const client = clientOf(contract, { url, definition, operations, events });
    const ids: number[] = [];
    for await (const { id } of client.onItem({ params: { author: 'ann' } })) ids.push(id);
    expect(ids).toEqual([1, 2, 3]);
    expect(seen).toEqual([{ range: null, author: 'ann' }]);
  });
});

const definition = set;

describe('what differs by more', () => {
  it('is made by hooks: input, output and read', async () => {
    const { url, seen } = await serveShop({
      UpdateItem: ({ request }, done) => done(null, request['item'] as object),
      WatchItems: (call) => {
        for (let id = 1; id <= 4; id++) call.write({ id, title: `t${id}`, author: 'ann' });
        call.end();
      },
    });
    const mine = defineContract({
      name: 'mine',
      operations: { rename: mutation({ input: z.object({ key: z.string(), to: z.string() }), output: z.object({ name: z.string() }) }) },
      events: { even: event({ channel: 'even', payload: z.object({ key: z.string() }) }) },
    });
    const client = clientOf(mine, {
      url,
      definition,
      operations: {
        rename: {
          method: 'acme.shop.v1.Shop/UpdateItem',
          input: ({ key, to }: { key: string; to: string }) => ({
            item: { id: BigInt(key), title: to, made_at: new Date(0), blob: new Uint8Array([1]), kind: 1 },
            updateMask: 'title',
          }),
          output: ({ title, kind, madeAt, blob }: Record<string, string>) => ({ name: [title, kind, madeAt, blob].join() }),
        },
      },
      events: {
        even: {
          method: 'acme.shop.v1.Shop/WatchItems',
          input: () => ({ range: { from: 1, to: '4' } }),
          read: ({ id }: { id: string }) => (Number(id) % 2 === 0 ? { key: id } : undefined),
        },
      },
    });
    expect(await client.rename({ key: '9007199254740993', to: 'x' })).toEqual({ name: 'x,KIND_BOOK,1970-01-01T00:00:00Z,AQ==' });
    expect(seen[0]).toMatchObject({ item: { id: '9007199254740993', title: 'x' }, update_mask: { paths: ['title'] } });
    const keys: string[] = [];
    for await (const { key } of client.onEven()) keys.push(key);
    expect(keys).toEqual(['2', '4']);
    expect(seen[1]).toEqual({ range: { from: '1', to: '4' }, author: '' });
  });

  it('a hook’s member of no field, or of another type, is INVALID_ARGUMENT with its name', async () => {
    const { url } = await serveShop({});
    const mine = defineContract({ name: 'mine', operations: { go: mutation({ input: z.object({ message: z.json() }) }) } });
    const client = clientOf(mine, {
      url,
      definition,
      operations: { go: { method: 'acme.shop.v1.Shop/UpdateItem', input: ({ message }: { message: unknown }) => message } },
    });
    const refusal = (message: z.infer<ReturnType<typeof z.json>>) => client.go({ message }).catch((error: unknown) => error);
    expect(await refusal({ item: { titel: 'x' } })).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining("item: a acme.shop.v1.Item has no field 'titel'"),
      details: { issues: [{ path: ['item'] }] },
    });
    expect(await refusal({ item: { part: { parts: [{ name: 'x' }, { name: 5 }] } } })).toMatchObject({
      message: expect.stringContaining('item.part.parts[1].name: a value is not text'),
      details: { issues: [{ path: ['item', 'part', 'parts', 1, 'name'] }] },
    });
    expect(await refusal({ item: { ratio: 1e300 } })).toMatchObject({ message: expect.stringContaining('item.ratio: ') });
    expect(await refusal({ item: { counts: { a: 1.5 } } })).toMatchObject({ details: { issues: [{ path: ['item', 'counts', 'a'] }] } });
    expect(await refusal({ item: { any: { id: '5' } } })).toMatchObject({
      message: expect.stringContaining("item.any: an Any has its type in '@type'"),
    });
  });
});

describe('a contract that does not fit the description', () => {
  const problemOf = (output: z.ZodType, input: z.ZodType = z.object({}), method = 'GetItem') => {
    const mine = defineContract({ name: 'mine', operations: { go: mutation({ input: input as z.ZodObject, output }) } });
    return () => grpc({ url: '127.0.0.1:1', definition, operations: { go: `acme.shop.v1.Shop/${method}` } })(mine);
  };

  it.each([
    ['a field that is not there', z.object({ titel: z.string() }), "acme.shop.v1.Item has no field for 'titel': did you mean 'title'?"],
    ['text for a number', z.object({ maybe: z.boolean() }), 'maybe: int32 cannot carry the contract'],
    ['a list for a value', z.object({ title: z.array(z.string()) }), 'title: string cannot carry'],
    ['a value for a list', z.object({ nums: z.int() }), 'nums is a list and the contract has an integer'],
    ['an enum’s unknown name', z.object({ kind: z.enum(['BOOK', 'CD']) }), "the enum acme.shop.v1.Kind has no 'CD'"],
    ['a number for a duration', z.object({ lasts: z.number() }), 'a Duration is text'],
    ['a local time', z.object({ madeAt: z.iso.datetime({ local: true }) }), 'a Timestamp is an instant'],
    ['text for a message', z.object({ part: z.string() }), 'has not one field'],
    [
      'a nested field that is not there',
      z.object({ part: z.object({ nam: z.string() }) }),
      "acme.shop.v1.Item.Part has no field for 'nam'",
    ],
  ])('is refused when the adapter is made: %s', (_, output, message) => {
    expect(problemOf(output)).toThrow(message);
    expect(problemOf(output)).toThrow(TypeError);
  });

  it('is told of all that is wrong at once', () => {
    expect(problemOf(z.object({ a: z.string(), b: z.string() }), z.object({ c: z.string() }))).toThrow(/'c'.*'a'.*'b'/);
  });

  it.each(['Upload', 'Talk'])('streams of requests are not carried: %s', (method) => {
    expect(problemOf(z.object({}), z.object({}), method)).toThrow('client and bidirectional streaming are not carried');
  });

  it('names a method that is not there, and what is not a definition', () => {
    expect(problemOf(z.object({}), z.object({}), 'GetItme')).toThrow("did you mean '/acme.shop.v1.Shop/GetItem'?");
    const mine = defineContract({ name: 'mine', operations: { go: mutation({}) } });
    for (const wrong of ['/path/to/shop.proto', 7, {}, { a: 1 }, Buffer.from('x'), null]) {
      expect(() => grpc({ url: '127.0.0.1:1', definition: wrong as never, operations: { go: 'a.B/C' } })(mine)).toThrow(TypeError);
    }
  });
});

describe('numbers that a number cannot hold', () => {
  it('are refused, not rounded', async () => {
    const { url } = await serveShop({ GetItem: (_, done) => done(null, { id: '9007199254740993' }) });
    for (const id of [z.int(), z.number()]) {
      const mine = defineContract({ name: 'mine', operations: { getItem: mutation({ output: z.object({ id }) }) } });
      await expect(clientOf(mine, { url, definition }).getItem()).rejects.toMatchObject({ code: 'DATA_LOSS' });
    }
    const mine = defineContract({ name: 'mine', operations: { getItem: mutation({ output: z.object({ id: z.string() }) }) } });
    expect(await clientOf(mine, { url, definition }).getItem()).toEqual({ id: '9007199254740993' });
  });
});

describe('metadata', () => {
  it('-bin values are bytes, given as base64; what is not base64 is refused', async () => {
    const { url, metadata } = await serveShop({ DeleteItem: (_, done) => done(null, {}) });
    const make = (headers: Record<string, string>) => clientOf(contract, { url, definition, operations, events, headers });
    await make({ 'trace-bin': Buffer.from([0, 255, 7]).toString('base64'), 'x-a': 'a' }).drop({ id: 1 });
    expect(metadata[0]).toMatchObject({ 'trace-bin': Buffer.from([0, 255, 7]), 'x-a': 'a' });
    await expect(make({ 'trace-bin': 'ä' }).drop({ id: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', sent: false });
  });
});
