import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { target as sockets } from './graphql.ts';

/** Subscriptions in parts, as Apollo Router and its clients exchange them. */
export const target: ConformanceTarget = {
  name: 'graphql-multipart',
  skips: sockets.skips ?? [],
  open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const server = await listen(graphqlHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) }), {
      onError,
    });
    return {
      transport: graphql({
        url: server.url,
        subscriptions: 'multipart',
        ...(headers !== undefined && { headers }),
        ...(maxMessageBytes !== undefined && { maxMessageBytes }),
      }),
      close: () => server.close(),
    };
  },
};
