import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { soap, type SoapVersion } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';

/** SOAP in one of its versions. */
export function soapTarget(name: string, version: SoapVersion): ConformanceTarget {
  return {
    name,
    can: ['call'],
    open: async (transport, { headers, onError }) => {
      const server = await listen(soapHandler(transport, { onError }), { onError });
      return {
        transport: soap({ url: `${server.url}/soap`, version, ...(headers !== undefined && { headers }) }),
        close: () => server.close(),
      };
    },
    skips: [{ id: 'calls-control-characters', reason: 'XML 1.0 has no way to write them: the client refuses them by name' }],
  };
}

export const target = soapTarget('soap', '1.1');
