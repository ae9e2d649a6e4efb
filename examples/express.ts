// REST and WebSocket in an Express application, with the user that its middleware found.
// Run it: npx tsx examples/express.ts
import type { AddressInfo } from 'node:net';
import express from 'express';
import { nodeListener } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { webSocket } from 'multi-api-sdk/websocket';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';
import { service, tryOut } from './support/tasks.ts';

const app = express();
app.get('/', (_, response) => void response.send('a page of your own'));
// After what finds the user, and before express.json(), which would read the body.
app.all(/^\/api\//, nodeListener(restHandler(service), { caller: (request) => (request as { user?: unknown }).user }));

const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
// Sockets are not seen by Express: they are attached to its server.
const sockets = webSocketHandler(service);
sockets.attach(server);

const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
await tryOut(rest({ url }));
await tryOut(webSocket({ url }));
console.log(await (await fetch(url)).text());

await sockets.close();
server.closeAllConnections();
server.close();
await service.close();
