import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { grpc } from 'multi-api-sdk/grpc';
import { serveGrpc } from 'multi-api-sdk/grpc/server';
import { startRaw } from './grpc-raw.ts';
import { median, printTable } from './table.ts';

const EVENTS = 20_000;
const BATCH = 500;
const ROUNDS = 7;

const raw = await startRaw();
const service = createBlogService();
const server = await serveGrpc(service);
const blog = createClient({ transport: grpc({ url: server.address }) });
const reading = { sensorId: 'roof', celsius: 21.5, measuredAt: '2024-01-15T09:30:00.000Z' };

let seen = 0;
let wake = (): void => {};
const count = () => {
  if (++seen % BATCH === 0) wake();
};
const stopRaw = await raw.onTemperature(count);
const stopOurs = await blog.onTemperature(count);
let id = 0;

/** Messages per second: batches, each sent when the one before has been heard. */
async function rate(publish: () => unknown): Promise<number> {
  const start = performance.now();
  for (let sent = 0; sent < EVENTS; sent += BATCH) {
    const heard = new Promise<void>((resolve) => (wake = resolve));
    for (let index = 0; index < BATCH; index++) publish();
    await heard;
  }
  return (EVENTS * 1000) / (performance.now() - start);
}

const publish = {
  raw: () => raw.publish({ id: `bench-${++id}`, time: new Date().toISOString(), data: reading, gap: false, traceparent: '' }),
  ours: () => service.publish('temperature', reading),
};
await rate(publish.raw);
await rate(publish.ours);
const results: { raw: number; ours: number }[] = [];
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await rate(publish.raw), ours: await rate(publish.ours) });
stopRaw();
await stopOurs();
await blog.close();
await server.close();
await service.close();
raw.close();

const perSecond = (which: 'raw' | 'ours') => `${Math.round(median(results.map((result) => result[which])))}/s`;
printTable('gRPC, events to one subscriber, server and client in one process, against bare grpc-js with ts-proto', [
  {
    what: 'onTemperature',
    ours: perSecond('ours'),
    raw: perSecond('raw'),
    ratio: median(results.map((result) => result.ours / result.raw)),
    goal: '>= 0.95',
  },
]);
