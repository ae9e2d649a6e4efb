import type { ConformanceTarget } from '../../src/conformance/index.js';
import { fetchHandler } from '../../src/http/fetch/handler.js';
import { rest } from '../../src/rest/client.js';
import { restHandler } from '../../src/rest/server.js';

/** As on an edge runtime, and without a socket: a `Request` goes in, a `Response` comes out. */
export const target: ConformanceTarget = {
  name: 'rest-fetch',
  open: async (transport, { headers, onError }) => {
    const handle = fetchHandler(restHandler(transport, { onError }), { onError });
    return {
      transport: rest({
        url: 'http://rest-fetch.example',
        fetch: (url, init) => handle(new Request(url, init)),
        ...(headers !== undefined && { headers }),
      }),
      close: async () => {},
    };
  },
};
