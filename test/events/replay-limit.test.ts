/** What a subscriber missed comes before its start is acknowledged: how much of it is held is bounded, and nothing is lost by that. */
import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod/mini';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { composeHandlers } from '../../src/http/serve/compose.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient, createService, defineContract, event, type Adapter, type Transport } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';

const contract = defineContract({
  name: 'notes',
  operations: {},
  events: { note: event({ channel: 'notes', payload: z.object({ n: z.int32(), text: z.string() }) }) },
});

/** In bytes. Each event has a thousand, of 500 characters. */
const maxBufferedBytes = 10_000;
const text = 'é'.repeat(500);
const COUNT = 50;

const ADAPTERS: Readonly<Record<string, (url: string, grpcAddress: string) => Adapter>> = {
  gRPC: (_, url) => grpc({ url }),
  REST: (url) => rest({ url }),
  'GraphQL as server-sent events': (url) => graphql({ url, subscriptions: 'sse' }),
  'GraphQL on a socket': (url) => graphql({ url }),
  'JSON-RPC': (url) => webSocket({ url }),
};

describe('a replay that is larger than what may be held', () => {
  it.each(Object.entries(ADAPTERS))('comes piece by piece over %s, whole and in order', async (_, adapterOf) => {
    const service = createService(contract, {});
    let subscribed = 0;
    const counting: Transport = {
      contract,
      name: 'counting',
      call: (request) => service.call(request),
      subscribe: (request, sink) => (subscribed++, service.subscribe(request, sink)),
      close: () => service.close(),
    };
    const options = { maxBufferedBytes };
    const onGraphql = graphqlHandler(counting, options);
    const onSockets = webSocketHandler(counting, options);
    const server = await listen(composeHandlers(restHandler(counting, options), onGraphql));
    onGraphql.attach(server.server);
    onSockets.attach(server.server);
    const grpcServer = await serveGrpc(counting, options);

    const own = createClient({ contract, transport: service });
    const first = new Promise<string>((resolve) => void own.onNote((_data, { id }) => resolve(id)));
    for (let n = 0; n <= COUNT; n++) await service.publish('note', { n, text });
    const client = createClient({
      contract,
      transport: adapterOf(server.url, grpcServer.address),
      reconnect: { baseDelayMs: 1, maxDelayMs: 1 },
    });
    onTestFinished(async () => {
      await client.close();
      await Promise.all([onSockets.close(0), onGraphql.close(0), server.close(0), grpcServer.close(0)]);
      await service.close();
    });
    const heard: number[] = [];
    for await (const { n } of client.onNote({ lastEventId: await first, onGap: () => expect.unreachable('nothing was lost') })) {
      heard.push(n);
      if (n === COUNT) break;
    }
    expect(heard).toEqual(Array.from({ length: COUNT }, (_each, index) => index + 1));
    // A connection for each piece: no more than one event goes over the limit.
    expect(subscribed).toBeGreaterThanOrEqual(Math.floor((COUNT * 1000) / (maxBufferedBytes + 1200)));
  });
});
