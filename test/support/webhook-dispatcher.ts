// A process that accepts events into a file and is killed: webhook-dispatcher.ts <store> <endpoint> <count> [<first>]
// With <first> it goes on for ever from that number, in rows of <count>, and writes each number once it is acknowledged.
import process from 'node:process';
import * as z from 'zod';
import { createService, defineContract, event } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { fileWebhookStore, webhookHandler } from '../../src/webhook/server.ts';

const [path = '', url = '', count = '0', first] = process.argv.slice(2);
const contract = defineContract({
  name: 'news',
  events: { article: event({ channel: 'articles', payload: z.object({ n: z.number() }) }) },
});
const service = createService(contract, {});
const handler = webhookHandler(service, {
  allowPrivate: true,
  store: fileWebhookStore(path, { compactBytes: 8000, keepDelivered: 3 }),
  retryScheduleMs: [0, 0, 0],
});
await handler.ready;
const server = await listen(handler);
const subscriptions = `${server.url}/webhooks/subscriptions`;
const publish = (from: number) =>
  Promise.all(
    Array.from({ length: Number(count) }, async (_, index) => {
      await service.publish('article', { n: from + index });
      if (first !== undefined) process.stdout.write(`${from + index}\n`);
    }),
  );
if (Number(count) > 0 && ((await (await fetch(subscriptions)).json()) as unknown[]).length === 0) {
  const response = await fetch(subscriptions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url, events: ['articles'], ordered: first === undefined }),
  });
  if (response.status !== 201) throw new Error(await response.text());
  const { secret } = (await response.json()) as { secret: string };
  if (first === undefined) {
    await publish(0);
    process.stdout.write(`${JSON.stringify({ secret })}\n`);
  }
}
if (first !== undefined) for (let from = Number(first); ; from += Number(count)) await publish(from);
