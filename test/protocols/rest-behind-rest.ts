import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

/** A gateway: a handler over an adapter over a handler. What holds for one hop must hold for two. */
export const target: ConformanceTarget = {
  name: 'rest-behind-rest',
  open: async (transport, { headers, onError }) => {
    const inner = await listen(restHandler(transport, { onError }), { onError });
    const middle = rest({ url: inner.url })(transport.contract);
    const outer = await listen(restHandler(middle, { onError }), { onError });
    return {
      transport: rest({ url: outer.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await outer.close();
        await middle.close();
        await inner.close();
      },
    };
  },
};
