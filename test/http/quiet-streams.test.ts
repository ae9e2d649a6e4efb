/** Streams whose handler is silent for longer than a proxy waits, and streams whose server has gone without an end. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Adapter } from '../../src/core/transport.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { createClient, createService, defineContract, stream, type ApiError } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { freePort } from '../support/free-port.ts';
import { noNginx, startNginx, type Nginx } from '../support/nginx.ts';
import { quietWay } from '../support/quiet-way.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'lamps',
  operations: {
    // An item without a member is an empty message of protobuf.
    watch: stream({
      input: z.object({ silentMs: z.int32() }),
      item: z.object({ n: z.int32().optional() }),
      http: 'GET /watch',
    }),
  },
  events: {},
});
const service = createService(contract, {
  async *watch({ silentMs }, { signal }) {
    yield { n: 1 };
    yield {};
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, silentMs);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()));
    });
    yield { n: 2 };
  },
});
const BEAT_MS = 150;
let served: Served;
beforeAll(async () => {
  served = await serve(service, {
    port: 0,
    grpcPort: 0,
    protocols: ['rest', 'graphql', 'websocket', 'grpc'],
    rest: { heartbeatMs: BEAT_MS },
    graphql: { heartbeatMs: BEAT_MS },
    websocket: { pingIntervalMs: BEAT_MS },
    playground: false,
  });
});
afterAll(async () => {
  await served.close();
  await service.close();
});

type Reader = (at: { readonly url: string; readonly grpc: string }) => Adapter<'call' | 'subscribe' | 'stream'>;
const pingIntervalMs = BEAT_MS;
const readers: Readonly<Record<string, Reader>> = {
  rest: ({ url }) => rest({ url }),
  graphql: ({ url }) => graphql({ url }),
  'graphql in parts': ({ url }) => graphql({ url, subscriptions: 'multipart' }),
  websocket: ({ url }) => webSocket({ url }),
  grpc: ({ grpc: url }) => grpc({ url, pingIntervalMs }),
  'connect in JSON': ({ url }) => connect({ url, pingIntervalMs }),
  'connect in binary': ({ url }) => connect({ url, pingIntervalMs, format: 'binary' }),
  'grpc-web': ({ url }) => connect({ url, pingIntervalMs, protocol: 'grpc-web' }),
};
const clientOf = (name: string, at: Parameters<Reader>[0]) => {
  const client = createClient({ contract, transport: (readers[name] as Reader)(at) });
  onTestFinished(() => client.close());
  return client;
};

/** Two of nginx's patience, which is a second. */
const SILENT_MS = 2200;

describe.skipIf(noNginx)(`a silent stream behind a proxy${noNginx === undefined ? '' : ` (${noNginx})`}`, () => {
  let nginx: Nginx;
  let at: Parameters<Reader>[0];
  beforeAll(async () => {
    const grpcPort = await freePort();
    nginx = await startNginx(
      () => `location / {
        proxy_pass ${served.http}; proxy_http_version 1.1; proxy_set_header Host $host; proxy_buffering off; proxy_read_timeout 1s;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;
      }`,
      `server { listen 127.0.0.1:${grpcPort} http2; location / { grpc_pass grpc://${served.grpc}; grpc_read_timeout 1s; } }`,
    );
    at = { url: `http://127.0.0.1:${nginx.port}`, grpc: `127.0.0.1:${grpcPort}` };
  });
  afterAll(() => nginx.close());

  it.concurrent.each(Object.keys(readers))('is not cut over %s', async (name) => {
    const items: unknown[] = [];
    const client = createClient({ contract, transport: (readers[name] as Reader)(at) });
    for await (const item of client.watch({ silentMs: SILENT_MS })) items.push(item);
    await client.close();
    expect(items).toEqual([{ n: 1 }, {}, { n: 2 }]);
  });

  it('is not cut as lines of JSON, among which are empty ones while nothing else comes', async () => {
    const response = await fetch(`${at.url}/watch?silentMs=${SILENT_MS}`, { headers: { accept: 'application/x-ndjson' } });
    const text = await response.text();
    expect(text).toMatch(/^\{"n":1\}\n\{\}\n\n+\{"n":2\}\n$/);
  });
});

describe.each(['grpc', 'connect in JSON', 'connect in binary', 'grpc-web'])('a stream of items over %s', (name) => {
  const open = async () => {
    const way = await quietWay(Number(new URL(name === 'grpc' ? `http://${served.grpc}` : served.http).port));
    const client = clientOf(name, { url: `http://${way.url}`, grpc: way.url });
    return { way, client };
  };

  it('ends with UNAVAILABLE if its server has gone without an end', async () => {
    const { way, client } = await open();
    const items = client.watch({ silentMs: 60_000 });
    expect([(await items.next()).value, (await items.next()).value]).toEqual([{ n: 1 }, {}]);
    way.fallSilent();
    const error = await items.next().then(() => undefined, (failure: ApiError) => failure); // prettier-ignore
    expect([error?.code, error?.text]).toEqual(['UNAVAILABLE', 'the server has fallen silent']);
  });

  it('is left alone while its reader is slow', async () => {
    const { client } = await open();
    const items: unknown[] = [];
    for await (const item of client.watch({ silentMs: 1 })) {
      items.push(item);
      const startedAt = performance.now();
      if (items.length === 1) await until(() => performance.now() - startedAt > 5 * BEAT_MS, 'five intervals went by');
    }
    expect(items).toEqual([{ n: 1 }, {}, { n: 2 }]);
  });
});
