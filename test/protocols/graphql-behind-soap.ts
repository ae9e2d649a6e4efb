import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';

/** A gateway between two protocols: GraphQL in front of a SOAP service. */
export const target: ConformanceTarget = {
  name: 'graphql-behind-soap',
  can: ['call'],
  open: async (transport, { headers, onError }) => {
    const inner = await listen(soapHandler(transport, { onError }), { onError });
    const middle = soap({ url: `${inner.url}/soap`, version: '1.2' })(transport.contract);
    const outer = await listen(graphqlHandler(middle, { onError }), { onError });
    return {
      transport: graphql({ url: outer.url, ...(headers !== undefined && { headers }) }),
      async close() {
        await outer.close();
        await middle.close();
        await inner.close();
      },
    };
  },
  skips: [
    { id: 'calls-control-characters', reason: 'XML 1.0 has no way to write them' },
    { id: 'calls-unknown-members', reason: 'GraphQL has unknown members refused: test/graphql.test.ts' },
    {
      id: 'validation-service',
      reason: 'a client that believes in other types writes a document that the schema refuses: test/graphql.test.ts',
    },
    { id: 'validation-service-text', reason: 'values are typed in the document, there is no text to read' },
  ],
};
