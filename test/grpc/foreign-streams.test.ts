/** Server streams of a service that someone else designed, as streamed operations; the peer is grpc-js with proto-loader. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation, stream } from '../../src/core/define.ts';
import { grpc } from '../../src/grpc/client.ts';
import { clientOf } from '../support/grpc.ts';
import { until } from '../support/until.ts';

const file = join(mkdtempSync(join(tmpdir(), 'feed-')), 'feed.proto');
writeFileSync(
  file,
  `syntax = "proto3";
package feed.v1;
import "google/protobuf/timestamp.proto";
service Feed {
  rpc Rows(RowsRequest) returns (stream Row);
  rpc One(RowsRequest) returns (Row);
}
message RowsRequest {
  string table = 1;
  int32 count = 2;
  google.protobuf.Timestamp since = 3;
}
message Row {
  int64 id = 1;
  string text = 2;
}
`,
);
const definition = loadSync(file, { longs: String, oneofs: true })['feed.v1.Feed'] as never;
const asked: object[] = [];
let written = 0;
let cancelled = 0;

const server = new Server();
server.addService(definition, {
  One: (_: unknown, done: (error: null, row: object) => void) => done(null, { id: 1 }),
  Rows: (call: ServerWritableStream<{ table: string; count: number }, object>) => {
    const { table, count } = call.request;
    asked.push(call.request);
    call.on('cancelled', () => cancelled++);
    const write = (id: number): void => {
      if (call.cancelled) return;
      if (id > count) {
        if (table === 'broken') call.emit('error', { code: 8, details: 'quota' });
        else call.end();
        return;
      }
      written = id;
      const goOn = call.write({ id, text: id % 2 === 0 ? 'even' : 'x'.repeat(table === 'large' ? 100_000 : 1) });
      if (goOn) setImmediate(write, id + 1);
      else call.once('drain', () => write(id + 1));
    };
    write(1);
  },
});
const port = await new Promise<number>((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);
afterAll(() => server.forceShutdown());

const input = z.object({ table: z.string(), count: z.int32(), since: z.iso.datetime().optional() });
const contract = defineContract({
  name: 'mine',
  operations: { rows: stream({ input, item: z.object({ id: z.string(), text: z.string() }) }) },
});
const url = `127.0.0.1:${port}`;

describe('a server stream as a streamed operation', () => {
  it('is found by its name, has a typed request, and its messages are the items', async () => {
    const client = clientOf(contract, { url, definition });
    const ids: string[] = [];
    for await (const { id } of client.rows({ table: 'a', count: 3, since: '2024-01-02T03:04:05Z' })) ids.push(id);
    expect(ids).toEqual(['1', '2', '3']);
    expect(asked.at(-1)).toEqual({ table: 'a', count: 3, since: { seconds: '1704164645' } });
  });

  it('ends with the status', async () => {
    const client = clientOf(contract, { url, definition });
    const ids: string[] = [];
    const loop = async () => {
      for await (const { id } of client.rows({ table: 'broken', count: 2 })) ids.push(id);
    };
    await expect(loop()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', text: 'quota' });
    expect(ids).toEqual(['1', '2']);
  });

  it('waits for the loop, and a break cancels it', async () => {
    const client = clientOf(contract, { url, definition });
    const before = cancelled;
    for await (const { id } of client.rows({ table: 'large', count: 1_000 })) {
      if (id === '3') break;
    }
    await until(() => cancelled > before);
    expect(written).toBeLessThan(200);
  });

  it('read makes the items, or leaves messages out', async () => {
    const client = clientOf(contract, {
      url,
      definition,
      operations: {
        rows: {
          method: 'feed.v1.Feed/Rows',
          input: ({ table }: { table: string }) => ({ table, count: 4 }),
          read: ({ id, text }: { id: string; text: string }) => (text === 'even' ? { id: `#${id}`, text } : undefined),
        },
      },
    });
    const ids: string[] = [];
    for await (const { id } of client.rows({ table: 'a', count: 0 })) ids.push(id);
    expect(ids).toEqual(['#2', '#4']);
  });

  it('and other kinds are told apart when the client is made', () => {
    const one = defineContract({ name: 'mine', operations: { one: mutation({ input, output: z.object({ id: z.string() }) }) } });
    expect(() => grpc({ url, definition, operations: { one: 'feed.v1.Feed/Rows' } })(one)).toThrow('make it a stream or an event');
    expect(() => grpc({ url, definition, operations: { rows: 'feed.v1.Feed/One' } })(contract)).toThrow('is not a server stream');
    const output = { method: 'feed.v1.Feed/Rows', output: (row: unknown) => row };
    expect(() => grpc({ url, definition, operations: { rows: output } })(contract)).toThrow("give 'read' instead of 'output'");
  });
});
