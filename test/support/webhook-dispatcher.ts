// A process that accepts events into a file and is killed before it delivers them: webhook-dispatcher.ts <store> <endpoint> <count>
import process from 'node:process';
import * as z from 'zod';
import { createService, defineContract, event, memoryHub } from '../../src/index.js';
import { listen } from '../../src/http/listen.js';
import { fileWebhookStore, webhookHandler } from '../../src/webhook/server.js';

const [path = '', url = '', count = '0'] = process.argv.slice(2);
const contract = defineContract({
  name: 'news',
  events: { article: event({ channel: 'articles', payload: z.object({ n: z.number() }) }) },
});
const service = createService(contract, {}, { events: memoryHub({ awaitSubscribers: true }) });
const handler = webhookHandler(service, { allowPrivate: true, store: fileWebhookStore(path), retryScheduleMs: [0, 0, 0] });
await handler.ready;
if (Number(count) > 0) {
  const server = await listen(handler);
  const response = await fetch(`${server.url}/webhooks/subscriptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url, events: ['articles'], ordered: true }),
  });
  if (response.status !== 201) throw new Error(await response.text());
  const { secret } = (await response.json()) as { secret: string };
  await Promise.all(Array.from({ length: Number(count) }, (_, n) => service.publish('article', { n })));
  process.stdout.write(`${JSON.stringify({ secret })}\n`);
}
