import type { ConformanceTarget } from '../../src/conformance/index.js';
import { graphql } from '../../src/graphql/client.js';
import { graphqlHandler } from '../../src/graphql/server.js';
import { listen } from '../../src/http/node/listen.js';
import { target as sockets } from './graphql.js';

/** Where no WebSocket passes: subscriptions as server-sent events. */
export const target: ConformanceTarget = {
  name: 'graphql-sse',
  skips: sockets.skips ?? [],
  open: async (transport, { headers, onError }) => {
    const server = await listen(graphqlHandler(transport, { onError }), { onError });
    return {
      transport: graphql({ url: server.url, subscriptions: 'sse', ...(headers !== undefined && { headers }) }),
      close: () => server.close(),
    };
  },
};
