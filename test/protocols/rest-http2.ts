import { conformanceCases, type ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { http2Fetch } from '../support/http2-fetch.ts';

/** What HTTP/2 carries in another way: streams, cancels, limits, files, headers and many at once. */
const OF_FRAMING = /^(deadlines|events|files|headers|lifecycle|limits|overflow|response|streams)-|-(concurrency|large)/;

/** REST over HTTP/2 in cleartext. */
export const target: ConformanceTarget = {
  name: 'rest-http2',
  skips: conformanceCases.flatMap(({ id }) => (OF_FRAMING.test(id) ? [] : [{ id, reason: 'the same as over HTTP/1.1' }])),
  open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
    const handler = restHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) });
    const server = await listen(handler, { http2: true, onError });
    const client = http2Fetch(server.url);
    return {
      transport: rest({
        url: server.url,
        fetch: client.fetch,
        ...(headers !== undefined && { headers }),
        ...(maxMessageBytes !== undefined && { maxResponseBytes: maxMessageBytes }),
      }),
      async close() {
        client.close();
        await server.close();
      },
    };
  },
};
