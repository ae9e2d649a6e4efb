// The same call asks for just the fields you need: one GraphQL query, or two REST requests, with the same result.
// Run it: npx tsx examples/graphql-select.ts
import { createClient, type Adapter } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { graphql } from 'multi-api-sdk/graphql';
import { graphqlHandler } from 'multi-api-sdk/graphql/server';
import { composeHandlers, listen } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';

const service = createBlogService();
const graphqlApi = graphqlHandler(service);
const server = await listen(composeHandlers(restHandler(service), graphqlApi)); // a free port
graphqlApi.attach(server.server); // subscriptions over WebSocket

const show = ({ direction, start, body }: { direction: string; start: string; body?: string | undefined }) => {
  if (direction === 'out') console.log(`→ ${start} ${body ?? ''}`.trim());
};
const transports: Readonly<Record<string, Adapter>> = {
  GraphQL: graphql({ url: server.url, onWire: show }),
  REST: rest({ url: server.url, onWire: show }),
};
for (const [name, transport] of Object.entries(transports)) {
  console.log(name);
  const blog = createClient({ transport });
  const user = await blog.getUser({ id: 123 }, { select: { username: true, posts: { title: true } } });
  console.log(`${user.username}: ${user.posts.map(({ title }) => title).join(', ')}\n`);
  await blog.close();
}

await graphqlApi.close();
await server.close();
await service.close();
