import process from 'node:process';
import pg from 'pg';
import * as z from 'zod';
import { listen } from '../../src/http/node/listen.ts';
import { createService, defineContract, event } from '../../src/index.ts';
import { postgresStores } from '../../src/postgres/index.ts';
import { webhookHandler } from '../../src/webhook/server.ts';

const contract = defineContract({
  name: 'news',
  events: { article: event({ channel: 'articles', type: 'article.published', payload: z.object({ n: z.int32() }) }) },
});

// One of several dispatchers on a Postgres: webhook-process.ts <url> <lease>. Publishes each number that it is sent, and sends it back when it is acknowledged.
const [url = '', leaseMs = '1000'] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 6 });
const stores = postgresStores({ pool, pollMs: 20 });
const service = createService(contract, {}, { hub: stores.hub });
const handler = webhookHandler(service, {
  allowPrivate: true,
  store: stores.webhookStore,
  leaseMs: Number(leaseMs),
  retryScheduleMs: [200, 600_000],
});
await handler.ready;
const server = await listen(handler);
process.on('message', (n: number) => void service.publish('article', { n }).then(() => process.send?.(n)));
process.send?.(server.url);
