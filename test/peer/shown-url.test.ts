import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createClient } from '../../src/blog/client.ts';
import { graphql } from '../../src/graphql/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { mcp } from '../../src/mcp/client.ts';
import { shownUrl } from '../../src/peer/redact/shown-url.ts';
import { rest } from '../../src/rest/client.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

const TOKEN = `110201543:${'A'.repeat(35)}`;

describe('an address in a message', () => {
  it.each([
    ['http://localhost:4000/users/1', 'http://localhost:4000/users/1'],
    ['https://me:secret@example.com/a?key=b#c', 'https://example.com/a'],
    [`https://api.example.com/bot${TOKEN}/send`, 'https://api.example.com/…/send'],
    [`wss://${'a'.repeat(60)}.example.com/a`, `wss://${'a'.repeat(60)}.example.com/a`],
    ['/users/2f1c9a52-77aa-4b0e-9f1d-2d5e6a7b8c9d?x=1', '/users/2f1c9a52-77aa-4b0e-9f1d-2d5e6a7b8c9d'],
    ['getUser', 'getUser'],
    ['the stream of a@b', 'the stream of a@b'],
  ])('%s is %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown);
  });

  it.each([
    ['REST', (url: string) => rest({ url })],
    ['GraphQL', (url: string) => graphql({ url })],
    ['SOAP', (url: string) => soap({ url })],
    ['WebSocket', (url: string) => webSocket({ url })],
    ['Connect', (url: string) => connect({ url })],
    ['MCP', (url: string) => mcp({ url })],
  ])('holds no secret of the path if nothing listens, over %s', async (_, adapter) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const client = createClient({ transport: adapter(`http://127.0.0.1:${port}/bot${TOKEN}`) });
    try {
      const { error } = await client.getUser.safe({ id: 1 });
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      expect(String(error)).not.toContain(TOKEN);
    } finally {
      await client.close();
    }
  });
});
