import { once } from 'node:events';
import { Client, credentials, Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { createClient, createService, defineContract, stream } from 'multi-api-sdk';
import { grpc } from 'multi-api-sdk/grpc';
import { serveGrpc } from 'multi-api-sdk/grpc/server';
import * as z from 'zod';
import { median, printTable } from './table.ts';

type Generated = typeof import('../test/grpc/generated/blog/v1/blog.ts');
type Reading = import('../test/grpc/generated/blog/v1/blog.ts').TemperatureReading;

// scripts/bench.mjs puts it there.
const { TemperatureReading } = (await import(new URL('generated/blog/v1/blog.js', import.meta.url).href)) as Generated;

const ITEMS = 10_000;
const ROUNDS = 7;
const reading = { sensorId: 'roof', celsius: 21.5, measuredAt: '2024-01-15T09:30:00.000Z' };

/** A stream as one writes it by hand: the writer waits for the connection, nothing is checked. */
const definition = {
  rows: {
    path: '/bench.v1.Rows/Rows',
    requestStream: false,
    responseStream: true,
    requestSerialize: (count: number) => Buffer.from(String(count)),
    requestDeserialize: (bytes: Buffer) => Number(bytes.toString()),
    responseSerialize: (row: Reading) => Buffer.from(TemperatureReading.encode(row).finish()),
    responseDeserialize: (bytes: Buffer) => TemperatureReading.decode(bytes),
  },
} as const;
const rawServer = new Server();
rawServer.addService(definition, {
  async rows(call: ServerWritableStream<number, object>) {
    for (let index = 0; index < call.request; index++) if (!call.write(reading)) await once(call, 'drain');
    call.end();
  },
});
const port = await new Promise<number>((resolve, reject) =>
  rawServer.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
);
const rawClient = new Client(`127.0.0.1:${port}`, credentials.createInsecure());

const Row = z.object({ sensorId: z.string(), celsius: z.number(), measuredAt: z.iso.datetime() });
const contract = defineContract({ name: 'bench', operations: { rows: stream({ input: z.object({ count: z.int32() }), item: Row }) } });
const service = createService(contract, {
  async *rows({ count }) {
    for (let index = 0; index < count; index++) yield Promise.resolve(reading);
  },
});
const server = await serveGrpc(service);
const client = createClient({ contract, transport: grpc({ url: server.address }) });

/** Items per second, each of which a loop takes. */
async function rate(open: () => AsyncIterable<unknown>): Promise<number> {
  const start = performance.now();
  let seen = 0;
  for await (const _ of open()) seen++;
  if (seen !== ITEMS) throw new Error(`${seen} items came`);
  return (ITEMS * 1000) / (performance.now() - start);
}

const { path, requestSerialize, responseDeserialize } = definition.rows;
const open = {
  raw: () => rawClient.makeServerStreamRequest(path, requestSerialize, responseDeserialize, ITEMS),
  ours: () => client.rows({ count: ITEMS }),
};
await rate(open.raw);
await rate(open.ours);
const results: { raw: number; ours: number }[] = [];
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await rate(open.raw), ours: await rate(open.ours) });
await client.close();
await server.close();
await service.close();
rawClient.close();
rawServer.forceShutdown();

const perSecond = (which: 'raw' | 'ours') => `${Math.round(median(results.map((result) => result[which])))}/s`;
printTable('gRPC, items of a stream, server and client in one process, against bare grpc-js with ts-proto', [
  {
    what: 'rows, one by one',
    ours: perSecond('ours'),
    raw: perSecond('raw'),
    ratio: median(results.map((result) => result.ours / result.raw)),
    goal: '>= 0.80',
  },
]);
