import { createClient } from 'multi-api-sdk';
import { rest } from 'multi-api-sdk/rest';
import { startPeer } from './peer.js';
import { median, printTable } from './table.js';

const IN_FLIGHT = 32;
const CALLS = 6000;
const ROUNDS = 7;

/** Microseconds of this process's CPU per call. */
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

const peer = await startPeer('rest-peer.js', 'raw');
const url = `http://127.0.0.1:${peer.port}`;
const blog = createClient({ transport: rest({ url }) });
const ours = () => blog.getUser({ id: 123 });
const raw = async () => JSON.parse(await (await fetch(`${url}/users/123`)).text()) as unknown;

await cpuPerCall(raw);
await cpuPerCall(ours);
const results: { ours: number; raw: number }[] = [];
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await cpuPerCall(raw), ours: await cpuPerCall(ours) });
await blog.close();
peer.stop();

const us = (which: 'ours' | 'raw') => `${median(results.map((result) => result[which])).toFixed(1)} µs`;
printTable(`REST client, CPU per call, ${IN_FLIGHT} in flight, against global fetch and JSON.parse`, [
  { what: 'getUser', ours: us('ours'), raw: us('raw'), ratio: median(results.map((result) => result.ours / result.raw)), goal: '<= 0.35' },
]);
