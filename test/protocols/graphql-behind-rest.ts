import type { ConformanceTarget } from '../../src/conformance/index.js';
import { graphql } from '../../src/graphql/client.js';
import { graphqlHandler } from '../../src/graphql/server.js';
import { listen } from '../../src/http/node/listen.js';
import { rest } from '../../src/rest/client.js';
import { restHandler } from '../../src/rest/server.js';
import { target as sockets } from './graphql.js';

/** A gateway: REST in front of a GraphQL API. */
export const target: ConformanceTarget = {
  name: 'graphql-behind-rest',
  skips: (sockets.skips ?? []).filter(({ id }) => id === 'validation-service'),
  open: async (transport, { headers, onError }) => {
    const handler = graphqlHandler(transport, { onError });
    const inner = await listen(handler, { onError });
    const detach = handler.attach(inner.server);
    const middle = graphql({ url: inner.url })(transport.contract);
    const outer = await listen(restHandler(middle, { onError }), { onError });
    return {
      transport: rest({ url: outer.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await outer.close();
        await middle.close();
        await detach();
        await inner.close();
      },
    };
  },
};
