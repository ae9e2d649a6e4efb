// Serves for a moment: with stores in memory by default, or by what it was given: one-process.ts <default | given>.
import { createBlogService } from '../../src/blog/service.ts';
import { memoryHub, memoryIdempotencyStore } from '../../src/index.ts';
import { serve } from '../../src/serve/index.ts';
import { memoryWebhookStore } from '../../src/webhook/server.ts';

const isGiven = process.argv[2] === 'given';
for (let times = 0; times < 2; times++) {
  const service = createBlogService(isGiven ? { hub: memoryHub(), idempotencyStore: memoryIdempotencyStore() } : {});
  const webhook = isGiven ? { store: memoryWebhookStore() } : {};
  const served = await serve(service, { port: 0, protocols: ['rest', 'webhook'], webhook, playground: false });
  await served.close();
  await service.close();
}
