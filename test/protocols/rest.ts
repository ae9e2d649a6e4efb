import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

export const target: ConformanceTarget = {
  name: 'rest',
  open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const server = await listen(restHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) }), {
      onError,
    });
    return {
      transport: rest({
        url: server.url,
        ...(headers !== undefined && { headers }),
        ...(maxMessageBytes !== undefined && { maxResponseBytes: maxMessageBytes }),
      }),
      close: () => server.close(),
    };
  },
};
