import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { graphql, type SubscriptionForm } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';

/** What GraphQL's own rules settle otherwise: a document is typed on both sides, and is refused as a whole. */
const skips = [
  {
    id: 'calls-unknown-members',
    reason:
      'GraphQL has unknown members refused (https://spec.graphql.org/October2021/#sec-Input-Objects.Input-Coercion): test/graphql.test.ts',
  },
  {
    id: 'validation-service',
    reason: 'a client that believes in other types writes a document that the schema refuses: test/graphql.test.ts',
  },
  { id: 'validation-service-text', reason: 'values are typed in the document, there is no text to read' },
];

/** The protocol with one way of subscriptions. Sockets are attached only if they are the way. */
export function graphqlTarget(name: string, subscriptions: SubscriptionForm): ConformanceTarget {
  return {
    name,
    skips,
    open: async (transport, { headers, maxMessageBytes, maxBufferedBytes, onError }) => {
      const handler = graphqlHandler(transport, { onError, ...(maxBufferedBytes !== undefined && { maxBufferedBytes }) });
      const server = await listen(handler, { onError });
      if (subscriptions === 'ws') handler.attach(server.server);
      return {
        transport: graphql({
          url: server.url,
          subscriptions,
          ...(headers !== undefined && { headers }),
          ...(maxMessageBytes !== undefined && { maxMessageBytes }),
        }),
        async close() {
          await handler.close();
          await server.close();
        },
      };
    },
  };
}

export const target = graphqlTarget('graphql', 'ws');
