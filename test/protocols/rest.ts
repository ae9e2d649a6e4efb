import type { ConformanceTarget } from '../../src/conformance/index.js';
import { listen } from '../../src/http/node/listen.js';
import { rest } from '../../src/rest/client.js';
import { restHandler } from '../../src/rest/server.js';

export const target: ConformanceTarget = {
  name: 'rest',
  open: async (transport, { headers, onError }) => {
    const server = await listen(restHandler(transport, { onError }), { onError });
    return {
      transport: rest({ url: server.url, ...(headers !== undefined && { headers }) }),
      close: () => server.close(),
    };
  },
};
