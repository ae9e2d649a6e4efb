import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, test } from 'vitest';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedHandleCall } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { readSources } from '../../src/grpc/foreign/sources.ts';
import { printProto } from '../../src/grpc/schema.ts';
import { serve } from '../../src/serve/index.ts';
import { importContract } from '../../src/import/index.ts';
import { importing } from '../support/imported.ts';
import { ROOT } from '../support/source-graph.ts';

const made = importing();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SHOP = `
syntax = "proto3";
package acme.shop.v2;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/empty.proto";
import "acme/common/money.proto";
service Shop {
  rpc GetItem (GetItemRequest) returns (Item);
  rpc PutItem (PutItemRequest) returns (Item) { option idempotency_level = IDEMPOTENT; }
  rpc Drop (google.protobuf.Empty) returns (google.protobuf.Empty);
  rpc WatchItems (google.protobuf.Empty) returns (stream Item);
  rpc Upload (stream Item) returns (Item);
  rpc Generate (GetItemRequest) returns (stream Item);
}
message GetItemRequest { int64 id = 1; }
message PutItemRequest { Item item = 3; }
message Item {
  int64 id = 1;
  string display_name = 2;
  optional string note = 5;
  Kind kind = 6;
  map<string, int32> stock = 7;
  repeated Item parts = 8;
  google.protobuf.Timestamp made_at = 9;
  google.protobuf.Int32Value weight = 10;
  bytes picture = 11;
  acme.common.Money price = 12;
  oneof owner { string person = 13; uint32 company = 14; }
  enum Kind { KIND_UNSPECIFIED = 0; KIND_BOOK = 1; }
}
message Unused { string text = 1; }
`;
/** Comments of every kind, at every declaration. */
const SAID = `
// A licence.

syntax = "proto3";
package acme.said.v1;

// Sells things.
service Shop {
  // Gets one item
  // by its id.
  //
  // - fails if there is none
  // (-- api-linter: core::0131=disabled --)
  rpc GetItem (GetItemRequest) returns (Item);
  /* Told of
   * each sale. */
  rpc WatchSales (Nothing) returns (stream Sale);
}
message Nothing {}
// buf:lint:ignore SOME_RULE
message GetItemRequest {
  // Required. The [Item][acme.said.v1.Item]'s id.
  int64 id = 1;
}
// [#next-free-field: 6]
// A thing  in the shop. */ It has a "price".
message Item {
  int64 id = 1; // Never changes.
  int64 old_id = 2 [deprecated = true];
  // How it is sold.
  Kind kind = 3;
  // Belongs to nothing.

  string name = 4;
  map<string, int32> stock = 5; // By place.
  // The kinds.
  enum Kind {
    KIND_UNSPECIFIED = 0;
    // Bound.
    KIND_BOOK = 1;
    KIND_PEN = 2; // For writing.
  }
}
message Sale { string id = 1 [deprecated = true]; /* Of the sale. */ }
`;
const MONEY = 'syntax = "proto3"; package acme.common; message Money { string currency = 1; sint64 units = 2; }';

async function shopFolder(): Promise<string> {
  const root = join(made.folder, `protos-${Math.random().toString(36).slice(2)}`);
  await mkdir(join(root, 'acme/shop/v2'), { recursive: true });
  await mkdir(join(root, 'acme/common'), { recursive: true });
  await writeFile(join(root, 'acme/shop/v2/shop.proto'), SHOP);
  await writeFile(join(root, 'acme/common/money.proto'), MONEY);
  return root;
}

describe('.proto files', () => {
  test('the Blog that this library prints, served by the same service', async () => {
    const imported = await made.from(printProto(blogContract));
    expect(imported.format).toBe('proto');
    const { connect } = await made.load(imported);
    const service = createBlogService();
    closing.push(() => service.close());
    const served = await serve(service, { port: 0, grpcPort: 0, protocols: ['grpc'] });
    closing.push(() => served.close());
    const client = connect({ url: served.grpc });
    closing.push(() => client.close());
    expect(await client['getUser']?.({ id: '123' })).toMatchObject({ name: 'john_doe' });
    expect(await client['createUser']?.({ name: 'eva', email: 'eva@example.com' })).toMatchObject({ name: 'eva' });
    expect(await client['getUserPosts']?.({ userId: '123', limit: 1 })).toMatchObject({ posts: [{}] });
    await expect(client['getUser']?.({ id: '4711' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a service of somebody else in several files, called at a server of grpc-js', async () => {
    const root = await shopFolder();
    const file = join(root, 'acme/shop/v2/shop.proto');
    const imported = await importContract(file, { allow: [root] });
    expect([imported.name, imported.operations, imported.events]).toEqual([
      'acmeshop',
      ['getItem', 'putItem', 'drop', 'generate'],
      ['watchItems'],
    ]);
    expect(imported.findings.map(({ place, what }) => `${place}: ${what}`)).toEqual(['/acme.shop.v2.Shop/Upload: a stream of requests']);
    expect(imported.code).toContain("version: '2.0.0'");
    expect(imported.code).not.toContain('Unused');
    expect((await importContract(file, { allow: [root] })).code).toBe(imported.code);

    const loaded = loadSync('acme/shop/v2/shop.proto', { includeDirs: [root], longs: String, enums: String, defaults: true, oneofs: true });
    const server = new Server();
    const stored: unknown[] = [];
    const item = (id: unknown) => ({ id, displayName: 'Lamp', kind: 'KIND_BOOK', stock: { oslo: 3 }, parts: [{ id: 2 }], weight: { value: 7 }, price: { currency: 'EUR', units: '-5' }, company: 9 }); // prettier-ignore
    type Call = { readonly request: { readonly id: string; readonly item: object }; write(value: object): void; end(): void };
    type Answer = (error: null, value: object) => void;
    const handlers: Readonly<Record<string, (call: Call, answer: Answer) => void>> = {
      getItem: (call, answer) => answer(null, item(call.request.id)),
      putItem: (call, answer) => (stored.push(call.request.item), answer(null, call.request.item)),
      drop: (_, answer) => answer(null, {}),
      watchItems: (call) => void call.write(item('1')),
      generate: (call) => {
        for (const id of [call.request.id, '2']) call.write(item(id));
        call.end();
      },
    };
    server.addService(loaded['acme.shop.v2.Shop'] as ServiceDefinition, handlers as unknown as Readonly<Record<string, UntypedHandleCall>>);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    closing.push(() => server.forceShutdown());
    const { connect } = await made.load(imported);
    const client = connect({ url: `127.0.0.1:${port}` });
    closing.push(() => client.close());
    expect(await client['getItem']?.({ id: 9007199254740993n })).toMatchObject({
      id: 9007199254740993n,
      displayName: 'Lamp',
      kind: 'KIND_BOOK',
      stock: { oslo: 3 },
      parts: [{ id: 2n, displayName: '', kind: 'KIND_UNSPECIFIED' }],
      weight: 7,
      price: { currency: 'EUR', units: -5n },
      company: 9,
    });
    const put = { item: { id: 5n, displayName: 'Pen', picture: new Uint8Array([1, 2]), madeAt: '2026-01-02T03:04:05Z' } };
    expect(await client['putItem']?.(put)).toMatchObject({ ...put.item, stock: {}, parts: [] });
    expect(stored).toMatchObject([{ id: '5', displayName: 'Pen' }]);
    expect(await client['drop']?.()).toBeUndefined();
    const ids: unknown[] = [];
    for await (const { id } of (client as unknown as { generate(input: object): AsyncIterable<{ id: bigint }> }).generate({ id: 7n }))
      ids.push(id);
    expect(ids).toEqual([7n, 2n]);
    const heard = await new Promise((resolve) => void (client as unknown as { onWatchItems(listener: (data: unknown) => void): unknown }).onWatchItems(resolve)); // prettier-ignore
    expect(heard).toMatchObject({ id: 1n, displayName: 'Lamp' });
  });

  test('options of its own, and what few use of google.protobuf', async () => {
    const imported = await made.from(`
      syntax = "proto3";
      package acme.opts.v1;
      import "google/protobuf/descriptor.proto";
      import "google/protobuf/api.proto";
      import "google/protobuf/type.proto";
      import "google/protobuf/duration.proto";
      extend google.protobuf.MethodOptions { string permission = 50001; }
      extend google.protobuf.FieldOptions { bool secret = 50002; }
      service Opts { rpc GetApi (GetApiRequest) returns (google.protobuf.Api) { option (permission) = "read"; } }
      message GetApiRequest { string name = 1 [(secret) = true]; google.protobuf.Type type = 2; google.protobuf.Duration within = 3; }
    `);
    expect([imported.operations, imported.findings]).toEqual([['getApi'], []]);
    const { connect } = await made.load(imported);
    const client = connect({ url: '127.0.0.1:9' });
    await expect(client['getApi']?.({ within: '2 minutes' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await client.close();
  });

  test('a descriptor set gives the same as its files', async () => {
    const root = await shopFolder();
    const set = join(root, 'shop.binpb');
    const file = [...readSources([SHOP, MONEY]).files];
    await writeFile(set, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file })));
    const imported = await importContract(join(root, 'acme/shop/v2/shop.proto'), { allow: [root] });
    expect((await importContract(set)).code).toBe(imported.code);
    await writeFile(set, 'no descriptors');
    await expect(importContract(set)).rejects.toThrow(/shop\.binpb cannot be read: the bytes of the definition are not a descriptor set/);
  });

  test('comments become descriptions, from the text and from what buf compiles', async () => {
    const root = join(made.folder, 'said');
    await mkdir(root, { recursive: true });
    await writeFile(join(root, 'said.proto'), SAID);
    const imported = await made.from(SAID);
    const { contract } = await made.load(imported);
    expect(contract.operations['getItem']).toMatchObject({ description: 'Gets one item by its id.\n\n- fails if there is none' });
    expect(contract.events['watchSales']).toMatchObject({ description: 'Told of each sale.' });
    for (const line of [
      `z.optional(int64()).describe("Required. The Item's id.")`,
      '/** Never changes. */\n  id: int64(),',
      '/** @deprecated */\n  oldId: int64(),',
      '/** How it is sold. */\n  kind: Kind,',
      "z.record(z.string(), z.int32()).describe('By place.')",
      `description: 'A thing in the shop. */ It has a "price".'`,
      "description: 'The kinds.\\n\\n- `KIND_BOOK`: Bound.\\n- `KIND_PEN`: For writing.'",
      "id: z.string().meta({ description: 'Of the sale.', deprecated: true })",
    ])
      expect(imported.code).toContain(line);
    expect(imported.code).not.toMatch(/licence|nothing\.|lint/);
    const set = join(root, 'said.binpb');
    execFileSync(join('node_modules', '.bin', 'buf'), ['build', root, '-o', set]);
    const withoutSet = (code: string) => code.replace(/atob\('.*?'\)/, '');
    expect(withoutSet((await importContract(set)).code)).toBe(withoutSet(imported.code));
  });

  test('an edition with messages between tags, extensions, and a file of google.protobuf that no parser has', async () => {
    const folder = join(made.folder, 'edition');
    await mkdir(join(folder, 'google/protobuf'), { recursive: true });
    const own = `edition = "2023";
      package trees.v1;
      option features.message_encoding = DELIMITED;
      message Tree {
        int32 size = 1;
        Tree left = 2;
        repeated Tree more = 3 [features.message_encoding = LENGTH_PREFIXED];
        map<string, Tree> named = 4;
        repeated int32 numbers = 5;
        extensions 100 to 200;
      }
      message Aside { extend Tree { int32 weight = 102; } }
      extend Tree { string note = 100; Tree grafted = 101; }`;
    await writeFile(join(folder, 'google/protobuf/own.proto'), own);
    const service =
      'edition = "2023";\npackage trees.v1;\nimport "google/protobuf/own.proto";\nservice Trees { rpc Echo(Tree) returns (Tree); }';
    await writeFile(join(folder, 'trees.proto'), service);
    const set = join(folder, 'trees.binpb');
    execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['build', `${folder}#format=dir`, '-o', set, '--as-file-descriptor-set'], {
      timeout: 60_000,
    });
    const type = createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(set))).getMessage('trees.v1.Tree');
    if (!type) throw new Error('the set has no Tree');
    const echo = {
      path: '/trees.v1.Trees/Echo',
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      // Another implementation of editions reads the request and writes it again.
      requestDeserialize: (bytes: Buffer) => Buffer.from(toBinary(type, fromBinary(type, bytes))),
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    const server = new Server();
    server.addService(
      { Echo: echo },
      { Echo: (call: { request: Buffer }, done: (error: null, value: Buffer) => void) => done(null, call.request) },
    );
    const port = await new Promise<number>((done) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) => done(bound)),
    );
    closing.push(() => server.forceShutdown());
    const tree = (size: number) => ({ size, more: [], named: {}, numbers: [] });
    const plain = {
      ...tree(1),
      left: { ...tree(2), left: tree(3) },
      more: [tree(4)],
      named: { a: { ...tree(5), left: tree(6) } },
      numbers: [7],
    };
    const extended = { '[trees.v1.note]': 'n', '[trees.v1.grafted]': tree(8), '[trees.v1.Aside.weight]': 9 };
    for (const [file, value] of [
      [join(folder, 'trees.proto'), plain],
      [set, { ...plain, ...extended }],
    ] as const) {
      const imported = await importContract(file);
      expect(imported.findings).toEqual([]);
      const { connect } = await made.load(imported);
      const client = connect({ url: `127.0.0.1:${port}` });
      closing.push(() => client.close());
      expect(await client['echo']?.(value)).toEqual(value);
    }
  });

  test('only what is chosen, an import that is missing, and broken files', async () => {
    const root = await shopFolder();
    const some = await importContract(join(root, 'acme/shop/v2/shop.proto'), { allow: [root], only: ['Shop/Drop'] });
    expect([some.operations, some.code.includes('Item')]).toEqual([['drop'], false]);
    await expect(made.from(SHOP)).rejects.toThrow(/do not describe all that they use.*Money/s);
    await expect(made.from('syntax = "proto3";\nservice A { rpc B (C')).rejects.toThrow(/the \.proto file cannot be read/);
    await expect(made.from('syntax = "proto3";\nmessage A { string b = 1; }')).rejects.toThrow('has no operation');
  });

  test('every module compiles', { timeout: 240_000 }, () => {
    expect(made.diagnostics()).toEqual([]);
  });
});
