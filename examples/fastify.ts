// REST and WebSocket in a Fastify application.
// Run it: npx tsx examples/fastify.ts
import { fastify } from 'fastify';
import { nodeListener } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { webSocket } from 'multi-api-sdk/websocket';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';
import { service, tryOut } from './support/tasks.ts';

const app = fastify({ forceCloseConnections: true });
app.get('/', () => 'a page of your own');
// A scope of its own, in which Fastify leaves bodies alone.
await app.register(async (scope) => {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
  const listener = nodeListener(restHandler(service));
  scope.all('/api/*', (request, reply) => {
    reply.hijack();
    listener(request.raw, reply.raw);
  });
});
const sockets = webSocketHandler(service);
sockets.attach(app.server);

const url = await app.listen({ port: 0, host: '127.0.0.1' });
await tryOut(rest({ url }));
await tryOut(webSocket({ url }));
console.log(await (await fetch(url)).text());

await sockets.close();
await app.close();
await service.close();
