// A process that delivers webhooks from a file, and is killed: events are published from its first millisecond, before the file is read.
import { setTimeout } from 'node:timers';
import * as z from 'zod';
import { createService, defineContract, event } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { fileWebhookStore, webhookHandler } from 'multi-api-sdk/webhook/server';

const [path, callbackUrl, first] = process.argv.slice(2);
const contract = defineContract({
  name: 'news',
  events: { article: event({ channel: 'articles', payload: z.object({ n: z.int32() }) }) },
});
const service = createService(contract, {});
const store = fileWebhookStore(path, { compactBytes: 200_000 });
const retryScheduleMs = [0, 100, 200, 400, 800];
const handler = webhookHandler(service, {
  allowPrivate: true,
  store,
  retryScheduleMs,
  onError: (error) => process.send({ failed: String(error) }),
});
let next = Number(first) || 1;
async function publish() {
  for (;;) {
    const n = next++;
    try {
      await service.publish('article', { n });
      process.send({ acknowledged: n });
    } catch (error) {
      process.send({ failed: String(error) });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
const start = () => { for (let each = 0; each < 8; each++) void publish(); }; // prettier-ignore
const isFirst = first === '0';
if (!isFirst) start();
await handler.ready;
if (isFirst) {
  const { url } = await listen(handler);
  const headers = { 'content-type': 'application/json' };
  const answer = await globalThis.fetch(`${url}/webhooks/subscriptions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ url: callbackUrl, events: ['articles'] }),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  start();
}
