// A contract of three parts, each with its handlers in a file of its own, as one service and one client.
// Run it: npx tsx examples/contract-parts.ts
import { createClient, createService, defineContract } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import type { Context } from './parts/context.ts';
import { postHandlers, posts } from './parts/posts.ts';
import { stats, statsHandlers } from './parts/stats.ts';
import { userHandlers, users } from './parts/users.ts';

const contract = defineContract({
  name: 'blog',
  parts: { users, posts, stats },
  // What joins parts belongs to the whole: a user's posts.
  relations: { User: { posts: { operation: 'getPosts', input: { authorId: 'id' } } } },
});

const service = createService({
  contract,
  context: ({ headers }): Context => ({ tenant: headers['x-tenant'] ?? 'nobody' }),
  handlers: { ...userHandlers, ...postHandlers, ...statsHandlers },
});
const server = await listen(restHandler(service));

const client = createClient({ contract, transport: rest({ url: server.url, headers: { 'x-tenant': 'acme' } }) });
const { id } = await client.addUser({ name: 'Ada' });
await client.addPost({ authorId: id, title: 'Notes on the engine' });
console.log(await client.getUser({ id }, { select: { name: true, posts: { title: true, tenant: true } } }));
await client.close();

// A program that needs one part alone takes that part's contract, and the same service answers.
const one = createClient({ contract: stats, transport: rest({ url: server.url, headers: { 'x-tenant': 'acme' } }) });
const { tenant, upMs } = await one.getStats();
console.log(tenant, upMs > 0);
await one.close();

await server.close();
await service.close();
