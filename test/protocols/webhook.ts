import type { ConformanceTarget } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { webhook, type WebhookSubscribeOptions } from '../../src/webhook/client.ts';
import { webhookHandler, type WebhookHandlerOptions } from '../../src/webhook/server.ts';

/** A dispatcher, and a receiver that subscribes itself to it, each at a port of its own. */
export function webhookTarget(
  name: string,
  format: WebhookSubscribeOptions['format'],
  more: Pick<WebhookHandlerOptions, 'cloudEvents'> = {},
): ConformanceTarget {
  return {
    name,
    can: ['subscribe'],
    skips: [
      { id: 'events-headers', reason: 'a subscription keeps its owner and no headers: its events are read on behalf of the owner' },
      {
        id: 'limits-event',
        reason: 'a receiver refuses a body over its limit with 413, and the sender keeps the delivery: test/webhook/receiver.test.ts',
      },
      { id: 'resuming-refused', reason: 'its events are read on behalf of the owner, without the credentials of the request' },
      { id: 'resuming-expired', reason: 'a subscription keeps no credentials that could expire' },
      { id: 'resuming-expired-for-good', reason: 'a subscription keeps no credentials that could expire' },
    ],
    open: async (transport, { headers, onError }) => {
      // Without retries a listener that fails has had its chance, as on the other protocols.
      // The cases have one caller; who calls is tested with the handler.
      const caller = { caller: () => '' };
      const handler = webhookHandler(transport, { allowPrivate: true, retryScheduleMs: [], onError, ...caller, ...more });
      const server = await listen(handler, { onError });
      const receiver = await listen((request) => hooks.handler(request), { onError });
      const hooks = webhook({
        subscribe: { url: `${server.url}/webhooks/subscriptions`, callbackUrl: `${receiver.url}/webhook/callback`, format },
        onError,
        ...(headers !== undefined && { headers }),
      });
      return {
        transport: hooks,
        async close() {
          await handler.close();
          await Promise.all([server.close(), receiver.close()]);
        },
      };
    },
  };
}

export const target = webhookTarget('webhook', 'json');
