import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';

/** A gateway: REST in front, all its callers' calls and subscriptions over one socket behind. */
export const target: ConformanceTarget = {
  name: 'websocket-behind-rest',
  open: async (transport, { headers, onError }) => {
    const inner = await listen(() => undefined, { onError });
    const handler = webSocketHandler(transport, { onError });
    handler.attach(inner.server);
    const middle = webSocket({ url: inner.url })(transport.contract);
    const outer = await listen(restHandler(middle, { onError }), { onError });
    return {
      transport: rest({ url: outer.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await outer.close();
        await middle.close();
        await Promise.all([handler.close(), inner.close()]);
      },
    };
  },
};
