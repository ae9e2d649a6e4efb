import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';

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
