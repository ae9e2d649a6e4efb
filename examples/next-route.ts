// A route handler of Next.js, `app/api/[...path]/route.ts`, and a server component that calls the same service without a request.
// Run it: npx tsx examples/next-route.ts
import { createClient } from 'multi-api-sdk';
import { fetchHandler } from 'multi-api-sdk/http/fetch';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { contract, service, tryOut } from './support/tasks.ts';

// The whole of route.ts: a function for each method.
const handle = fetchHandler(restHandler(service));
const route = (request: Request): Promise<Response> => handle(request); // Next.js passes a second argument of its own
export { route as GET, route as POST, route as PUT, route as PATCH, route as DELETE };

// A server component: the same typed client, in process.
const tasks = createClient({ contract, transport: service });
async function TaskTitle({ id }: { readonly id: number }): Promise<string> {
  return (await tasks.getTask({ id })).title;
}

// What Next.js does with them: it calls the function of the request's method.
await tryOut(rest({ url: 'https://next.example', fetch: (url, init) => route(new Request(url, init)) }));
console.log(await TaskTitle({ id: 1 }));
await service.close();
