import type { ConformanceTarget } from '../../src/conformance/index.js';
import { listen } from '../../src/http/node/listen.js';
import { rest } from '../../src/rest/client.js';
import { restHandler } from '../../src/rest/server.js';
import { soap } from '../../src/soap/client.js';
import { soapHandler } from '../../src/soap/server.js';

/** A gateway between two protocols: REST in front of a SOAP service. */
export const target: ConformanceTarget = {
  name: 'rest-behind-soap',
  can: ['call'],
  open: async (transport, { headers, onError }) => {
    const inner = await listen(soapHandler(transport, { onError }), { onError });
    const middle = soap({ url: `${inner.url}/soap`, version: '1.2' })(transport.contract);
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
  skips: [{ id: 'calls-control-characters', reason: 'XML 1.0 has no way to write them' }],
};
