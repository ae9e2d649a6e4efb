// A program behind msw 3: no server stands at its URL, and each protocol that msw can intercept answers as the service does.
import assert from 'node:assert/strict';
import { setupServer } from 'msw/node';
import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { graphql } from 'multi-api-sdk/graphql';
import { rest } from 'multi-api-sdk/rest';
import { soap } from 'multi-api-sdk/soap';
import { mswHandlers } from 'multi-api-sdk/testing/msw';
import { webSocket } from 'multi-api-sdk/websocket';

const url = 'https://api.example.com/v1';
const service = createBlogService();
const server = setupServer(...mswHandlers(service.contract, { url, service }));
server.listen({ onUnhandledRequest: 'error' });
const { WebSocket } = globalThis;
const transports = {
  rest: rest({ url }),
  graphql: graphql({ url: `${url}/graphql`, WebSocket }),
  soap: soap({ url: `${url}/soap` }),
  websocket: webSocket({ url: 'wss://api.example.com/v1/ws', WebSocket }),
};

for (const [name, transport] of Object.entries(transports)) {
  const client = createClient({ transport });
  assert.equal((await client.getUser({ id: 123 })).username, 'john_doe');
  console.log(`${name}: a call`);
  await assert.rejects(client.getUser({ id: 9999 }), { code: 'NOT_FOUND' });
  console.log(`${name}: an error`);
  assert.equal(
    (await client.getUserPosts({ userId: 123 }, { select: { title: true } })).every(({ title }) => title.length > 0),
    true,
  );
  console.log(`${name}: a selection`);
  // SOAP has no events.
  if (name !== 'soap') {
    const heard = Promise.withResolvers();
    await client.onArticlePublished(({ title }) => heard.resolve(title));
    await client.createPost({ authorId: 123, title: `By ${name}`, content: 'x' });
    assert.equal(await heard.promise, `By ${name}`);
    console.log(`${name}: an event`);
  }
  await client.close();
}
server.close();
await service.close();
