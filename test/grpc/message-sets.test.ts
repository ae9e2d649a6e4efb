/** Messages of proto2 with `message_set_wire_format`, by bytes that protoc's code writes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation } from '../../src/core/define.ts';
import { clientOf } from '../support/grpc.ts';
import { ROOT } from '../support/source-graph.ts';

const PROTO = `syntax = "proto2";
package old.v1;
service Old {
  rpc Echo(Thing) returns (Thing);
}
message Set {
  option message_set_wire_format = true;
  extensions 4 to max;
}
message Note {
  extend Set {
    optional Note note = 100;
  }
  optional string text = 1;
}
message Mark {
  extend Set {
    optional Mark mark = 2147483646;
  }
}
message Thing {
  optional Set set = 1;
}
`;
const folder = mkdtempSync(join(tmpdir(), 'sets-'));
writeFileSync(join(folder, 'old.proto'), PROTO);
const set = join(folder, 'old.binpb');
execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['build', `${folder}#format=dir`, '-o', set, '--as-file-descriptor-set'], {
  timeout: 60_000,
});

const asIs = (bytes: Buffer) => bytes;
const seen: string[] = [];
let answer: string | undefined;
const server = new Server();
server.addService(
  {
    Echo: {
      path: '/old.v1.Old/Echo',
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  },
  {
    Echo: ({ request }: { request: Buffer }, done: (error: null, value: Buffer) => void) => {
      seen.push(request.toString('hex'));
      done(null, answer === undefined ? request : Buffer.from(answer, 'hex'));
    },
  },
);
const port = await new Promise<number>((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);
afterAll(() => server.forceShutdown());

const Thing = z.object({ set: z.object({ note: z.object({ text: z.string().optional() }).optional(), mark: z.object({}).optional() }) });
const contract = defineContract({
  name: 'mine',
  operations: { echo: mutation({ input: Thing, output: Thing }), any: mutation({ input: Thing, output: z.json() }) },
});
/** An item of the number 100, and one of the largest number, which has nothing in it. */
const NOTE = '0b10641a040a0268690c';
const MARK = '0b10feffffff071a000c';
const inThing = (items: string): string => `0a${(items.length / 2).toString(16).padStart(2, '0')}${items}`;

describe.each([
  ['the text of its .proto', PROTO],
  ['a descriptor set', readFileSync(set)],
])('a message set by %s', (_, definition) => {
  const methods = { echo: 'old.v1.Old/Echo', any: 'old.v1.Old/Echo' };
  const client = () => clientOf(contract, { url: `127.0.0.1:${port}`, definition, operations: methods });

  it('has its extensions as items, those with nothing in them too', async () => {
    answer = undefined;
    const thing = { set: { note: { text: 'hi' }, mark: {} } };
    expect(await client().echo(thing)).toEqual(thing);
    expect(seen.at(-1)).toBe(inThing(NOTE + MARK));
    expect(await client().echo({ set: { mark: {} } })).toEqual({ set: { mark: {} } });
    expect(await client().any(thing)).toEqual({ set: { '[old.v1.Note.note]': { text: 'hi' }, '[old.v1.Mark.mark]': {} } });
  });

  it.each([
    ['the content before the number', '0b1a040a02686910640c', { note: { text: 'hi' } }],
    ['an item of another number', `0b10051a000c${MARK}`, { mark: {} }],
    ['an item without content', '0b10640c', { note: {} }],
    ['an item without a number', '0b1a000c', {}],
    ['an item with more in it', '0b1064280123241a040a0268690c', { note: { text: 'hi' } }],
    ['a field that is not an item', `2001${NOTE}`, { note: { text: 'hi' } }],
    ['one item in two parts', `${NOTE}0b10641a040a02686f0c`, { note: { text: 'ho' } }],
  ])('reads %s', async (_, items, expected) => {
    answer = inThing(items);
    expect(await client().echo({ set: {} })).toEqual({ set: expected });
  });

  it.each(['0b1064', '0b10641a05', '0b', '0b10640d'])('refuses an item that does not end: %s', async (items) => {
    answer = inThing(items);
    await expect(client().echo({ set: {} })).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});
