/** Every client takes a `fetch`, and the address of the server alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { graphql } from '../../src/graphql/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient } from '../../src/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { webhook, type WebhookAdapter } from '../../src/webhook/client.ts';

interface Carried {
  readonly url: string;
  readonly fetch?: FetchLike;
}

const service = createBlogService();
const LOOPBACK = { allowPrivate: true };
let callback: Awaited<ReturnType<typeof listen>>;
let hooks: WebhookAdapter | undefined;
beforeAll(async () => {
  callback = await listen((request) => hooks?.handler(request));
});
afterAll(() => callback.close(0));

type Run = (options: Carried) => Promise<unknown>;
const calling =
  (adapter: (options: Carried) => Adapter<'call'>): Run =>
  async (options) => {
    await using blog = createClient({ transport: adapter(options), timeoutMs: 5000 });
    return await blog.getUser({ id: 123 });
  };
const listening =
  (adapter: (options: Carried) => Adapter<'subscribe'>): Run =>
  async (options) => {
    await using blog = createClient({ transport: adapter(options), timeoutMs: 5000 });
    const stop = await blog.onArticlePublished(() => {});
    await stop();
  };
const subscribing = listening(
  ({ url, ...options }) => (hooks = webhook({ subscribe: { url, callbackUrl: `${callback.url}/hook` }, ...options })),
);

const BY_FETCH: readonly [string, Run][] = [
  ['rest', calling(rest)],
  ['rest, events', listening(rest)],
  ['graphql', calling(graphql)],
  ['graphql, events by SSE', listening((options) => graphql({ ...options, subscriptions: 'sse' }))],
  ['soap', calling(soap)],
  [
    'soap of a WSDL',
    calling(
      ({ url, ...rest }) => soap({ wsdl: `${url}/soap?wsdl`, operations: { getUser: {} }, ...rest }) as Adapter<never> as Adapter<'call'>,
    ),
  ],
  ['connect', calling(connect)],
  ['mcp', calling(mcp)],
  ['webhook', subscribing],
];

describe('a fetch that is given is called without an object, as browsers demand, by', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(service, {
      port: 0,
      grpcPort: 0,
      webhook: LOOPBACK,
      protocols: ['rest', 'graphql', 'soap', 'grpc', 'mcp', 'webhook'],
    });
  });
  afterAll(() => served.close());

  it.each(BY_FETCH)('%s', async (_, run) => {
    let calls = 0;
    function strict(this: unknown, target: string, init?: object) {
      if (this !== undefined) throw new TypeError('Illegal invocation');
      calls++;
      return fetch(target, init) as never;
    }
    await run({ url: served.http, fetch: strict });
    expect(calls).toBeGreaterThan(0);
  });
});
