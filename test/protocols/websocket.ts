import type { ConformanceTarget } from '../../src/conformance/index.js';
import { listen } from '../../src/http/node/listen.js';
import { webSocket } from '../../src/websocket/client.js';
import { webSocketHandler } from '../../src/websocket/server.js';

export const target: ConformanceTarget = {
  name: 'websocket',
  open: async (transport, { headers, onError }) => {
    const server = await listen(() => undefined, { onError });
    const handler = webSocketHandler(transport, { onError });
    handler.attach(server.server);
    return {
      transport: webSocket({ url: server.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await Promise.all([handler.close(), server.close()]);
      },
    };
  },
};
