// A service in a worker (Cloudflare, Deno Deploy, Vercel Edge): a module with a `fetch`, and nothing of Node.
// Run it: npx tsx examples/worker.ts
import { composeHandlers, fetchHandler } from 'multi-api-sdk/http/fetch';
import { graphqlHandler } from 'multi-api-sdk/graphql/server';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { service, tryOut } from './support/tasks.ts';

const handle = fetchHandler(composeHandlers(restHandler(service), graphqlHandler(service)));

/** What the platform loads: `wrangler deploy worker.ts`. */
const worker = { fetch: (request: Request): Promise<Response> => handle(request) };
export default worker;

// What the platform does with it.
await tryOut(rest({ url: 'https://tasks.example', fetch: (url, init) => worker.fetch(new Request(url, init)) }));
const query = '{ task(id: 1) { title } }';
const request = new Request('https://tasks.example/graphql', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query }),
});
console.log(await (await worker.fetch(request)).text());
await service.close();
