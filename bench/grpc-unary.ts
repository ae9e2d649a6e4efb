import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { grpc } from 'multi-api-sdk/grpc';
import { serveGrpc } from 'multi-api-sdk/grpc/server';
import { startRaw } from './grpc-raw.js';
import { median, printTable } from './table.js';

const IN_FLIGHT = 64;
const CALLS = 5000;
const ROUNDS = 7;

/** Microseconds of CPU per call, client and server together: both are in this process. */
async function cpuPerCall(call: () => Promise<unknown>): Promise<number> {
  let left = CALLS;
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) await call();
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

const raw = await startRaw();
const service = createBlogService();
const server = await serveGrpc(service);
const blog = createClient({ transport: grpc({ url: server.address }) });
const calls = { raw: () => raw.getUser('123'), ours: () => blog.getUser({ id: 123 }) };

await cpuPerCall(calls.raw);
await cpuPerCall(calls.ours);
const results: { raw: number; ours: number }[] = [];
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await cpuPerCall(calls.raw), ours: await cpuPerCall(calls.ours) });
await blog.close();
await server.close();
await service.close();
raw.close();

const us = (which: 'raw' | 'ours') => `${median(results.map((result) => result[which])).toFixed(1)} µs`;
printTable(`gRPC, CPU per unary call, ${IN_FLIGHT} in flight, client and server together, against bare grpc-js with ts-proto`, [
  { what: 'getUser', ours: us('ours'), raw: us('raw'), ratio: median(results.map((result) => result.ours / result.raw)), goal: '<= 1.10' },
]);
