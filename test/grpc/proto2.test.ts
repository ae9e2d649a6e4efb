/** A service of proto2: defaults, groups and presence, by each kind of description. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation } from '../../src/core/define.ts';
import type { GrpcOptions } from '../../src/grpc/client.ts';
import { clientOf } from '../support/grpc.ts';
import { ROOT } from '../support/source-graph.ts';

const PROTO = `syntax = "proto2";
package old.v1;
service Old {
  rpc Echo(Thing) returns (Thing);
  rpc Bare(Thing) returns (Thing);
}
enum Kind {
  KIND_A = 1;
  KIND_B = 2;
}
message Thing {
  required int32 id = 1;
  optional string name = 2 [default = "bob"];
  optional Kind kind = 3 [default = KIND_B];
  repeated group Row = 4 {
    required string key = 1;
    optional int32 value = 2 [default = 7];
  }
  optional bool on = 5 [default = true];
  optional bytes raw = 6 [default = "a\\001\\n"];
  optional group Last = 1000 {
    optional string text = 1;
    optional group Deep = 2 {
      optional int32 n = 1;
    }
  }
  optional double rate = 8 [default = 1.5];
  optional string note = 9;
  extensions 100 to 200;
}
message Holder {
  optional int32 n = 1;
  extend Thing {
    optional Holder held = 102;
  }
}
extend Thing {
  optional string extra = 100;
  repeated int32 more = 101;
}
`;
const folder = mkdtempSync(join(tmpdir(), 'old-'));
const file = join(folder, 'old.proto');
writeFileSync(file, PROTO);
const set = join(folder, 'old.binpb');
execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['build', `${folder}#format=dir`, '-o', set, '--as-file-descriptor-set'], {
  timeout: 60_000,
});
const service = loadSync(file, { keepCase: true, enums: String })['old.v1.Old'];
const SOURCES: Readonly<Record<string, NonNullable<GrpcOptions['definition']>>> = {
  'the text of its .proto': PROTO,
  'a descriptor set': readFileSync(set),
  'a service of proto-loader': service as never,
};

const server = new Server();
const seen: object[] = [];
server.addService(service as never, {
  Echo: ({ request }: { request: object }, done: (error: null, value: object) => void) => {
    seen.push(request);
    done(null, request);
  },
  Bare: (_: unknown, done: (error: null, value: object) => void) => done(null, { id: 1, row: [{ key: 'k' }] }),
});
const port = await new Promise<number>((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);
afterAll(() => server.forceShutdown());

const Row = z.object({ key: z.string(), value: z.int32() });
const Id = z.object({ id: z.int32() });
const contract = defineContract({
  name: 'mine',
  operations: {
    bare: mutation({
      input: Id,
      output: z.object({
        name: z.string(),
        kind: z.enum(['a', 'b']),
        row: z.array(Row),
        on: z.boolean(),
        raw: z.base64(),
        rate: z.number(),
        note: z.string().optional(),
      }),
    }),
    sent: mutation({ input: Id, output: z.object({ name: z.string().optional(), kind: z.string().nullable() }), meta: {} }),
    echo: mutation({
      input: Id.extend({ row: z.array(Row), last: z.object({ text: z.string(), deep: z.object({ n: z.int32() }) }) }),
      output: Id.extend({ row: z.array(Row), last: z.json() }),
    }),
    extended: mutation({
      input: Id.extend({ extra: z.string(), more: z.array(z.int32()), held: z.object({ n: z.int32() }) }),
      output: Id.extend({
        text: z.string().meta({ grpc: { name: 'extra' } }),
        more: z.array(z.int32()),
        held: z.object({ n: z.int32() }),
      }),
    }),
  },
});
const operations = { bare: 'old.v1.Old/Bare', sent: 'old.v1.Old/Bare', echo: 'old.v1.Old/Echo', extended: 'old.v1.Old/Echo' };

describe.each(Object.entries(SOURCES))('proto2 by %s', (_, definition) => {
  const client = () => clientOf(contract, { url: `127.0.0.1:${port}`, definition, operations });

  it('what was not sent is its default, or absent where the contract has a word for that', async () => {
    expect(await client().bare({ id: 1 })).toMatchObject({ name: 'bob', kind: 'b', row: [{ key: 'k', value: 7 }], on: true, rate: 1.5 });
    expect(await client().bare({ id: 1 })).not.toHaveProperty('note');
    expect(await client().sent({ id: 1 })).toEqual({ kind: null });
  });

  it('groups are carried, in lists and in each other', async () => {
    const input = { id: 3, row: [{ key: 'a', value: 0 }, { key: 'b', value: 2 }], last: { text: 'ü', deep: { n: 5 } } }; // prettier-ignore
    expect(await client().echo(input)).toEqual(input);
    expect(seen.at(-1)).toMatchObject({ id: 3, last: { text: 'ü', deep: { n: 5 } } });
  });

  it('extensions are fields, by the last part of their name, and in hooks by the whole', async () => {
    const input = { id: 1, extra: 'more', more: [1, 2], held: { n: 3 } };
    expect(await client().extended(input)).toEqual({ id: 1, text: 'more', more: [1, 2], held: { n: 3 } });
    expect(seen.at(-1)).toMatchObject({ '.old.v1.extra': 'more', '.old.v1.more': [1, 2] });
    const hooks = { input: () => ({ id: 1, '[old.v1.extra]': 'a' }), output: (json: Record<string, unknown>) => ({ id: 1, text: json['[old.v1.extra]'], more: [], held: { n: 1 } }) }; // prettier-ignore
    const hooked = clientOf(contract, { url: `127.0.0.1:${port}`, definition, operations: { ...operations, extended: { method: 'old.v1.Old/Echo', ...hooks } } }); // prettier-ignore
    expect(await hooked.extended(input)).toMatchObject({ text: 'a' });
  });
});

describe('a default of bytes', () => {
  it('is as the .proto escapes it', async () => {
    const definition = readFileSync(set);
    const client = clientOf(contract, { url: `127.0.0.1:${port}`, definition, operations });
    expect(await client.bare({ id: 1 })).toMatchObject({ raw: Buffer.from('a\u0001\n').toString('base64') });
  });
});
