import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { listen } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';

const service = createBlogService();
const server = await listen(restHandler(service));
const blog = createClient({ transport: rest({ url: server.url, onWire: ({ direction, start }) => console.log(direction, start) }) });

// A page is a promise of its items, and a loop over those of all pages.
for await (const post of blog.getUserPosts({ userId: 123, limit: 3 })) console.log(post.id, post.title);

// Sent twice, done once.
const options = { idempotencyKey: 'order-66', timeoutMs: 2000, headers: { 'x-tenant': 'acme' } };
const first = await blog.createPost({ authorId: 123, title: 'Once', content: 'only' }, options);
const again = await blog.createPost({ authorId: 123, title: 'Once', content: 'only' }, options);
console.log(first.id === again.id);

await blog.close();
await server.close();
await service.close();
