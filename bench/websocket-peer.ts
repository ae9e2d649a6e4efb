import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBlogService } from 'multi-api-sdk/blog';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';
import { WebSocketServer } from 'ws';
import { servePeer } from './peer.ts';

const server = createServer();
if (process.argv[2] === 'raw') {
  // As one would write it by hand for speed: no validation, no headers, no limits.
  const users = new Map([[123, { id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt: '2024-01-15T09:30:00Z' }]]);
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (ws) => {
    ws.on('message', (data: Buffer) => {
      const { id, params } = JSON.parse(data.toString()) as { id: number; params: { id: number } };
      ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: users.get(params.id) }));
    });
  });
} else webSocketHandler(createBlogService()).attach(server);
server.listen(0, '127.0.0.1', () => servePeer((server.address() as AddressInfo).port));
