import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

/** As on an edge runtime, and without a socket: a `Request` goes in, a `Response` comes out. */
export const target: ConformanceTarget = {
  name: 'rest-fetch',
  open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const handle = fetchHandler(restHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) }), {
      onError,
    });
    return {
      transport: rest({
        url: 'http://rest-fetch.example',
        fetch: (url, init) => handle(new Request(url, init)),
        ...(headers !== undefined && { headers }),
        ...(maxMessageBytes !== undefined && { maxResponseBytes: maxMessageBytes }),
      }),
      close: async () => {},
    };
  },
};
