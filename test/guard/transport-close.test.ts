import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import type { Adapter, EventSink } from '../../src/core/transport.ts';
import { webSocket } from '../../src/websocket/client.ts';

let server: Served;
beforeAll(async () => {
  server = await serve(createBlogService(), { port: 0, grpcPort: 0, mqttPort: 0 });
});
afterAll(() => server.close());

describe('an adapter that is used without a client', () => {
  const adapters: Readonly<Record<string, () => Adapter>> = {
    rest: () => rest({ url: server.http }),
    'graphql over WebSocket': () => graphql({ url: server.http }),
    'graphql over server-sent events': () => graphql({ url: server.http, subscriptions: 'sse' }),
    websocket: () => webSocket({ url: server.http }),
    grpc: () => grpc({ url: server.grpc }),
    mqtt: () => mqtt({ url: server.mqtt }),
  };
  it.each(Object.entries(adapters))('ends its subscriptions when it is closed: %s', async (_, adapter) => {
    const transport = adapter()(blogContract);
    const ends: (string | undefined)[] = [];
    const sink: EventSink = { next: () => {}, gap: () => {}, end: (error) => void ends.push(error?.code) };
    const event = blogContract.events.message;
    await transport.subscribe({ event, params: {}, signal: new AbortController().signal, headers: {} }, sink);
    await transport.close();
    expect(ends).toEqual(['CANCELLED']);
  });
});
