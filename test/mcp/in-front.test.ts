/** The official clients of MCP, in both eras, in front of each protocol that has calls. */
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, test } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { connect } from '../../src/guard/guard.ts';
import { listen } from '../../src/http/index.ts';
import { mcpHandler } from '../../src/mcp/server.ts';
import { target as connectTarget } from '../protocols/connect.ts';
import { target as graphqlTarget } from '../protocols/graphql.ts';
import { target as grpcTarget } from '../protocols/grpc.ts';
import { target as mcpTarget } from '../protocols/mcp.ts';
import { target as mqttTarget } from '../protocols/mqtt.ts';
import { target as restTarget } from '../protocols/rest.ts';
import { target as soapTarget } from '../protocols/soap.ts';
import { target as webSocketTarget } from '../protocols/websocket.ts';

interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const eras: Record<string, (url: URL) => Promise<AnyClient>> = {
  'the newest revision': async (url) => {
    const client = new NewClient({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new NewTransport(url));
    return client;
  },
  'the one before': async (url) => {
    const client = new OldClient({ name: 'test', version: '1.0.0' });
    await client.connect(new OldTransport(url));
    return client;
  },
};

/** An input of each tool, in an order in which all succeed. */
const INPUTS = {
  createUser: { username: 'anna', email: 'anna@example.com' },
  getUser: { id: 123 },
  createPost: { authorId: 123, title: 'A title', content: 'text' },
  getUserPosts: { userId: 123 },
  getPost: { id: 1 },
  updatePost: { id: 1, title: 'Another' },
  deletePost: { id: 1 },
  sendMessage: { sender: 'anna', message: 'Hei' },
  getWeather: { location: 'London' },
  reportTemperature: { sensorId: 'a', celsius: 20 },
} as const;

const targets: readonly ConformanceTarget[] = [
  restTarget, graphqlTarget, webSocketTarget, soapTarget, grpcTarget, mqttTarget, connectTarget, mcpTarget,
]; // prettier-ignore

describe.each(targets.map((target) => [target.name, target] as const))('MCP in front of %s', (_name, target) => {
  test.each(Object.entries(eras))('lists and calls all tools of the Blog, in %s', async (_era, open) => {
    const blog = createBlogService();
    const { transport, close } = await target.open(blog, { onError: () => {} });
    const peer = connect(transport, blogContract);
    const server = await listen(mcpHandler(peer));
    const client = await open(new URL(`${server.url}/mcp`));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(Object.keys(blogContract.operations));
    expect(Object.keys(INPUTS).sort()).toEqual(Object.keys(blogContract.operations).sort());
    let postId: unknown;
    for (const [name, input] of Object.entries(INPUTS)) {
      const given = 'id' in input && name.endsWith('Post') ? { ...input, id: postId } : input;
      const result = await client.callTool({ name, arguments: given });
      expect(result['isError'] ?? false, `${name}: ${JSON.stringify(result['content'])}`).toBe(false);
      if (name === 'createPost') postId = (result['structuredContent'] as { id: number }).id;
    }
    expect(await client.callTool({ name: 'getUser', arguments: { id: 9999 } })).toMatchObject({
      isError: true,
      _meta: { 'multi-api-sdk/error': { code: 'NOT_FOUND' } },
    });
    await client.close();
    await server.close();
    await peer.close();
    await close();
    await blog.close();
  });
});
