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
let see: (event: unknown) => void = () => {};
const verified = new Promise((resolve) => (see = resolve));
const plain = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    verifyWebhook({ payload: Buffer.concat(chunks), headers: request.headers, secret }).then(
      (event) => {
        see(event.json());
        response.writeHead(204).end();
      },
      () => response.writeHead(401).end(),
    );
  });
});
await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
const response = await fetch(subscriptions, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ url: `http://127.0.0.1:${(plain.address() as AddressInfo).port}/`, events: ['article.published'] }),
});
({ secret } = (await response.json()) as { secret: string });

const author = createClient({ transport: service });
await author.createPost({ authorId: 123, title: 'New Blog Post', content: 'Lorem ipsum' });
console.log('the listener heard', await heard);
console.log('the verifier saw', await verified);

await blog.close();
await sender.close();
plain.closeAllConnections();
plain.close();
await Promise.all([server.close(0), receiver.close(0)]);
await service.close();
