import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { target as sockets } from './graphql.ts';

/** A gateway: REST in front of a GraphQL API. */
export const target: ConformanceTarget = {
  name: 'graphql-behind-rest',
  skips: (sockets.skips ?? []).filter(({ id }) => id === 'validation-service'),
  open: async (transport, { headers, onError }) => {
    const handler = graphqlHandler(transport, { onError });
    const inner = await listen(handler, { onError });
    handler.attach(inner.server);
    const middle = graphql({ url: inner.url })(transport.contract);
    const outer = await listen(restHandler(middle, { onError }), { onError });
    return {
      transport: rest({ url: outer.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await outer.close();
        await middle.close();
        await handler.close();
        await inner.close();
      },
    };
  },
};
