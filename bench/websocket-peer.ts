import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createService, defineContract, event, mutation } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';
import { WebSocketServer, type WebSocket } from 'ws';
import * as z from 'zod/mini';
import { servePeer } from './peer.js';

const [mode = 'ours', work = 'calls'] = process.argv.slice(2);
const server = createServer();
const text = 'x'.repeat(200 - JSON.stringify({ n: 1000, text: '' }).length);
const breathe = () => new Promise((resolve) => setImmediate(resolve));

/** As one would write it by hand for speed: no validation, no headers, no limits. */
function raw(): void {
  const users = new Map([[123, { id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt: '2024-01-15T09:30:00Z' }]]);
  const sockets = new Set<WebSocket>();
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (ws) => {
    sockets.add(ws);
    ws.on('close', () => sockets.delete(ws));
    ws.on('message', (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString()) as { id: number; method: string; params: { id: number; count: number } };
      if (method === 'getUser') ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: users.get(params.id) }));
      else void flood(params.count);
    });
  });
  const flood = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const message = JSON.stringify({ n: 1000 + n, text });
      for (const ws of sockets) ws.send(message);
      await breathe();
    }
  };
}

const drops = defineContract({
  name: 'drops',
  operations: { flood: mutation({ input: z.object({ count: z.int() }) }) },
  events: { drop: event({ channel: 'drops', payload: z.object({ n: z.int(), text: z.string() }) }) },
});

function ours(): void {
  const service = createService(drops, {
    flood: async ({ count }, call) => {
      for (let n = 0; n < count; n++) {
        await call.publish('drop', { n: 1000 + n, text });
        await breathe();
      }
    },
  });
  webSocketHandler(work === 'calls' ? createBlogService() : service).attach(server);
}

if (mode === 'raw') raw();
else ours();
server.listen(0, '127.0.0.1', 1024, () => servePeer((server.address() as AddressInfo).port));
