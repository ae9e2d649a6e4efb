/** Values of messages that someone else designed, there and back; the peer is grpc-js with proto-loader, and answers what it was sent. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation } from '../../src/core/define.ts';
import { clientOf } from '../support/grpc.ts';

const PROTO = `syntax = "proto3";
package wide.v1;
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
service Wide {
  rpc Echo(Thing) returns (Thing);
  rpc Loose(google.protobuf.Struct) returns (google.protobuf.Struct);
}
enum Kind {
  KIND_UNSPECIFIED = 0;
  KIND_BOOK = 1;
}
message Thing {
  int64 id = 1;
  google.protobuf.Any any = 2;
  google.protobuf.Struct st = 3;
  repeated google.protobuf.Struct sts = 4;
  map<string, google.protobuf.Struct> ms = 5;
  string constructor = 6;
  repeated Thing list = 7;
  Kind kind = 8;
  oneof contact {
    string mail = 9;
    Thing thing = 10;
  }
}
`;
const file = join(mkdtempSync(join(tmpdir(), 'wide-')), 'wide.proto');
writeFileSync(file, PROTO);
const definition = loadSync(file, { longs: String, oneofs: true })['wide.v1.Wide'];
const server = new Server();
const answer = (call: { request: object }, done: (error: null, value: object) => void) => done(null, call.request);
server.addService(definition as never, { Echo: answer, Loose: answer });
const port = await new Promise<number>((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);
afterAll(() => server.forceShutdown());

function echo<S extends z.ZodObject>(input: z.ZodObject, output: S, method = 'Echo') {
  const contract = defineContract({ name: 'mine', operations: { go: mutation({ input, output }) } });
  return clientOf(contract, { url: `127.0.0.1:${port}`, definition: definition as never, operations: { go: `wide.v1.Wide/${method}` } });
}

const JSON_VALUE = z.json();
const ROWS: readonly (readonly [what: string, schema: z.ZodObject, value: Record<string, unknown>])[] = [
  ['a Struct as any JSON', z.object({ st: JSON_VALUE }), { st: { a: [1, null, { b: 'x' }] } }],
  ['a Struct as unknown', z.object({ st: z.unknown() }), { st: { a: 1 } }],
  ['a Struct that may be null', z.object({ st: z.record(z.string(), JSON_VALUE).nullable() }), { st: { a: 1 } }],
  ['a Struct that is null', z.object({ st: z.record(z.string(), JSON_VALUE).nullable() }), { st: null }],
  ['Structs in a list and in a map', z.object({ sts: z.array(JSON_VALUE), ms: JSON_VALUE }), { sts: [{ a: 1 }, {}], ms: { k: { b: 2 } } }],
  ['a field that every object has a member for', z.object({ constructor: z.string(), id: z.string() }), { constructor: 'c', id: '1' }],
  ['a value that an enum of the definition has', z.object({ kind: z.string() }), { kind: 'KIND_BOOK' }],
  ['a value that it does not have, as its number', z.object({ kind: z.string() }), { kind: '9' }],
  ['the same for a contract of numbers', z.object({ kind: z.int() }), { kind: 9 }],
  ['one member of a oneof', z.object({ mail: z.string().optional(), thing: JSON_VALUE.optional() }), { mail: '' }],
  ['such a field in an Any', z.object({ any: JSON_VALUE }), { any: { '@type': 'type.googleapis.com/wide.v1.Thing', id: '7' } }],
];

describe('there and back', () => {
  it.each(ROWS)('%s', async (_, schema, value) => {
    const answer = await echo(schema, schema).go(value);
    expect(answer).toMatchObject(value);
    expect(Object.keys(answer)).toEqual(Object.keys(value));
  });
});

describe('an answer that cannot be read', () => {
  it('says why, and in which field', async () => {
    const client = echo(z.object({ list: z.array(z.object({ id: z.string() })) }), z.object({ list: z.array(z.object({ id: z.int() })) }));
    const failure = client.go({ list: [{ id: '9007199254740993' }] });
    await expect(failure).rejects.toMatchObject({ code: 'DATA_LOSS', text: expect.stringContaining('list: id: an int64 is larger') });
  });
});

describe('a whole message that is a Struct', () => {
  it('is the object itself, there and back', async () => {
    const schema = z.object({ a: z.array(JSON_VALUE), b: z.int() });
    expect(await echo(schema, schema, 'Loose').go({ a: [null, { c: 'x' }], b: 2 })).toEqual({ a: [null, { c: 'x' }], b: 2 });
  });
});

describe('several members of a oneof', () => {
  const words = "'mail' and 'thing' exclude each other: the oneof 'contact' has one of them";

  it('are refused, because the peer would keep the last', async () => {
    const schema = z.object({ mail: z.string().optional(), thing: z.object({ id: z.string() }).optional() });
    const both = echo(schema, schema).go({ mail: 'm', thing: { id: '1' } });
    await expect(both).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', text: expect.stringContaining(words) as string });
  });

  it('are refused in values that no schema describes, and in messages within others', async () => {
    const schema = z.object({ list: JSON_VALUE });
    const both = echo(schema, schema).go({ list: [{ mail: 'm', thing: {} }] });
    await expect(both).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', text: expect.stringContaining(words) as string });
    expect(await echo(schema, schema).go({ list: [{ mail: 'm', thing: null }] })).toMatchObject({ list: [{ mail: 'm' }] });
  });
});
