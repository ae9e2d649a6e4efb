import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { listen } from '../../src/http/index.ts';
import type { Closable } from '../../src/life/closable.ts';
import { serveMcpStdio } from '../../src/mcp/stdio/server.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { serveMqtt } from '../../src/mqtt/server.ts';
import { postgresStores } from '../../src/postgres/index.ts';
import { redisStores } from '../../src/redis/index.ts';
import { restHandler } from '../../src/rest/server.ts';
import { serve } from '../../src/serve/index.ts';
import { webhookHandler } from '../../src/webhook/server.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';

const service = createBlogService();
const brokers: Closable[] = [];

async function atBroker(): Promise<Closable> {
  const broker = await mqttBroker({ port: 0 });
  brokers.push(broker);
  return serveMqtt(service, { url: broker.url });
}

const noDatabase = () => Promise.reject(new Error('there is no database here'));

const MAKERS: Readonly<Record<string, () => Closable | Promise<Closable>>> = {
  createService: () => createBlogService(),
  listen: () => listen(restHandler(service)),
  serve: () => serve(service, { port: 0, grpcPort: 0 }),
  serveGrpc: () => serveGrpc(service),
  mqttBroker: () => mqttBroker({ port: 0 }),
  serveMqtt: atBroker,
  webSocketHandler: () => webSocketHandler(service),
  graphqlHandler: () => graphqlHandler(service),
  webhookHandler: () => webhookHandler(service),
  serveMcpStdio: () => serveMcpStdio(service, { input: new PassThrough(), output: new PassThrough() }),
  redisStores: () => redisStores({ send: () => noDatabase(), blockingSend: () => noDatabase(), onError: () => {} }),
  postgresStores: () => postgresStores({ pool: { query: noDatabase }, onError: () => {} }),
};

describe.each(Object.entries(MAKERS))('the result of %s', (_, make) => {
  it('closes at the end of a block with await using', async () => {
    const closed: unknown[] = [];
    {
      await using made = await make();
      const close = made.close.bind(made);
      made.close = (...given) => {
        closed.push(given);
        return close(...given);
      };
    }
    expect(closed).toEqual([[]]);
    for (const broker of brokers.splice(0)) await broker.close();
  });
});
