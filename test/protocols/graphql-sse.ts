import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { target as sockets } from './graphql.ts';

/** Where no WebSocket passes: subscriptions as server-sent events. */
export const target: ConformanceTarget = {
  name: 'graphql-sse',
  skips: sockets.skips ?? [],
  open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const server = await listen(graphqlHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) }), {
      onError,
    });
    return {
      transport: graphql({
        url: server.url,
        subscriptions: 'sse',
        ...(headers !== undefined && { headers }),
        ...(maxMessageBytes !== undefined && { maxMessageBytes }),
      }),
      close: () => server.close(),
    };
  },
};
