import type { ConformanceTarget } from '../../src/conformance/index.js';
import { graphql } from '../../src/graphql/client.js';
import { graphqlHandler } from '../../src/graphql/server.js';
import { listen } from '../../src/http/listen.js';

export const target: ConformanceTarget = {
  name: 'graphql',
  open: async (transport, { headers, onError }) => {
    const handler = graphqlHandler(transport, { onError });
    const server = await listen(handler, { onError });
    const detach = handler.attach(server.server);
    return {
      transport: graphql({ url: server.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await detach();
        await server.close();
      },
    };
  },
};
