import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

/** Opens REST, with server-sent events as CloudEvents or as they are. */
export const openRest =
  (more: { readonly cloudEvents?: 'structured' } = {}): ConformanceTarget['open'] =>
  async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const handler = restHandler(transport, { onError, ...more, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) });
    const server = await listen(handler, { onError });
    return {
      transport: rest({
        url: server.url,
        ...more,
        ...(headers !== undefined && { headers }),
        ...(maxMessageBytes !== undefined && { maxResponseBytes: maxMessageBytes }),
      }),
      close: () => server.close(),
    };
  };

export const target: ConformanceTarget = { name: 'rest', open: openRest() };
