import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';

export const target: ConformanceTarget = {
  name: 'websocket',
  open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const server = await listen(() => undefined, { onError });
    const handler = webSocketHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) });
    handler.attach(server.server);
    return {
      transport: webSocket({
        url: server.url,
        ...(headers !== undefined && { headers }),
        ...(maxMessageBytes !== undefined && { maxMessageBytes }),
      }),
      async close() {
        await Promise.all([handler.close(), server.close()]);
      },
    };
  },
};
