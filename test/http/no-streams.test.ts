/** A `fetch` without streams, as React Native's: an answer comes whole, and has no `body`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { createClient, type Adapter } from '../../src/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { failure } from '../support/failure.ts';

/** What React Native's polyfill has of a response, with the head of a stream, which its `XMLHttpRequest` would hold back to the end. */
const fetchWhole = async (url: string, init?: object) => {
  const response = await fetch(url, init);
  const { status, statusText, ok, headers } = response;
  const parts = { text: () => response.text(), json: () => response.json(), arrayBuffer: () => response.arrayBuffer() };
  return { status, statusText, ok, headers, ...parts };
};

describe('a fetch without streams', () => {
  const service = createBlogService();
  let served: Served;
  beforeAll(async () => {
    served = await serve(service, { port: 0, grpcPort: 0, protocols: ['rest', 'graphql', 'soap', 'grpc', 'mcp'] });
  });
  afterAll(async () => {
    await served.close();
    await service.close();
  });

  const adapters = (): Record<string, Adapter<'call' | 'subscribe'> | Adapter<'call'>> => {
    const options = { url: served.http, fetch: fetchWhole as never };
    return {
      rest: rest(options),
      graphql: graphql({ ...options, subscriptions: 'sse' }),
      soap: soap(options),
      connect: connect(options),
      mcp: mcp(options),
    };
  };

  it.each(['rest', 'graphql', 'soap', 'connect', 'mcp'])('%s: calls work', async (name) => {
    const client = createClient({ contract: blogContract, transport: adapters()[name] as Adapter<'call'> });
    expect((await client.getUser({ id: 123 }, { select: { username: true } })).username).toBe('john_doe');
    expect(await failure(client.getUser({ id: 9 }))).toMatchObject({ code: 'NOT_FOUND' });
    await client.close();
  });

  it.each(['rest', 'graphql', 'connect'])('%s: events say what is missing, at once', async (name) => {
    const client = createClient({ contract: blogContract, transport: adapters()[name] as Adapter<'call' | 'subscribe'>, timeoutMs: 3000 });
    const error = await failure(client.onTemperature(() => {}));
    expect(error).toMatchObject({
      code: 'UNIMPLEMENTED',
      text: expect.stringMatching(/^this .fetch. gives no body .* WebSocket$/) as string,
    });
    await client.close();
  });
});
