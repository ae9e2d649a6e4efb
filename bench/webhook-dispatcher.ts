import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createService, defineContract, event } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { memoryWebhookStore, webhookHandler } from 'multi-api-sdk/webhook/server';
import * as z from 'zod';

const ENDPOINTS = 1000;
const DEAD = 100;
const EVENTS = 14;
/** Until each endpoint has its connection. */
const WARM_UP = 6;

const contract = defineContract({
  name: 'bench',
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int32(), at: z.number() }) }) },
});
const service = createService(contract, {});
const handler = webhookHandler(service, { allowPrivate: true, store: memoryWebhookStore({ keepDelivered: 3 }) });
const api = await listen(handler);

const delays: number[][] = [];
const live = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    const { n, at } = (JSON.parse(text) as { data: { n: number; at: number } }).data;
    (delays[n] ??= []).push(performance.now() - at);
    response.writeHead(204).end();
  });
});
await new Promise<void>((resolve) => live.listen(0, '0.0.0.0', resolve));
// Half of the dead take the request and say nothing, the others are not there.
const hanging = createServer(() => {});
await new Promise<void>((resolve) => hanging.listen(0, '0.0.0.0', resolve));
const portOf = (server: typeof live) => (server.address() as AddressInfo).port;

for (let index = 0; index < ENDPOINTS; index++) {
  // Each has a host of its own.
  const host = `127.1.${index >> 8}.${index & 255 || 1}`;
  const port = index >= DEAD ? portOf(live) : index % 2 === 0 ? portOf(hanging) : 1;
  const response = await fetch(`${api.url}/webhooks/subscriptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: `http://${host}:${port}/${index}`, events: ['ticks'] }),
  });
  if (response.status !== 201) throw new Error(await response.text());
}

const memory: number[] = [];
for (let n = 0; n < EVENTS; n++) {
  await service.publish('tick', { n, at: performance.now() });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  memory.push(Math.round(process.memoryUsage().heapUsed / 2 ** 20));
}
const counted = delays
  .slice(WARM_UP)
  .flat()
  .sort((a, b) => a - b);
const at = (share: number) => `${(counted[Math.floor(counted.length * share)] ?? NaN).toFixed(0)} ms`;
console.log(`\nWebhook dispatcher: ${ENDPOINTS} endpoints, ${DEAD} of them dead, one event each second, endpoints in the same process`);
console.table({
  'to live endpoints': {
    expected: (EVENTS - WARM_UP) * (ENDPOINTS - DEAD),
    arrived: counted.length,
    p50: at(0.5),
    p99: at(0.99),
    goal: 'p99 < 1000 ms',
    'heap MiB': memory.join(' '),
  },
});

const graceful = handler.close();
for (const server of [live, hanging]) {
  server.closeAllConnections();
  server.close();
}
await graceful;
await Promise.all([api.close(0), service.close()]);
