// REST in a Hono application, which runs wherever there is `Request`: Node, Bun, Deno, workers.
// Run it: npx tsx examples/hono.ts
import { Hono } from 'hono';
import { fetchHandler } from 'multi-api-sdk/http/fetch';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { service, tryOut } from './support/tasks.ts';

const app = new Hono();
const handle = fetchHandler(restHandler(service));
app.get('/', (context) => context.text('a page of your own'));
app.all('/api/*', (context) => handle(context.req.raw));

// The application without a server: the client's requests go to it at once.
await tryOut(rest({ url: 'http://app.example', fetch: (url, init) => Promise.resolve(app.request(url, init as RequestInit)) }));
console.log(await (await app.request('/')).text());
await service.close();
