import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createBlogService } from '../../src/blog/service.ts';
import { listen } from '../../src/http/node/listen.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { until } from '../support/until.ts';

/**
 * Each folder is a case. `sent.txt` has the messages that a peer sends, a line each; each is sent when the one before was answered. `received.txt` has all that
 * the server sends back, `answers` of `case.json` says how many. A new bug is a new folder; `npx vitest run test/websocket/golden.test.ts -u` writes them.
 */
const folder = new URL('../golden/websocket/', import.meta.url);

/** Times and ids that are made anew by each run. */
function stable(text: string): string {
  return text
    .replace(/"(subscription|requestId|id)":"(?!golden)[0-9a-zA-Z-]{6,}"/g, '"$1":"<$1>"')
    .replace(/"(time|createdAt)":"(?!2024-)[^"]+"/g, '"$1":"<time>"');
}

describe('JSON-RPC on the wire', () => {
  it.each(readdirSync(folder))('%s', async (name) => {
    const file = (path: string) => new URL(`${name}/${path}`, folder);
    const { answers } = JSON.parse(readFileSync(file('case.json'), 'utf8')) as { readonly answers: number };
    const sent = readFileSync(file('sent.txt'), 'utf8').trimEnd().split('\n');
    const service = createBlogService();
    const server = await listen(() => undefined);
    const handler = webSocketHandler(service);
    handler.attach(server.server);
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, 'jsonrpc-2.0');
    const received: string[] = [];
    socket.on('message', (data: Buffer) => received.push(stable(data.toString())));
    await new Promise((resolve) => socket.once('open', resolve));
    for (const [at, message] of sent.entries()) {
      socket.send(message);
      await until(
        () => received.length >= (at === sent.length - 1 ? answers : at + 1),
        () => `${answers} messages came: ${received.join('\n')}`,
      );
    }
    const all = [...received].sort();
    socket.close();
    await handler.close();
    await server.close();
    await service.close();
    // An event and the answer of the call that wrote it are not in an order.
    await expect(`${all.join('\n')}\n`).toMatchFileSnapshot(file('received.txt').pathname);
  });
});
