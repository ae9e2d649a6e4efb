// Webhooks, both ends: a service that sends, a receiver that subscribes itself, and a plain one that only verifies.
// Run it: npx tsx examples/webhooks.ts
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { listen } from 'multi-api-sdk/http';
import { verifyWebhook, webhook } from 'multi-api-sdk/webhook';
import { webhookHandler } from 'multi-api-sdk/webhook/server';

// The sender. For durable deliveries: store: fileWebhookStore('webhooks.jsonl').
const service = createBlogService();
const sender = webhookHandler(service, { allowPrivate: true });
const server = await listen(sender);
const subscriptions = `${server.url}/webhooks/subscriptions`;

// A receiver: the client's listener gets verified, validated events, each once.
const receiver = await listen((request) => hooks.handler(request));
const hooks = webhook({ subscribe: { url: subscriptions, callbackUrl: `${receiver.url}/webhook/callback` } });
const blog = createClient({ transport: hooks });
let hear: (article: unknown) => void = () => {};
const heard = new Promise((resolve) => (hear = resolve));
await blog.onArticlePublished(hear);

// One that knows nothing of this library but the verifier, and subscribes by hand.
let secret = '';
const verified = new Promise((resolve) => {
  const plain = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    resolve((await verifyWebhook({ payload: Buffer.concat(chunks), headers: request.headers, secret })).json());
    response.writeHead(204).end(() => plain.close());
    plain.closeIdleConnections();
  });
  plain.listen(0, '127.0.0.1', async () => {
    const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/`;
    const response = await fetch(subscriptions, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url, events: ['article.published'] }),
    });
    ({ secret } = (await response.json()) as { secret: string });
    await createClient({ transport: service }).createPost({ authorId: 123, title: 'New Blog Post', content: 'Lorem ipsum' });
  });
});

console.log('the listener heard', await heard);
console.log('the verifier saw', await verified);

await blog.close();
await sender.close();
await Promise.all([server.close(0), receiver.close(0)]);
await service.close();
