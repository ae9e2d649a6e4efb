import { createClient } from 'multi-api-sdk';
import { soap } from 'multi-api-sdk/soap';
import { createClientAsync } from 'soap';
import { startPeer } from './peer.js';
import { median, printTable } from './table.js';

const IN_FLIGHT = 32;
const CALLS = 3000;
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

const peer = await startPeer('soap-peer.js', 'ours');
const url = `http://127.0.0.1:${peer.port}/soap`;
const blog = createClient({ transport: soap({ url }) });
const client = await createClientAsync(`${url}?wsdl`);
const ours = () => blog.getWeather({ location: 'London' });
const raw = () => (client as unknown as { GetWeatherAsync(input: object): Promise<unknown> }).GetWeatherAsync({ Location: 'London' });

await cpuPerCall(raw);
await cpuPerCall(ours);
const results: { ours: number; raw: number }[] = [];
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await cpuPerCall(raw), ours: await cpuPerCall(ours) });
await blog.close();
peer.stop();

const us = (which: 'ours' | 'raw') => `${median(results.map((result) => result[which])).toFixed(1)} µs`;
printTable(`SOAP client, CPU per call, ${IN_FLIGHT} in flight, against a bare client of soap`, [
  { what: 'getWeather', ours: us('ours'), raw: us('raw'), ratio: median(results.map((result) => result.ours / result.raw)), goal: '<= 0.50' },
]);
