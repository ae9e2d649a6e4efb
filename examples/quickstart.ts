// The reference service and its typed client in one program.
// Run it: npx tsx examples/quickstart.ts
import { createClient, isApiError } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { listen } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';

const service = createBlogService();
const server = await listen(restHandler(service)); // a free port

const blog = createClient({ transport: rest({ url: server.url }) }); // another protocol: this line

const user = await blog.getUser({ id: 123 });
console.log(`${user.username} <${user.email}>`);

// A page is a promise of an array, and a loop over all pages.
for await (const post of blog.getUserPosts({ userId: user.id, limit: 2 })) console.log(`  ${post.id}. ${post.title}`);

// Once onMessage resolves, every event reaches the listener.
let hear: (line: { sender: string; message: string }) => void = () => {};
const heard = new Promise((resolve) => (hear = resolve));
const unsubscribe = await blog.onMessage(hear);
await blog.sendMessage({ sender: 'user123', message: 'Hello, everyone!' });
console.log(await heard);
await unsubscribe();

// Every failure is an ApiError with one of sixteen codes, whatever the protocol.
try {
  await blog.getWeather({ location: 'Atlantis' });
} catch (error) {
  if (!isApiError(error)) throw error;
  console.log(error.message);
}

await blog.close();
await server.close();
await service.close();
