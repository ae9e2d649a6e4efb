import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createService, defineContract, event } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { memoryWebhookStore, webhookHandler } from 'multi-api-sdk/webhook/server';
import * as z from 'zod';
import { startPeer } from './peer.ts';

const ENDPOINTS = 1000;
const DEAD = 100;
const EVENTS = 60;
/** Until each endpoint has its connection, and what is kept of it has reached its bounds. */
const WARM_UP = 15;
/** Small, so that a minute is long enough to reach them. The defaults are 50 and 10,000. */
const BOUNDS = { keepDelivered: 5, keepDead: 5, maxPending: 10 };

const contract = defineContract({
  name: 'bench',
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int32(), at: z.number() }) }) },
});
const service = createService(contract, {});
const handler = webhookHandler(service, { allowPrivate: true, store: memoryWebhookStore(BOUNDS), maxPending: BOUNDS.maxPending });
const api = await listen(handler);
const endpoints = await startPeer('webhook-peer.js');

for (let index = 0; index < ENDPOINTS; index++) {
  // Each has a host of its own.
  const host = `127.1.${index >> 8}.${index & 255 || 1}`;
  // Half of the dead take the request and say nothing, the others are not there.
  const target = index >= DEAD ? `${endpoints.port}/${index}` : index % 2 === 0 ? `${endpoints.port}/hang` : `1/${index}`;
  const response = await fetch(`${api.url}/webhooks/subscriptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: `http://${host}:${target}`, events: ['ticks'] }),
  });
  if (response.status !== 201) throw new Error(await response.text());
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** What is retained, in MiB. */
function retained(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const memory: number[] = [];
const cpu = process.cpuUsage();
for (let n = 0; n < EVENTS; n++) {
  await service.publish('tick', { n, at: performance.timeOrigin + performance.now() });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  if (n % 5 === 4) memory.push(retained());
}
const { user, system } = process.cpuUsage(cpu);

const counted = ((await (await fetch(`http://127.0.0.1:${endpoints.port}/delays`)).json()) as number[][]).slice(WARM_UP).flat();
counted.sort((a, b) => a - b);
const at = (share: number) => `${(counted[Math.floor(counted.length * share)] ?? NaN).toFixed(0)} ms`;
const flat = memory.slice(WARM_UP / 5 - 1);
const [first = NaN, last = NaN] = [flat[0], flat.at(-1)];
console.log(`\nWebhook dispatcher: ${ENDPOINTS} endpoints, ${DEAD} of them dead, one event each second for ${EVENTS} s`);
console.table({
  'to live endpoints': { value: `${counted.length} of ${(EVENTS - WARM_UP) * (ENDPOINTS - DEAD)}`, goal: 'all' },
  p50: { value: at(0.5), goal: '-' },
  p99: { value: at(0.99), goal: '< 1000 ms' },
  'CPU for each delivery': {
    value: `${((user + system) / EVENTS / ENDPOINTS).toFixed(0)} µs, with the garbage collections asked for`,
    goal: '-',
  },
  'heap retained, every 5 s': { value: `${memory.map((each) => each.toFixed(0)).join(' ')} MiB`, goal: '-' },
  'growth at its bounds': { value: `${(((last - first) / first) * 100).toFixed(1)} % in ${EVENTS - WARM_UP} s`, goal: '< 5 %' },
});

endpoints.stop();
await handler.close();
await Promise.all([api.close(0), service.close()]);
